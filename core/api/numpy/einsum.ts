// np.einsum: subscripts, the order of contraction, and each contraction as one dotGeneral.
import { fail } from "../../errors.ts";
import { isBool } from "../../ir/dtype.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import { checkList } from "../../primitives/operand.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, promoteDTypes, resultOf } from "../promotion.ts";
import { range } from "./axes.ts";
import { L } from "./define.ts";
import { contract, DOT, type DotOptions } from "./products.ts";

/** Which operands are contracted, in turn: `[[0, 1], [0, 1]]`. The result of each goes to the end of the list. */
export type ContractionPath = readonly (readonly number[])[];
/** Words of einsum. */
export type EinsumOptions = Options<
  "precision" | "preferredElementType",
  { optimize: boolean | "auto" | "greedy" | "optimal" | ContractionPath }
>;
/** The axes of an operand in the form without text: numbers, and "..." for the rest. */
export type AxisList = readonly (number | bigint | "...")[];

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
function letters(list: AxisList): string {
  checkList("np.einsum", "the axes of an operand", list);
  return list.map((v) => (v === "..." ? "..." : (LETTERS[Number(v)] ?? "?"))).join("");
}
const isWords = (v: unknown): v is EinsumOptions =>
  typeof v === "object" &&
  v !== null &&
  !(v instanceof NDArray) &&
  !Array.isArray(v) &&
  !ArrayBuffer.isView(v);

/** Text and operands of either form of call. */
function unpack(subscripts: string | ArrayLike, rest: readonly unknown[]): [string, ArrayLike[]] {
  if (typeof subscripts === "string") return [subscripts, rest as ArrayLike[]];
  const all = [subscripts, ...rest];
  const operands = range(Math.floor(all.length / 2)).map((i) => all[2 * i] as ArrayLike);
  const axes = operands.map((_, i) => letters(all[2 * i + 1] as AxisList));
  const output = all.length % 2 === 1 ? `->${letters(all[all.length - 1] as AxisList)}` : "";
  return [`${axes.join(",")}${output}`, operands];
}
interface Subscripts {
  readonly inputs: readonly string[];
  readonly output: string;
}
/** Names of the axes of the operands and of the result, ellipses written out. */
function parse(subscripts: string, xs: readonly NDArray[]): Subscripts {
  const text = subscripts.replace(/\s/g, "");
  const [left, right] = text.split("->") as [string, string?];
  const parts = left.split(",");
  if (parts.length !== xs.length)
    throw fail("E_ARGUMENT", `np.einsum: "${subscripts}" names ${parts.length} operands, got ${xs.length}`);
  const hidden = (p: string, x: NDArray): number =>
    p.includes("...") ? x.ndim - p.replace("...", "").length : 0;
  const dots = Math.max(0, ...parts.map((p, i) => hidden(p, xs[i] as NDArray)));
  const ellipsis = [...LETTERS]
    .filter((c) => !text.includes(c))
    .slice(0, dots)
    .join("");
  const inputs = parts.map((p, i) => {
    const x = xs[i] as NDArray;
    const own = hidden(p, x);
    const names = p.replace("...", ellipsis.slice(dots - Math.max(own, 0)));
    if (names.length !== x.ndim || own < 0)
      throw fail("E_SHAPE", `np.einsum: "${p}" doesn't name the axes of ${x.aval}`);
    return names;
  });
  const all = inputs.join("");
  const once = [...new Set(all)].filter(
    (c) => !ellipsis.includes(c) && all.indexOf(c) === all.lastIndexOf(c),
  );
  const output = right === undefined ? ellipsis + once.sort().join("") : right.replace("...", ellipsis);
  for (const c of output)
    if (!all.includes(c) || output.indexOf(c) !== output.lastIndexOf(c))
      throw fail(
        "E_ARGUMENT",
        `np.einsum: the output "${output}" names "${c}" ${all.includes(c) ? "twice" : "which no operand has"}`,
      );
  return { inputs, output };
}
/** Size of each name; 1 stretches. */
function sizesOf(text: string, { inputs }: Subscripts, xs: readonly NDArray[]): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((names, i) =>
    [...names].forEach((c, k) => {
      const n = (xs[i] as NDArray).shape[k] as number;
      const known = sizes.get(c) ?? 1;
      if (known !== 1 && n !== 1 && n !== known)
        throw fail(
          "E_DOT_CONTRACT",
          `np.einsum: "${c}" has sizes ${known} and ${n} in "${text}" of ${xs.map((x) => x.aval).join(", ")}`,
        );
      sizes.set(c, known === 1 ? n : known);
    }),
  );
  return sizes;
}

// --- the order of contraction -----------------------------------------------------------------------------------------

