// What a plugin has once its own ops are combined: the closure of its table under the decompositions.
import {
  deepFreeze,
  OP_NAMES,
  type Capabilities,
  type DType,
  type Json,
  type OpName,
  type OpSupport,
} from "tenon-plugin-api";
import { compareTypeOf } from "../builder.ts";
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

/** Attributes that the rules give an op, where a plugin may take those only: comparisons in the usual order. */
const ORDINARY: { readonly [N in OpName]?: (dtype: DType) => { readonly [attr: string]: unknown } } = {
  compare: (d) => ({ compareType: compareTypeOf(d) }),
};

/** Does a plugin limit an op to some ranks or attributes? */
function isLimited({ attrs, operands = [] }: OpSupport): boolean {
  return attrs !== undefined || operands.some((o) => o.rank !== undefined);
}
/** Does a plugin do an op by itself, in this dtype and in every form that a rule may give it? */
function isNative(op: OpName, dtype: DType, native: Capabilities): boolean {
  const support = native.ops[op];
  if (support === undefined) return false;
  const { attrs = {}, operands = [] } = support;
  if (operands.some((o) => o.rank !== undefined)) return false;
  const ordinary = ORDINARY[op]?.(dtype) ?? {};
  for (const [name, { oneOf }] of Object.entries(attrs))
    if (!(name in ordinary) || oneOf?.includes(ordinary[name] as Json) !== true) return false;
  const given = lead(op) === 0 ? support.dtypes : undefined;
  const own = operands[lead(op)]?.dtypes;
  return (given?.includes(dtype) ?? true) && (own?.includes(dtype) ?? true);
}

/** Least fixpoint: a rule is taken when all it needs is there already, so that chains of rules end; preferred rules first. */
export function closureOf(native: Capabilities): Closure {
  const done = new Set<Key>();
  const chosen = new Map<Key, Rule>();
  for (const op of OP_NAMES)
    for (const d of native.dtypes) if (isNative(op, d, native)) done.add(`${op}:${d}`);
  const open = OP_NAMES.flatMap((op) =>
    native.dtypes.map((dtype) => ({
      key: `${op}:${dtype}` as const,
      dtype,
      rules: rulesOf(op).filter((rule) => fits(rule, dtype)),
      isWanted: !done.has(`${op}:${dtype}`) || isLimited(native.ops[op] ?? {}),
    })),
  ).filter((o) => o.isWanted && o.rules.length > 0);
  const has = (rule: Rule, dtype: DType): boolean =>
    needsOf(rule, dtype).every(([need, d]) => done.has(`${need}:${d}`));
  const most = Math.max(0, ...open.map((o) => o.rules.length));
  for (let allowed = 1; allowed <= most; allowed++)
    for (let grown = true; grown;) {
      grown = false;
      for (const { key, dtype, rules } of open) {
        const rule = chosen.has(key) ? undefined : rules.slice(0, allowed).find((r) => has(r, dtype));
        if (rule === undefined) continue;
        chosen.set(key, rule);
        done.add(key);
        grown = true;
      }
    }
  return {
    ruleOf: (op, dtype) => chosen.get(`${op}:${dtype as DType}`),
    outward: deepFreeze({ ...native, ops: outwardOps(native, done, chosen) }),
  };
}

function outwardOps(native: Capabilities, done: Set<Key>, chosen: Map<Key, Rule>): Capabilities["ops"] {
  // A composite that isn't taken whole becomes a call of its decomposition.
  const ops: { [N in OpName]?: OpSupport } =
    native.ops.call === undefined ? {} : { composite: { decomposed: native.dtypes } };
  for (const op of OP_NAMES) {
    const decomposed = native.dtypes.filter((d) => chosen.has(`${op}:${d}`));
    if (decomposed.length === 0) {
      if (native.ops[op] !== undefined) ops[op] = native.ops[op];
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
