// np: functions of functions: applied along axes, over grids, and to all elements.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { type NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { numberList, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { broadcastShapes } from "../promotion.ts";
import { checkFunction } from "../transforms/flat.ts";
import { vmap } from "../transforms/index.ts";
import { oneAxis, range } from "./axes.ts";
import { shapeOf } from "./creation.ts";
import { L } from "./define.ts";
import { expandDims } from "./shape.ts";

type ArrayFunction = (...args: NDArray[]) => unknown;
type Mapped = (...args: readonly ArrayLike[]) => unknown;
const mapped = (f: Mapped, options: { inAxes?: unknown; outAxes?: unknown }): Mapped =>
  vmap(f as never, options as never) as unknown as Mapped;

/** An array of f(i, j, …) over the grid of indices; f gets scalars, mapped. Source: jax.numpy.fromfunction. */
export function fromfunction(
  function_: (...index: NDArray[]) => unknown,
  shape: Shape,
  options: Options<"dtype"> = {},
): NDArray {
  checkOptions("np.fromfunction", options, ["dtype"]);
  const sizes = shapeOf("np.fromfunction", shape);
  const dtype = canonicalDType(options.dtype ?? "float64");
  let f = function_ as unknown as Mapped;
  for (const i of range(sizes.length))
    f = mapped(f, { inAxes: sizes.map((_, j) => (j === sizes.length - 1 - i ? 0 : null)) });
  return f(...sizes.map((n) => L().iota(dtype, n))) as NDArray;
}
/** A function of vectors applied to all vectors along an axis; its result takes the axis' place. Source: jax.numpy.apply_along_axis. */
export function applyAlongAxis(
  func1d: (v: NDArray, ...args: never[]) => unknown,
  axis: number,
  arr: ArrayLike,
  ...args: readonly unknown[]
): NDArray {
  const x = toArray("np.applyAlongAxis", arr, "arr");
  const d = oneAxis("np.applyAlongAxis", axis, x);
  checkFunction("np.applyAlongAxis", func1d);
  let f: Mapped = (v) => func1d(v as NDArray, ...(args as never[]));
  for (const i of range(x.ndim - d).slice(1)) f = mapped(f, { inAxes: i, outAxes: -1 });
  for (let i = 0; i < d; i++) f = mapped(f, { inAxes: 0, outAxes: 0 });
  return f(x) as NDArray;
}
/** A reduction applied over several axes, one after the other, which keep size 1. Source: jax.numpy.apply_over_axes. */
export function applyOverAxes(
  func: (a: NDArray, axis: number) => NDArray,
  a: ArrayLike,
  axes: number | readonly number[],
): NDArray {
  checkFunction("np.applyOverAxes", func);
  return numberList("np.applyOverAxes", "axes", axes).reduce(
    (x, axis) => {
      const y = func(x, axis);
      if (y.ndim === x.ndim) return y;
      if (y.ndim === x.ndim - 1) return expandDims(y, axis);
      throw fail("E_SHAPE", `np.applyOverAxes: the function made ${y.aval} of ${x.aval}`);
    },
    toArray("np.applyOverAxes", a, "a"),
  );
}

const SIGNATURE = /^\((.*)\)->\((.*)\)$/;
interface Signature {
  readonly inputs: readonly (readonly string[])[];
  readonly outputs: readonly (readonly string[])[] | null;
}
/** "(n,m),(m)->(n)" as names. */
function parseSignature(text: string | null | undefined, count: number): Signature {
  if (text == null) return { inputs: range(count).map(() => []), outputs: null };
  const match = SIGNATURE.exec(String(text).replace(/\s/g, ""));
  if (match === null)
    throw fail("E_ARGUMENT", `np.vectorize: "${text}" is no signature`, { hint: 'write "(n,m),(m)->(n)"' });
  const lists = (part: string): string[][] => part.split("),(").map((p) => (p === "" ? [] : p.split(",")));
  const [inputs, outputs] = [lists(match[1] as string), lists(match[2] as string)];
  if (inputs.length !== count)
    throw fail("E_ARGUMENT", `np.vectorize: "${text}" has ${inputs.length} arguments, got ${count}`);
  return { inputs, outputs };
}
/** Sizes of the names, checked. */
function bindNames(sizes: Map<string, number>, names: readonly string[], shape: Shape, text: string): void {
  names.forEach((name, i) => {
    const n = shape[shape.length - names.length + i] as number;
    const seen = sizes.get(name);
    if (seen !== undefined && seen !== n)
      throw fail("E_SHAPE", `np.vectorize: "${name}" of ${text} has the sizes ${seen} and ${n}`);
    sizes.set(name, n);
  });
}
/** Arguments of a vectorized function: what stands for an array is welcome. */
export type Vectorized<A extends readonly unknown[]> = { [K in keyof A]: A[K] | ArrayLike };
/** Words of vectorize. */
export type VectorizeOptions = Options<never, { excluded: readonly number[]; signature: string | null }>;
/**
 * A function over the axes in front of those that its signature names ("(n),(n)->()"); scalars without one. They broadcast.
 * Source: jax.numpy.vectorize.
 */
