// Laws of np's functions: jit = eager, vmap = loop, and derivatives = central differences, also through the programs
// that eager calls run as one.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { array } from "../arrays.ts";
import { installReference } from "../testing/root.ts";
import { grad, jit, vmap } from "../transforms/index.ts";
import * as np from "./index.ts";

beforeAll(() => {
  installReference();
});

type Fn = (x: NDArray) => NDArray;
const K = [2, 0, 1, 2];
/** Smooth functions of a [3, 4] array whose elements are apart from each other and from zero. */
const SMOOTH: Readonly<Record<string, Fn>> = {
  average: (x) => np.average(x, { axis: 1, weights: np.square(x) }),
  clip: (x) => np.clip(x, -0.75, 0.75),
  concatenate: (x) => np.concatenate([x, x.mul(2)], { axis: 1 }),
  convolve: (x) => np.convolve(np.ravel(x), np.array([1, -2, 0.5])),
  copysign: (x) => np.copysign(x, -1),
  corrcoef: (x) => np.corrcoef(x),
  cov: (x) => np.cov(x),
  cross: (x) => np.cross(x.get(":", "0:3"), x.get(":", "1:4")),
  cumprod: (x) => np.cumprod(x, { axis: 1 }),
  cumsum: (x) => np.cumsum(x, { axis: 0 }),
  diag: (x) => np.diag(x.get(0)),
  diagonal: (x) => np.diagonal(x),
  diff: (x) => np.diff(x, { n: 2, axis: 1 }),
  divide: (x) => np.divide(x, 3),
  divmod: (x) => np.divmod(x, 0.7)[1],
  einsum: (x) => np.einsum("ij,kj->ik", x, x),
  expm1: np.expm1,
  fmod: (x) => np.fmod(x, 0.7),
  gradient: (x) => np.gradient(x, { axis: 1 }) as NDArray,
  hypot: (x) => np.hypot(x, np.flip(x)),
  i0: np.i0,
  interp: (x) => np.interp(x, np.array([-2, -0.5, 0.4, 2]), np.array([1, 3, -1, 2])),
  kron: (x) => np.kron(x, np.array([1, -1])),
  logaddexp: (x) => np.logaddexp(x, np.flip(x)),
  logaddexp2: (x) => np.logaddexp2(x, np.flip(x)),
  matmul: (x) => np.matmul(x, np.matrixTranspose(x)),
  max: (x) => np.max(x, { axis: 1 }),
  mean: (x) => np.mean(x, { axis: 0, keepdims: true }),
  median: (x) => np.median(x, { axis: 1 }),
  mod: (x) => np.mod(x, 0.7),
  nanmax: (x) => np.nanmax(x, { axis: 0 }),
  nanmean: (x) => np.nanmean(x, { axis: 0 }),
  nanvar: (x) => np.nanvar(x, { axis: 0 }),
  outer: (x) => np.outer(x.get(0), x.get(1)),
  pad: (x) => np.pad(x, [1, 2], { mode: "reflect" }),
  partition: (x) => np.partition(x, 1),
  polyval: (x) => np.polyval(x.get(0), x.get(1)),
  power: (x) => np.power(np.abs(x), x),
  prod: (x) => np.prod(x, { axis: 1 }),
  quantile: (x) => np.quantile(x, 0.3, { axis: 0 }),
  reciprocal: np.reciprocal,
  repeat: (x) => np.repeat(x, [1, 2, 0], { axis: 0 }),
  roll: (x) => np.roll(x, 1, { axis: 1 }),
  select: (x) => np.select([x.gt(0.5), x.lt(0)], [x.mul(2), x.mul(x)]),
  sinc: np.sinc,
  sort: (x) => np.sort(x, { axis: 0 }),
  std: (x) => np.std(x, { axis: 1, ddof: 1 }),
  take: (x) => np.take(x, np.array([2n, 0n, -1n]), { axis: 1 }),
  takeAlongAxis: (x) => np.takeAlongAxis(x, np.argsort(x)),
  trace: (x) => np.trace(x),
  trapezoid: (x) => np.trapezoid(x),
  tril: (x) => np.tril(x),
  unwrap: (x) => np.unwrap(x.mul(4)),
  var: (x) => np.var(x, { axis: 1 }),
  where: (x) => np.where(x.gt(0), x.mul(x), x.neg()),
  "x.get(array)": (x) => x.get(K, 1),
  "x.get(mixed)": (x) => x.get("::-1", [0, 2]),
  "x.get(slice)": (x) => x.get("1:", "::2"),
  "x.at.add": (x) => x.at(K, 1).add(x.get(0)),
  "x.at.mul": (x) => x.at("1:").mul(x.get("1:")),
  "x.at.set": (x) => x.at(":", 1).set(x.get(":", 2)),
};
/** Distinct elements: a shuffled grid, moved a little; none near 0 or at the edges that the functions above have. */
const inputs: fc.Arbitrary<number[]> = fc
  .tuple(fc.shuffledSubarray([...Array(12).keys()], { minLength: 12 }), fc.integer({ min: -20, max: 20 }))
  .map(([order, shift]) => order.map((k) => (k - 5.5) * 0.24 + 0.013 + shift / 4000));
