// What a row of the op table is, and the words its type rules are written in. A rule takes what stands around an op
// (a Site) and gives the result types, or throws the violation of one numbered constraint.
// Numbers are StableHLO's (https://github.com/openxla/stablehlo/blob/main/docs/spec.md); I1, I2 … are its input rows,
// X1, X2 … are ours beyond it.
import { dimOf, differ, printType, shapesDiffer } from "../dims.ts";
import { DTYPES, type DTypeKind } from "../dtype.ts";
import { tenonError } from "../errors.ts";
import type { ArrayType, Dim, DType, OpAttrs, OpName, Type } from "../program.ts";

/** Types of a region's parameters and results, or of a function's. */
export interface RegionType {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}
/** What a type rule sees of one op. */
export interface Site<N extends OpName = OpName> {
  readonly op: N;
  readonly operands: readonly Type[];
  readonly attrs: OpAttrs[N];
  readonly regions: readonly RegionType[];
  /** Result types as the op declares them. Where operands and attributes don't determine a result, it is taken from here. */
  readonly declared: readonly Type[];
  /** Signature of a function defined before; undefined if there is none. */
  readonly callee: (name: string) => RegionType | undefined;
}

/** Ways to write an attribute; schemas.ts has a schema for each. */
export type AttrForm =
  "int" | "flag" | "name" | "ints" | "flags" | "dims" | "pairs" | "tensor" | "attrs" | "aliases";
/** How an attribute is written: a form, or one of these words. */
export type AttrKind = AttrForm | readonly string[];
/** One attribute: how it is written, and its history (abi.md §5). */
export interface AttrRow {
  readonly kind: AttrKind;
  readonly optional?: true;
  /** IR version that brought it; dropped for older readers at its neutral value. */
  readonly since?: string;
  readonly neutral?: unknown;
  /** Its former name: written for readers older than `since`, read for ever. */
  readonly renamed?: { readonly from: string; readonly since: string };
}

/** How far a result may be from the exact one. `terms`: grows with the number of terms summed. `region`: as its region. */
export type Accuracy = "exact" | "terms" | "region" | { readonly ulp: number };
/** What passes ask instead of names. */
export interface OpTraits {
  /** Each result element from the elements at its place. */
  readonly elementwise?: true;
  /** Only moves elements: any dtype, no arithmetic. */
  readonly structural?: true;
  readonly commutative?: true;
  /** Sums products over contracted axes. */
  readonly contraction?: true;
  /** Folds elements by a region. */
  readonly reduction?: true;
  /** Runs its regions under its own control. */
  readonly control?: true;
}

/** One wire op. */
export interface OpRow<N extends OpName = OpName> {
  /** Number of operands, inclusive. */
  readonly arity: readonly [min: number, max: number];
  readonly attrs: { readonly [A in keyof OpAttrs[N]]-?: AttrRow };
  /** Result types. @throws a violation of one of `constraints` */
  readonly types: (site: Site<N>) => readonly Type[];
  /** Each numbered constraint that `types` checks, in the spec's words. */
  readonly constraints: { readonly [id: string]: string };
  /** The constraints that a declared result breaks by its shape, and by its dtype. */
  readonly result: readonly [shape: string, dtype: string];
  readonly since: string;
  /** Name of the rewrite into ops of before `since`; absent on an essential op. */
  readonly older?: string;
  /** Number of regions, inclusive; `closed` regions see their parameters only. */
  readonly regions?: {
    readonly count: readonly [min: number, max: number];
    readonly scope: "closed" | "capturing";
  };
  readonly effect: "none" | "ordered" | "collective";
  readonly accuracy: Accuracy;
  readonly traits: OpTraits;
}

/** What most rows share: since the first IR, no effect, no error. */
export const EXACT = { since: "0.9", effect: "none", accuracy: "exact" } as const;

/** Throws the violation of a constraint unless it holds. */
export function need(holds: boolean, site: Site, id: string, found: string): void {
  if (!holds) throw violation(site.op, id, found);
}
/** INVALID_ARGUMENT, citing the constraint: `dot_general(C10): …`. */
export function violation(op: string, id: string, found: string): Error {
  return tenonError("INVALID_ARGUMENT", `${op}(${id}): ${found}`, { reason: "E_VERIFY", op });
}