export function vectorize<F extends (...args: never[]) => unknown>(
  pyfunc: F,
  options: VectorizeOptions = {},
): (...args: Vectorized<Parameters<F>>) => ReturnType<F> {
  checkOptions("np.vectorize", options, ["excluded", "signature"]);
  checkFunction("np.vectorize", pyfunc);
  const excluded = numberList("np.vectorize", "excluded", options.excluded ?? []);
  return ((...args: readonly unknown[]) => {
    const fixed = (i: number): boolean => excluded.includes(i) || args[i] === null;
    const free = range(args.length).filter((i) => !fixed(i));
    const call = (...given: readonly unknown[]): unknown => {
      let k = 0;
      return (pyfunc as unknown as ArrayFunction)(
        ...(args.map((a, i) => (fixed(i) ? a : given[k++])) as NDArray[]),
      );
    };
    const xs = free.map((i) => toArray("np.vectorize", args[i] as ArrayLike));
    return vectorized(call, xs, parseSignature(options.signature, xs.length), options.signature ?? "scalars");
  }) as never;
}
function vectorized(
  f: Mapped,
  xs: readonly NDArray[],
  { inputs, outputs }: Signature,
  text: string,
): unknown {
  const sizes = new Map<string, number>();
  const leads = xs.map((x, i) => {
    const names = inputs[i] as readonly string[];
    if (x.ndim < names.length)
      throw fail("E_SHAPE", `np.vectorize: ${x.aval} has too few axes for (${names.join(",")})`);
    bindNames(sizes, names, x.shape, text);
    return x.shape.slice(0, x.ndim - names.length);
  });
  const lead = broadcastShapes("np.vectorize", ...leads);
  let g: Mapped = outputs === null ? f : checkedOutputs(f, outputs, sizes, text);
  const expand: number[] = [];
  // From the last leading axis outwards; size 1 is dropped, and put back where all have it.
  for (const k of range(lead.length)) {
    const inAxes = leads.map((s) => ((s[s.length - 1 - k] ?? 1) === 1 ? null : 0));
    if (inAxes.every((a) => a === null)) expand.unshift(lead.length - 1 - k);
    else g = mapped(g, { inAxes });
  }
  const squeezed = xs.map((x, i) => {
    const kept = (leads[i] as Shape).filter((n) => n !== 1);
    return L().reshape(x, [...kept, ...x.shape.slice((leads[i] as Shape).length)]);
  });
  const out = g(...squeezed);
  if (expand.length === 0) return out;
  const grow = (y: unknown): NDArray => expandDims(y as NDArray, expand);
  return Array.isArray(out) ? out.map(grow) : grow(out);
}
const checkedOutputs =
  (
    f: Mapped,
    outputs: readonly (readonly string[])[],
    sizes: ReadonlyMap<string, number>,
    text: string,
  ): Mapped =>
  (...args) => {
    const out = f(...args);
    const list = (Array.isArray(out) ? out : [out]) as readonly NDArray[];
    if (list.length !== outputs.length)
      throw fail(
        "E_ARGUMENT",
        `np.vectorize: the function returned ${list.length} results, ${text} says ${outputs.length}`,
      );
    const all = new Map(sizes);
    list.forEach((y, i) => {
      const names = outputs[i] as readonly string[];
      if (y.ndim !== names.length)
        throw fail(
          "E_SHAPE",
          `np.vectorize: the function returned ${y.aval}, ${text} says (${names.join(",")})`,
        );
      bindNames(all, names, y.shape, text);
    });
    return out;
  };