const shaped = (values: readonly number[]): NDArray => array(values.map(Number)).reshape([3, 4]);
const flat = (x: NDArray): number[] => Array.from(x.dataSync() as Float32Array, Number);
const close = (got: readonly number[], want: readonly number[], tolerance: number): void => {
  expect(got.length).toBe(want.length);
  got.forEach((g, i) => {
    const w = want[i] as number;
    if (Number.isNaN(w)) expect(g).toBeNaN();
    else
      expect(Math.abs(g - w), `element ${i}: ${g} against ${w}`).toBeLessThanOrEqual(
        tolerance * (1 + Math.abs(w)),
      );
  });
};
/** Weights that make a scalar of any result. */
const scalarOf = (y: NDArray): NDArray =>
  np.sum(y.mul(np.cos(np.arange(y.size, null, null, { dtype: "float32" }).reshape(y.shape))));

describe.each(Object.entries(SMOOTH))("%s", (_name, f) => {
  const runs = { numRuns: 3, seed: 7 };
  it("jit = eager", () => {
    fc.assert(
      fc.property(inputs, (values) => {
        const x = shaped(values);
        const [eager, jitted] = [f(x), jit(f)(x)];
        expect(jitted.shape).toEqual(eager.shape);
        expect(jitted.dtype).toBe(eager.dtype);
        expect(jitted.weakType).toBe(eager.weakType);
        close(flat(jitted), flat(eager), 1e-6);
      }),
      runs,
    );
  });
  it("vmap = loop", () => {
    fc.assert(
      fc.property(inputs, inputs, (a, b) => {
        const rows = [shaped(a), shaped(b)];
        const mapped = vmap(f)(np.stack(rows));
        close(
          flat(mapped),
          rows.flatMap((x) => flat(f(x))),
          1e-5,
        );
      }),
      runs,
    );
  });
  it("gradient = central difference, eager = jit", () => {
    fc.assert(
      fc.property(inputs, (values) => {
        const x = shaped(values);
        const loss = (v: NDArray): NDArray => scalarOf(f(v));
        const g = flat(grad(loss)(x));
        close(flat(jit(grad(loss))(x)), g, 1e-4);
        // Along one direction, in steps that stay between the elements.
        const h = 2e-3;
        const direction = values.map((_, i) => Math.cos(3 * i + 1));
        const at = (s: number): number =>
          loss(shaped(values.map((v, i) => v + s * (direction[i] as number)))).item();
        const slope = (at(h) - at(-h)) / (2 * h);
        const along = g.reduce((sum, v, i) => sum + v * (direction[i] as number), 0);
        expect(Math.abs(along - slope)).toBeLessThanOrEqual(0.02 * (1 + Math.abs(slope)));
      }),
      runs,
    );
  });
});
