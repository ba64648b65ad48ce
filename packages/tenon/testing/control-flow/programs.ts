// The programs of values.json on our API; generate.py holds the same ones for JAX.
import {
  grad,
  hessian,
  jit,
  jvp,
  lax,
  linearize,
  np,
  random,
  vmap,
  type Key,
  type NDArray,
} from "../../index.ts";

/** Eighths between −1 and 1, the same as generate.py's. */
function r(seed: number, ...shape: number[]): NDArray {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: n }, (_, k) => (((k * 37 + seed * 11) % 17) - 8) / 8);
  return np.array(Float32Array.from(data)).reshape(shape);
}
const f32 = (v: number): NDArray => np.array(v, { dtype: "float32" });
const i32 = (...v: number[]): NDArray => np.array(Int32Array.from(v));
const i8 = (...v: number[]): NDArray => np.array(Int8Array.from(v));
const one = (v: number, dtype: "int8" | "int32" | "uint8"): NDArray => np.array(v, { dtype });

type A = NDArray;
type Pair = readonly [A, A];
const step = (c: A, x: A): Pair => [np.tanh(c.mul(0.5).add(x)), c.mul(x)];
const rnn = (w: A, h: A, xs: A): [A, A] =>
  lax.scan(
    (h: A, x: A): Pair => {
      const y = np.tanh(w.matmul(h).add(x));
      return [y, y];
    },
    h,
    xs,
  );

const P: Record<string, () => unknown> = {};

// --- scan --------------------------------------------------------------------------------------------------------------

P["scan/sum"] = () => lax.scan((c: A, x: A): Pair => [c.add(x), c.mul(x)], 0 as never, r(1, 5));
P["scan/reverse"] = () => lax.scan(step, 0.25 as never, r(2, 6), { reverse: true });
for (const unroll of [0, 2, 3, 6, 7, true, false])
  for (const reverse of [false, true])
    P[`scan/unroll=${unroll},reverse=${reverse}`] = () =>
      lax.scan(step, f32(0.25), r(3, 6), { unroll, reverse });
P["scan/no-xs"] = () => lax.scan((c: A): Pair => [c.mul(1.5).sub(1), c], f32(3), null, { length: 7 });
P["scan/trees"] = () =>
  lax.scan(
    (c: { a: A; b: [A] }, x: { p: A; q: A }) =>
      [
        { a: c.a.add(x.p), b: [c.b[0].mul(0.5)] as [A] },
        { y: c.b[0], z: x.q },
      ] as const,
    { a: np.zeros([2]), b: [f32(8)] as [A] },
    { p: r(4, 3, 2), q: np.arange(3) },
  );
P["scan/weak-int-becomes-float"] = () => lax.scan((c, x) => [c.add(x), c] as const, 0n, r(5, 4));
P["scan/weak-float-becomes-half"] = () =>
  lax.scan((c, x) => [c.add(x), c] as const, 0, r(6, 4).astype("float16"));
P["scan/weak-stays"] = () => lax.scan((c, _x) => [c.mul(2), c] as const, 1, r(7, 3));
P["scan/int8"] = () => lax.scan((c: A, x: A): Pair => [c.mul(x), c], one(3, "int8"), i8(5, 7, 11));
P["scan/no-steps"] = () => lax.scan(step, f32(2), np.zeros([0]));
P["scan/bool"] = () => lax.scan((c, x) => [c.xor(x.gt(0)), c] as const, false, r(8, 5));
P["scan/nested"] = () =>
  lax.scan((c, row) => lax.scan((d: A, v: A): Pair => [d.mul(0.9).add(v), d], c, row), 0, r(9, 3, 4));
P["scan/forwards"] = () =>
  lax.scan((c, x) => [[c[0], c[1].add(x)], [x, c[0]]] as const, [2, f32(0)] as const, r(10, 3)); // prettier-ignore
P["scan/permutes"] = () =>
  lax.scan(
    (c: [A, A, A], x: A) => [[c[1], c[2], c[0].add(x)] as [A, A, A], c[0]] as const,
    [f32(1), f32(2), f32(3)] as [A, A, A],
    r(11, 5),
  );
