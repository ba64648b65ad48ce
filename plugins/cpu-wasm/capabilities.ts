// What the client can do, as data: what the kit's compiler does with a program, and what its rules say in those ops.
import { DTYPES, OP_NAMES, type Block, type Capabilities, type DType, type Program } from "tenon-plugin-api";
import { closureOf, decompose, type Closure } from "tenon-plugin-kit";

const PLUGIN = "cpu-wasm";
/** Stored as one byte an element for exchange only: no arithmetic. */
const STORAGE_ONLY: readonly DType[] = ["i4", "u4", "f8e4m3fn", "f8e5m2"];
/** Ops that the compiler leaves to the rules: said in others, or calls of a decomposition or fallback. */
const BY_RULE: readonly string[] = ["select_and_scatter", "composite", "custom_call"];

function nativeOf(limitBytes: number): Capabilities {
  return {
    dtypes: (Object.keys(DTYPES) as DType[]).filter((d) => !STORAGE_ONLY.includes(d)),
    ops: Object.fromEntries(OP_NAMES.filter((op) => !BY_RULE.includes(op)).map((op) => [op, {}])),
    limits: { maxBufferBytes: limitBytes },
    donation: true,
    immediates: true,
    callbacks: true,
  };
}

/** What a client claims, and how it gets there. */
export interface Abilities {
  readonly outward: Capabilities;
  /** The program in the compiler's own ops. */
  readonly prepare: (program: Program) => Program;
}
/** The abilities of a client with so much memory. */
export function abilitiesOf(limitBytes: number): Abilities {
  const native = nativeOf(limitBytes);
  const closure: Closure = closureOf(native);
  return {
    outward: closure.outward,
    prepare: (program) =>
      program.functions.some(needsRules) ? decompose(program, { native, closure, plugin: PLUGIN }) : program,
  };
}
const needsRules = (block: Pick<Block, "ops">): boolean =>
  block.ops.some((op) => BY_RULE.includes(op.op) || op.regions?.some(needsRules) === true);
