// lax.fft: the transform over the last axes.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkSizes, describe, toArray } from "../../primitives/operand.ts";
import { applyFft } from "./apply.ts";
import { half, type Kind } from "./transform.ts";

/** Which transform: complex, its inverse, of real values to half a spectrum, and back. */
export type FftType = Kind | Lowercase<Kind>;
const KINDS: readonly string[] = ["FFT", "IFFT", "RFFT", "IRFFT"];

/**
 * The discrete Fourier transform over the last axes, whose sizes are `fftLengths` (for "IRFFT" those of the result; the
 * operand's last axis has half of it, rounded down, and one). The inverse ones divide by the number of elements.
 * @throws E_ARGUMENT, E_SHAPE, E_DTYPE. Source: jax.lax.fft
 */
export function fft(x: ArrayLike, fftType: FftType, fftLengths: Shape): NDArray {
  const name = "lax.fft";
  const v = toArray(name, x, "x");
  const kind = typeof fftType === "string" && KINDS.find((k) => k === fftType || k.toLowerCase() === fftType);
  if (typeof kind !== "string")
    throw fail("E_ARGUMENT", `${name}: fftType is ${describe(fftType)}, expected one of ${KINDS.join(", ")}`);
  checkSizes(name, "fftLengths", fftLengths);
  const first = v.ndim - fftLengths.length;
  const wanted = kind === "IRFFT" ? [...fftLengths.slice(0, -1), half(fftLengths)] : fftLengths;
  if (first < 0 || (fftLengths.length > 0 && wanted.some((n, i) => n !== v.shape[first + i])))
    throw fail("E_SHAPE", `${name}: x is ${v.aval}, expected [..., ${wanted.join(", ")}]`, {
      hint: "np.fft crops, and fills with zeros",
    });
  const inverse = kind === "IFFT" || kind === "IRFFT";
  return applyFft(name, v, {
    kind: kind as Kind,
    lengths: fftLengths,
    axes: fftLengths.map((_, i) => first + i),
    scale: inverse ? 1 / fftLengths.reduce((a, b) => a * b, 1) : 1,
    conjugate: false,
  });
}