P["scan/grad"] = () =>
  grad((w: A, h: A, xs: A) => rnn(w, h, xs)[1].sum(), { argnums: [0, 1, 2] })(
    r(12, 3, 3),
    r(13, 3),
    r(14, 4, 3),
  );
P["scan/jvp"] = () =>
  jvp((w: A, h: A) => rnn(w, h, r(14, 4, 3)), [r(12, 3, 3), r(13, 3)], [r(15, 3, 3), r(16, 3)]);
P["scan/vmap-xs"] = () => vmap((xs: A) => lax.scan(step, f32(0.5), xs))(r(17, 2, 5));
P["scan/vmap-carry"] = () => vmap((c: A) => lax.scan(step, c, r(18, 4)))(r(19, 3));
P["scan/vmap-closure"] = () =>
  vmap((w: A) => lax.scan((c: A, x: A): Pair => [c.mul(w).add(x), c], f32(1), r(20, 4)))(r(21, 3));
P["scan/vmap-grad"] = () =>
  vmap(
    grad(
      (w: A, xs: A) =>
        lax.scan((c: A, x: A): Pair => [np.sin(c.mul(w)).add(x), c.mul(w)], f32(1), xs)[1].sum(),
      { argnums: [0, 1] },
    ),
  )(r(22, 3), r(23, 3, 4));
P["scan/grad-vmap"] = () =>
  grad((w: A) =>
    vmap((c: A) => lax.scan((c: A, x: A): Pair => [np.sin(c.mul(w)).add(x), c], c, r(24, 4))[0])(
      r(25, 3),
    ).sum(),
  )(f32(0.7));
P["scan/hessian"] = () =>
  hessian(
    (w: A) =>
      lax.scan(
        (c: A, x: A): Pair => [np.tanh(c.mul(w.get(0)).add(x.mul(w.get(1)))), c],
        f32(0.5),
        r(26, 4),
      )[0],
  )(r(27, 2));
P["scan/grad-reverse"] = () =>
  grad((xs: A) => lax.scan(step, f32(0.25), xs, { reverse: true })[1].sum())(r(28, 5));
P["scan/linearize"] = () =>
  linearize((w: A) => rnn(w, r(13, 3), r(14, 4, 3))[0], r(12, 3, 3))[1](r(15, 3, 3));
P["scan/zero-tangent-carry"] = () =>
  grad(
    (x: A) =>
      lax.scan(
        (c: Pair) => [[c[0].mul(x), lax.stopGradient(c[1]).add(1)] as Pair, c[1]] as const,
        [f32(1), f32(0)] as Pair,
        null,
        { length: 3 },
      )[0][0],
  )(f32(1.5));
P["scan/int-carry-grad"] = () =>
  grad(
    (x: A) =>
      lax.scan((c) => [[c[0].mul(x.get(c[1])), c[1].add(1n)], null] as const, [f32(1), 0n] as const, null, {
        length: 3,
      })[0][0],
  )(r(29, 4));
P["scan/random"] = () =>
  lax.scan(
    (k: Key, _: null) => {
      const [next, own] = random.split(k);
      return [next, random.uniform(own)] as const;
    },
    random.key(3),
    null,
    { length: 4 },
  )[1];

// --- while and fori ------------------------------------------------------------------------------------------------------

const newton = (a: A): A =>
  lax.whileLoop(
    (x) => x.mul(x).sub(a).abs().max().gt(1e-4),
    (x) => x.add(a.div(x)).mul(0.5),
    a,
  );
const collatz = (n: A): readonly [A, A] =>
  lax.whileLoop(
    ([n]) => n.ne(1n),
    ([n, k]) => [np.where(n.mod(2n).eq(0n), n.floordiv(2n), n.mul(3n).add(1n)), k.add(1n)] as const,
    [n, one(0, "int32")] as const,
  );
const power = (n: A, x: A, init: A | number): readonly [A, A] =>
  lax.whileLoop(
    (c) => c[1].lt(n),
    (c) => [c[0].mul(x), c[1].add(1n)] as const,
    [init as A, 0n] as const,
  );
