// vmap: axes, trees, nesting, collectives, errors.
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import * as lax from "../lax/index.ts";
import * as nn from "../nn/index.ts";
import * as np from "../numpy/index.ts";
import * as random from "../random/index.ts";
import { reasonOf, installReference } from "../testing/root.ts";
import { grad, jit, jvp, vmap } from "./index.ts";

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

describe("named axes, as in JAX", () => {
  const counts = (...shape: number[]): NDArray =>
    np
      .arange(shape.reduce((n, d) => n * d, 1))
      .astype("float32")
      .reshape(shape);
  const both = <R>(f: (v: NDArray) => R): ((x: NDArray) => R) =>
    vmap(vmap(f, { axisName: "j" }), { axisName: "i" });
  const x = new Float32Array([1, 2, 3]) as never as NDArray;
  const over = <R>(f: (v: NDArray) => R, v = x): R => vmap(f, { axisName: "i" })(v);

  it("averages of integers are floats, sums of what isn't mapped are products", () => {
    expect(listOf(over((v) => lax.pmean(v, "i"), np.arange(4)))).toEqual([1.5, 1.5, 1.5, 1.5]);
    const tenth = over(() => lax.psum(np.array(Math.fround(0.1)), "i"), np.arange(10));
    expect(listOf(tenth.get(0))).toBe(Math.fround(Math.fround(0.1) * 10));
    expect(
      over((v) => lax.psum(v, "i"), np.array([100n, 101n, 102n]).astype("int8"))
        .get(0)
        .item(),
    ).toBe(47);
    expect(listOf(over((v) => lax.psum(v, ["i", 0]), counts(2, 3)))).toEqual([15, 15]);
    expect(listOf(over((v) => lax.pmax(v, [0, "i"]), counts(2, 3)))).toEqual([5, 5]);
  });
  it("several names are one axis", () => {
    expect(listOf(both(() => lax.axisIndex(["i", "j"]))(np.ones([2, 3])))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(listOf(both((v) => lax.allGather(v, ["i", "j"]))(counts(2, 3)).get(1, 2))).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(listOf(both((v) => lax.allToAll(v, ["i", "j"], 0, 0))(counts(2, 3, 6)).get(0, 0))).toEqual([
      0, 6, 12, 18, 24, 30,
    ]);
    const tiled = both((v) => lax.allToAll(v, ["i", "j"], 0, 1, { tiled: true }))(counts(2, 3, 6, 2)).get(
      1,
      2,
    );
    expect(listOf(tiled)).toEqual([[10, 11, 22, 23, 34, 35, 46, 47, 58, 59, 70, 71]]);
    const moved = both((v) =>
      lax.ppermute(
        v,
        ["i", "j"],
        [
          [0, 5],
          [5, 0],
          [1, 2],
        ],
      ),
    )(counts(2, 3));
    expect(listOf(moved)).toEqual([
      [5, 0, 1],
      [0, 0, 0],
    ]);
    const scattered = grad((y: NDArray) =>
      both((v) => lax.psumScatter(v, ["i", "j"]))(y)
        .pow(2)
        .sum(),
    );
    expect(listOf(scattered(counts(2, 3, 6)).get(0, 0))).toEqual([180, 192, 204, 216, 228, 240]);
  });
  it("works inside jit, scan, while, cond and custom functions", () => {
    expect(listOf(over(jit((v: NDArray) => lax.psum(v, "i"))))).toEqual([6, 6, 6]);
    const twice = (v: NDArray): readonly [NDArray, NDArray] =>
      lax.scan((c: NDArray, _: null) => [lax.psum(c, "i"), c] as const, v, null, { length: 2 });
    expect(listOf(over((v) => twice(v)[1]))).toEqual([
      [1, 6],
      [2, 6],
      [3, 6],
    ]);
    const grown = (v: NDArray): NDArray =>
      lax.whileLoop(
        (c: NDArray) => lax.pmax(c, "i").lt(100),
        (c: NDArray) => lax.psum(c, "i"),
        v,
      );
    expect(listOf(over(grown))).toEqual([162, 162, 162]);
    const branch = (v: NDArray): NDArray =>
      lax.cond(
        v.gt(1),
        (u: NDArray) => lax.psum(u, "i"),
        (u: NDArray) => u,
        v,
      );
    expect(listOf(over(branch))).toEqual([1, 6, 6]);
    expect(listOf(jit((y: NDArray) => over(branch, y))(x))).toEqual([1, 6, 6]);
    const soft = over(grad((v: NDArray) => nn.softplus(lax.psum(v, "i"))));
    (listOf(soft) as number[]).forEach((g) => expect(g).toBeCloseTo(2.9925818, 5));
  });
  it("derivatives are those of JAX", () => {
    const cases: [f: (v: NDArray) => NDArray, want: unknown][] = [
      [(v) => lax.psum(v.mul(v), "i"), [6, 12, 18]],
      [(v) => lax.pmean(v.mul(v), "i"), [2, 4, 6]],
      [(v) => v.mul(lax.axisIndex("i")), [0, 1, 2]],
      [(v) => lax.allGather(v.mul(v), "i").sum(), [6, 12, 18]],
      [
        (v) =>
          lax.ppermute(v.mul(v), "i", [
            [0, 1],
            [1, 2],
            [2, 0],
          ]),
        [2, 4, 6],
      ],
      [(v) => lax.pshuffle(v.mul(v), "i", [2, 0, 1]).mul(v), [13, 13, 10]],
    ];
    for (const [f, want] of cases) expect(listOf(over((v) => grad(f)(v)))).toEqual(want);
    const wrt = vmap((v: NDArray, w: NDArray) => grad((u: NDArray) => lax.psum(v.mul(u), "i"))(w), {
      axisName: "i",
      inAxes: [0, null],
    });
    expect(listOf(wrt(x, 2))).toEqual([3, 6, 9]);
    const [out, t] = jvp((y: NDArray) => over((v) => lax.psum(v.mul(v), "i"), y), [x], [x]);
    expect([listOf(out), listOf(t)]).toEqual([
      [14, 14, 14],
      [28, 28, 28],
    ]);
  });
  it("is refused in words where it can't be", () => {
    expect(reasonOf(() => over((v) => lax.psum(v, "i", { axisIndexGroups: [[0]] as never })))).toMatch(
      /^E_UNIMPLEMENTED.*axisIndexGroups/,
    );
    expect(reasonOf(() => over((v) => lax.pshuffle(v, "i", [1, 0])))).toMatch(
      /^E_ARGUMENT.*permutation of the 3 places/,
    );
    expect(reasonOf(() => over((v) => lax.allToAll(v, "i", 1, 0), counts(3, 3, 2)))).toMatch(
      /^E_SHAPE.*axis 1 of f32\[3,2\] must have the size of "i", 3/,
    );
    expect(reasonOf(() => over((v) => lax.pbroadcast(v, "i", 3)))).toMatch(/^E_ARGUMENT.*source is 3/);
    expect(reasonOf(() => over(() => lax.axisSize("k") as never))).toMatch(/^E_AXIS_NAME.*"k".*known: i/);
    expect(reasonOf(() => vmap((v: NDArray) => v, { spmdAxisName: 3 as never }))).toMatch(
      /^E_ARGUMENT.*spmdAxisName/,
    );
    expect(reasonOf(() => vmap((v: NDArray) => v, { axisSize: -1 }))).toMatch(/^E_ARGUMENT.*axisSize/);
    expect(listOf(vmap((v: NDArray) => v.mul(2), { spmdAxisName: ["data"] })(x))).toEqual([2, 4, 6]);
    expect(listOf(over((v) => lax.pbroadcast(v, "i", 2)))).toEqual([3, 3, 3]);
    expect(listOf(over((v) => lax.pswapaxes(v, "i", 0), counts(3, 3)))).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
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
