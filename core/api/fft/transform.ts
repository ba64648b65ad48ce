// The discrete Fourier transform as matrix products: Stockham's mixed-radix algorithm, which sorts by itself, and
// Bluestein's for large prime factors. Complex values are real pairs along a leading axis, [re, im], so that a pass is one
// real product. Everything is linear and made of operations of lax: derivatives and batching are theirs.
import type { NDArray } from "../../ir/ndarray.ts";
import { literal } from "../../primitives/operand.ts";
import { L } from "../numpy/define.ts";
import { convolutionLength, DIRECT, radices } from "./tables.ts";

/** A constant by its name. */
export type Tables = (name: string) => NDArray;
/** The kinds of transforms. */
export type Kind = "FFT" | "IFFT" | "RFFT" | "IRFFT";

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/**
 * The transform over the trailing axes; `lengths` are their sizes: of the result for IRFFT, else of the operand, which is
 * complex, for RFFT real. The result is multiplied by `scale`: inverses divide
 * by nothing. `conjugate`: the spectrum, that is the operand of IRFFT, else the result.
 */
export function transform(
  x: NDArray,
  kind: Kind,
  lengths: readonly number[],
  plan: { readonly scale: number; readonly conjugate: boolean },
  tables: Tables,
): NDArray {
  const lax = L();
  const lead = x.shape.slice(0, x.ndim - lengths.length);
  const sizes = kind === "RFFT" ? [...lengths.slice(0, -1), half(lengths)] : lengths;
  const shape = [...lead, ...sizes];
  // The inverse is the forward transform with the parts exchanged, before and after.
  const inverse = kind === "IFFT" || kind === "IRFFT";
  const parts =
    kind === "RFFT" ? [x] : [lax.real(x), signed(lax.imag(x), plan.conjugate && kind === "IRFFT")];
  const pair = lax.concatenate(
    (inverse ? parts.reverse() : parts).map((p) => lax.reshape(p, [1, x.size])),
    0,
  );
  const y = scaled(OF[kind](pair, lengths, tables), plan.scale);
  const part = (i: number): NDArray => lax.reshape(lax.sliceInDim(y, i, i + 1, 1, 0), shape);
  const re = part(inverse ? 1 : 0);
  if (kind === "IRFFT") return re;
  const im = part(inverse ? 0 : 1);
  return lax.complex(re, signed(im, plan.conjugate));
}
const signed = (x: NDArray, negative: boolean): NDArray => (negative ? L().neg(x) : x);
type Flat = (x: NDArray, lengths: readonly number[], tables: Tables) => NDArray;
/** From [parts, elements] to [2, elements]. */
const OF: Readonly<Record<Kind, Flat>> = {
  FFT: overTrailing,
  IFFT: overTrailing,
  RFFT: (x, lengths, tables) => {
    const n = lengths.at(-1) as number;
    const y = L().sliceInDim(dft(toFront(x, n), tables), 0, half(lengths), 1, 1);
    return toBack(overTrailing(y, lengths.slice(0, -1), tables), half(lengths));
  },
  IRFFT: (x, lengths, tables) => {
    const h = half(lengths);
    const front = toFront(x, h);
    const y = L().reshape(overTrailing(front, lengths.slice(0, -1), tables), front.shape);
    return toBack(dft(hermitian(y, lengths.at(-1) as number), tables), lengths.at(-1) as number);
  },
};
/** How much of the last axis a real signal's spectrum has. */
export const half = (lengths: readonly number[]): number => Math.floor((lengths.at(-1) as number) / 2) + 1;

function scaled(x: NDArray, by: number): NDArray {
  return by === 1 ? x : L().mul(x, L().full(x.shape, literal(by, x.dtype)));
}

/** Each trailing axis in turn, from the last: brought to the front, it stays there until all are done. */
function overTrailing(x: NDArray, lengths: readonly number[], tables: Tables): NDArray {
  let y = x;
  for (const n of [...lengths].reverse()) y = dft(toFront(y, n), tables);
  return lengths.length === 0 ? y : toBack(y, product(lengths));
}
/** The elements as [parts, n, others], n having been last. */
function toFront(x: NDArray, n: number): NDArray {
  const [parts, others] = [x.shape[0] as number, product(x.shape.slice(1)) / n];
  return exchange(x, [parts, others, n]);
}
/** The elements as [parts, others, n], n having been first. */
function toBack(x: NDArray, n: number): NDArray {
  const [parts, others] = [x.shape[0] as number, product(x.shape.slice(1)) / n];
  return exchange(x, [parts, n, others]);
}
function exchange(x: NDArray, [p, a, b]: readonly [number, number, number]): NDArray {
  const lax = L();
  return a === 1 || b === 1 ? lax.reshape(x, [p, b, a]) : lax.transpose(lax.reshape(x, [p, a, b]), [0, 2, 1]);
}

