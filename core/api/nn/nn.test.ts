// nn: derivatives at kinks, extremes, options, initialisers' variances.
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import * as np from "../numpy/index.ts";
import * as random from "../random/index.ts";
import { installReference, reasonOf } from "../testing/root.ts";
import { grad, jit, jvp, vmap } from "../transforms/index.ts";
import * as nn from "./index.ts";

beforeAll(() => void installReference());
const slopes = (f: (x: NDArray) => NDArray, xs: number[]): unknown => listOf(vmap(grad(f))(np.array(xs)));
const near = (got: unknown, want: unknown, digits = 5): void =>
  ([got].flat(9) as number[]).forEach((v, i) =>
    expect(v).toBeCloseTo(([want].flat(9) as number[])[i] as number, digits),
  );

describe("activations", () => {
  it("have JAX's derivatives at their kinks", () => {
    expect(slopes(nn.relu, [-1, 0, 1])).toEqual([0, 0, 1]);
    expect(slopes(nn.relu6, [0, 3, 6, 7])).toEqual([0, 1, 0, 0]);
    // Also where the derivative is derived: x · relu6(x + 3) / 6 has x² / 6 inside and x outside.
    const second = slopes((x) => grad((v: NDArray) => nn.hardSwish(v))(x), [-3, 0, 3]);
    near(second, [0, 1 / 3, 0], 6);
    expect(slopes(nn.hardTanh, [-2, -1, 0, 1, 2])).toEqual([0, 1, 1, 1, 0]);
    expect(slopes((x) => nn.leakyRelu(x, { negativeSlope: 0.25 }), [-1, 0, 1])).toEqual([0.25, 1, 1]);
    expect(slopes(nn.elu, [0])).toEqual([1]);
  });
  it("stay finite where naive formulas overflow", () => {
    const far = np.array([-1000, 1000]);
    expect(listOf(nn.softplus(far))).toEqual([0, 1000]);
    expect(listOf(nn.logSigmoid(far))).toEqual([-1000, -0]);
    expect(listOf(nn.sigmoid(far))).toEqual([0, 1]);
    expect(slopes(nn.softplus, [-1000, 1000])).toEqual([0, 1]);
    expect(slopes(nn.elu, [1000])).toEqual([1]);
    near(nn.log1mexp(np.array([1e-7, 50])).tolist(), [Math.log(1e-7), 0], 4);
    expect(Number.isNaN(nn.relu(NaN).item())).toBe(true);
  });
  it("keep integers where they can, and take parameters by name", () => {
    expect(nn.relu(np.array([-1n, 2n])).dtype).toBe("int32");
    expect(nn.sigmoid(np.array([0n])).dtype).toBe("float32");
    near(nn.celu(-1, { alpha: 2 }).item(), [2 * Math.expm1(-0.5)]);
    near(nn.gelu(np.array([1, -0.5]), { approximate: false }).tolist(), [0.8413447, -0.1542688]);
    near(nn.squareplus(np.array([0]), { b: 9 }).tolist(), [1.5]);
    near(nn.glu(np.array([1, 2, 0, 0])).tolist(), [0.5, 1]);
    expect(reasonOf(() => nn.glu(np.ones([3])))).toMatch(/^E_SHAPE nn.glu: axis 0 of f32\[3\]/);
    expect(reasonOf(() => nn.elu(1, { beta: 2 } as never))).toMatch(/^E_UNKNOWN_OPTION nn.elu.*alpha/s);
  });
  it("are one program each, under every transformation alike", () => {
    const x = np.array([-1.5, 0.25, 2]);
    for (const f of [nn.silu, nn.mish, nn.selu, nn.gelu, nn.hardSilu, nn.softSign, nn.sparsePlus] as const) {
      const g = (x: NDArray): NDArray => f(x).sum();
      near(jit(f)(x).tolist(), listOf(f(x)), 6);
      near(grad(g)(x).tolist(), listOf(vmap(grad((v: NDArray) => f(v)))(x)), 5);
      near(jvp(g, [x], [np.ones([3])])[1].item(), [grad(g)(x).sum().item()], 4);
    }
  });
});

