// What a plugin has once its own ops are combined: the closure of its table under the decompositions.
import {
  deepFreeze,
  OP_NAMES,
  type Capabilities,
  type DType,
  type OpName,
  type OpSupport,
} from "tenon-plugin-api";
import { ELEMENTWISE } from "./rules/elementwise.ts";
import { REDUCTION } from "./rules/reduction.ts";
import { fits, needsOf, type Rule, type Rules } from "./rules/rule.ts";
import { STRUCTURE } from "./rules/structure.ts";

const RULES: Rules = { ...ELEMENTWISE, ...STRUCTURE, ...REDUCTION };
const rulesOf = (op: OpName): readonly Rule[] => (RULES[op] ?? []) as readonly Rule[];
type Key = `${OpName}:${DType}`;

/** How each op is done, by op and dtype. */
export interface Closure {
  /** The rule that does the op in this dtype, where the plugin doesn't do it in every form by itself. */
  readonly ruleOf: (op: OpName, dtype: DType | undefined) => Rule | undefined;
  /** What the plugin may claim towards the host. */
  readonly outward: Capabilities;
}

/** The dtype that an op goes by: its first operand's; select's first one is only the predicate. */
const lead = (op: OpName): number => (op === "select" ? 1 : 0);

/** Dtypes in which a plugin does an op by itself, in every form. */
function nativeDTypes(op: OpName, native: Capabilities): readonly DType[] {
  const support = native.ops[op];
  if (support === undefined || support.attrs !== undefined) return [];
  const operands = support.operands ?? [];
  if (operands.some((o) => o.rank !== undefined)) return [];
  const given = lead(op) === 0 ? support.dtypes : native.dtypes;
  const own = operands[lead(op)]?.dtypes;
  return native.dtypes.filter((d) => (given?.includes(d) ?? true) && (own?.includes(d) ?? true));
}

/** Least fixpoint: a rule is taken when all it needs is there already, so that chains of rules end. */
export function closureOf(native: Capabilities): Closure {
  const done = new Set<Key>(); // op:dtype
  const chosen = new Map<Key, Rule>();
  for (const op of OP_NAMES) for (const d of nativeDTypes(op, native)) done.add(`${op}:${d}`);
  const candidates = OP_NAMES.flatMap((op) => rulesOf(op).map((rule) => [op, rule] as const));
  for (let grown = true; grown;) {
    grown = false;
    for (const [op, rule] of candidates)
      for (const d of native.dtypes) {
        const key: Key = `${op}:${d}`;
        if (done.has(key) || !fits(rule, d)) continue;
        if (!needsOf(rule, d).every(([need, dtype]) => done.has(`${need}:${dtype}`))) continue;
        done.add(key);
        chosen.set(key, rule);
        grown = true;
      }
  }
  return {
    ruleOf: (op, dtype) => chosen.get(`${op}:${dtype as DType}`),
    outward: deepFreeze({ ...native, ops: outwardOps(native, done, chosen) }),
  };
}

function outwardOps(native: Capabilities, done: Set<Key>, chosen: Map<Key, Rule>): Capabilities["ops"] {
  const ops: { [N in OpName]?: OpSupport } = {};
  for (const op of OP_NAMES) {
    const decomposed = native.dtypes.filter((d) => chosen.has(`${op}:${d}`));
    if (decomposed.length === 0) {
      if (native.ops[op] !== undefined) ops[op] = native.ops[op] as OpSupport;
      continue;
    }
    const dtypes = native.dtypes.filter((d) => done.has(`${op}:${d}`));
    const { deviates } = native.ops[op] ?? {};
    const of = lead(op) === 0 ? { dtypes } : { operands: [{}, { dtypes }, { dtypes }] };
    ops[op] = { ...of, decomposed, ...(deviates === undefined ? {} : { deviates }) };
  }
  return ops;
}

/** The dtype by which an op of these operands and results is looked up. */
export function leadDType(
  op: OpName,
  operands: readonly DType[],
  results: readonly DType[],
): DType | undefined {
  return operands[lead(op)] ?? results[0];
}
