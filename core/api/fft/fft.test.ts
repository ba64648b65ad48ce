// fft: laws over random sizes, what is refused, doubles, and how many programs and constants there are.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf, valuesOf } from "../../runtime/array.ts";
import { counters } from "../../runtime/dispatch.ts";
import type { RuntimeDevice } from "../../runtime/registry.ts";
import { scope } from "../devices.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import { installReference, reasonOf, withX64 } from "../testing/root.ts";
import { convolutionLength, DIRECT, radices, tableNames, tablesOf } from "./tables.ts";

let device: RuntimeDevice;
beforeAll(() => {
  device = installReference();
});

type Points = readonly (readonly [re: number, im: number])[];
const complexOf = (x: Points): NDArray =>
  lax.complex(np.array(x.map((p) => p[0])), np.array(x.map((p) => p[1])));
const pairsOf = (x: NDArray): [number, number][] => {
  const flat = Array.from(valuesOf(x, "test") as ArrayLike<number>);
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i] as number,
    flat[2 * i + 1] as number,
  ]);
};
/** The definition, in doubles. */
function direct(x: Points, sign: number): [number, number][] {
  const n = x.length;
  return x.map((_, k) =>
    x.reduce<[number, number]>(
      ([a, b], [re, im], j) => {
        const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        return [a + re * c - im * s, b + re * s + im * c];
      },
      [0, 0],
    ),
  );
}
const norm = (x: Points): number => Math.hypot(...x.flat());
/** The relative error in the 2-norm. */
const distance = (got: Points, want: Points): number =>
  norm(got.map(([a, b], i) => [a - (want[i] as [number, number])[0], b - (want[i] as [number, number])[1]])) /
  Math.max(norm(want), Number.MIN_VALUE);

const point = fc.tuple(fc.integer({ min: -64, max: 64 }), fc.integer({ min: -64, max: 64 }));
/** Signals of lengths that split, that don't, and of powers of two. */
const signals = fc
  .oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(67, 71, 96, 100, 128, 134, 144, 169, 202, 256))
  .chain((n) => fc.array(point, { minLength: n, maxLength: n }));
const law = (f: (x: Points) => void): void => fc.assert(fc.property(signals, f), { numRuns: 40, seed: 7 });

describe("laws", () => {
  it("fft and ifft are what the definition says, to single precision", () => {
    law((x) => {
      expect(distance(pairsOf(np.fft.fft(complexOf(x))), direct(x, -1))).toBeLessThan(1e-6);
      const back = direct(x, 1).map(([a, b]): [number, number] => [a / x.length, b / x.length]);
      expect(distance(pairsOf(np.fft.ifft(complexOf(x))), back)).toBeLessThan(1e-6);
    });
  });
  it("rfft is half of fft, irfft brings it back", () => {
    law((x) => {
      const re = x.map((p) => p[0]);
      const half = pairsOf(np.fft.rfft(np.array(re)));
      const whole = direct(
        re.map((v) => [v, 0]),
        -1,
      );
      expect(distance(half, whole.slice(0, Math.floor(x.length / 2) + 1))).toBeLessThan(1e-6);
      const back = listOf(np.fft.irfft(np.fft.rfft(np.array(re)), x.length)) as number[];
      expect(
        distance(
          back.map((v) => [v, 0]),
          re.map((v) => [v, 0]),
        ),
      ).toBeLessThan(1e-6);
    });
  });
  it("doubles are doubles", () => {
    withX64(() => {
      law((x) => {
        const re = np.array(x.map((p) => p[0])).astype("float64");
        const z = lax.complex(re, np.array(x.map((p) => p[1])).astype("float64"));
        const y = np.fft.fft(z);
        expect(y.dtype).toBe("complex128");
        expect(distance(pairsOf(y), direct(x, -1))).toBeLessThan(1e-13 * x.length);
      });
    });
  });
});

