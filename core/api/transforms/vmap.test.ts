// vmap: axes, trees, nesting, collectives, errors.
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import * as random from "../random/index.ts";
import { reasonOf, installReference } from "../testing/root.ts";
import { grad, jit, vmap } from "./index.ts";

beforeAll(() => void installReference());
const matrix = (): NDArray => np.arange(6).reshape([2, 3]);

describe("axes", () => {
  it("maps any axis in, to any axis out, also by trees", () => {
    const x = matrix();
    expect(listOf(vmap((r: NDArray) => r.sum())(x))).toEqual([3, 12]);
    expect(listOf(vmap((c: NDArray) => c.sum(), { inAxes: 1 })(x))).toEqual([3, 5, 7]);
    expect(listOf(vmap((c: NDArray) => c.sum(), { inAxes: -1 })(x))).toEqual([3, 5, 7]);
    expect(vmap((r: NDArray) => np.outer(r, r), { outAxes: -1 })(x).shape).toEqual([3, 3, 2]);
    expect(vmap((r: NDArray) => r, { inAxes: 1, outAxes: 1 })(x).shape).toEqual([2, 3]);
    type T = { w: NDArray; b: NDArray[] };
    const f = (t: T, y: NDArray): { s: NDArray; k: NDArray } => ({
      s: t.w.mul(y).sum(),
      k: t.b[0] as NDArray,
    });
    const out = vmap(f, { inAxes: [{ w: 1, b: [null] }, 0], outAxes: { s: 0, k: null } })(
      { w: x, b: [np.array(7)] },
      np.array([1, 10, 100]),
    );
    expect([listOf(out.s), listOf(out.k)]).toEqual([[3, 50, 700], 7]);
  });
  it("broadcasts results that aren't mapped", () => {
    const c = np.array([5, 6]);
    expect(listOf(vmap((_: NDArray) => c)(np.zeros([3])))).toEqual([
      [5, 6],
      [5, 6],
      [5, 6],
    ]);
    expect(vmap(() => c, { axisSize: 4, outAxes: 1 })().shape).toEqual([2, 4]);
    expect(vmap((x: NDArray) => x)(np.zeros([0, 2])).shape).toEqual([0, 2]);
  });
  it("nests, and commutes with grad and jit", () => {
    const l1 = (x: NDArray, y: NDArray): NDArray => x.sub(y).abs().sum();
    const pairs = vmap(vmap(l1, { inAxes: [0, null] }), { inAxes: [null, 0] });
    const xs = np.array([
      [0, 0],
      [1, 2],
      [3, -1],
    ]);
    const want = [
      [0, 3, 4],
      [3, 0, 5],
      [4, 5, 0],
    ];
    expect(listOf(pairs(xs, xs))).toEqual(want);
    expect(listOf(jit(pairs)(xs, xs))).toEqual(want);
    const loss = (w: NDArray, x: NDArray): NDArray => np.tanh(x.dot(w));
    const w = np.array([0.1, -0.2]);
    const each = vmap(grad(loss), { inAxes: [null, 0] })(w, xs);
    const total = grad((w: NDArray) => vmap(loss, { inAxes: [null, 0] })(w, xs).sum())(w);
    (listOf(each.sum({ axis: 0 })) as number[]).forEach((v, i) => {
      expect(v).toBeCloseTo((listOf(total) as number[])[i] as number, 5);
    });
  });
  it("maps keys: each its own numbers", () => {
    const keys = random.split(random.key(3), 4);
    const drawn = vmap((k: typeof keys) => random.uniform(k, [2]))(keys as never);
    const single = [0, 1, 2, 3].map((i) => listOf(random.uniform(keys.get(i), [2])));
    expect(listOf(drawn)).toEqual(single);
  });
});

