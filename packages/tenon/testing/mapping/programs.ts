// The programs of values.json on our API: vmap and named axes, jit, trees; generate.py holds the same ones for JAX.
import {
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearize,
  np,
  random,
  tree,
  treeUtil,
  valueAndGrad,
  vjp,
  vmap,
  type Key,
  type NDArray,
} from "../../index.ts";

type A = NDArray;

/** Eighths between −1 and 1, the same as generate.py's. */
function r(seed: number, ...shape: number[]): A {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: n }, (_, k) => (((k * 37 + seed * 11) % 17) - 8) / 8);
  return np.array(Float32Array.from(data)).reshape(shape);
}
const f32 = (v: number): A => np.array(v, { dtype: "float32" });
const i32 = (v: number): A => np.array(v, { dtype: "int32" });
const ints = (...v: number[]): A => np.array(Int32Array.from(v));

/** `f` over the axis i. */
const over = <R>(f: (x: A) => R): ((x: A) => R) => vmap((x: A) => f(x), { axisName: "i" });
/** `f` over the axes i and j. */
const both = <R>(f: (x: A) => R): ((x: A) => R) => over(vmap((x: A) => f(x), { axisName: "j" }));

const P: Record<string, () => unknown> = {};

// axes in and out
P["axes/negative"] = () => vmap((a) => a.mul(2), { inAxes: -1, outAxes: -1 })(r(1, 2, 3));
P["axes/middle"] = () => vmap((a) => a.sum({ axis: 0 }), { inAxes: 1, outAxes: 1 })(r(1, 2, 3, 4));
P["axes/tree"] = () =>
  vmap((p: { w: A; b: A }, x: A) => ({ y: p.w.matmul(x).add(p.b), b: p.b }), {
    inAxes: [{ w: null, b: 0 }, 1],
    outAxes: { y: -1, b: 0 },
  })({ w: r(1, 3, 2), b: r(2, 4, 3) }, r(3, 2, 4));
P["axes/none-out"] = () =>
  vmap((x: A, w: A): [A, A] => [x.add(w), w.sum()], { inAxes: [0, null], outAxes: [0, null] })(
    r(1, 3),
    r(2, 2),
  );
P["axes/prefix"] = () =>
  vmap((t: { a: [A, A]; b: A }) => t.a[0].add(t.a[1].mul(t.b)), { inAxes: [{ a: 1, b: null }] })({
    a: [r(1, 2, 3), r(2, 2, 3)],
    b: f32(2),
  });
P["axes/prefix-out"] = () =>
  vmap((x: A) => ({ a: [x, x.mul(2)], b: x.sum() }), { outAxes: { a: 1, b: 0 } })(r(1, 3, 2));
P["axes/none-leaf"] = () => vmap((t: { x: A; n: null }) => t.x.mul(2))({ x: r(1, 3), n: null });
P["axes/constant-out"] = () => vmap((x: A): [A, A] => [np.ones([2]), x], { outAxes: [1, 0] })(r(1, 3));
P["axes/size"] = () => vmap(() => np.arange(3), { axisSize: 2 })();
P["axes/nested"] = () =>
  vmap(
    vmap((x, y) => x.dot(y), { inAxes: [0, null] }),
    { inAxes: [null, 0] },
  )(r(1, 2, 3), r(2, 4, 3));
P["axes/scalar-none"] = () => vmap((x, s) => x.mul(s), { inAxes: [0, null] })(r(1, 3), 2);
P["axes/empty"] = () => vmap((x) => x.sum())(np.zeros([0, 3]));
P["axes/int"] = () => vmap((x, i) => x.get(i))(r(1, 3, 4), ints(3, 0, 2));
P["axes/key"] = () => vmap((k: Key) => random.uniform(k, [2]))(random.split(random.key(5), 3) as Key);

