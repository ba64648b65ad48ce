// Sorting by digits, least significant first (Knuth, TAOCP 3, §5.2.5): three passes of 11 bits over (key, position),
// each stable, with the histograms of all three counted in one pass. A digit that all keys share costs no pass.
import {
  I32,
  get,
  set,
  i32c,
  i32load,
  i32store,
  add,
  shl,
  shrU,
  xor,
  ne,
  and,
  ifThen,
  memoryFill,
  forLoop,
  type Code,
} from "../codegen/assembler.ts";
import type { Emitter } from "../codegen/emitter.ts";

const BITS = 11;
const BUCKETS = 1 << BITS;
const PASSES = [0, 1, 2] as const;
/** Bytes of the three histograms. */
export const HISTOGRAM_BYTES: number = PASSES.length * BUCKETS * 4;

/** What is sorted; all are locals. */
interface Digits {
  readonly n: number;
  /** Keys of 32 bits in the order of the elements; behind the second array the histograms. */
  readonly keys: readonly [number, number];
  readonly positions: readonly [number, number];
  /** Set to the array of positions that is sorted in the end. */
  readonly sorted: number;
  readonly isSigned: boolean;
  readonly isDescending: boolean;
}

const word = (base: Code, index: Code): Code => add(base, shl(index, i32c(2)));
/** Address of the bucket of a key's digit. */
function bucket(histograms: number, pass: number, key: number): Code {
  const digit = pass === 0 ? get(key) : shrU(get(key), i32c(pass * BITS));
  return word(add(get(histograms), i32c(pass * BUCKETS * 4)), and(digit, i32c(BUCKETS - 1)));
}

/** Writes the sort of one row. */
export function sortByDigits(f: Emitter, d: Digits): void {
  const histograms = f.value(I32, add(get(d.keys[1]), shl(get(d.n), i32c(2))));
  f.emit(memoryFill(get(histograms), i32c(0), i32c(HISTOGRAM_BYTES)));
  countDigits(f, d, histograms);
  const [keys, keysTo, to] = [
    f.value(I32, get(d.keys[0])),
    f.value(I32, get(d.keys[1])),
    f.value(I32, get(d.positions[1])),
  ];
  for (const pass of PASSES) {
    const move = f.scoped(() => {
      sumBuckets(f, histograms, pass);
      movePass(f, d.n, pass, histograms, { keys, positions: d.sorted, keysTo, to });
      const swap = f.value(I32, get(keys));
      f.emit([set(keys, get(keysTo)), set(keysTo, get(swap))]);
      const swapPositions = f.value(I32, get(d.sorted));
      f.emit([set(d.sorted, get(to)), set(to, get(swapPositions))]);
    });
    const first = f.value(I32, i32load(get(keys)));
    f.emit(ifThen(ne(i32load(bucket(histograms, pass, first)), get(d.n)), move));
  }
}
/** Turns keys into unsigned ones that ascend, and counts their digits. */
function countDigits(f: Emitter, d: Digits, histograms: number): void {
  const i = f.local(I32);
  const flip = (d.isSigned ? 0x80000000 : 0) ^ (d.isDescending ? 0xffffffff : 0);
  const body = f.scoped(() => {
    const at = f.value(I32, word(get(d.keys[0]), get(i)));
    const key = f.value(I32, xor(i32load(get(at)), i32c(flip)));
    f.emit(i32store(get(at), get(key)));
    for (const pass of PASSES) {
      const place = f.value(I32, bucket(histograms, pass, key));
      f.emit(i32store(get(place), add(i32load(get(place)), i32c(1))));
    }
  });
  f.emit(forLoop(i, i32c(0), get(d.n), 1, body));
}
/** Counts become the places where the buckets start. */
function sumBuckets(f: Emitter, histograms: number, pass: number): void {
  const [i, sum] = [f.local(I32), f.value(I32, i32c(0))];
  const body = f.scoped(() => {
    const at = f.value(I32, word(add(get(histograms), i32c(pass * BUCKETS * 4)), get(i)));
    const n = f.value(I32, i32load(get(at)));
    f.emit([i32store(get(at), get(sum)), set(sum, add(get(sum), get(n)))]);
  });
  f.emit(forLoop(i, i32c(0), i32c(BUCKETS), 1, body));
}
function movePass(
  f: Emitter,
  n: number,
  pass: number,
  histograms: number,
  arrays: { readonly keys: number; readonly positions: number; readonly keysTo: number; readonly to: number },
): void {
  const i = f.local(I32);
  const body = f.scoped(() => {
    const key = f.value(I32, i32load(word(get(arrays.keys), get(i))));
    const position = f.value(I32, i32load(word(get(arrays.positions), get(i))));
    const at = f.value(I32, bucket(histograms, pass, key));
    const place = f.value(I32, i32load(get(at)));
    f.emit([
      i32store(get(at), add(get(place), i32c(1))),
      i32store(word(get(arrays.keysTo), get(place)), get(key)),
      i32store(word(get(arrays.to), get(place)), get(position)),
    ]);
  });
  f.emit(forLoop(i, i32c(0), get(n), 1, body));
}