describe("named axes", () => {
  it("sums, averages, gathers and permutes along them", () => {
    const x = np.array([1, 2, 4]);
    const over = <R>(f: (x: NDArray) => R): R => vmap(f, { axisName: "i" })(x);
    expect(listOf(over((v) => v.div(lax.psum(v, "i"))))).toEqual([1, 2, 4].map((v) => Math.fround(v / 7)));
    expect(listOf(over((v) => lax.pmax(v, "i").sub(lax.pmin(v, "i"))))).toEqual([3, 3, 3]);
    expect(listOf(over(() => lax.axisIndex("i")))).toEqual([0, 1, 2]);
    expect(listOf(over((v) => lax.allGather(v, "i")))).toEqual([
      [1, 2, 4],
      [1, 2, 4],
      [1, 2, 4],
    ]);
    expect(
      listOf(
        over((v) =>
          lax.ppermute(v, "i", [
            [0, 1],
            [1, 2],
          ]),
        ),
      ),
    ).toEqual([0, 1, 2]);
    expect(listOf(over((v) => v.mul(lax.axisSize("i"))))).toEqual([3, 6, 12]);
    expect(listOf(over((v) => lax.psum({ v, one: np.onesLike(v) }, "i").one))).toEqual([3, 3, 3]);
  });
  it("scatters and exchanges parts", () => {
    const x = np.arange(16).reshape([4, 4]);
    const f = <R>(g: (x: NDArray) => R): R => vmap(g, { axisName: "i" })(x);
    expect(listOf(f((v) => lax.allToAll(v, "i", 0, 0)))).toEqual(listOf(x.T));
    expect(listOf(f((v) => lax.psumScatter(v, "i")))).toEqual([24, 28, 32, 36]);
    const tiled = np.arange(32).reshape([4, 8]);
    const g = vmap((v: NDArray) => lax.psumScatter(v, "i", { tiled: true }), { axisName: "i" })(tiled);
    expect([g.shape, listOf(g.get(1))]).toEqual([
      [4, 2],
      [56, 60],
    ]);
    const swapped = vmap((v: NDArray) => lax.allToAll(v, "i", 0, 0, { tiled: true }), { axisName: "i" })(
      tiled,
    );
    expect(listOf(swapped.get(1))).toEqual([2, 3, 10, 11, 18, 19, 26, 27]);
  });
  it("keeps nested axes apart, and differentiates through them", () => {
    const f = vmap(
      (x: NDArray) => vmap((y: NDArray) => lax.psum(x.mul(y), "i"), { axisName: "j" })(np.array([1, 10])),
      {
        axisName: "i",
      },
    );
    expect(listOf(f(np.array([1, 2])))).toEqual([
      [3, 30],
      [3, 30],
    ]);
    const spread = (x: NDArray): NDArray =>
      vmap((v: NDArray) => lax.psum(v, "i").pow(2), { axisName: "i" })(x).sum();
    expect(listOf(grad(spread)(np.array([1, 2])))).toEqual([12, 12]);
    expect(reasonOf(() => lax.psum(1, "k"))).toMatch(/^E_AXIS_NAME.*"k"/);
  });
});

describe("errors", () => {
  it("name the arguments, their avals and axes", () => {
    const f = function f(params: { w: NDArray }, x: NDArray): NDArray {
      return x.add(params.w);
    };
    expect(reasonOf(() => vmap(f)({ w: np.ones([2]) }, np.ones([3])))).toMatch(
      /^E_VMAP vmap\(f\): mapped axes have different sizes: params.w f32\[2\] has 2 along axis 0; x f32\[3\] has 3/,
    );
    expect(reasonOf(() => vmap(f)({ w: 1 }, np.ones([3])))).toMatch(
      /^E_VMAP.*axis 0 for params.w.*\n.*\n.*null in inAxes/,
    );
    expect(reasonOf(() => vmap(f, { inAxes: [null, 2] })({ w: 1 }, np.ones([3])))).toMatch(/axis 2 for x/);
    expect(reasonOf(() => vmap(f, { inAxes: [null, null] })({ w: 1 }, 1))).toMatch(/no argument is mapped/);
    expect(reasonOf(() => vmap(f, { inAxes: [{ b: 0 }, 0] } as never)({ w: 1 }, np.ones([3])))).toMatch(
      /^E_TREE_MISMATCH.*\[0\].*\{b: \*\}.*\{w: \*\}/,
    );
    expect(reasonOf(() => vmap(f, { inAxes: [0] } as never)({ w: 1 }, np.ones([3])))).toMatch(
      /^E_TREE_MISMATCH/,
    );
    expect(reasonOf(() => vmap((x: NDArray) => x, { outAxes: null })(np.ones([2])))).toMatch(
      /outAxes is null for result/,
    );
    expect(reasonOf(() => vmap((x: NDArray) => x, { outAxes: 3 })(np.ones([2])))).toMatch(
      /outAxes gives axis 3/,
    );
    expect(reasonOf(() => vmap((x: NDArray) => x, { axes: 0 } as never))).toMatch(/^E_UNKNOWN_OPTION/);
    expect(reasonOf(() => vmap((x: NDArray) => x, 0 as never))).toMatch(/^E_OPTIONS/);
  });
});