P["while/newton"] = () => newton(np.array([2, 9, 0.25]));
P["while/collatz"] = () => vmap(collatz)(i32(1, 6, 27, 7));
P["while/jvp"] = () => jvp(newton, [np.array([2, 9])], [np.array([1, 0.5])]);
P["while/weak"] = () => lax.whileLoop((c) => c.lt(10), (c) => c.mul(2), 1); // prettier-ignore
P["while/weak-becomes-strong"] = () => lax.whileLoop((c) => c.lt(10), (c) => c.mul(f32(2)), 1n); // prettier-ignore
P["while/never"] = () => lax.whileLoop((c) => c.lt(0), (c) => c.mul(2), f32(1)); // prettier-ignore
P["while/vmap-carry"] = () =>
  vmap((x: A) =>
    lax.whileLoop(
      (c) => c[1].lt(3n),
      (c) => [c[0].mul(2), c[1].add(1n)] as const,
      [x, 0n] as const,
    ),
  )(r(30, 3));
P["while/vmap-limit"] = () => vmap((n: A, x: A) => power(n, x, f32(1)))(i32(0, 2, 5), r(31, 3));
P["while/vmap-finished-lanes"] = () =>
  vmap((x: A) =>
    lax.whileLoop(
      (c) => c.gt(1),
      (c) => np.divide(1, c.sub(3)).add(0.5),
      x,
    ),
  )(np.array([2, 0.5, 3.5]));
P["while/nested"] = () =>
  lax.whileLoop(
    (c) => c[0].lt(4n),
    (c) =>
      [
        c[0].add(1n),
        lax.whileLoop(
          (d) => d.lt(c[0].mul(10n)),
          (d) => d.add(3n),
          c[1],
        ),
      ] as const,
    [0n, 0n] as const,
  );
P["while/grad-of-known"] = () =>
  grad((x: A) => x.mul(lax.whileLoop((c) => c.lt(20), (c) => c.mul(2), f32(1))))(f32(3)); // prettier-ignore
P["while/linearize"] = () =>
  linearize(
    (x: A) =>
      lax.whileLoop(
        (c) => c[1].lt(3n),
        (c) => [np.sin(c[0]).mul(x), c[1].add(1n)] as const,
        [x, 0n] as const,
      )[0],
    f32(0.5),
  )[1](f32(2));
P["while/jvp-vmap"] = () =>
  jvp((x: A) => vmap((n: A, x: A) => power(n, x, x)[0])(i32(0, 2, 3), x), [r(32, 3)], [np.ones([3])]);

P["fori/static"] = () => lax.foriLoop(2, 6, (i, x) => x.mul(0.5).add(i), f32(1));
P["fori/weak"] = () => lax.foriLoop(0, 3, (_i, x) => x.mul(2), 1);
P["fori/index"] = () => lax.foriLoop(-2, 3, (i, x) => x.add(i), 0n);
P["fori/none"] = () => lax.foriLoop(3, 1, (_i, x) => x.mul(0), f32(5));
P["fori/traced"] = () => jit((n: A) => lax.foriLoop(1, n, (i, x) => x.mul(i), 1n))(6n);
P["fori/traced-int8"] = () =>
  jit((n: A) => lax.foriLoop(0, n, (i, x) => x.add(i), one(0, "int8")))(one(5, "int8"));
P["fori/unroll"] = () => [
  lax.foriLoop(0, 7, (i, x) => np.sin(x).add(i), f32(1), { unroll: 3 }),
  lax.foriLoop(0, 5, (i, x) => np.sin(x).add(i), f32(1), { unroll: true }),
];
P["fori/grad"] = () => grad((x: A) => lax.foriLoop(0, 4, (i, y) => y.mul(x).add(i), x))(f32(1.5));
P["fori/grad-indexing"] = () =>
  grad((x: A) => lax.foriLoop(0, 5, (i, y) => y.add(x.get(i).pow(2).mul(i)), f32(0)))(r(33, 5));
P["fori/update"] = () => lax.foriLoop(0, 5, (i, x) => x.at(i).set(x.get(i.sub(1n)).add(1)), np.zeros([5]));
P["fori/vmap-bound"] = () => vmap((n: A) => lax.foriLoop(0, n, (i, x) => x.add(i), 0n))(i32(0, 3, 6));
P["fori/jvp-traced"] = () =>
  jvp((x: A) => jit((n: A, x: A) => lax.foriLoop(0, n, (_i, y) => y.mul(x), x))(3n, x), [f32(1.5)], [f32(1)]);
