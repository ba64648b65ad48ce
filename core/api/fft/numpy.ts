// np.fft: Fourier transforms with NumPy's arguments.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkInteger, describe, numberList, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { oneAxis } from "../numpy/axes.ts";
import { applyFft } from "./apply.ts";
import type { Kind } from "./transform.ts";

/** Where the division by the number of elements goes: into the inverse, evenly into both, into the forward transform. */
export type Norm = "backward" | "ortho" | "forward";
interface Own1 {
  /** The axis (default −1); null: as fftn, which takes all. */
  readonly axis: number | null;
  /** Default "backward". */
  readonly norm: Norm | null;
}
/** Words of the transforms along one axis. */
export type FftOptions = Options<never, Own1>;
interface OwnN {
  /** Sizes to crop or fill with zeros to, one for each of the axes. */
  readonly s: readonly number[] | null;
  /** The axes; null: the last ones, as many as `s` has, or all. */
  readonly axes: readonly number[] | null;
  /** Default "backward". */
  readonly norm: Norm | null;
}
/** Words of the transforms along several axes. */
export type FftnOptions = Options<never, OwnN>;

const ONE = ["axis", "norm"] as const;
const SEVERAL = ["s", "axes", "norm"] as const;

/** How a function differs from the plain transform of its kind. */
interface Traits {
  readonly kind: Kind;
  /** Does the division of "backward" go here? */
  readonly divides: boolean;
  readonly conjugate?: boolean;
}

/** Along one axis. */
function along(
  name: string,
  a: ArrayLike,
  n: number | null | undefined,
  options: FftOptions,
  traits: Traits,
): NDArray {
  const axis = options.axis === undefined ? -1 : options.axis;
  if (axis !== null && typeof axis !== "number")
    throw fail("E_ARGUMENT", `${name}: axis is ${describe(axis)}, expected one axis`, {
      hint: `np.fft has ${name.slice(7)}n for several`,
    });
  const axes = axis === null ? null : [axis];
  if (n != null) {
    checkInteger(name, "n", n);
    if (n <= 0) throw fail("E_ARGUMENT", `${name}: n is ${n}, expected at least 1`);
  }
  return over(name, a, { s: n == null ? null : [n], axes, norm: options.norm }, traits);
}
/** Along several axes. */
function over(
  name: string,
  a: ArrayLike,
  options: FftnOptions,
  { kind, divides, conjugate }: Traits,
): NDArray {
  const x = toArray(name, a, "a");
  const s = options.s == null ? null : sizesOf(name, options.s);
  const axes = axesOf(name, x, options.axes, s);
  const lengths = s ?? axes.map((i) => x.shape[i] as number);
  if (s === null && kind === "IRFFT" && axes.length > 0)
    lengths[axes.length - 1] = Math.max(0, 2 * ((lengths[axes.length - 1] as number) - 1));
  if (kind === "RFFT" && lengths.includes(0))
    throw fail("E_SHAPE", `${name}: a is ${x.aval}, expected at least one element along each axis`);
  const count = lengths.reduce((p, n) => p * n, 1);
  return applyFft(name, x, {
    kind,
    lengths,
    axes,
    scale: scaleOf(name, options.norm, divides, count),
    conjugate: conjugate === true,
  });
}
function sizesOf(name: string, s: unknown): number[] {
  const sizes = [...numberList(name, "s", s)];
  if (sizes.some((n) => !Number.isInteger(n) || n <= 0))
    throw fail("E_ARGUMENT", `${name}: got the sizes [${sizes.join(",")}], expected at least 1`);
  return sizes;
}
function axesOf(name: string, x: NDArray, given: unknown, s: readonly number[] | null): number[] {
  if (given == null) {
    const first = s === null ? 0 : x.ndim - s.length;
    if (first < 0)
      throw fail(
        "E_SHAPE",
        `${name}: a is ${x.aval}, expected at least ${(s as readonly number[]).length} axes, one for each size`,
      );
    return [...x.shape.keys()].slice(first);
  }
  const axes = numberList(name, "axes", given).map((i) => oneAxis(name, i, x));
  if (s !== null && s.length !== axes.length)
    throw fail("E_ARGUMENT", `${name}: ${s.length} sizes for ${axes.length} axes, expected one each`);
  if (new Set(axes).size !== axes.length)
    throw fail("E_ARGUMENT", `${name}: an axis occurs twice in [${axes.join(",")}]`, {
      hint: "name each axis once",
    });
  return axes;
}
function scaleOf(name: string, norm: unknown, divides: boolean, count: number): number {
  switch (norm ?? "backward") {
    case "ortho":
      return 1 / Math.sqrt(count);
    case "backward":
      return divides ? 1 / count : 1;
    case "forward":
      return divides ? 1 : 1 / count;
    default:
      throw fail(
        "E_ARGUMENT",
        `${name}: norm is ${describe(norm)}, expected "backward", "ortho" or "forward"`,
      );
  }
}
/** Two axes. */
function overTwo(name: string, a: ArrayLike, options: FftnOptions, traits: Traits): NDArray {
  const axes = options.axes === undefined ? [-2, -1] : options.axes;
  if (!Array.isArray(axes) || axes.length !== 2)
    throw fail(
      "E_ARGUMENT",
      `${name}: axes is ${Array.isArray(axes) ? `[${axes.join(",")}]` : describe(axes)}, expected two`,
      {
        hint: `np.fft.${name.slice(7, -1)}n takes any number of axes`,
      },
    );
  return over(name, a, { ...options, axes }, traits);
}