// collectives
P["psum/basic"] = () => over((x) => x.div(lax.psum(x, "i")))(r(1, 4));
P["psum/int"] = () => over((x) => lax.psum(x, "i"))(np.arange(4));
P["psum/bool"] = () => over((x) => lax.psum(x.gt(0), "i"))(r(1, 5));
P["psum/constant"] = () => over((x) => lax.psum(f32(0.25), "i").mul(x))(r(1, 3));
P["psum/tree"] = () => over((x) => lax.psum({ a: x, b: [x.mul(2)] }, "i"))(r(1, 3, 2));
P["psum/positional"] = () => over((x) => lax.psum(x, ["i", 0]))(r(1, 3, 2, 2));
P["psum/two"] = () => both((x) => lax.psum(x, ["i", "j"]))(r(1, 2, 3));
P["psum/outer"] = () => both((x) => lax.psum(x, "i").sub(lax.pmax(x, "j")))(r(1, 2, 3));
P["psum/shadowed"] = () => over(over((x) => lax.psum(x, "i")))(r(1, 2, 3));
P["psum/inner-only"] = () => over((x) => vmap((y: A) => lax.psum(x.mul(y), "i"))(r(2, 2)))(r(1, 3));
P["psum/out-none"] = () => vmap((x: A) => lax.psum(x, "i"), { axisName: "i", outAxes: null })(r(1, 3));
P["pmean/int"] = () => over((x) => lax.pmean(x, "i"))(np.arange(4));
P["pmean/half"] = () => over((x) => lax.pmean(x, "i"))(r(1, 4).astype("float16"));
P["pmax/nan"] = () => over((x) => [lax.pmax(x, "i"), lax.pmin(x, "i")])(np.array([1, NaN, -2]));
P["axisIndex/one"] = () => over((x) => x.mul(lax.axisIndex("i")))(r(1, 4));
P["axisIndex/two"] = () => both(() => lax.axisIndex(["i", "j"]))(r(1, 2, 3));
P["allGather/plain"] = () => over((x) => lax.allGather(x, "i"))(r(1, 3, 2));
P["allGather/axis"] = () => over((x) => lax.allGather(x, "i", { axis: 1 }))(r(1, 3, 2));
P["allGather/tiled"] = () => over((x) => lax.allGather(x, "i", { axis: 1, tiled: true }))(r(1, 3, 2, 2));
P["psumScatter/plain"] = () => over((x) => lax.psumScatter(x, "i"))(r(1, 3, 3, 2));
P["psumScatter/tiled"] = () =>
  over((x) => lax.psumScatter(x, "i", { scatterDimension: 1, tiled: true }))(r(1, 2, 2, 4));
P["allToAll/plain"] = () => over((x) => lax.allToAll(x, "i", 0, 1))(r(1, 3, 3, 2));
P["allToAll/tiled"] = () => over((x) => lax.allToAll(x, "i", 0, 1, { tiled: true }))(r(1, 2, 4, 3));
P["allToAll/two"] = () => both((x) => lax.allToAll(x, ["i", "j"], 0, 0))(r(1, 2, 3, 6));
const round = (f: (x: A) => A, ...perm: [number, number][]): ((x: A) => A) =>
  over((x) => lax.ppermute(f(x), "i", perm));
P["ppermute/full"] = () => round((x) => x, [0, 1], [1, 2], [2, 0])(r(1, 3, 2));
P["pshuffle"] = () => over((x) => lax.pshuffle(x, "i", [2, 0, 1]))(r(1, 3));
P["pswapaxes"] = () => over((x) => lax.pswapaxes(x, "i", 1))(r(1, 3, 2, 3));

// derivatives through them
const square = (v: A): A => v.mul(v);
P["grad/psum-outside"] = () => grad((x: A) => over((v) => lax.psum(square(v), "i").mul(v))(x).sum())(r(1, 4));
P["grad/psum-inside"] = () => over((x) => grad((v: A) => lax.psum(np.sin(v), "i"))(x))(r(1, 4));
P["grad/pmean-inside"] = () => over((x) => grad((v: A) => lax.pmean(v.pow(3), "i"))(x))(r(1, 4));
P["grad/unmapped"] = () =>
  vmap((v: A, w: A) => grad((u: A) => lax.psum(v.mul(u), "i"))(w), { axisName: "i", inAxes: [0, null] })(
    r(1, 3),
    f32(2),
  );
P["grad/grad"] = () => over((x) => grad(grad((v: A) => lax.psum(v.pow(3), "i")))(x))(r(1, 3));
P["grad/jit-vmap"] = () => jit(over(jit(valueAndGrad((v: A) => lax.psum(square(v), "i")))))(r(1, 3));
P["grad/allGather"] = () => over((x) => jacrev((v: A) => lax.allGather(square(v), "i"))(x))(r(1, 3));
P["grad/allGather-weighted"] = () =>
  over((x) => grad((v: A) => lax.allGather(v, "i").mul(r(2, 3)).sum().mul(v))(x))(r(1, 3));