/** Operand i as an array. */
export function array(site: Site, i: number): ArrayType {
  return arrayType(site, site.operands[i], `operand ${i}`);
}
/** Declared result i as an array: for ops that state their result. */
export function declared(site: Site, i = 0): ArrayType {
  return arrayType(site, site.declared[i], `result ${i}`);
}
function arrayType(site: Site, type: Type | undefined, what: string): ArrayType {
  if (type === undefined || type.dtype === "token")
    throw violation(
      site.op,
      "I1",
      `${what} is ${type === undefined ? "missing" : "a token"}, expected an array`,
    );
  return type;
}
/** All operands of a range as arrays. */
export function arrays(site: Site, from = 0, to: number = site.operands.length): ArrayType[] {
  return site.operands.slice(from, to).map((t, i) => arrayType(site, t, `operand ${from + i}`));
}

/** Operand i is of one of these kinds, "ifc". */
export function needKind(site: Site, i: number, kinds: string): void {
  const { dtype } = array(site, i);
  need(
    kinds.includes(DTYPES[dtype].kind),
    site,
    `I${i + 1}`,
    `operand ${i} is ${dtype}, expected ${kindNames(kinds)}`,
  );
}
const NAMES: { readonly [K in DTypeKind]: string } = {
  b: "bool",
  i: "a signed integer",
  u: "an unsigned integer",
  f: "a float",
  c: "complex",
};
const kindNames = (kinds: string): string => [...kinds].map((k) => NAMES[k as DTypeKind]).join(", ");

/** Two types that must be equal, dims as far as they are decided. */
export function needSame(site: Site, id: string, a: Type, b: Type, what: string): void {
  need(!typesDiffer(a, b), site, id, `${what}: ${printType(a)} and ${printType(b)}`);
}
/** Surely different types. */
export function typesDiffer(a: Type, b: Type): boolean {
  if (a.dtype !== b.dtype) return true;
  return a.dtype !== "token" && b.dtype !== "token" && shapesDiffer(a.shape, b.shape);
}

/** Distinct integers. */
export const unique = (list: readonly number[]): boolean => new Set(list).size === list.length;
/** Ascending. */
export const sorted = (list: readonly number[]): boolean =>
  list.every((d, i) => i === 0 || (list[i - 1] as number) <= d);
/** All within [0, n). */
export const within = (list: readonly number[], n: number): boolean => list.every((d) => d >= 0 && d < n);
/** `[0,1]`. */
export const show = (list: readonly unknown[]): string =>
  `[${list.map((x) => (typeof x === "object" ? JSON.stringify(x) : String(x))).join(",")}]`;
/** Dimensions not in any of the lists. */
export const without = (rank: number, ...lists: readonly (readonly number[])[]): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !lists.some((l) => l.includes(i)));
/** Dimensions of a type at these axes. */
export const dimsAt = (type: ArrayType, axes: readonly number[]): Dim[] =>
  axes.map((d) => type.shape[d] as Dim);
/** A type like another with a different shape or dtype. */
export const typeOf = (dtype: DType, shape: readonly Dim[]): ArrayType => ({ dtype, shape });
/** Rank-0 array. */
export const scalar = (dtype: DType): ArrayType => ({ dtype, shape: [] });

/** A region must be (params) → results. `id` cites the constraint on the function's type. */
export function needRegion(
  site: Site,
  index: number,
  id: string,
  params: readonly Type[],
  results: readonly Type[],
): void {
  const region = site.regions[index] as RegionType;
  const text = (ts: readonly Type[]): string => `(${ts.map(printType).join(", ")})`;
  const fits = (got: readonly Type[], want: readonly Type[]): boolean =>
    got.length === want.length && got.every((t, i) => !typesDiffer(t, want[i] as Type));
  need(
    fits(region.params, params) && fits(region.results, results),
    site,
    id,
    `region ${index} is ${text(region.params)} → ${text(region.results)}, expected ${text(params)} → ${text(results)}`,
  );
}

/** Size along a window axis: dilated, padded, stepped; 0 where the window doesn't fit. */
export function windowed(
  size: Dim,
  w: { base: number; low: number; high: number; window: number; dilation: number; stride: number },
): Dim {
  const dilated: Dim =
    size === 0 ? 0 : w.base === 1 ? size : dimOf("add", dimOf("mul", dimOf("add", size, -1), w.base), 1);
  const padded = dimOf("add", dilated, w.low + w.high);
  const window = w.window === 0 ? 0 : (w.window - 1) * w.dilation + 1;
  if (typeof padded === "number" && (padded === 0 || window > padded)) return 0;
  return dimOf("add", dimOf("floordiv", dimOf("add", padded, -window), w.stride), 1);
}

/** Are these dimension lists decidedly equal but at the given axes? */
export const sameBut = (a: readonly Dim[], b: readonly Dim[], axes: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => axes.includes(i) || !differ(d, b[i] as Dim));
