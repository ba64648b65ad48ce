// lax: shapes, windows, contractions against plain loops; options and errors.
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import { int } from "../arrays.ts";
import * as np from "../numpy/index.ts";
import * as random from "../random/index.ts";
import { installReference, reasonOf } from "../testing/root.ts";
import { grad, jit, vmap } from "../transforms/index.ts";
import * as lax from "./index.ts";

beforeAll(() => void installReference());
const grid = (...shape: number[]): NDArray => np.arange(shape.reduce((n, d) => n * d, 1)).reshape(shape);
const near = (got: unknown, want: unknown, digits = 4): void => {
  const [a, b] = [[got].flat(9) as number[], [want].flat(9) as number[]];
  expect(a).toHaveLength(b.length);
  a.forEach((v, i) => expect(v).toBeCloseTo(b[i] as number, digits));
};

describe("shapes", () => {
  it("move axes and sizes about", () => {
    const x = grid(2, 3);
    expect(lax.broadcast(x, [4, 5]).shape).toEqual([4, 5, 2, 3]);
    expect(lax.broadcastToRank(x, 4).shape).toEqual([1, 1, 2, 3]);
    expect(lax.collapse(grid(2, 3, 4, 5), 1, { stopDimension: 3 }).shape).toEqual([2, 12, 5]);
    expect(lax.collapse(grid(2, 3, 4), -2).shape).toEqual([2, 12]);
    expect(listOf(lax.reshape(x, [3, 2], { dimensions: [1, 0] }))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(listOf(lax.tile(np.array([1, 2]), [2, 2]))).toEqual([
      [1, 2, 1, 2],
      [1, 2, 1, 2],
    ]);
    expect(listOf(lax.stack([x.get(0), x.get(1)], { axis: 1 }))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(lax.unstack(x, { axis: 1 }).map(listOf)).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(lax.split(x, [1, 2], { axis: 1 }).map((p) => p.shape)).toEqual([
      [2, 1],
      [2, 2],
    ]);
    expect(listOf(lax.slice(x, [0, 0], [2, 3], { strides: [1, 2] }))).toEqual([
      [0, 2],
      [3, 5],
    ]);
    expect(listOf(lax.sliceInDim(x, 1, null, { axis: -1 }))).toEqual([
      [1, 2],
      [4, 5],
    ]);
    expect([lax.indexInDim(x, -1).shape, listOf(lax.indexInDim(x, -1, { keepdims: false }))]).toEqual([
      [1, 3],
      [3, 4, 5],
    ]);
    expect(lax.broadcastShapes([2, 1], [3])).toEqual([2, 3]);
  });
  it("make constants", () => {
    expect(lax.full([2], 3n).dtype).toBe("int32");
    expect(lax.full([2], 3, { dtype: "int8" }).dtype).toBe("int8");
    expect(lax.full([], 2).item()).toBe(2);
    expect(lax.fullLike(grid(2), 7, { shape: [3] }).shape).toEqual([3]);
    expect(lax.empty([2, 0], "float16")).toMatchObject({ shape: [2, 0], dtype: "float16" });
    expect(lax.broadcastLike(np.array([1, 2]), np.zeros([2, 2])).tolist()).toEqual([[1, 2], [1, 2]]); // prettier-ignore
    expect(() => lax.broadcastLike(np.ones([2]), np.ones([3]))).toThrow(/lax\.broadcastLike/);
    expect([lax.dtype(1), lax.dtype(1n), lax.dtype(np.ones([1], { dtype: "int8" }))]).toEqual(["float32", "int32", "int8"]); // prettier-ignore
    expect([lax.fullLike(int(1), 2n).weakType, lax.fullLike(np.array([1n]), 2n).weakType]).toEqual([
      true,
      false,
    ]);
    expect(listOf(lax.iota("int32", 3))).toEqual([0, 1, 2]);
  });
  it("refuse what doesn't fit", () => {
    const x = grid(2, 3);
    expect(reasonOf(() => lax.broadcastToRank(x, 1))).toMatch(/^E_SHAPE/);
    expect(reasonOf(() => lax.indexInDim(x, 2))).toMatch(
      /^E_INDEX.*index 2.*axis 0 of f32\[2,3\]|i32\[2,3\]/,
    );
    expect(reasonOf(() => lax.stack([x, x.get(0)]))).toMatch(/^E_SHAPE.*differ/);
    expect(reasonOf(() => lax.split(x, [1, 1], { axis: 1 }))).toMatch(/^E_SHAPE.*add up/);
    expect(reasonOf(() => lax.add(x, np.ones([3])))).toMatch(/^E_(SHAPE|DTYPE_MISMATCH)/);
    expect(reasonOf(() => lax.collapse(x, 1, { stop: 2 } as never))).toMatch(
      /^E_UNKNOWN_OPTION.*stopDimension/s,
    );
  });
});

describe("run-time windows", () => {
  it("clamp starts, count negative ones from the end unless told otherwise", () => {
    const x = np.arange(6);
    const at = (i: number | bigint | NDArray, options = {}): unknown =>
      listOf(lax.dynamicSlice(x, [i], [3], options));
    expect([at(1), at(5), at(-4), at(np.array(-4n)), at(np.array(9n))]).toEqual([
      [1, 2, 3],
      [3, 4, 5],
      [2, 3, 4],
      [2, 3, 4],
      [3, 4, 5],
    ]);
    expect(at(np.array(-4n), { allowNegativeIndices: false })).toEqual([0, 1, 2]);
    expect(listOf(jit((i: NDArray) => lax.dynamicIndexInDim(x, i, { keepdims: false }))(2n))).toBe(2);
    expect(listOf(lax.dynamicUpdateSlice(x, np.array([9n, 9n]), [5]))).toEqual([0, 1, 2, 3, 9, 9]);
    expect(listOf(lax.dynamicUpdateIndexInDim(grid(2, 2), np.array([7n, 8n]), 1, 1))).toEqual([
      [0, 7],
      [2, 8],
    ]);
    expect(lax.dynamicSliceInDim(grid(4, 5), 2, 2, { axis: 1 }).shape).toEqual([4, 2]);
    expect(listOf(lax.dynamicSlice(grid(3, 3), np.array([1n, 2n]), [2, 1]))).toEqual([[5], [8]]);
  });
  it("give gradients to the clamped place", () => {
    const g = grad((x: NDArray) => lax.dynamicSlice(x, [np.array(9n)], [2]).sum())(np.zeros([4]));
    expect(listOf(g)).toEqual([0, 0, 1, 1]);
  });
});

describe("reductions", () => {
  it("know the monoid of a computation however it is written, and fold any other", () => {
    const x = np.array([
      [1, 5, 2],
      [4, 0, 3],
    ]);
    expect(listOf(lax.reduce(x, 0, lax.add, [0]))).toEqual([5, 5, 5]);
    expect(listOf(lax.reduce(x, -Infinity, np.maximum, [1]))).toEqual([5, 4]);
    expect(listOf(lax.reduce(x, 10, (a, b) => a.add(b), [0, 1]))).toBe(25);
    const halfSum = (a: NDArray, b: NDArray): NDArray => np.log(np.exp(a).add(np.exp(b)));
    near(
      listOf(lax.reduce(x, -Infinity, halfSum, [1])),
      [5.0659, 4.3266].map((_, i) =>
        Math.log(
          [1, 5, 2].map(Math.exp).reduce((s, v) => s + v) * (i === 0 ? 1 : 0) +
            [4, 0, 3].map(Math.exp).reduce((s, v) => s + v) * i,
        ),
      ),
    );
    expect(listOf(lax.reduce(np.zeros([0, 2]), 7, halfSum, [0]))).toEqual([7, 7]);
    expect(
      grad((x: NDArray) => lax.reduce(x, 1, (a, b) => a.mul(b), [0]))(np.array([2, 3, 4])).tolist(),
    ).toEqual([12, 8, 6]);
    expect(reasonOf(() => lax.reduce(x, np.array(1n), lax.add, [0]))).toMatch(/^E_DTYPE_MISMATCH.*i32/);
  });
  it("reduce windows of any function, start, stride, padding and dilation", () => {
    const size = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(
        fc.constantFrom("add", "max", "min", "mul", "mean"),
        size,
        size,
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 2 }),
        fc.tuple(fc.nat(2), fc.nat(2)),
        fc.constantFrom(0, 1, -Infinity),
        (name, window, stride, base, dilation, pad, start) => {
          const plain = {
            add: (a: number, b: number) => a + b,
            max: Math.max,
            min: Math.min,
            mul: (a: number, b: number) => a * b,
            mean: (a: number, b: number) => (a + b) / 2,
          }[name];
          const f = {
            add: lax.add,
            max: lax.max,
            min: lax.min,
            mul: lax.mul,
            mean: (a: NDArray, b: NDArray) => a.add(b).div(2),
          }[name];
          const xs = [3, -1, 4, 1, -5];
          // Padding and holes are no elements: a start value that isn't neutral counts once a window, as on XLA's CPU.
          const none = (n: number): null[] => Array<null>(n).fill(null);
          const spread = xs.flatMap((v, i) => (i === 0 ? [v] : [...none(base - 1), v]));
          const whole = [...none(pad[0]), ...spread, ...none(pad[1])];
          const extent = (window - 1) * dilation + 1;
          const want: number[] = [];
          for (let i = 0; i + extent <= whole.length; i += stride) {
            let v: number = start;
            for (let k = 0; k < window; k++) {
              const x = whole[i + k * dilation] ?? null;
              if (x !== null) v = plain(v, x);
            }
            want.push(v);
          }
          const got = lax.reduceWindow(np.array(xs), start, f, [window], [stride], [pad], {
            baseDilation: [base],
            windowDilation: [dilation],
          });
          (listOf(got) as number[]).forEach((v, i) => {
            const w = want[i] as number;
            expect(
              Object.is(v, w) || v === w || Math.abs(v - w) < 1e-4 || (Number.isNaN(v) && Number.isNaN(w)),
            ).toBe(true);
          });
          expect(got.shape).toEqual([want.length]);
          // What a function captures makes it a composition, which gives the same.
          const captured = jit((s: NDArray) =>
            lax.reduceWindow(np.array(xs), start, (a, b) => f(a, b.add(s)), [window], [stride], [pad], {
              baseDilation: [base],
              windowDilation: [dilation],
            }),
          );
          expect(listOf(captured(0))).toEqual(listOf(got));
        },
      ),
      { numRuns: 150, seed: 3 },
    );
  });
  it("accumulate either way along any axis", () => {
    const x = grid(2, 3);
    expect(listOf(lax.cumsum(x, { axis: 1 }))).toEqual([
      [0, 1, 3],
      [3, 7, 12],
    ]);
    expect(listOf(lax.cumsum(x, { axis: 1, reverse: true }))).toEqual([
      [3, 3, 2],
      [12, 9, 5],
    ]);
    expect(listOf(lax.cummax(np.array([1, 3, 2])))).toEqual([1, 3, 3]);
    expect(listOf(lax.cumprod(np.array([1, 3, 2]), { reverse: true }))).toEqual([6, 6, 2]);
    expect(reasonOf(() => lax.cumsum(x, 1 as never))).toMatch(/^E_OPTIONS/);
  });
  it("sort several arrays, and find the largest along any axis", () => {
    const [k, v] = lax.sort([np.array([2, 1, 2]), np.array([5, 6, 4])], { numKeys: 2 });
    expect([listOf(k as NDArray), listOf(v as NDArray)]).toEqual([
      [1, 2, 2],
      [6, 4, 5],
    ]);
    expect(lax.sortKeyVal(np.array([3, 1]), np.array([0, 1])).map(listOf)).toEqual([
      [1, 3],
      [1, 0],
    ]);
    const [top, places] = lax.topK(
      np.array([
        [1, 9],
        [7, 2],
        [5, 4],
      ]),
      2,
      { axis: 0 },
    );
    expect([listOf(top), listOf(places)]).toEqual([
      [
        [7, 9],
        [5, 4],
      ],
      [
        [1, 0],
        [2, 2],
      ],
    ]);
  });
});