const FORWARD: Traits = { kind: "FFT", divides: false };
const INVERSE: Traits = { kind: "IFFT", divides: true };
const REAL: Traits = { kind: "RFFT", divides: false };
const TO_REAL: Traits = { kind: "IRFFT", divides: true };

/** Σ a[j]·e^(−2πijk/n) along an axis, cropped or filled with zeros to `n`. Source: jax.numpy.fft.fft. */
export function fft(a: ArrayLike, n?: number | null, options: FftOptions = {}): NDArray {
  checkOptions("np.fft.fft", options, ONE);
  return along("np.fft.fft", a, n, options, FORWARD);
}
/** The inverse of `fft`. Source: jax.numpy.fft.ifft. */
export function ifft(a: ArrayLike, n?: number | null, options: FftOptions = {}): NDArray {
  checkOptions("np.fft.ifft", options, ONE);
  return along("np.fft.ifft", a, n, options, INVERSE);
}
/** The first ⌊n/2⌋ + 1 of `fft` of real values: the rest mirrors them. Source: jax.numpy.fft.rfft. */
export function rfft(a: ArrayLike, n?: number | null, options: FftOptions = {}): NDArray {
  checkOptions("np.fft.rfft", options, ONE);
  return along("np.fft.rfft", a, n, options, REAL);
}
/** The inverse of `rfft`; `n` is the size of the result, by default 2(m − 1). Source: jax.numpy.fft.irfft. */
export function irfft(a: ArrayLike, n?: number | null, options: FftOptions = {}): NDArray {
  checkOptions("np.fft.irfft", options, ONE);
  return along("np.fft.irfft", a, n, options, TO_REAL);
}
/** The real spectrum of a signal of which half is given, the rest being its mirror image. Source: jax.numpy.fft.hfft. */
export function hfft(a: ArrayLike, n?: number | null, options: FftOptions = {}): NDArray {
  checkOptions("np.fft.hfft", options, ONE);
  return along("np.fft.hfft", a, n, options, { kind: "IRFFT", divides: false, conjugate: true });
}
/** The inverse of `hfft`. Source: jax.numpy.fft.ihfft. */
export function ihfft(a: ArrayLike, n?: number | null, options: FftOptions = {}): NDArray {
  checkOptions("np.fft.ihfft", options, ONE);
  return along("np.fft.ihfft", a, n, options, { kind: "RFFT", divides: true, conjugate: true });
}
/** `fft` along two axes (default the last). Source: jax.numpy.fft.fft2. */
export function fft2(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.fft2", options, SEVERAL);
  return overTwo("np.fft.fft2", a, options, FORWARD);
}
/** The inverse of `fft2`. Source: jax.numpy.fft.ifft2. */
export function ifft2(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.ifft2", options, SEVERAL);
  return overTwo("np.fft.ifft2", a, options, INVERSE);
}
/** `rfft` along the second of two axes (default the last), `fft` along the first. Source: jax.numpy.fft.rfft2. */
export function rfft2(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.rfft2", options, SEVERAL);
  return overTwo("np.fft.rfft2", a, options, REAL);
}
/** The inverse of `rfft2`. Source: jax.numpy.fft.irfft2. */
export function irfft2(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.irfft2", options, SEVERAL);
  return overTwo("np.fft.irfft2", a, options, TO_REAL);
}
/** `fft` along several axes (default all). Source: jax.numpy.fft.fftn. */
export function fftn(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.fftn", options, SEVERAL);
  return over("np.fft.fftn", a, options, FORWARD);
}
/** The inverse of `fftn`. Source: jax.numpy.fft.ifftn. */
export function ifftn(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.ifftn", options, SEVERAL);
  return over("np.fft.ifftn", a, options, INVERSE);
}
/** `rfft` along the last of several axes (default all), `fft` along the others. Source: jax.numpy.fft.rfftn. */
export function rfftn(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.rfftn", options, SEVERAL);
  return over("np.fft.rfftn", a, options, REAL);
}
/** The inverse of `rfftn`. Source: jax.numpy.fft.irfftn. */
export function irfftn(a: ArrayLike, options: FftnOptions = {}): NDArray {
  checkOptions("np.fft.irfftn", options, SEVERAL);
  return over("np.fft.irfftn", a, options, TO_REAL);
}