/** The transform along axis 1 of [parts, n, m]; a single part is real. */
function dft(given: NDArray, tables: Tables): NDArray {
  const lax = L();
  const n = given.shape[1] as number;
  const size = n * (given.shape[2] as number);
  let [x, rest] = [given, n];
  // Before each pass: [parts, what of the axis is left, what is done and the other elements].
  for (const r of radices(n)) {
    const m = rest / r;
    const y = r > DIRECT ? bluestein(both(x), r, tables) : direct(x, r, tables);
    rest = m;
    x =
      m === 1
        ? y
        : lax.transpose(
            rotated(lax.reshape(y, [2, r, m, size / (r * m)]), tables(`twiddle:${r}:${m}`)),
            [0, 2, 1, 3],
          );
  }
  return lax.reshape(both(x), [2, n, size / n]);
}
/** A pair, its imaginary part 0 if there is none. */
function both(x: NDArray): NDArray {
  const lax = L();
  if (x.shape[0] === 2) return x;
  return lax.pad(x, literal(0, x.dtype), [[0, 1, 0], ...x.shape.slice(1).map(() => [0, 0, 0] as const)]);
}
/** One matrix product: [parts, r, others] → [2, r, others]. */
function direct(x: NDArray, r: number, tables: Tables): NDArray {
  const lax = L();
  const rows = (x.shape[0] as number) * r;
  const matrix = lax.sliceInDim(tables(`matrix:${r}`), 0, rows, 1, 1);
  const columns = lax.reshape(x, [rows, x.size / rows]);
  const y = lax.dotGeneral(
    matrix,
    columns,
    [
      [[1], [0]],
      [[], []],
    ],
    { precision: "highest" },
  );
  return lax.reshape(y, [2, r, x.size / rows]);
}
/** z·w for pairs [2, …] and factors as `rotations` lays them out. */
function rotated(x: NDArray, factors: NDArray): NDArray {
  const lax = L();
  const times = (v: NDArray, i: number): NDArray => {
    const t = lax.reshape(lax.sliceInDim(factors, i, i + 1, 1, 0), factors.shape.slice(1));
    return lax.mul(v, lax.broadcastInDim(t, x.shape, [...t.shape.keys()]));
  };
  return lax.add(times(x, 0), times(lax.rev(x, [0]), 1));
}
/** A convolution with a chirp: [2, n, …] → [2, n, others]. */
function bluestein(given: NDArray, n: number, tables: Tables): NDArray {
  const lax = L();
  const [length, others] = [convolutionLength(n), given.size / (2 * n)];
  const chirp = tables(`chirp:${n}`);
  const x = rotated(lax.reshape(given, [2, n, others]), chirp);
  const wide = lax.pad(x, literal(0, x.dtype), [
    [0, 0, 0],
    [0, length - n, 0],
    [0, 0, 0],
  ]);
  const spectrum = rotated(dft(wide, tables), tables(`kernel:${n}`));
  const y = lax.rev(dft(lax.rev(spectrum, [0]), tables), [0]);
  return rotated(lax.sliceInDim(y, 0, n, 1, 1), chirp);
}
/** The whole spectrum of length n, as [im, re], of its first half: the rest is its mirror image, conjugated. */
function hermitian(x: NDArray, n: number): NDArray {
  const lax = L();
  const h = x.shape[1] as number;
  const [im, re] = [0, 1].map((i) => lax.sliceInDim(x, i, i + 1, 1, 0)) as [NDArray, NDArray];
  const mirrored = (v: NDArray): NDArray => lax.rev(lax.sliceInDim(v, 1, n - h + 1, 1, 1), [1]);
  // The imaginary part of what mirrors itself doesn't count.
  const inner = lax.sliceInDim(im, 1, n - h + 1, 1, 1);
  const padded = lax.pad(inner, literal(0, x.dtype), [
    [0, 0, 0],
    [1, 2 * h - 1 - n, 0],
    [0, 0, 0],
  ]);
  const all = [lax.concatenate([padded, lax.neg(mirrored(im))], 1), lax.concatenate([re, mirrored(re)], 1)];
  return lax.concatenate(all, 0);
}