describe("along axes", () => {
  it("normalises, also where all is −∞, masked, or empty", () => {
    const x = np.array([
      [1, 2, 3],
      [1000, 1000, 1000],
    ]);
    near(nn.softmax(x).sum({ axis: -1 }).tolist(), [1, 1], 6);
    near(nn.logSoftmax(x).get(1).tolist(), Array(3).fill(-Math.log(3)) as number[], 4);
    const where = np.array([true, false, true]);
    near(nn.softmax(np.array([0, 9, 0]), { where }).tolist(), [0.5, 0, 0.5]);
    expect(listOf(nn.logSoftmax(np.array([0, 9, 0]), { where }).get(1))).toBe(-Infinity);
    expect(nn.logsumexp(np.full([2], -Infinity)).item()).toBe(-Infinity);
    expect(nn.logsumexp(np.array([1e4, 1e4])).item()).toBeCloseTo(1e4 + Math.LN2, 2);
    expect(nn.softmax(np.zeros([0, 3])).shape).toEqual([0, 3]);
    const [value, sign] = nn.logsumexp(np.array([0, 0]), { b: np.array([1, -3]), returnSign: true });
    near([value.item(), sign.item()], [Math.LN2, -1]);
    expect(Number.isNaN(nn.logsumexp(np.array([0, 0]), { b: np.array([1, -3]) }).item())).toBe(true);
    near(nn.logmeanexp(np.array([0, 0, 5]), { where: np.array([true, true, false]) }).item(), [0]);
    near(nn.standardize(np.array([1, 2, 3])).tolist(), [-1.22473, 0, 1.22473], 4);
  });
  it("has softmax's derivative, also in second order", () => {
    const f = (x: NDArray): NDArray => nn.softmax(x).get(0);
    const x = np.array([0.5, -0.25, 1]);
    const p = listOf(nn.softmax(x)) as number[];
    near(
      grad(f)(x).tolist(),
      p.map((v, i) => (p[0] as number) * ((i === 0 ? 1 : 0) - v)),
    );
    const eps = 1e-2;
    const second = grad((x: NDArray) => grad(f)(x).get(0))(x)
      .get(0)
      .item();
    const difference =
      (grad(f)(x.add(np.array([eps, 0, 0])))
        .get(0)
        .item() -
        grad(f)(x.sub(np.array([eps, 0, 0])))
          .get(0)
          .item()) /
      (2 * eps);
    expect(second).toBeCloseTo(difference, 3);
  });
  it("marks classes, none out of range", () => {
    expect(listOf(nn.oneHot(np.array([1n, 3n, -1n]), 3))).toEqual([
      [0, 1, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(nn.oneHot(np.array([[0n, 1n]]), 4, { axis: 0, dtype: "int32" }).shape).toEqual([4, 1, 2]);
    expect(listOf(nn.oneHot(2, 3))).toEqual([0, 0, 1]);
  });
});

describe("attention", () => {
  const [q, k, v] = [0, 1, 2].map((i) => (): NDArray => random.normal(random.key(i), [2, 5, 4, 8])) as [
    () => NDArray,
    () => NDArray,
    () => NDArray,
  ];
  /** One head in plain code. */
  const head = (q: NDArray, k: NDArray, v: NDArray, allowed: (t: number, s: number) => boolean): NDArray => {
    const mask = np.array([0, 1, 2, 3, 4].map((t) => [0, 1, 2, 3, 4].map((s) => allowed(t, s))));
    const logits = q.matmul(k.T).div(Math.sqrt(8));
    return nn.softmax(np.where(mask, logits, -1e30)).matmul(v);
  };
  const check = (out: NDArray, allowed: (t: number, s: number) => boolean): void => {
    for (const [b, n] of [
      [0, 1],
      [1, 3],
    ] as const) {
      const want = head(
        ...([q, k, v].map((x) => x().get(b, ":", n)) as [NDArray, NDArray, NDArray]),
        allowed,
      );
      near(out.get(b, ":", n).tolist(), (want.tolist() as number[][]).flat(), 4);
    }
  };
  it("equals one head at a time, causal, windowed, masked", () => {
    check(nn.dotProductAttention(q(), k(), v()), () => true);
    check(nn.dotProductAttention(q(), k(), v(), { isCausal: true }), (t, s) => s <= t);
    check(nn.dotProductAttention(q(), k(), v(), { localWindowSize: [1, 0] }), (t, s) => s <= t && s >= t - 1);
    const mask = np.array([true, false, true, true, true]);
    check(nn.dotProductAttention(q(), k(), v(), { mask }), (_, s) => s !== 1);
    check(nn.dotProductAttention(q(), k(), v(), { keyValueSeqLengths: np.array([3n, 3n]) }), (_, s) => s < 3);
  });
  it("shares keys among heads, and takes no batch", () => {
    const shared = k().get(":", ":", ":2");
    const out = nn.dotProductAttention(q(), shared, v().get(":", ":", ":2"));
    const repeated = (x: NDArray): NDArray => np.repeat(x, 2, { axis: 2 });
    near(
      out.tolist(),
      listOf(nn.dotProductAttention(q(), repeated(shared), repeated(v().get(":", ":", ":2")))),
      5,
    );
    expect(nn.dotProductAttention(q().get(0), k().get(0), v().get(0)).shape).toEqual([5, 4, 8]);
    expect(
      reasonOf(() => nn.dotProductAttention(q(), k().get(":", ":", ":3"), v().get(":", ":", ":3"))),
    ).toMatch(/^E_SHAPE.*divides/s);
  });
});

describe("initializers", () => {
  const key = (): ReturnType<typeof random.key> => random.key(0);
  it("scale variances by the fans of the shape", () => {
    const spread = (x: NDArray): number => x.var().item();
    const shape = [3, 3, 16, 32];
    const [into, out] = [9 * 16, 9 * 32];
    for (const [x, variance] of [
      [nn.initializers.heNormal()(key(), shape), 2 / into],
      [nn.initializers.heUniform()(key(), shape), 2 / into],
      [nn.initializers.lecunNormal()(key(), shape), 1 / into],
      [nn.initializers.glorotNormal()(key(), shape), 2 / (into + out)],
      [nn.initializers.glorotUniform()(key(), shape), 2 / (into + out)],
      [nn.initializers.varianceScaling(3, "fan_out", "normal")(key(), shape), 3 / out],
      [nn.initializers.varianceScaling(1, "fan_geo_avg", "uniform")(key(), shape), 1 / Math.sqrt(into * out)],
      [nn.initializers.normal({ stddev: 2 })(key(), shape), 4],
    ] as const)
      expect(Math.abs(spread(x) / variance - 1)).toBeLessThan(0.1);
  });
  it("take dtypes and axes, and refuse shapes without fans", () => {
    expect(nn.initializers.zeros(key(), [2], "int32").dtype).toBe("int32");
    expect(listOf(nn.initializers.constant(2.5)(key(), [2]))).toEqual([2.5, 2.5]);
    expect(listOf(nn.initializers.ones(key(), [2]))).toEqual([1, 1]);
    expect(nn.initializers.heNormal({ dtype: "float16" })(key(), [4, 4]).dtype).toBe("float16");
    expect(nn.initializers.lecunUniform({ inAxis: 0, outAxis: [1, 2] })(key(), [4, 2, 3]).shape).toEqual([
      4, 2, 3,
    ]);
    expect(reasonOf(() => nn.initializers.heNormal()(key(), [4]))).toMatch(
      /^E_SHAPE.*\[4\] needs at least two axes/,
    );
    expect(
      reasonOf(() => nn.initializers.varianceScaling(1, "fan" as never, "normal")(key(), [4, 4])),
    ).toMatch(/^E_ARGUMENT/);
  });
});