describe("contractions", () => {
  const normal = (seed: number, shape: number[]): NDArray => random.normal(random.key(seed), shape);
  it("transpose convolutions: the gradient of a convolution by its input", () => {
    const [x, w] = [normal(0, [2, 4, 4, 3]), normal(1, [3, 3, 3, 5])];
    for (const padding of ["SAME", "VALID"]) {
      for (const strides of [
        [1, 1],
        [2, 2],
      ]) {
        const up = lax.convTranspose(x, w, strides, padding);
        const n = padding === "SAME" ? 4 * (strides[0] as number) : 3 * (strides[0] as number) + 3;
        expect(up.shape).toEqual([2, n, n, 5]);
        // ⟨convTranspose(x), y⟩ = ⟨x, conv(y)⟩ with the kernel's channels swapped and space flipped.
        const y = normal(2, [...up.shape]);
        const flipped = lax.transpose(lax.rev(w, [0, 1]), [0, 1, 3, 2]);
        const down = lax.convGeneralDilated(y, flipped, strides, padding, {
          dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
        });
        near(up.mul(y).sum().item(), x.mul(down).sum().item(), 2);
      }
    }
    const forward = lax.convTranspose(x, lax.transpose(w, [0, 1, 3, 2]), [2, 2], "SAME", {
      transposeKernel: true,
    });
    expect(forward.shape).toEqual([2, 8, 8, 5]);
  });
  it("extract patches, convolve locally", () => {
    const x = grid(1, 1, 3, 3).astype("float32");
    const patches = lax.convGeneralDilatedPatches(x, [2, 2], [1, 1], "VALID");
    expect(listOf(patches.get(0, ":", 0, 0))).toEqual([0, 1, 3, 4]);
    const [y, w] = [normal(3, [2, 3, 5, 4]), normal(4, [6, 3, 2, 3])];
    const shared = lax.convGeneralDilated(y, w, [1, 1], "VALID");
    const own = np.broadcastTo(w.reshape([6, 18, 1, 1]), [6, 18, 4, 2]);
    near(listOf(lax.convGeneralDilatedLocal(y, own, [1, 1], "VALID", [2, 3])), listOf(shared), 3);
  });
  it("multiply rows by the matrix of their group", () => {
    const [x, w] = [normal(5, [6, 3]), normal(6, [3, 3, 2])];
    const out = lax.raggedDot(x, w, np.array([2n, 0n, 3n]));
    [0, 0, 2, 2, 2].forEach((g, i) => near(listOf(out.get(i)), listOf(x.get(i).matmul(w.get(g)))));
    expect(listOf(out.get(5))).toEqual([0, 0]);
    expect(reasonOf(() => lax.raggedDot(x, w, np.array([1n])))).toMatch(/^E_SHAPE/);
  });
  it("take dimension numbers in both forms, and refuse words they don't know", () => {
    const [x, w] = [normal(7, [1, 5, 5, 2]), normal(8, [3, 3, 2, 4])];
    const a = lax.convGeneralDilated(x, w, [1, 1], "SAME", { dimensionNumbers: ["NHWC", "HWIO", "NHWC"] });
    const b = lax.convGeneralDilated(
      x,
      w,
      [1, 1],
      [
        [1, 1],
        [1, 1],
      ],
      {
        dimensionNumbers: { lhsSpec: [0, 3, 1, 2], rhsSpec: [3, 2, 0, 1], outSpec: [0, 3, 1, 2] },
      },
    );
    expect(listOf(a)).toEqual(listOf(b));
    expect(reasonOf(() => lax.convGeneralDilated(x, w, [1, 1], "FULL"))).toMatch(/^E_CONV/);
    expect(reasonOf(() => lax.dot(x.get(0, 0), np.ones([3])))).toMatch(/^E_DOT_CONTRACT/);
  });
});

