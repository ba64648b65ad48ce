// np.fft: the frequencies of a transform's elements, and their order.
import { fail } from "../../errors.ts";
import type { DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkInteger, literal, numberList, toArray } from "../../primitives/operand.ts";
import { checkOptions, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Axis, Options } from "../keywords.ts";
import { multiply, remainder, trueDivide } from "../numpy/arithmetic.ts";
import { oneAxis } from "../numpy/axes.ts";
import { onDevice } from "../numpy/creation.ts";
import { convert, L } from "../numpy/define.ts";
import { roll } from "../numpy/rearrange.ts";
import { inexactDType } from "../promotion.ts";

/** Words of fftfreq and rfftfreq; `d`: the distance of samples (default 1). */
export type FreqOptions = Options<"dtype" | "device", { d: ArrayLike }>;
const FREQ = ["d", "dtype", "device"] as const;

/** 0, 1, …, −2, −1 over the duration of n samples. */
const signed = composite("np.fft.fftfreq", ([span]: readonly [NDArray], n: number, dtype: DType) => {
  const lax = L();
  const work = inexactDType(dtype);
  const middle = literal(Math.floor(n / 2), work);
  const i = lax.add(lax.iota(work, Math.max(0, n)), lax.full([Math.max(0, n)], middle));
  const k = lax.sub(remainder(i, literal(n, work)), lax.full(i.shape, middle));
  return convert(trueDivide(k, convert(span, work)), dtype);
});
/** 0, 1, … over the duration. */
const unsigned = composite("np.fft.rfftfreq", ([span]: readonly [NDArray], n: number, dtype: DType) =>
  trueDivide(L().iota(dtype, Math.max(0, Math.floor(n / 2) + 1)), convert(span, dtype)),
);
function frequencies(name: string, n: number, options: FreqOptions, of: typeof signed): NDArray {
  checkInteger(name, "n", n);
  const d = toArray(name, options.d ?? 1, "d");
  if (d.ndim !== 0) throw fail("E_SHAPE", `${name}: d is ${d.aval}, expected a scalar`);
  const span = typeof options.d === "number" ? toArray(name, options.d * n) : multiply(d, n);
  const dtype = canonicalDType(options.dtype ?? "float64");
  return onDevice(options.device, () => materialise(of([span], n, dtype)));
}
/** The frequencies of `fft`: 0, 1, …, −2, −1 over n·d. Source: jax.numpy.fft.fftfreq. */
export function fftfreq(n: number, options: FreqOptions = {}): NDArray {
  checkOptions("np.fft.fftfreq", options, FREQ);
  return frequencies("np.fft.fftfreq", n, options, signed);
}
/** The frequencies of `rfft`: 0, 1, …, ⌊n/2⌋ over n·d. Source: jax.numpy.fft.rfftfreq. */
export function rfftfreq(n: number, options: FreqOptions = {}): NDArray {
  checkOptions("np.fft.rfftfreq", options, FREQ);
  return frequencies("np.fft.rfftfreq", n, options, unsigned);
}

/** Words of fftshift and ifftshift. */
export type ShiftOptions = Options<never, { axes: Axis }>;

const rolled = composite(
  "np.fft.fftshift",
  ([x]: readonly [NDArray], axes: readonly number[], by: readonly number[]) => roll(x, by, { axis: axes }),
);
function shifted(name: string, x: ArrayLike, options: ShiftOptions, by: (n: number) => number): NDArray {
  const v = toArray(name, x, "x");
  const { axes } = options;
  const list =
    axes == null ? [...v.shape.keys()] : numberList(name, "axes", axes).map((i) => oneAxis(name, i, v));
  if (list.length === 0) return materialise(v);
  return rolled(
    [v],
    list,
    list.map((i) => by(v.shape[i] as number)),
  );
}
/** Frequency 0 moved to the middle of axes (default all). Source: jax.numpy.fft.fftshift. */
export function fftshift(x: ArrayLike, options: ShiftOptions = {}): NDArray {
  checkOptions("np.fft.fftshift", options, ["axes"]);
  return shifted("np.fft.fftshift", x, options, (n) => Math.floor(n / 2));
}
/** The inverse of `fftshift`. Source: jax.numpy.fft.ifftshift. */
export function ifftshift(x: ArrayLike, options: ShiftOptions = {}): NDArray {
  checkOptions("np.fft.ifftshift", options, ["axes"]);
  return shifted("np.fft.ifftshift", x, options, (n) => -Math.floor(n / 2));
}