/** The gradient of a weighted sum of squares, moved. */
const weighted = (f: (x: A) => A, w: A, x: A): A => grad((y: A) => f(y).mul(w).sum())(x);
P["grad/allToAll"] = () =>
  weighted(
    over((v) => lax.allToAll(square(v), "i", 0, 1)),
    r(2, 3, 2, 3),
    r(1, 3, 3, 2),
  );
P["grad/ppermute"] = () => weighted(round(square, [0, 2], [1, 0], [2, 1]), r(2, 3), r(1, 3));
P["grad/psumScatter"] = () =>
  weighted(
    over((v) => lax.psumScatter(square(v), "i")),
    r(2, 3),
    r(1, 3, 3),
  );
P["jvp/psum"] = () => jvp((x: A) => over((v) => lax.psum(np.exp(v), "i"))(x), [r(1, 3)], [r(2, 3)]);
P["jvp/forward"] = () => jacfwd((x: A) => over((v) => v.mul(lax.psum(v, "i")))(x))(r(1, 3));
P["hessian/psum"] = () => hessian((x: A) => square(over((v) => lax.psum(square(v), "i"))(x).sum()))(r(1, 3));
P["linearize/pmean"] = () =>
  linearize((x: A) => over((v) => lax.pmean(square(v), "i"))(x), r(1, 3))[1](r(2, 3));
P["vjp/axisIndex"] = () => vjp((x: A) => over((v) => v.mul(lax.axisIndex("i")))(x), r(1, 3))[1](r(2, 3));

// inside of loops and branches
P["scan/psum"] = () =>
  over((v) => lax.scan((c: A, _: null) => [lax.psum(c, "i").div(2), c] as const, v, null, { length: 3 }))(
    r(1, 3),
  );
P["scan/grad"] = () =>
  over((x) =>
    grad((v: A) => {
      const step = (c: A, _: null): [A, null] => [lax.psum(c.mul(v), "i"), null];
      return lax.scan(step, v, null, { length: 2 })[0];
    })(x),
  )(r(1, 3));
P["while/pmax"] = () =>
  over((v) =>
    lax.whileLoop(
      (c: A) => lax.pmax(c, "i").lt(9),
      (c: A) => lax.psum(c, "i").add(3),
      v,
    ),
  )(r(1, 3));
P["fori/psum"] = () =>
  over((v) => lax.foriLoop(0, 3, (i, c: A) => c.add(lax.psum(c, "i").mul(i)), v))(r(1, 3));
const branch = (f: (u: A) => A): ((v: A) => A) =>
  over((v) =>
    lax.cond(
      v.gt(0),
      (u: A) => lax.psum(f(u), "i"),
      (u: A) => u.neg(),
      v,
    ),
  );
P["cond/psum"] = () => branch((u) => u)(r(1, 4));
P["cond/grad"] = () => grad((x: A) => branch(square)(x).sum())(r(1, 4));
P["norm/batch"] = () =>
  over((x) => {
    const mean = lax.pmean(x, "i");
    return x.sub(mean).mul(lax.rsqrt(lax.pmean(square(x), "i").sub(square(mean)).add(1e-3)));
  })(r(1, 4, 3));

// jit
const times = (x: A, n = 2): A => x.mul(n);
P["jit/static"] = () => [
  jit((x: A, n: number) => x.pow(n), { staticArgnums: -1 })(r(1, 3), 3),
  jit(times, { staticArgnums: 1 })(r(1, 3)),
];
P["jit/tree"] = () =>
  jit((t: { b: A; a: [A, A] }) => ({ b: t.a[0].mul(2), a: t.b, c: null }))({ b: r(1, 2), a: [r(2, 3), 1.5] });