describe("dtypes", () => {
  it("are JAX's: at least 32 bits, 64 for what has 64", () => {
    const of = (f: (x: NDArray) => NDArray, dtype: string): string =>
      f(np.ones([4]).astype(dtype as "float32")).dtype;
    for (const d of ["bool", "int8", "int32", "float16", "bfloat16", "float32", "complex64"])
      expect(of((x) => np.fft.fft(x), d)).toBe("complex64");
    withX64(() => {
      for (const d of ["int64", "float64", "complex128"])
        expect(of((x) => np.fft.fft(x), d)).toBe("complex128");
      for (const d of ["int32", "float16", "complex64"])
        expect(of((x) => np.fft.irfft(x), d)).toBe("float32");
      expect(of((x) => np.fft.irfft(x), "int64")).toBe("float64");
      expect([of((x) => np.fft.rfft(x), "float64"), of((x) => np.fft.rfft(x), "int32")]).toEqual([
        "complex128",
        "complex64",
      ]);
      expect([np.fft.fftfreq(4).dtype, np.fft.rfftfreq(4, { dtype: "float16" }).dtype]).toEqual([
        "float64",
        "float16",
      ]);
    });
  });
  it("rfft refuses complex values and halves", () => {
    expect(reasonOf(() => np.fft.rfft(np.ones([4]).astype("complex64")))).toMatch(
      /^E_DTYPE np.fft.rfft: .*real/,
    );
    expect(reasonOf(() => np.fft.ihfft(np.ones([4]).astype("float16")))).toMatch(
      /^E_DTYPE np.fft.ihfft: .*f16/,
    );
    expect(reasonOf(() => lax.fft(np.ones([4]).astype("complex64"), "RFFT", [4]))).toMatch(
      /^E_DTYPE lax.fft/,
    );
  });
});