describe("gather and elements", () => {
  it("takes at index vectors, modulo the sizes", () => {
    const x = grid(3, 4, 2);
    const out = lax.indexTake(x, [np.array([0n, -1n, 4n]), np.array([1n, 5n, 3n])], [0, 1]);
    expect(listOf(out)).toEqual([x.get(0, 1), x.get(2, 1), x.get(1, 3)].map(listOf));
  });
  it("selects among many, rounds by method, multiplies into the high half", () => {
    const cases = [np.array([1, 2, 3]), np.array([10, 20, 30]), np.array([100, 200, 300])];
    expect(listOf(lax.selectN(np.array([2n, 0n, 1n]), ...cases))).toEqual([100, 2, 30]);
    expect(listOf(lax.selectN(np.array([true, false, true]), ...cases.slice(0, 2)))).toEqual([10, 2, 30]);
    const halves = np.array([-2.5, -0.5, 0.5, 1.5]);
    expect(listOf(lax.round(halves))).toEqual([-3, -1, 1, 2]);
    expect(listOf(lax.round(halves, { roundingMethod: "TO_NEAREST_EVEN" }))).toEqual([-2, -0, 0, 2]);
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        const [x, y] = [new Int32Array([a]), new Int32Array([b])];
        const [u, v] = [new Uint32Array([a]), new Uint32Array([b])];
        expect(listOf(lax.mulhi(x, y))).toEqual([Number((BigInt(a) * BigInt(b)) >> 32n)]);
        expect(listOf(lax.mulhi(u, v))).toEqual([
          Number((BigInt(u[0] as number) * BigInt(v[0] as number)) >> 32n),
        ]);
      }),
      { numRuns: 60, seed: 32 },
    );
    expect(lax.reciprocal(np.array([4])).tolist()).toEqual([0.25]);
  });
  it("batches what it composes", () => {
    const x = grid(3, 4).astype("float32");
    expect(listOf(vmap((r: NDArray) => lax.topK(r, 1)[0])(x))).toEqual([[3], [7], [11]]);
    expect(listOf(vmap((r: NDArray) => lax.reduce(r, 0, lax.add, [0]))(x))).toEqual([6, 22, 38]);
    expect(
      listOf(
        vmap((r: NDArray, i: NDArray) => lax.dynamicIndexInDim(r, i, { keepdims: false }))(
          x,
          np.array([0n, 3n, 1n]),
        ),
      ),
    ).toEqual([0, 7, 9]);
  });
});
