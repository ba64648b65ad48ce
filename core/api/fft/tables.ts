// fft: how a length splits into small transforms, and the constants of each: computed in double precision, rounded once,
// kept on the device, and passed to the programs as arguments, so that no program holds them.
import { shaped } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { upload } from "../../runtime/execute.ts";
import type { RuntimeDevice } from "../../runtime/registry.ts";

/** Up to this length a transform may be one matrix product; a prime factor above it takes Bluestein's algorithm. */
export const DIRECT = 64;
/** What a further pass over the data costs, in rows of a matrix product. */
const PASS = 16;

/** The factors of `n`, in the order in which passes take them: the split of least cost. */
export function radices(n: number): readonly number[] {
  return cheapest(n, new Map()).factors;
}
interface Split {
  readonly cost: number;
  readonly factors: readonly number[];
}
function cheapest(n: number, known: Map<number, Split>): Split {
  if (n === 1) return { cost: 0, factors: [] };
  let best = known.get(n);
  if (best !== undefined) return best;
  for (let r = 2; r <= Math.min(n, DIRECT); r++) {
    if (n % r !== 0) continue;
    const rest = cheapest(n / r, known);
    const cost = r + PASS + rest.cost;
    if (cost < (best?.cost ?? Infinity)) best = { cost, factors: [r, ...rest.factors] };
  }
  // No factor is small: the smallest one is a pass of its own.
  if (best === undefined) {
    const p = smallestFactor(n);
    const rest = cheapest(n / p, known);
    best = { cost: 16 * p + rest.cost, factors: [p, ...rest.factors] };
  }
  known.set(n, best);
  return best;
}
function smallestFactor(n: number): number {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}
/** The length of the cyclic convolution by which Bluestein's algorithm makes a transform of length `n`. */
export const convolutionLength = (n: number): number => 2 ** Math.ceil(Math.log2(2 * n - 1));

/** The names of the constants that transforms of these lengths use. */
export function tableNames(lengths: readonly number[]): readonly string[] {
  const names = new Set<string>();
  const visit = (length: number): void => {
    let rest = length;
    for (const r of radices(length)) {
      rest /= r;
      if (r > DIRECT) {
        names.add(`chirp:${r}`).add(`kernel:${r}`);
        visit(convolutionLength(r));
      } else names.add(`matrix:${r}`);
      if (rest > 1) names.add(`twiddle:${r}:${rest}`);
    }
  };
  lengths.forEach(visit);
  return [...names];
}

/** More constants than programs in use at one time need. */
const KEPT = 256;
const kept = new WeakMap<RuntimeDevice, Map<string, NDArray>>();

/** These constants on a device. */
export function tablesOf(
  names: readonly string[],
  dtype: "float32" | "float64",
  device: RuntimeDevice,
): NDArray[] {
  let tables = kept.get(device);
  if (tables === undefined) kept.set(device, (tables = new Map()));
  const found = names.map((name) => {
    const key = `${dtype}:${name}`;
    const x = tables.get(key) ?? place(name, dtype, device);
    // Last used, last in order.
    tables.delete(key);
    tables.set(key, x);
    return x;
  });
  for (const key of tables.keys()) {
    if (tables.size <= Math.max(KEPT, names.length)) break;
    tables.delete(key);
  }
  return found;
}
function place(name: string, dtype: "float32" | "float64", device: RuntimeDevice): NDArray {
  const { shape, data } = tableOf(name);
  const host = dtype === "float64" ? data : Float32Array.from(data);
  const x = upload(host, shaped(shape, dtype, false), device, false);
  context().scope?.delete(x); // it outlives the scope that happens to be the first to use it
  return x;
}