P["jit/weak"] = () => jit((x) => [x.mul(2), x.add(np.ones([2], { dtype: "float16" }))] as const)(3);
P["jit/inline"] = () => grad((x: A) => jit((y: A) => np.sin(y).mul(y), { inline: true })(x).sum())(r(1, 3));
P["jit/closure"] = () => [0, 1, 2].map((s) => jit((x: A) => x.mul(r(s, 3)))(r(1, 3)));
P["jit/unused"] = () =>
  grad(
    jit((x: A, _: A) => square(x).sum()),
    { argnums: [0, 1] },
  )(r(1, 3), r(2, 2));
P["jit/nested-grad"] = () => jit(grad(jit((x: A) => jit((y: A) => np.tanh(y))(x).mul(x))))(f32(0.5));
P["jit/vmap-unused"] = () => vmap(jit((x: A, _: A) => x.mul(2)))(r(1, 3), r(2, 3, 2));
P["jit/recursive"] = () => {
  const power: (x: A, n: number) => A = jit((x: A, n: number): A => (n === 0 ? x : x.mul(power(x, n - 1))), {
    staticArgnums: 1,
  });
  return power(r(1, 2), 4);
};

// trees
const T = (): { z: A; a: [A, null, [A, Record<string, A>]] } => ({
  z: r(1, 2),
  a: [r(2, 3), null, [r(3, 1), { "10": f32(1), "9": f32(2), B: f32(3), é: f32(4), _: f32(5) }]],
});
P["tree/order"] = () => tree.leaves(T());
P["tree/map"] = () => tree.map((x, y) => x.mul(2).add(y), T(), T());
P["tree/reduce"] = () => tree.reduce((s: A | number, x) => np.multiply(s, 2).add(x.sum()), T(), 0);
P["tree/reduceAssociative"] = () =>
  treeUtil.treeReduceAssociative(
    (a, b) => a.mul(2).add(b),
    [1, 2, 3, 4, 5, 6, 7].map((k) => f32(k)),
  );
P["tree/transpose"] = () =>
  tree.transpose(
    tree.structure([0, 0, 0]),
    tree.structure({ x: 0, y: 0 }),
    [0, 1, 2].map((k) => ({ x: r(k, 2), y: r(k + 3, 1) })),
  );
P["tree/broadcast"] = () => tree.broadcast([f32(1), { k: f32(2) }], [[0, 0], { k: [0, [0, 0]] }]);
P["tree/isLeaf"] = () =>
  tree.map.with({ isLeaf: (x) => x === null })(
    (x: A | null) => (x === null ? r(1, 2) : x.mul(2)),
    [null, r(2, 2), { n: null }],
  );
P["tree/withPath"] = () => tree.mapWithPath((path, x) => x.mul(path.length), T());
P["tree/ravel"] = () => {
  const [flat, unravel] = treeUtil.ravelPytree({ b: r(1, 2, 2), a: [np.arange(3), r(2, 1)] });
  return [flat, unravel(flat.mul(2))];
};
P["tree/ravelHessian"] = () => {
  const [flat, unravel] = treeUtil.ravelPytree({ w: r(1, 2), b: f32(3) });
  return hessian((v: A) => {
    const { w, b } = unravel(v);
    return square(w).sum().mul(b);
  })(flat);
};
type Fn = treeUtil.Partial<A>;
const partial = (f: (...xs: A[]) => A, ...args: A[]): Fn => new treeUtil.Partial(f, ...args);
P["tree/partial"] = () => jit((f: Fn, x: A) => f(x))(partial(np.add, r(1, 3)), r(2, 3));
P["tree/partialGrad"] = () => grad((f: Fn) => f(r(1, 3)).sum())(partial(np.multiply, r(2, 3)));
P["tree/partialVmap"] = () => vmap((f: Fn) => f(f32(2)))(partial(np.multiply, r(2, 3)));
P["tree/gradTree"] = () =>
  grad((p: { w: A; a: [A, A] }) => p.w.matmul(p.a[0]).sum().add(square(p.a[1])))({
    w: r(1, 2, 3),
    a: [r(2, 3), f32(3)],
  });
P["tree/scanTree"] = () =>
  lax.scan(
    (c: { n: A; h: A }, x: { u: A }) => [{ h: c.h.add(x.u), n: c.n.add(1n) }, { o: c.h.mul(2) }] as const,
    { n: i32(0), h: r(1, 2) },
    { u: r(2, 3, 2) },
  );

/** By name, as in values.json. */
export const programs: Readonly<Record<string, () => unknown>> = P;