P["fori/tree"] = () => lax.foriLoop(0, 3, (i, c) => ({ a: c.b, b: c.a.add(i) }), { a: f32(1), b: f32(2) });

// --- cond and switch -----------------------------------------------------------------------------------------------------

const predicates = { true: true, false: false, two: 2n, zero: 0, nan: NaN };
for (const [name, p] of Object.entries(predicates))
  P[`cond/predicate=${name}`] = () => lax.cond(p, np.sin, np.cos, r(34, 3));
P["cond/trees"] = () =>
  lax.cond(
    true,
    (t: { a: A; b: A }, k: A) => ({ y: t.a.mul(k), n: t.b }),
    (t, k) => ({ y: t.a.sub(k), n: 7n as never }),
    { a: r(35, 2), b: 3n as unknown as A },
    f32(2),
  );
P["cond/weak"] = () => [
  lax.cond<[], unknown>(true, () => 1, () => f32(2)), // prettier-ignore
  lax.cond<[], unknown>(true, () => f32(1), () => 2), // prettier-ignore
];
const pole = (x: A): A => lax.cond(x.gt(0), (v) => np.sqrt(v), (v) => v.mul(2), x); // prettier-ignore
P["cond/vmap-grad-pole"] = () => vmap(grad(pole))(np.array([-1, 0, 4]));
P["cond/grad-closures"] = () =>
  grad(
    (w: A, x: A) => lax.cond(x.lt(1), (v) => v.mul(w), (v) => v.mul(w).mul(w), x), // prettier-ignore
    { argnums: [0, 1] },
  )(f32(3), f32(2));
P["cond/vmap-predicate"] = () =>
  vmap((p: A) => lax.cond(p, (v) => v.mul(2), (v) => v.sub(1), r(36, 2)))(np.array([true, false])); // prettier-ignore
P["cond/vmap-operand"] = () =>
  vmap((v: A) => lax.cond(true, (v) => np.exp(v), (v) => np.sin(v), v))(r(37, 3)); // prettier-ignore
P["cond/jvp"] = () =>
  jvp(
    (p: A, x: A) => lax.cond(p.gt(0), (v) => v.pow(3), (v) => v, x), // prettier-ignore
    [f32(1), f32(2)],
    [f32(1), f32(1)],
  );
P["cond/in-scan-grad"] = () =>
  grad(
    (w: A) =>
      lax.scan(
        (c: A, x: A): Pair => [lax.cond(x.gt(0), (c) => c.mul(w), (c) => np.sin(c.add(w)), c), c], // prettier-ignore
        f32(1),
        r(38, 6),
      )[0],
  )(f32(0.8));
P["cond/in-while"] = () =>
  lax.whileLoop(
    (c) => c.lt(50n),
    (c) => lax.cond(c.mod(2n).eq(0n), (v) => v.mul(3n).add(1n), (v) => v.add(3n), c), // prettier-ignore
    1n,
  );
P["cond/forwards"] = () =>
  lax.cond(false, (a: A, b: A) => [a, b.mul(2)], (a, b) => [a, b], f32(1), r(39, 2)); // prettier-ignore
const three = [(v: A) => np.sin(v), (v: A) => np.cos(v), (v: A) => v.mul(v)];
for (const i of [-3, 0, 1, 2, 9])
  P[`switch/index=${i}`] = () => lax.switch<[A], A>(BigInt(i), three, r(40, 2));
P["switch/vmap"] = () => vmap((i: A, x: A) => lax.switch<[A], A>(i, three, x))(i32(-1, 1, 5), r(41, 3));
P["switch/vmap-grad"] = () =>
  vmap(
    grad((x: A, i: A) =>
      lax.switch<[A], A>(i, [(v: A) => np.log(v), (v: A) => np.sqrt(v), (v: A) => v.mul(v)], x),
    ),
  )(np.array([0, 4, 3, -1]), i32(2, 1, 0, 7));
