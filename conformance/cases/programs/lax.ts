// Programs of the lax cases: loops and branches, sorts, and weak types across loops.
import { lax, np, vmap, type NDArray } from "tenon";
import type { CasePrograms } from "../run-case.ts";
import { later } from "./later.ts";

type A = NDArray;

const NEIGHBOURS = [-1, 0, 1]
  .flatMap((i) => [-1, 0, 1].map((j) => [i, j] as const))
  .filter(([i, j]) => i !== 0 || j !== 0);
const lifeStep = (_: A, g: A): A => {
  const n = NEIGHBOURS.map((shift) => np.roll(g, shift, { axis: [0, 1] })).reduce((a, b) => a.add(b));
  return n
    .eq(3n)
    .or(g.eq(1n).and(n.eq(2n)))
    .astype(g.dtype);
};
const collatz = (n: A): A => {
  const start: [A, A] = [n, np.array(0, { dtype: "int32" })];
  const step = ([m, steps]: [A, A]): [A, A] => [
    np.where(m.mod(2n).eq(0n), m.floordiv(2n), m.mul(3n).add(1n)),
    steps.add(1n),
  ];
  return lax.whileLoop(([m]: [A, A]) => m.ne(1n), step, start)[1];
};

const programs: CasePrograms = {
  "lax.prog/while_newton_sqrt": (a: A) =>
    lax.whileLoop(
      (x: A) => np.abs(x.mul(x).sub(a)).max().gt(a.max().mul(1e-5)),
      (x: A) => x.add(a.div(x)).mul(0.5),
      a,
    ),
  "lax.prog/vmap_while": later(() => vmap(collatz)),
  "lax.prog/scan_reverse": (xs: A) =>
    lax.scan((c: A, x: A): [A, A] => [c.mul(0.5).add(x), c], 0, xs, { reverse: true }),
  "lax.prog/scan_length_none": (c: A) =>
    lax.scan((x: A): [A, A] => [x.mul(1.5).sub(1), x], c, null, { length: 7 }),
  "lax.prog/scan_unroll": (xs: A) =>
    lax.scan((c: A, x: A): [A, A] => [np.tanh(c.add(x)), c], 0, xs, { unroll: 3 }),
  "lax.prog/cond_true": (p: A, x: A) => lax.cond(p, np.sin, np.cos, x),
  "lax.prog/cond_false": (p: A, x: A) => lax.cond(p, np.sin, np.cos, x),
  "lax.prog/cond_vmap": later(() => vmap((p: A, x: A) => lax.cond(p, np.exp, (v: A) => v.neg(), x))),
  "lax.prog/map_batch": (xs: A) => lax.map((r: A) => r.div(np.add(1, r.mul(r).sum())), xs, { batchSize: 3 }),
  "lax.prog/assoc_scan_affine": (a: A, b: A) =>
    lax.associativeScan(
      ([la, lb]: [A, A], [ra, rb]: [A, A]): [A, A] => [la.mul(ra), ra.mul(lb).add(rb)],
      [a, b],
    ),
  "lax.prog/assoc_scan_rev": (x: A) => lax.associativeScan(np.add, x, { reverse: true }),
  "lax.prog/custom_root": (a: A) =>
    lax.customRoot(
      (x: A) => x.pow(3).sub(a),
      np.onesLike(a),
      (f, x0) => lax.foriLoop(0, 30, (_: A, x: A) => x.sub(f(x).div(x.mul(x).mul(3))), x0),
      (g, y) => y.div(g(np.onesLike(y))),
    ),
  "lax.prog/game_of_life": (g: A) => lax.foriLoop(0n, 5n, lifeStep, g),
  "lax.prog/nested_scan": (x: A) =>
    lax.scan((c: A, r: A) => lax.scan((d: A, v: A): [A, A] => [d.mul(0.9).add(v), d], c, r), 0, x),
  "lax.reduce/fn": (x: A, y: A) =>
    lax.reduce<readonly [A, A]>(
      [x, y],
      [np.array(0), np.array(0, { dtype: "int32" })],
      (a, b) => [a[0].add(b[0]), lax.max(a[1], b[1])],
      [1],
    ),
  "lax.sort/multi_keys1": (a: A, b: A) => lax.sort([a, b], { numKeys: 1 }),
  "lax.rng_uniform/none": (x: A) => lax.optimizationBarrier(x).mul(2),
  "lax.fft/fft": (x: A) => lax.fft(x, "FFT", [8]),
  "lax.broadcast_shapes/a": () => np.array(lax.broadcastShapes([3, 1], [1, 4], [4]).map(BigInt)),
  "extra.scan_weak_carry": (xs: A) => lax.scan((c: A, x: A): [A, A] => [c.add(1.5), x], 0n, xs),
  "extra.uint8_plus_py300": (x: A) => x.add(300n),
  "extra.uint8_plus_py_neg": (x: A) => x.add(-1n),
};
export default programs;