type Names = readonly string[];
const union = (a: string, b: string): string => [...new Set(a + b)].join("");
/** Names of the pair's result: those that the output or another operand still needs. */
const resultNames = (list: Names, i: number, j: number, output: string): string => {
  const later = list.filter((_, k) => k !== i && k !== j).join("") + output;
  return [...union(list[i] as string, list[j] as string)].filter((c) => later.includes(c)).join("");
};
const product = (names: string, sizes: ReadonlyMap<string, number>): number =>
  [...names].reduce((n, c) => n * (sizes.get(c) ?? 1), 1);
const step = (list: Names, i: number, j: number, output: string): string[] => [
  ...list.filter((_, k) => k !== i && k !== j),
  resultNames(list, i, j, output),
];
const pairs = (n: number): [number, number][] =>
  range(n).flatMap((i) => range(n - i - 1).map((d): [number, number] => [i, i + d + 1]));
/** The cheapest order of all, by multiplications. */
function optimal(
  list: Names,
  output: string,
  sizes: ReadonlyMap<string, number>,
): { cost: number; path: [number, number][] } {
  if (list.length < 2) return { cost: 0, path: [] };
  let best: { cost: number; path: [number, number][] } = { cost: Infinity, path: [] };
  for (const [i, j] of pairs(list.length)) {
    const cost = product(union(list[i] as string, list[j] as string), sizes);
    if (cost >= best.cost) continue;
    const rest = optimal(step(list, i, j, output), output, sizes);
    if (cost + rest.cost < best.cost) best = { cost: cost + rest.cost, path: [[i, j], ...rest.path] };
  }
  return best;
}
/** Always the pair whose result grows least. */
function greedy(list: Names, output: string, sizes: ReadonlyMap<string, number>): [number, number][] {
  const path: [number, number][] = [];
  let names = list;
  while (names.length > 1) {
    const growth = ([i, j]: [number, number]): number =>
      product(resultNames(names, i, j, output), sizes) -
      product(names[i] as string, sizes) -
      product(names[j] as string, sizes);
    const choice = pairs(names.length).reduce((a, b) => (growth(b) < growth(a) ? b : a));
    path.push(choice);
    names = step(names, choice[0], choice[1], output);
  }
  return path;
}
function pathFor(
  { inputs, output }: Subscripts,
  sizes: ReadonlyMap<string, number>,
  optimize: EinsumOptions["optimize"],
): ContractionPath {
  if (Array.isArray(optimize)) return optimize as ContractionPath;
  const n = inputs.length;
  if (optimize === false) return range(n - 1).map((k) => (k === 0 ? [0, 1] : [0, n - k - 1]));
  const exhaustive = optimize === "optimal" || optimize === true || (optimize !== "greedy" && n <= 4);
  return exhaustive && n <= 7 ? optimal(inputs, output, sizes).path : greedy(inputs, output, sizes);
}

// --- contraction ----------------------------------------------------------------------------------------------------------

interface Term {
  readonly x: NDArray;
  readonly names: string;
}
/** One axis per name: the others of a repeated name are masked with its diagonal and summed. */
function diagonals({ x, names }: Term): Term {
  const lax = L();
  const twice = [...names].find((c, i) => names.indexOf(c) !== i);
  if (twice === undefined) return { x, names };
  const [i, j] = [names.indexOf(twice), names.lastIndexOf(twice)];
  const hit = lax.eq(lax.broadcastedIota("int32", x.shape, i), lax.broadcastedIota("int32", x.shape, j));
  const masked = lax.select(hit, x, lax.zerosLike(x));
  return diagonals({ x: total(masked, [i]), names: names.slice(0, i) + names.slice(i + 1) });
}
const total = (x: NDArray, axes: readonly number[]): NDArray =>
  isBool(x.dtype) ? L().reduceOr(x, axes) : L().reduceSum(x, axes);