P["switch/uint8"] = () => lax.switch<[], unknown>(one(200, "uint8"), [() => 1n, () => 2n]);

// --- map and associativeScan ---------------------------------------------------------------------------------------------

for (const batchSize of [null, 0, 1, 3, 7, 9])
  P[`map/batch=${batchSize === null ? "none" : batchSize}`] = () =>
    lax.map((x: A) => ({ y: x.div(x.mul(x).sum().add(1)) }), r(42, 7, 2), { batchSize });
P["map/weak"] = () => lax.map((_x: A) => 1, r(43, 2));
P["map/grad"] = () =>
  grad((w: A) => lax.map((x: A) => np.sin(x.mul(w)), r(44, 5), { batchSize: 2 }).sum())(f32(0.5));

const affine = (a: Pair, b: Pair): Pair => [a[0].mul(b[0]), b[0].mul(a[1]).add(b[1])];
for (const n of [0, 1, 2, 5, 8])
  P[`associative/affine=${n}`] = () => lax.associativeScan(affine, [r(45, n), r(46, n)]);
P["associative/reverse"] = () => lax.associativeScan(affine, [r(45, 6), r(46, 6)], { reverse: true });
P["associative/axis"] = () => lax.associativeScan((a: A, b: A) => a.add(b), r(47, 2, 5), { axis: -1 });
P["associative/matmul"] = () => lax.associativeScan((a: A, b: A) => a.matmul(b), r(48, 5, 2, 2));
P["associative/max"] = () =>
  lax.associativeScan((a: A, b: A) => np.maximum(a, b), i32(3, 1, 4, 1, 5, 9, 2, 6));
P["associative/or"] = () => lax.associativeScan((a: A, b: A) => np.logicalOr(a, b), r(49, 5).gt(0.5));
P["associative/grad"] = () =>
  grad((a: A, b: A) => lax.associativeScan(affine, [a, b])[1].sum(), { argnums: [0, 1] })(r(45, 5), r(46, 5));
P["associative/vmap"] = () => vmap((a: A) => lax.associativeScan((x: A, y: A) => x.mul(y), a))(r(50, 2, 4));

// --- regions -------------------------------------------------------------------------------------------------------------

P["reduce/add"] = () => lax.reduce(r(51, 2, 3), 0, lax.add, [1]);
P["reduce/init"] = () => lax.reduce(r(51, 2, 3), f32(5), lax.add, [0, 1]);
P["reduce/logaddexp"] = () => lax.reduce(r(52, 3, 4), -Infinity, (a, b) => np.logaddexp(a, b), [1]);
const argmax = (a: Pair, b: Pair): Pair => [np.maximum(a[0], b[0]), np.where(a[0].ge(b[0]), a[1], b[1])];
P["reduce/two"] = () => lax.reduce<Pair>([r(53, 7), np.arange(7)], [-Infinity, 0n], argmax, [0]);
P["reduce/two-vmap"] = () =>
  vmap((x: A) => lax.reduce<Pair>([x, np.arange(4)], [-Infinity, 0n], argmax, [0]))(r(54, 3, 4));
P["reduce/empty"] = () => lax.reduce(np.zeros([0, 2]), 1, (a, b) => a.mul(b), [0]);
P["reduce/xor"] = () => lax.reduce(i32(5, 9, 12), 0n, lax.bitwiseXor, [0]);
P["reduce/grad"] = () =>
  grad((x: A) => lax.reduce(x, -Infinity, (a, b) => np.logaddexp(a, b), [0]).sum())(r(55, 5, 2));
P["reduce/grad-product-with-zeros"] = () =>
  grad((x: A) => lax.reduce(x, 1, lax.mul, [0]))(np.array([2, 0, 3, 0.5]));
P["reduce/grad-ties"] = () => [
  grad((x: A) => lax.reduce(x, -Infinity, lax.max, [0]))(np.array([1, 2, 2, 2])),
  grad((x: A) => lax.reduce(x, -Infinity, (a, b) => lax.max(a, b), [0]))(np.array([1, 2, 2, 2, 2])),
];
P["reduce/jvp"] = () => jvp((x: A) => lax.reduce(x, 1, (a, b) => a.mul(b), [0]), [r(56, 4)], [r(57, 4)]);
P["window/add"] = () => lax.reduceWindow(r(58, 6), 0, lax.add, [3], [1], "SAME");
P["window/mul"] = () =>
  lax.reduceWindow(r(59, 4, 5), 1, lax.mul, [2, 3], [1, 2], [[1, 0], [0, 2]]); // prettier-ignore