describe("values at the edges", () => {
  it("NaN spreads, and only within its own transform", () => {
    const y = np.fft.fft(
      np.array([
        [1, NaN, 2, 3],
        [1, 2, 3, 4],
      ]),
    );
    expect(pairsOf(y).map(([re]) => Number.isNaN(re))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
  it("imaginary parts that mirror themselves don't count for irfft, NaN neither", () => {
    const z = lax.complex(np.array([1, 2, 3]), np.array([NaN, 1, Infinity]));
    expect(listOf(np.fft.irfft(z))).toEqual([2, -1, 0, 0]);
  });
  it("a length of 1 changes nothing", () => {
    const z = lax.complex(np.array([Infinity]), np.array([-0]));
    expect(pairsOf(np.fft.fft(z))).toEqual([[Infinity, -0]]);
  });
});

describe("what is refused", () => {
  const x = np.ones;
  it.each<[RegExp, () => unknown]>([
    [/^E_ARGUMENT np.fft.fft: n is 0, expected at least 1/, () => np.fft.fft(x([3]), 0)],
    [/^E_ARGUMENT np.fft.fft: n is number 2.5, expected an integer/, () => np.fft.fft(x([3]), 2.5)],
    [/^E_AXIS_RANGE np.fft.fft: axis 1 /, () => np.fft.fft(x([3]), null, { axis: 1 })],
    [/^E_AXIS_RANGE np.fft.fft: axis -1 /, () => np.fft.fft(3)],
    [
      /^E_ARGUMENT np.fft.ifft: axis is a list \[0\]/,
      () => np.fft.ifft(x([3]), null, { axis: [0] as never }),
    ],
    [/^E_ARGUMENT np.fft.rfft: norm is string x/, () => np.fft.rfft(x([3]), null, { norm: "x" as never })],
    [/^E_AXIS_RANGE np.fft.fft2: axis -2 /, () => np.fft.fft2(x([3]))],
    [/^E_ARGUMENT np.fft.fft2: axes is \[0\], expected two/, () => np.fft.fft2(x([3, 3]), { axes: [0] })],
    [/^E_ARGUMENT np.fft.rfft2: an axis occurs twice/, () => np.fft.rfft2(x([3, 3]), { axes: [0, -2] })],
    [/^E_ARGUMENT np.fft.fftn: 1 sizes for 2 axes/, () => np.fft.fftn(x([3, 3]), { s: [3], axes: [0, 1] })],
    [
      /^E_SHAPE np.fft.fftn: a is f32\[3\], expected at least 2 axes/,
      () => np.fft.fftn(x([3]), { s: [3, 3] }),
    ],
    [/^E_ARGUMENT np.fft.fftn: got the sizes \[2,-1\]/, () => np.fft.fftn(x([2, 3]), { s: [2, -1] })],
    [/^E_SHAPE np.fft.rfft: a is f32\[0\]/, () => np.fft.rfft(x([0]))],
    [/^E_SHAPE np.fft.ihfft: a is f32\[2,0\]/, () => np.fft.ihfft(x([2, 0]))],
    [
      /^E_UNKNOWN_OPTION np.fft.fft: there is no option "axes"/,
      () => np.fft.fft(x([3]), 3, { axes: 0 } as never),
    ],
    [/^E_ARGUMENT lax.fft: fftType is string zfft/, () => lax.fft(x([3]), "zfft" as never, [3])],
    [/^E_SHAPE lax.fft: x is f32\[3\], expected \[..., 4\]/, () => lax.fft(x([3]), "FFT", [4])],
    [/^E_SHAPE lax.fft: x is f32\[3\], expected \[..., 5\]/, () => lax.fft(x([3]), "IRFFT", [8])],
    [/^E_SHAPE lax.fft/, () => lax.fft(x([3]), "fft", [3, 3])],
    [/^E_ARGUMENT np.fft.fftfreq: n is a list \[3\]/, () => np.fft.fftfreq([3] as never)],
    [/^E_SHAPE np.fft.rfftfreq: d is f32\[1\]/, () => np.fft.rfftfreq(3, { d: np.ones([1]) })],
    [/^E_AXIS_RANGE np.fft.fftshift: axis 2 /, () => np.fft.fftshift(x([2, 3]), { axes: 2 })],
  ])("%s", (message, call) => {
    expect(reasonOf(call)).toMatch(message);
  });
});

describe("programs and constants", () => {
  it("splits into small factors, a large prime being one of its own", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (n) => {
        const factors = radices(n);
        expect(factors.reduce((a, b) => a * b, 1)).toBe(n);
        for (const p of factors.filter((r) => r > DIRECT))
          for (let d = 2; d * d <= p; d++) expect(p % d).not.toBe(0);
      }),
      { numRuns: 200, seed: 3 },
    );
    expect([radices(1), radices(1024), radices(67)]).toEqual([[], [8, 8, 16], [67]]);
    expect(convolutionLength(67)).toBe(256);
  });
  it("an eager call is one program, and a second one compiles nothing", () => {
    const [x, y] = [np.ones([3, 135]), np.ones([5, 77])];
    const compiled = (f: () => unknown): number => {
      const before = counters.compiles;
      f();
      return counters.compiles - before;
    };
    expect(compiled(() => np.fft.irfft(x, 135))).toBe(1);
    expect(compiled(() => np.fft.irfft(x, 135))).toBe(0);
    expect(compiled(() => np.fft.fftn(y, { s: [4, 80], norm: "ortho" }))).toBe(1);
  });
  it("constants are shared, kept beyond a scope, and not without bound", () => {
    const names = tableNames([135]);
    const take = (wanted: readonly string[]): NDArray[] => tablesOf(wanted, "float32", device);
    scope(() => void np.fft.fft(np.ones([135])));
    const first = take(names);
    expect(take(names).every((x, i) => x === first[i])).toBe(true);
    expect(first.every((x) => valuesOf(x, "test").length > 0)).toBe(true);
    for (let n = 2; n < 300; n++) take([`chirp:${n}`]);
    expect(take(names)[0] === first[0]).toBe(false);
  });
});
