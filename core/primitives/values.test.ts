// Values and edge cases that laws can't see. Expected numbers: JAX 0.10.2 on CPU, SciPy, and Random123's test vectors.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import { fromHost } from "../api/arrays.ts";
import { grad, vmap } from "../api/transforms/index.ts";
import { context, withContext } from "../ir/context.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { valuesOf } from "../runtime/array.ts";
import { lax } from "./lax.ts";
import { installTestRoot } from "./testing/root.ts";

beforeAll(() => {
  installTestRoot(reference());
});
const f32 = (values: readonly number[], shape: readonly number[] = [values.length]): NDArray =>
  fromHost(new Float32Array(values), shape, "float32");
const u32 = (values: readonly number[], shape: readonly number[] = [values.length]): NDArray =>
  fromHost(new Uint32Array(values), shape, "uint32");
const list = (x: NDArray): number[] => Array.from(valuesOf(x, "test") as ArrayLike<number | bigint>, Number);
type Fn = (...xs: NDArray[]) => NDArray;
const mapped = (f: Fn, options: object = {}): Fn => vmap(f as never, options) as unknown as Fn;
const slope = (f: Fn, argnums = 0): Fn => mapped(grad(f as never, { argnums }) as unknown as Fn);
const near = (got: NDArray, want: readonly number[], tolerance = 1e-6): void =>
  list(got).forEach((g, i) =>
    expect(Math.abs(g - (want[i] as number)), `${i}: ${g} for ${want[i]}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(want[i] as number)),
    ),
  );

describe("special functions", () => {
  it.each([
    ["erf", [-1, 0.25, 3], [-0.8427007929497149, 0.27632639016823696, 0.9999779095030014]],
    ["erfc", [-1, 0.25, 3], [1.842700792949715, 0.7236736098317631, 2.209049699858544e-5]],
    ["erfInv", [-0.5, 0.25, 0.99], [-0.4769362762044699, 0.22531205501217808, 1.8213863677184496]],
    ["lgamma", [0.5, 4.5, -1.5], [0.5723649429247001, 2.453736570842442, 0.860047015376481]],
    ["digamma", [0.5, 4.5, -1.5], [-1.9635100260214235, 1.388870923476353, 0.7031566406452432]],
    ["besselI0e", [0, 1, 20], [1, 0.46575960759364043, 0.08978031187482602]],
    ["besselI1e", [-1, 1, 20], [-0.2079104153497085, 0.2079104153497085, 0.08750622217497683]],
  ] as const)("%s", (name, at, want) => near(lax[name](f32(at)), want));
  it("have the limits of their functions", () => {
    expect(list(lax.erfInv(f32([-1, 1])))).toEqual([-Infinity, Infinity]);
    expect(list(lax.lgamma(f32([0, -1, Infinity, -Infinity])))).toEqual([
      Infinity,
      Infinity,
      Infinity,
      Infinity,
    ]);
    expect(list(lax.digamma(f32([0, -2])))).toEqual([Number.NaN, Number.NaN]);
    expect(list(lax.erfc(f32([-Infinity, Infinity, 12])))).toEqual([2, 0, 0]);
  });
  it("have derivatives by polygamma, poles of zeta included", () => {
    const near = (x: readonly number[], want: readonly number[]): void =>
      want.forEach((w, i) => {
        const g = x[i] as number;
        if (!Object.is(g, w)) expect(Math.abs(g / w - 1), `${i}: ${g}, expected ${w}`).toBeLessThan(2e-6);
      });
    const [nan, inf] = [Number.NaN, Infinity];
    near(list(slope(lax.digamma)(f32([1]))), [1.644934058189392]);
    const s = [0.5, 1, 1.5, 2, 3, 2, 2, 2.5, 2, -1, 2, 30, 2, inf, 1.1];
    const q = [1, 1, 1, 1, 0.5, 0, -1, -0.5, -0.5, 1, 1e6, 2, inf, 2, 100];
    const zeta = [nan, inf, 2.612375259399414, 1.644934058189392, 8.414397239685059, inf, inf, nan, 8.934802055358887,
      nan, 1.0000004522225936e-6, 9.313274595967869e-10, nan, nan, 6.3127312660217285]; // prettier-ignore
    near(list(lax.zeta(f32(s), f32(q))), zeta);
    const m = [0, 1, 2, 3, 1, 1, 1, 1, 1.5, -1, 5, 1, 1, 0];
    const x = [2, 2, 2, 0.5, -0.5, -1, 0, 1e6, 1, 1, 30, inf, -inf, -0.5];
    const gamma = [0.42278462648391724, 0.6449340581893921, -0.40411391854286194, 97.40918731689453, 8.934802055358887,
      inf, inf, 1.0000004522225936e-6, nan, nan, 1.0727006838351372e-6, nan, inf, 0.03648994490504265]; // prettier-ignore
    near(list(lax.polygamma(f32(m), f32(x))), gamma);
  });
});

describe("derivatives at the edges", () => {
  it("abs is +1 at zero", () => expect(list(slope(lax.abs)(f32([-2, 0, 2])))).toEqual([-1, 1, 1]));
  it("max and min share ties", () => {
    expect(list(slope(lax.max)(f32([1, 2, 3]), f32([2, 2, 2])))).toEqual([0, 0.5, 1]);
    expect(list(slope(lax.min, 1)(f32([1, 2, 3]), f32([2, 2, 2])))).toEqual([0, 0.5, 1]);
  });
  it("reduceMax shares among all that attain it", () => {
    expect(list(grad((x: NDArray) => lax.reduceMax(x, [0]))(f32([3, 1, 3, 3])))).toEqual(
      [1 / 3, 0, 1 / 3, 1 / 3].map(Math.fround),
    );
  });
  it("pow is that of y·x^(y−1) and log(x)·xʸ with log 0 taken as 0", () => {
    expect(list(slope(lax.pow)(f32([0, 0, 2]), f32([2, 1, 3])))).toEqual([0, 1, 12]);
    expect(list(slope(lax.pow, 1)(f32([0, 0, 1]), f32([2, 0, 3])))).toEqual([0, 0, 0]);
  });
  it("pow with an integer exponent has slope 0 at exponent 0", () => {
    const y = fromHost(new Int32Array([0, 1, 2]), [3], "int32");
    expect(list(slope((x) => lax.reduceSum(lax.pow(x, y), [0]))(f32([0, 0, 0, 1, 2, 3], [2, 3])))).toEqual([
      0, 1, 0, 0, 1, 6,
    ]);
  });
  it("reduceProd passes through zeros", () => {
    expect(list(grad((x: NDArray) => lax.reduceProd(x, [0]))(f32([2, 0, 3])))).toEqual([0, 6, 0]);
  });
  it("clamp is 0 at and beyond its bounds", () =>
    expect(list(slope((x) => lax.clamp(-1, x, 1))(f32([-2, -1, 0, 1, 2])))).toEqual([0, 0, 1, 0, 0]));
  it("max pooling gives the gradient to the first of equals", () => {
    const f = (x: NDArray): NDArray => lax.reduceSum(lax.reduceWindowMax(x, [2], [2], "VALID"), [0]);
    expect(list(grad(f)(f32([1, 1, 3, 2])))).toEqual([1, 0, 1, 0]);
  });
});

describe("order", () => {
  it("sorts NaN last and keeps equal zeros in place", () => {
    expect(list(lax.sort(f32([Number.NaN, 0, -0, -Infinity, 1])))).toEqual([-Infinity, 0, -0, 1, Number.NaN]);
  });
  it("argmax finds the first maximum, and NaN before all", () => {
    expect(
      [
        [1, 3, 3],
        [1, Number.NaN, 3],
      ].map((row) => list(lax.argmax(f32(row), 0, "int32"))[0]),
    ).toEqual([1, 1]);
  });
  it("topK takes the first of equals", () => {
    const [values, indices] = lax.topK(f32([1, 3, 2, 3]), 3);
    expect([list(values), list(indices)]).toEqual([
      [3, 3, 2],
      [1, 3, 2],
    ]);
  });
  it("nextafter is one step", () => {
    expect(list(lax.nextafter(f32([1, 0, -1, 2]), f32([2, -1, 0, 2])))).toEqual([
      1 + 2 ** -23,
      -(2 ** -149),
      -(1 - 2 ** -24),
      2,
    ]);
  });
});

describe("windows and cumulations", () => {
  it("reduceWindow with padding, strides and dilations", () => {
    const x = f32([1, 2, 3, 4, 5]);
    expect(list(lax.reduceWindowSum(x, [3], [2], "SAME"))).toEqual([3, 9, 9]);
    expect(list(lax.reduceWindowSum(x, [2], [1], "VALID", { windowDilation: [2] }))).toEqual([4, 6, 8]);
    expect(list(lax.reduceWindowMin(x, [2], [2], [[1, 0]]))).toEqual([1, 2, 4]);
  });
  it("cumulative functions from both ends", () => {
    const x = f32([3, 1, 2]);
    expect([lax.cumsum, lax.cumprod, lax.cummax, lax.cummin].map((f) => list(f(x)))).toEqual([
      [3, 4, 6],
      [3, 3, 6],
      [3, 3, 3],
      [3, 1, 1],
    ]);
    expect([lax.cumsum, lax.cumprod, lax.cummax, lax.cummin].map((f) => list(f(x, 0, true)))).toEqual([
      [6, 3, 2],
      [6, 2, 2],
      [3, 2, 2],
      [1, 1, 2],
    ]);
    near(lax.cumlogsumexp(x), [3, 3.1269280110429727, 3.4076059644443806]);
    expect(list(lax.cumlogsumexp(f32([-Infinity, -Infinity, 0])))).toEqual([-Infinity, -Infinity, 0]);
  });
});

describe("pieces", () => {
  it("split cuts an axis", () => {
    expect(lax.split(f32([1, 2, 3, 4]), [1, 3]).map(list)).toEqual([[1], [2, 3, 4]]);
    expect(() => lax.split(f32([1, 2, 3]), [1, 3])).toThrow(/add up/);
  });
  it("scatterSub subtracts repeated windows", () => {
    const numbers = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
    const at = fromHost(new Int32Array([1, 1, 7]), [3, 1], "int32");
    expect(list(lax.scatterSub(f32([5, 5]), at, f32([1, 2, 3]), numbers))).toEqual([5, 2]);
  });
});

describe("collectives over a vmap axis", () => {
  const over = (f: Fn, x: NDArray): NDArray => mapped(f, { axisName: "i" })(x);
  const x = (): NDArray => f32([1, 2, 3]);
  it("reduce", () => {
    expect(list(over((v) => lax.psum(v, "i"), x()))).toEqual([6, 6, 6]);
    expect(list(over((v) => lax.sub(lax.pmax(v, "i"), lax.pmin(v, "i")), x()))).toEqual([2, 2, 2]);
  });
  it("count and permute", () => {
    expect(list(over(() => lax.axisIndex("i"), x()))).toEqual([0, 1, 2]);
    expect(
      list(
        over(
          (v) =>
            lax.ppermute(v, "i", [
              [0, 1],
              [2, 0],
            ]),
          x(),
        ),
      ),
    ).toEqual([3, 1, 0]);
  });
  it("gather", () => {
    expect(list(over((v) => lax.allGather(v, "i"), x()))).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });
  it("exchange", () => {
    const y = over((v) => lax.allToAll(v, "i", 0, 0), f32([1, 2, 3, 4], [2, 2]));
    expect(list(y)).toEqual([1, 3, 2, 4]);
    const z = over((v) => lax.allToAll(v, "i", 0, 1), f32([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [2, 2, 3]));
    expect([z.shape, list(z)]).toEqual([
      [2, 3, 2],
      [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11],
    ]);
  });
  it("pass through a vmap of another name", () => {
    const inner = (v: NDArray): NDArray => mapped((w) => lax.psum(w, "i"), { axisName: "j" })(v);
    expect(list(over(inner, f32([1, 2, 3, 4], [2, 2])))).toEqual([4, 6, 4, 6]);
  });
  it("name the missing axis", () => expect(() => lax.psum(x(), "k")).toThrow(/no axis named "k"/));
});

describe("random bits", () => {
  it("threefry hashes Random123's test vectors", () => {
    const hash = (k: readonly [number, number], c: readonly [number, number]): number[] =>
      lax.threefry2x32(u32([k[0]], []), u32([k[1]], []), u32([c[0]]), u32([c[1]])).flatMap(list);
    expect(hash([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe]);
    expect(hash([0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff])).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(hash([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0]);
  });
  const EXPECTED = {
    partitionable: {
      split: [1832780943, 270669613, 64467757, 2916123636],
      foldIn: [2702347784, 925058353],
      bits32: [2098992034, 2919706841, 2646866425],
      bits8: [162, 217, 249, 215, 21],
    },
    original: {
      split: [2465931498, 3679230171, 255383827, 267815257],
      foldIn: [2702347784, 925058353],
      bits32: [2465931498, 430176367, 255383827],
      bits8: [45, 179, 215, 3, 244],
    },
  };
  it.each([true, false])("keys and bits are JAX's, partitionable = %s", (threefryPartitionable) => {
    withContext({ config: { ...context().config, threefryPartitionable } }, () => {
      const key = lax.randomSeed(42);
      const want = EXPECTED[threefryPartitionable ? "partitionable" : "original"];
      expect(list(lax.keyData(lax.randomSplit(key, [2])))).toEqual(want.split);
      expect(list(lax.keyData(lax.randomFoldIn(key, 17)))).toEqual(want.foldIn);
      expect(list(lax.randomBits(key, 32, [3]))).toEqual(want.bits32);
      expect(list(lax.randomBits(key, 8, [5]))).toEqual(want.bits8);
    });
  });
  it("keys need one key", () => expect(() => lax.randomSplit(u32([1, 2, 3]), [2])).toThrow(/one key/));
});
