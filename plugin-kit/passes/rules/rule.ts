// What a decomposition is: one wire op said in smaller ones, with what it needs stated as data, so that the pass can tell
// beforehand which ops a plugin has once its own are combined.
import { DTYPES, type DType, type OpName } from "tenon-plugin-api";
import type { Builder, Draft, Ref } from "../../builder.ts";

/** An op in the dtype of the one that is decomposed, or in a named dtype: `"add"`, `"gather"`, `"compare:i32"`. */
export type Need = OpName | `${OpName}:${DType}`;

/** One way to say an op in others. Constants are always at hand and not listed. */
export interface Rule<N extends OpName = OpName> {
  readonly needs: readonly Need[] | ((dtype: DType) => readonly Need[]);
  /** Kinds of the op's dtype that it is right for (rows of DTYPES), or the dtypes; all if absent. */
  readonly kinds?: string;
  readonly dtypes?: readonly DType[];
  readonly build: (b: Builder, operands: readonly Ref[], draft: Draft<N>) => readonly Ref[];
}
/** Rules by op, the preferred one first. */
export type Rules = { readonly [N in OpName]?: readonly Rule<N>[] };

/** A rule of one operand and one result. */
export function one(needs: Rule["needs"], kinds: string, build: (b: Builder, x: Ref) => Ref): Rule {
  return { needs, kinds, build: (b, [x]) => [build(b, x as Ref)] };
}
/** A rule of two operands and one result. */
export function two(needs: Rule["needs"], kinds: string, build: (b: Builder, x: Ref, y: Ref) => Ref): Rule {
  return { needs, kinds, build: (b, [x, y]) => [build(b, x as Ref, y as Ref)] };
}

/** Needs of a rule for one dtype, each with the dtype it is in. */
export function needsOf(rule: Rule, dtype: DType): readonly (readonly [OpName, DType])[] {
  const needs = typeof rule.needs === "function" ? rule.needs(dtype) : rule.needs;
  return needs.map((need) => {
    const [op, own] = need.split(":") as [OpName, DType?];
    return [op, own ?? dtype] as const;
  });
}
/** Is the rule for this dtype at all? */
export const fits = (rule: Rule, dtype: DType): boolean =>
  (rule.kinds?.includes(DTYPES[dtype].kind) ?? true) && (rule.dtypes?.includes(dtype) ?? true);