/** A constant. Complex ones are `rotations`. */
interface Table {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}
function tableOf(name: string): Table {
  const [kind, ...sizes] = name.split(":");
  const [n, m] = sizes.map(Number) as [number, number];
  switch (kind) {
    case "matrix":
      return { shape: [2 * n, 2 * n], data: matrix(n) };
    case "twiddle":
      return rotations([n, m], (i) => rootOfUnity(-Math.floor(i / m) * (i % m), n * m));
    case "chirp":
      return rotations([n], (j) => conjugated(chirp(j, n)));
    default: {
      const spectrum = kernel(n);
      return rotations([spectrum.length], (k) => spectrum[k] as Pair);
    }
  }
}

type Pair = readonly [re: number, im: number];

/** e^(2πi·p/q), the angle reduced to an eighth of a turn in whole numbers: exact where a part is 0 or ±1. */
function rootOfUnity(p: number, q: number): Pair {
  const k = ((p % q) + q) % q;
  if (2 * k > q) return conjugated(rootOfUnity(q - k, q));
  if (4 * k > q) {
    const [c, s] = rootOfUnity(q - 2 * k, 2 * q);
    return [-c, s];
  }
  if (8 * k > q) {
    const [c, s] = rootOfUnity(q - 4 * k, 4 * q);
    return [s, c];
  }
  const angle = (2 * Math.PI * k) / q;
  return [Math.cos(angle), Math.sin(angle)];
}
const conjugated = ([re, im]: Pair): Pair => [re, -im];
const product = ([a, b]: Pair, [c, d]: Pair): Pair => [a * c - b * d, a * d + b * c];

/** The transform of length r as a real matrix over real and imaginary parts: [re; im] → [re; im]. */
function matrix(r: number): Float64Array {
  const out = new Float64Array(4 * r * r);
  for (let k = 0; k < r; k++)
    for (let j = 0; j < r; j++) {
      const [c, s] = rootOfUnity(-j * k, r);
      out[k * 2 * r + j] = out[(r + k) * 2 * r + r + j] = c;
      out[k * 2 * r + r + j] = -s;
      out[(r + k) * 2 * r + j] = s;
    }
  return out;
}

/**
 * Factors for pairs [2, …size, m], as [2, 2, …size]: z·w is x·t[0] + swapped(x)·t[1], with t[0] the real parts twice and
 * t[1] the imaginary parts, first negated.
 */
function rotations(size: readonly number[], at: (i: number) => Pair): Table {
  const n = size.reduce((a, b) => a * b, 1);
  const data = new Float64Array(4 * n);
  for (let i = 0; i < n; i++) {
    const [c, s] = at(i);
    data[i] = data[n + i] = c;
    data[2 * n + i] = -s;
    data[3 * n + i] = s;
  }
  return { shape: [2, 2, ...size], data };
}

/** e^(πi·j²/n): the square is reduced in whole numbers. */
const chirp = (j: number, n: number): Pair => rootOfUnity((j * j) % (2 * n), 2 * n);
/** The spectrum of the conjugated chirp around 0, over the length of the convolution. */
function kernel(n: number): readonly Pair[] {
  const length = convolutionLength(n);
  const x = Array.from({ length }, (_, j): Pair => {
    const at = Math.min(j, length - j);
    return at < n ? chirp(at, n) : [0, 0];
  });
  return spectrumOf(x).map(([re, im]): Pair => [re / length, im / length]);
}
/** The discrete Fourier transform of a power of two. */
function spectrumOf(x: readonly Pair[]): readonly Pair[] {
  const n = x.length;
  if (n === 1) return x;
  const even = spectrumOf(x.filter((_, i) => i % 2 === 0));
  const odd = spectrumOf(x.filter((_, i) => i % 2 === 1));
  const out = new Array<Pair>(n);
  for (let k = 0; k < n / 2; k++) {
    const [a, b] = even[k] as Pair;
    const [c, d] = product(rootOfUnity(-k, n), odd[k] as Pair);
    out[k] = [a + c, b + d];
    out[k + n / 2] = [a - c, b - d];
  }
  return out;
}