/** Sums the axes that nothing else names; axes of size 1 that others stretch are dropped. */
function reduceTerm(t: Term, wanted: string, sizes: ReadonlyMap<string, number>): Term {
  const lax = L();
  const names = [...t.names];
  const stretched = range(t.x.ndim).filter(
    (i) => t.x.shape[i] === 1 && (sizes.get(names[i] as string) ?? 1) !== 1,
  );
  const x = lax.squeeze(t.x, stretched);
  const kept = names.filter((_, i) => !stretched.includes(i));
  const gone = range(x.ndim).filter((i) => !wanted.includes(kept[i] as string));
  return {
    x: gone.length === 0 ? x : total(x, gone),
    names: kept.filter((_, i) => !gone.includes(i)).join(""),
  };
}
function contractPair(a: Term, b: Term, wanted: string, options: DotOptions): Term {
  const shared = [...a.names].filter((c) => b.names.includes(c));
  const [batch, gone] = [shared.filter((c) => wanted.includes(c)), shared.filter((c) => !wanted.includes(c))];
  const at = (t: Term, cs: readonly string[]): number[] => cs.map((c) => t.names.indexOf(c));
  const x = contract(
    "np.einsum",
    a.x,
    b.x,
    [
      [at(a, gone), at(b, gone)],
      [at(a, batch), at(b, batch)],
    ],
    options,
  );
  const rest = (t: Term): string => [...t.names].filter((c) => !shared.includes(c)).join("");
  return { x, names: batch.join("") + rest(a) + rest(b) };
}
/** The axes of the result in order; an axis that only stretched names is broadcast. */
function arrange({ x, names }: Term, output: string, sizes: ReadonlyMap<string, number>): NDArray {
  const lax = L();
  const order = [...output].filter((c) => names.includes(c));
  const out = lax.transpose(
    x,
    order.map((c) => names.indexOf(c)),
  );
  if (order.length === output.length) return out;
  return lax.broadcastInDim(
    out,
    [...output].map((c) => sizes.get(c) as number),
    order.map((c) => output.indexOf(c)),
  );
}
interface Plan extends Subscripts {
  readonly sizes: readonly (readonly [string, number])[];
  readonly path: ContractionPath;
  readonly options: DotOptions;
}
const run = composite("np.einsum", (operands: readonly NDArray[], plan: Plan) => {
  const lax = L();
  const { output, options } = plan;
  const sizes = new Map(plan.sizes);
  const weak = resultOf("np.einsum", operands).weak && options.preferredElementType == null;
  const xs = promoteDTypes("np.einsum", operands);
  let terms = plan.inputs.map((names, i) => diagonals({ x: xs[i] as NDArray, names }));
  for (const group of plan.path) {
    if (group.length === 1) continue;
    if (group.length !== 2) throw fail("E_ARGUMENT", "np.einsum: a step of the path contracts two operands");
    const [a, b] = group.map((k) => terms[k]) as [Term, Term];
    const rest = terms.filter((_, k) => !group.includes(k));
    const later = output + rest.map((t) => t.names).join("");
    const pair = contractPair(
      reduceTerm(a, later + b.names, sizes),
      reduceTerm(b, later + a.names, sizes),
      later,
      options,
    );
    terms = [...rest, pair];
  }
  const end = arrange(reduceTerm(terms[0] as Term, output, sizes), output, sizes);
  const to = options.preferredElementType == null ? end.dtype : canonicalDType(options.preferredElementType);
  return lax.convertElementType(end, to, { weakType: weak });
});
function planOf(subscripts: string, xs: readonly NDArray[], options: EinsumOptions): Plan {
  const parsed = parse(subscripts, xs);
  const sizes = sizesOf(subscripts, parsed, xs);
  const { precision, preferredElementType } = options;
  return {
    ...parsed,
    sizes: [...sizes],
    path: pathFor(parsed, sizes, options.optimize),
    options: { precision, preferredElementType },
  };
}
/**
 * Sums of products by names of axes: `np.einsum("ij,jk->ik", a, b)`, or by numbers: `np.einsum(a, [0, 1], b, [1, 2], [0, 2])`.
 * Options go last. The order of contraction is the cheapest for up to four operands. Source: jax.numpy.einsum.
 */
export function einsum(
  subscripts: string | ArrayLike,
  ...operands: readonly (ArrayLike | AxisList | EinsumOptions)[]
): NDArray {
  const last = operands[operands.length - 1];
  const options = isWords(last) ? last : {};
  checkOptions("np.einsum", options, ["optimize", ...DOT]);
  const [text, list] = unpack(subscripts, isWords(last) ? operands.slice(0, -1) : operands);
  const xs = arraysOf("np.einsum", list);
  return run(xs, planOf(text, xs, options));
}
/** The order in which einsum contracts, and its cost in multiplications. Source: jax.numpy.einsum_path. */
export function einsumPath(
  subscripts: string | ArrayLike,
  ...operands: readonly (ArrayLike | AxisList | EinsumOptions)[]
): [path: ContractionPath, info: string] {
  const last = operands[operands.length - 1];
  const options = isWords(last) ? last : {};
  const [text, list] = unpack(subscripts, isWords(last) ? operands.slice(0, -1) : operands);
  const xs = arraysOf("np.einsum", list);
  const plan = planOf(text, xs, options);
  const naive = product([...new Set(plan.inputs.join(""))].join(""), new Map(plan.sizes));
  return [
    plan.path,
    `${plan.inputs.join(",")}->${plan.output}: ${naive} multiplications in one step; path ${JSON.stringify(plan.path)}`,
  ];
}