P["window/max-int"] = () =>
  lax.reduceWindow(i32(3, 1, 4, 1, 5, 9, 2, 6), -2147483648n, lax.max, [3], [2], "VALID");
P["window/dilated"] = () =>
  lax.reduceWindow(r(60, 7), -Infinity, (a, b) => np.logaddexp(a, b), [2], [1], [[1, 1]], {
    baseDilation: [2],
    windowDilation: [3],
  });
P["window/same-dilated"] = () =>
  lax.reduceWindow(r(60, 7), 0, lax.add, [3], [1], "SAME", { baseDilation: [2] });
P["window/two"] = () =>
  lax.reduceWindow<Pair>([r(61, 6), np.arange(6)], [-Infinity, 0n], argmax, [3], [2], "VALID");
P["window/jvp"] = () =>
  jvp((x: A) => lax.reduceWindow(x, 1, lax.mul, [3], [1], "VALID"), [r(62, 6)], [r(63, 6)]);
P["window/vmap"] = () => vmap((x: A) => lax.reduceWindow(x, 1, lax.mul, [2], [1], "SAME"))(r(64, 2, 4));
P["window/grad-max"] = () =>
  grad((x: A) => lax.reduceWindow(x, -Infinity, lax.max, [2], [1], "VALID").pow(2).sum())(r(65, 6));
P["window/shape"] = () =>
  i32(
    ...lax.reduceWindowShapeTuple([7, 9], [2, 3], [2, 1], [[1, 1], [0, 2]], {
      baseDilation: [2, 1],
      windowDilation: [1, 2],
    }), // prettier-ignore
  );

P["sort/two-keys"] = () => lax.sort([i32(2, 1, 2, 1), np.array([1, 5, 0, 4]), np.arange(4)], { numKeys: 2 });
P["sort/stable"] = () => lax.sort([i32(1, 0, 1, 0, 1), np.arange(5)], { numKeys: 1 });
P["sort/axis"] = () => lax.sort(r(66, 4, 3), { dimension: 0 });
P["sort/special"] = () => lax.sort(np.array([NaN, -0, 0, -Infinity, Infinity, -1]));
P["sort/grad"] = () => grad((x: A) => lax.sort(x).mul(np.arange(5)).sum())(np.array([3, 1, 2, 5, 4]));
P["sort/jvp-values"] = () =>
  jvp((k: A, v: A) => lax.sortKeyVal(k, v)[1], [np.array([3, 1, 2]), r(67, 3)], [np.ones([3]), r(68, 3)]);
P["sort/vmap"] = () => vmap((k: A) => lax.sort([k, np.arange(3)]))(r(69, 2, 3));

const dims = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
for (const mode of ["drop", "clip"] as const)
  P[`scatter-apply/${mode}`] = () =>
    lax.scatterApply(r(70, 5), i32(1, 3, 1, 7).reshape([4, 1]), (x) => x.mul(x).add(10), dims, {
      updateShape: [4],
      mode,
    });
P["scatter-apply/at"] = () => r(71, 5).at([0, 2]).apply(np.exp);
P["precision/bfloat16"] = () => lax.reducePrecision(np.array([1.2345678, 1e-40, 3e38, NaN]), 8, 7);
P["precision/grad"] = () => grad((x: A) => lax.reducePrecision(x.mul(x), 5, 10))(f32(1.2345678));
P["cumulative/logsumexp"] = () => lax.cumlogsumexp(r(72, 2, 4), { axis: 1, reverse: true });
P["cumulative/grad"] = () =>
  grad((x: A) => lax.cumprod(x).mul(r(73, 5)).sum().add(lax.cummax(x).sum()))(r(74, 5));

/** Every program by its name in values.json. */
export const programs: Readonly<Record<string, () => unknown>> = P;
