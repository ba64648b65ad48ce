// random: threefry's test vectors, JAX's derived keys and bits, moments of the distributions, errors.
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import { withConfig } from "../config.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import { reasonOf, installReference, withX64 } from "../testing/root.ts";
import { grad, jit, vmap } from "../transforms/index.ts";
import type { Key } from "../types.ts";
import * as random from "./index.ts";

beforeAll(() => void installReference());
const words = (key: Key | NDArray): unknown => listOf(random.keyData(key));

describe("threefry", () => {
  it("gives the vectors of Random123 (Salmon et al. 2011)", () => {
    const hash = (key: number[], counter: number[]): number[] =>
      listOf(random.threefry2x32(new Uint32Array(key), new Uint32Array(counter))) as number[];
    const ones = 0xffffffff;
    expect(hash([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe]);
    expect(hash([ones, ones], [ones, ones])).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(hash([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0]);
  });
  it("makes keys of 64-bit seeds, of which 32 bits count without x64", () => {
    expect(words(random.key(42))).toEqual([0, 42]);
    expect(words(random.key(-1))).toEqual([0, 0xffffffff]);
    expect(words(random.key(2n ** 32n + 5n))).toEqual([0, 5]);
    expect(withX64(() => words(random.key(2n ** 32n + 5n)))).toEqual([1, 5]);
    expect(listOf(random.PRNGKey(7))).toEqual([0, 7]);
  });
  it("splits and folds as JAX, in both layouts", () => {
    const key = random.key(0);
    expect(words(random.split(key))).toEqual([
      [1797259609, 2579123966],
      [928981903, 3453687069],
    ]);
    const legacy = withConfig({ threefryPartitionable: false }, () => words(random.split(key)));
    expect(legacy).toEqual([
      [4146024105, 967050713],
      [2718843009, 1272950319],
    ]);
    expect(words(random.foldIn(key, 1))).toEqual(words(random.foldIn(key, 1n)));
    expect(words(random.foldIn(key, 2 ** 32 + 1))).toEqual(words(random.foldIn(key, 1)));
    expect(random.split(key, [2, 3]).shape).toEqual([2, 3]);
  });
  it("takes raw words for keys, and gives the same numbers", () => {
    expect(listOf(random.bits(random.PRNGKey(3), [4]))).toEqual(listOf(random.bits(random.key(3), [4])));
    expect(random.split(random.PRNGKey(3), 3).shape).toEqual([3, 2]);
  });
  it("hands out keys: by iteration, by index, through jit, vmap and scan", () => {
    const [a, b, c] = random.split(random.key(1), 3);
    const keys = random.split(random.key(1), 3);
    expect([a, b, c].map(words)).toEqual(words(keys));
    expect(words(keys.get(1))).toEqual(words(b));
    expect(words(jit((k: Key) => random.foldIn(k, 5))(a))).toEqual(words(random.foldIn(a, 5)));
    const [, drawn] = lax.scan(
      (n: NDArray, k: Key) => [n.add(1), random.uniform(k)] as const,
      np.array(0),
      keys,
    );
    expect(listOf(drawn)).toEqual([a, b, c].map((k) => random.uniform(k).item()));
    expect(listOf(vmap((k: Key) => random.uniform(k))(keys))).toEqual(listOf(drawn));
    expect(words(random.wrapKeyData(random.keyData(keys)))).toEqual(words(keys));
    expect([random.keyImpl(a), words(random.clone(a))]).toEqual(["threefry2x32", words(a)]);
  });
});

describe("uniform numbers", () => {
  it("cuts bits of each width, alike in eager code and under jit", () => {
    for (const dtype of ["uint8", "uint16", "uint32"] as const) {
      const eager = random.bits(random.key(5), [7, 3], { dtype });
      expect(eager.dtype).toBe(dtype);
      expect(listOf(jit(() => random.bits(random.key(5), [7, 3], { dtype }))())).toEqual(listOf(eager));
    }
    expect(withX64(() => random.bits(random.key(5), [2]).dtype)).toBe("uint64");
  });
  it("stays in [minval, maxval), rounds once, and takes arrays for bounds", () => {
    const x = listOf(random.uniform(random.key(0), [2000], { minval: -2, maxval: 5 })) as number[];
    expect(Math.min(...x)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...x)).toBeLessThan(5);
    // Each is round(unit · 7 − 2), exact in float64 before the rounding.
    const unit = listOf(random.uniform(random.key(0), [2000])) as number[];
    expect(x).toEqual(unit.map((u) => Math.fround(u * 7 - 2)));
    const rows = random.uniform(random.key(1), [3, 2], {
      minval: np.array([0, 100]),
      maxval: np.array([1, 101]),
    });
    for (const [a, b] of listOf(rows) as number[][]) {
      expect(Math.floor(a as number)).toBe(0);
      expect(Math.floor(b as number)).toBe(100);
    }
    for (const dtype of ["float16", "bfloat16"] as const)
      expect(
        (listOf(random.uniform(random.key(2), [99], { dtype })) as number[]).every((v) => v >= 0 && v < 1),
      ).toBe(true);
  });
  it("draws integers up to the ends of a dtype, and minval from an empty range", () => {
    const draw = (low: number | bigint, high: number | bigint, dtype: "int8" | "uint8" | "int32"): number[] =>
      listOf(random.randint(random.key(4), [3000], low, high, { dtype })) as number[];
    const bytes = draw(0, 256, "uint8");
    expect([Math.min(...bytes), Math.max(...bytes)]).toEqual([0, 255]);
    const signed = draw(-128, 128, "int8");
    expect([Math.min(...signed), Math.max(...signed)]).toEqual([-128, 127]);
    expect(new Set(draw(5, 5, "int32"))).toEqual(new Set([5]));
    expect(new Set(draw(7, 3, "int32"))).toEqual(new Set([7]));
    expect(new Set(draw(-2, 1, "int32"))).toEqual(new Set([-2, -1, 0]));
  });
});

describe("distributions", () => {
  const N = 4096;
  const moments = (x: NDArray): [mean: number, variance: number] => [x.mean().item(), x.var().item()];
  const near = (x: NDArray, mean: number, variance: number): void => {
    const [m, v] = moments(x);
    expect(Math.abs(m - mean)).toBeLessThan(5 * Math.sqrt(variance / x.size));
    expect(Math.abs(v / variance - 1)).toBeLessThan(4 * Math.sqrt(8 / x.size));
  };
  const key = random.key;
  it("have their means and variances", () => {
    near(random.normal(key(0), [N]), 0, 1);
    near(random.exponential(key(1), [N]), 1, 1);
    near(random.laplace(key(2), [N]), 0, 2);
    near(random.logistic(key(3), [N]), 0, Math.PI ** 2 / 3);
    near(random.gumbel(key(4), [N]), 0.5772, Math.PI ** 2 / 6);
    near(random.gumbel(key(5), [N], { mode: "high" }), 0.5772, Math.PI ** 2 / 6);
    near(random.rayleigh(key(6), 2, [N]), 2 * Math.sqrt(Math.PI / 2), 4 * (2 - Math.PI / 2));
    near(random.maxwell(key(7), [N]), 2 * Math.sqrt(2 / Math.PI), 3 - 8 / Math.PI);
    near(random.gamma(key(8), 2.5, [100]), 2.5, 2.5);
    near(random.poisson(key(9), 3, [N]).astype("float32"), 3, 3);
    near(random.poisson(key(10), 40, [N]).astype("float32"), 40, 40);
    near(random.geometric(key(11), 0.25, [N]).astype("float32"), 4, 12);
    near(random.bernoulli(key(12), [N], { p: 0.3 }).astype("float32"), 0.3, 0.21);
    near(random.bernoulli(key(13), [N], { p: 0.3, mode: "high" }).astype("float32"), 0.3, 0.21);
    near(random.triangular(key(14), 0, 1, 2, [N]), 1, 1 / 6);
    near(random.rademacher(key(15), [N]).astype("float32"), 0, 1);
    near(random.weibullMin(key(16), 2, 1, [N]), 2, 4);
    near(random.wald(key(17), 1, [N]), 1, 1);
  });
  it("stay where they should", () => {
    const cut = listOf(random.truncatedNormal(key(0), -0.5, 1, [500])) as number[];
    expect(Math.min(...cut)).toBeGreaterThan(-0.5);
    expect(Math.max(...cut)).toBeLessThan(1);
    expect(
      listOf(random.dirichlet(key(1), np.array([1, 2, 3]), [4]).sum({ axis: -1 })) as number[],
    ).toSatisfy((sums: number[]) => sums.every((s) => Math.abs(s - 1) < 1e-6));
    const betas = listOf(random.beta(key(2), 2, 3, [64])) as number[];
    expect(betas.every((b) => b > 0 && b < 1)).toBe(true);
  });
  it("differentiates by parameters", () => {
    const f = (scale: NDArray): NDArray => random.rayleigh(key(3), scale, [5]).sum();
    expect(grad(f)(2).item()).toBeCloseTo(f(np.array(1)).item(), 4);
  });
});

describe("choices", () => {
  it("permutes, each slice whole or each line by itself", () => {
    const x = np.arange(12).reshape([4, 3]);
    const rows = listOf(random.permutation(random.key(0), x)) as number[][];
    expect([...rows].sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(listOf(x));
    const lines = random.permutation(random.key(0), x, { axis: 1, independent: true });
    expect(listOf(np.sort(lines, { axis: 1 }))).toEqual(listOf(x));
    expect((listOf(random.permutation(random.key(1), 10)) as number[]).sort((a, b) => a - b)).toEqual(
      listOf(np.arange(10)),
    );
  });
  it("chooses with and without replacement, by probability, along an axis", () => {
    const without = listOf(random.choice(random.key(0), 10, [10], { replace: false })) as number[];
    expect(new Set(without).size).toBe(10);
    const p = np.array([0, 0.5, 0, 0.5]);
    expect(new Set(listOf(random.choice(random.key(1), 4, [200], { p })) as number[])).toEqual(
      new Set([1, 3]),
    );
    const two = listOf(random.choice(random.key(2), 4, [2], { p, replace: false })) as number[];
    expect(new Set(two)).toEqual(new Set([1, 3]));
    expect(random.choice(random.key(3), np.zeros([2, 5, 3]), [7, 2], { axis: 1 }).shape).toEqual([
      2, 7, 2, 3,
    ]);
    expect(reasonOf(() => random.choice(random.key(0), 3, [4], { replace: false }))).toMatch(
      /^E_ARGUMENT.*4 draws/,
    );
  });
  it("draws categories by logits", () => {
    const logits = np.log(
      np.array([
        [0, 1, 0],
        [0.5, 0, 0.5],
      ]),
    );
    const drawn = listOf(random.categorical(random.key(0), logits, [50, 2])) as number[][];
    expect(new Set(drawn.map((r) => r[0]))).toEqual(new Set([1]));
    expect(new Set(drawn.map((r) => r[1]))).toEqual(new Set([0, 2]));
    const distinct = listOf(
      random.categorical(random.key(0), np.zeros([2, 4]), [4, 2], { replace: false }),
    ) as number[][];
    for (const column of [0, 1]) expect(new Set(distinct.map((r) => r[column])).size).toBe(4);
  });
});

describe("errors", () => {
  it("name the function, the key and the shape", () => {
    const x = np.ones([3]);
    expect(reasonOf(() => random.uniform(x))).toMatch(
      /^E_DTYPE random.uniform: .*f32\[3\], expected (a|one) key/,
    );
    expect(reasonOf(() => random.uniform(3 as never))).toMatch(/^E_DTYPE.*number 3/);
    expect(reasonOf(() => random.uniform(random.split(random.key(0))))).toMatch(
      /^E_DTYPE.*key<fry>\[2\].*vmap/s,
    );
    expect(reasonOf(() => random.uniform(random.key(0), 3 as never))).toMatch(/^E_SHAPE/);
    expect(reasonOf(() => random.uniform(random.key(0), [2], { dtype: "int32" }))).toMatch(/^E_DTYPE.*int32/);
    expect(reasonOf(() => random.randint(random.key(0), [2], 0.5, 3))).toMatch(/^E_DTYPE.*bound/);
    expect(reasonOf(() => random.bernoulli(random.key(0), [2], { p: np.ones([3]) }))).toMatch(
      /^E_(SHAPE|BROADCAST)/,
    );
    expect(reasonOf(() => random.key(1.5))).toMatch(/^E_ARGUMENT.*1.5/);
    expect(reasonOf(() => random.key(0, { impl: "rbg" } as never))).toMatch(/^E_UNIMPLEMENTED.*rbg/);
    expect(reasonOf(() => random.normal(random.key(0), [2], { seed: 1 } as never))).toMatch(
      /^E_UNKNOWN_OPTION/,
    );
    expect(reasonOf(() => (random.key(0) as unknown as NDArray).add(1))).toMatch(/^E_DTYPE.*key/);
  });
});
