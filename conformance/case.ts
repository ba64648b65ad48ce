// What a case is: data addressed by text, `ops/dot_general:f32:batch=2,k=0`. Cases state what must come out; how they are run,
// three times each, and judged is elsewhere.
import { OPSET, type DType, type OpName, type OpSupport, type Program } from "tenon-plugin-api";
import type { Subject } from "./subject.ts";
import type { Tolerance } from "./tolerance.ts";
import type { Elements } from "./values.ts";

/** The ladder: a red step hides nothing behind the thousands above it. */
export const LEVELS = [
  "load",
  "transfer",
  "add",
  "elementwise",
  "reduce and dot",
  "control flow",
  "every op claimed",
  "async, donation, lifetimes, errors",
] as const;
/** A step of the ladder, 0 to 7. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Where hardware may deviate, if it says so in its capabilities. */
export type Deviation = NonNullable<OpSupport["deviates"]>[number];

/** A program, its inputs, and what must come out: one array a result; a result without one is the oracle's. */
export interface Trial {
  readonly program: Program;
  readonly inputs: readonly Elements[];
  readonly want?: readonly (Elements | undefined)[];
  /** Of all results, or of each. Exact if absent. */
  readonly tolerance?: Tolerance | readonly Tolerance[];
}
/** A case of a program: of one op, a cell of the support table, or of many. */
export interface OpCase {
  readonly kind: "op";
  readonly id: string;
  readonly level: Level;
  readonly op?: OpName;
  readonly dtype: DType;
  /** Values that the client may say it doesn't keep. */
  readonly about: readonly Deviation[];
  readonly build: () => Trial;
}
/** A case of the contract: throws what it found wrong. */
export interface RuleCase {
  readonly kind: "rule";
  readonly id: string;
  readonly level: Level;
  readonly run: (subject: Subject) => Promise<void> | void;
}
/** Any case. */
export type Case = OpCase | RuleCase;

/** A rule doesn't apply to this client: it doesn't claim what the rule is about. */
export class NotClaimed extends Error {}

/** The level of an op's cases. */
export function levelOf(op: OpName): Level {
  if (op === "add") return 2;
  if (op === "reduce" || op === "dot_general") return 4;
  const { traits } = OPSET[op];
  if ("control" in traits || op === "custom_call" || op === "optimization_barrier") return 5;
  return "elementwise" in traits ? 3 : 6;
}

/** A case of an op in a dtype; `params` says in text what it varies. */
export function opCase(
  op: OpName,
  dtype: DType,
  params: string,
  build: () => Trial,
  about: readonly Deviation[] = [],
): OpCase {
  return { kind: "op", id: `ops/${op}:${dtype}:${params}`, level: levelOf(op), op, dtype, about, build };
}
/** A case of a rule of the ABI: `abi/host/read` and what it varies. */
export function ruleCase(level: Level, id: string, run: RuleCase["run"]): RuleCase {
  return { kind: "rule", id: `abi/${id}`, level, run };
}
