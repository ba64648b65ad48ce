// The programs of values.json on our API; generate.py holds the same ones for JAX.
import {
  checkpoint,
  closureConvert,
  customBatching,
  customDerivatives,
  customGradient,
  customJvp,
  customVjp,
  fwdAndBwd,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearTranspose,
  np,
  valueAndGrad,
  vjp,
  vmap,
  type NDArray,
} from "../../index.ts";

const { customVmap, sequentialVmap } = customBatching;
const { linearCall } = customDerivatives;
type A = NDArray;
type Unary = (x: A) => A;

/** Eighths between −1 and 1, the same as generate.py's. */
function r(seed: number, ...shape: number[]): A {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: n }, (_, k) => (((k * 37 + seed * 11) % 17) - 8) / 8);
  return np.array(Float32Array.from(data)).reshape(shape);
}
const f32 = (v: number): A => np.array(v, { dtype: "float32" });
const i32 = (v: number): A => np.array(v, { dtype: "int32" });

const P: Record<string, () => unknown> = {};

// customVjp
const sin3 = customVjp((x: A) => np.sin(x), {
  fwd: (x) => [np.sin(x), np.cos(x)],
  bwd: (c, g) => [c.mul(3).mul(g)],
});
P["vjp/grad"] = () => valueAndGrad(sin3)(f32(0.5));
P["vjp/grad-weak"] = () => valueAndGrad(sin3)(0.5);
P["vjp/grad-jit"] = () => grad(jit(sin3))(f32(0.5));
P["vjp/jit-grad"] = () => jit(grad(sin3))(f32(0.5));
P["vjp/grad-grad"] = () => grad(grad(sin3))(f32(0.5));
P["vjp/grad-jit-grad-jit"] = () => grad(jit(grad(jit(sin3))))(f32(0.5));
P["vjp/jvp-of-grad"] = () => jvp(grad(sin3), [f32(0.5)], [f32(2)]);
P["vjp/hessian"] = () => jacfwd(jacrev((x: A) => sin3(x).sum()))(r(1, 3));
P["vjp/vmap-grad"] = () => vmap(grad(sin3))(r(1, 4));
P["vjp/grad-vmap"] = () => grad((x: A) => vmap(sin3)(x).mul(r(2, 4)).sum())(r(1, 4));
P["vjp/jit-vmap-jit-grad"] = () => jit(vmap(jit(grad(sin3))))(r(1, 4));
P["vjp/jacrev"] = () => jacrev(sin3)(r(3, 3));
P["vjp/scan"] = () =>
  grad((x: A) => lax.scan((c: A, y: A): [A, A] => [sin3(c).mul(y), c], x, r(4, 4))[0])(f32(0.5));
P["vjp/scan-xs"] = () =>
  grad((xs: A) => lax.scan((c: A, y: A): [A, A] => [c.add(sin3(y)), sin3(c)], f32(0.5), xs)[1].sum())(
    r(4, 4),
  );
P["vjp/fori"] = () => grad((x: A) => lax.foriLoop(0, 3, (_: A, c: A) => sin3(c), x))(f32(0.5));
P["vjp/cond"] = () =>
  vmap(
    grad((x: A) =>
      lax.cond(
        x.gt(0),
        (y: A) => sin3(y),
        (y: A) => y.mul(5),
        x,
      ),
    ),
  )(r(5, 4));
P["vjp/while"] = () =>
  lax.whileLoop(
    (c: A) => c.lt(2),
    (c: A) => c.add(sin3(c)),
    f32(0.5),
  );
P["vjp/remat"] = () => grad(checkpoint((x: A) => np.cos(sin3(np.sin(x)))))(f32(0.5));
const iterated = (f: Unary, n: number) => (x: A) =>
  lax.scan((c: A, _: null): [A, null] => [f(c), null], x, null, { length: n })[0];
P["vjp/vmap-of-scan"] = () => vmap(grad(iterated(sin3, 3)))(r(6, 3));
P["vjp/grad-vmap-scan"] = () =>
  grad((x: A) => vmap((y: A) => iterated((c) => sin3(c.mul(x)), 3)(y))(r(6, 3)).sum())(f32(0.75));

const mul = customVjp((x: A, y: A) => x.mul(y), {
  fwd: (x, y) => [x.mul(y), [x, y] as const],
  bwd: ([x, y], g) => [g.mul(y).mul(2), g.mul(x).mul(3)],
});
P["vjp/unmapped-argument"] = () =>
  grad((w: A, x: A) => vmap(mul, { inAxes: [0, null] })(x, w).sum())(f32(0.5), r(7, 4));
P["vjp/other-unmapped"] = () =>
  grad((x: A, w: A) => vmap(mul, { inAxes: [0, null] })(x, w).sum())(r(7, 4), f32(0.5));
P["vjp/mapped-elsewhere"] = () =>
  grad((x: A, w: A) => vmap(mul, { inAxes: [1, 0], outAxes: 1 })(x, w).sum(), { argnums: [0, 1] })(
    r(7, 2, 3),
    r(8, 3, 2),
  );
P["vjp/two-vmaps"] = () =>
  grad((x: A, w: A) => vmap(vmap(mul, { inAxes: [null, 0] }), { inAxes: [0, null] })(x, w).sum(), {
    argnums: [0, 1],
  })(r(7, 2), r(8, 3));
P["vjp/zero-ct"] = () => grad((x: A) => mul(x, lax.stopGradient(x)))(f32(3));
P["vjp/partial"] = () => grad((x: A) => mul(x, 2).add(mul(3, x)))(f32(0.5));

const clip = customVjp((x: A, _lo: A, _hi: A) => x, {
  fwd: (x, lo, hi) => [x, { lo, hi }],
  bwd: ({ lo, hi }, g) => [np.clip(g, lo, hi), null, null],
});
P["vjp/none"] = () =>
  grad((x: A, lo: A, hi: A) => clip(x, lo, hi).mul(x).sum(), { argnums: [0, 1, 2] })(
    r(9, 4),
    f32(-0.25),
    f32(0.5),
  );
P["vjp/none-vmap"] = () =>
  vmap(
    grad((x: A, lo: A) => clip(x.mul(x), lo, 0.5), { argnums: [0, 1] }),
    { inAxes: [0, null] },
  )(r(9, 4), f32(-0.25));

interface Params {
  w: A;
  b: A;
}
const tree = customVjp((p: Params, x: A) => ({ y: p.w.matmul(x), n: p.b }), {
  fwd: (p, x) => [
    { y: p.w.matmul(x), n: p.b },
    { w: p.w, x },
  ],
  bwd: ({ w, x }, ct) => [{ w: np.outer(ct.y, x).mul(2), b: ct.n }, w.T.matmul(ct.y)],
});
const params = (): Params => ({ w: r(10, 2, 3), b: r(11, 2) });
P["vjp/trees"] = () =>
  grad((p: Params, x: A) => np.sin(tree(p, x).y).sum().add(tree(p, x).n.sum().mul(3)), { argnums: [0, 1] })(
    params(),
    r(12, 3),
  );
P["vjp/trees-one-output"] = () => grad((p: Params) => tree(p, r(12, 3)).n.sum())(params());
P["vjp/trees-vmap"] = () =>
  grad((p: Params, xs: A) => vmap(tree, { inAxes: [null, 0] })(p, xs).y.sum(), { argnums: [0, 1] })(
    params(),
    r(13, 4, 3),
  );
P["vjp/none-in-tree"] = () =>
  grad(
    customVjp((p: Params) => p.w.mul(p.b), {
      fwd: (p) => [p.w.mul(p.b), p.w],
      bwd: (w, g) => [{ w: null, b: w.mul(g) }],
    }),
  )({ w: f32(2), b: f32(3) });

const take = customVjp((x: A, i: A) => x.get(i), {
  fwd: (x, i) => [x.get(i), i],
  bwd: (i, g) => [np.zeros([3]).at(i).add(g.mul(10)), null],
});
P["vjp/int-argument"] = () => grad((x: A) => take(x, i32(1)).mul(2))(r(14, 3));
P["vjp/int-argument-vmap"] = () =>
  grad((x: A) =>
    vmap(take, { inAxes: [null, 0] })(x, np.array([0n, 1n, 1n]))
      .mul(r(15, 3))
      .sum(),
  )(r(14, 3));
const count = customVjp((x: A) => [x.mul(2), i32(x.size)] as const, {
  fwd: (x) => [[x.mul(2), i32(x.size)] as const, null],
  bwd: (_, [ct]) => [ct.mul(7)],
});
P["vjp/int-output"] = () => grad((x: A) => count(x)[0].sum())(r(16, 3));
P["vjp/int-output-jit"] = () => grad((x: A) => jit(count)(x)[0].sum())(r(16, 3));

const apply = customVjp(
  (f: Unary, x: A) => f(x),
  { fwd: (f, x) => [f(x), x], bwd: (f, x, g) => [g.mul(f(x)).mul(5)] },
  { nondiffArgnums: [0] },
);
P["vjp/nondiff"] = () => grad((x: A) => apply(np.cos, x))(f32(0.5));
P["vjp/nondiff-jit"] = () => grad(jit((x: A) => apply(np.cos, x)))(f32(0.5));
P["vjp/nondiff-vmap"] = () => vmap(grad((x: A) => apply(np.cos, x)))(r(17, 3));
const scaled = customVjp(
  (x: A, k: number, y: A) => x.mul(k).mul(y),
  {
    fwd: (x, k, y) => [x.mul(k).mul(y), { x, y }],
    bwd: (k, { x, y }, g) => [g.mul(y).mul(k), g.mul(x).mul(2 * k)],
  },
  { nondiffArgnums: 1 },
);
P["vjp/nondiff-between"] = () => grad((x: A, y: A) => scaled(x, 3, y), { argnums: [0, 1] })(f32(2), f32(5));

const symbolic = customVjp(
  (x: A, y: A) => x.mul(y),
  {
    fwd: (x, y) => [x.value.mul(y.value), { x: x.value, y: y.value, px: x.perturbed, py: y.perturbed }],
    bwd: ({ x, y, px, py }, g) => {
      const ct = g as A;
      return [ct.mul(y).mul(py ? 2 : 1), ct.mul(x).mul(px ? 3 : 1)];
    },
  },
  { symbolicZeros: true },
);
P["vjp/symbolic-both"] = () => grad(symbolic, { argnums: [0, 1] })(f32(2), f32(5));
P["vjp/symbolic-first"] = () => grad(symbolic)(f32(2), f32(5));
P["vjp/symbolic-vmap"] = () => vmap(grad(symbolic, { argnums: 1 }), { inAxes: [null, 0] })(f32(2), r(18, 3));
P["vjp/symbolic-jit"] = () => grad(jit(symbolic), { argnums: 1 })(f32(2), f32(5));

const closed = (c: A) =>
  customVjp((y: A) => c.mul(y), { fwd: (y) => [c.mul(y), c], bwd: (k, g) => [k.mul(g).mul(10)] });
P["vjp/closes-over-vmap"] = () => vmap((c: A) => grad((x: A) => closed(c)(x))(f32(2)))(r(19, 3));
P["vjp/closes-over-vmap-residual"] = () =>
  grad((x: A) => vmap((c: A) => closed(c)(x))(r(19, 3)).sum())(f32(2));
P["vjp/inner-vjp"] = () =>
  grad(
    customVjp((x: A) => np.sin(x).pow(2), {
      fwd: (x) => [vjp(np.sin, x)[0], x],
      bwd: (x, g) => vjp(np.sin, x)[1](g) as [A],
    }),
  )(f32(0.5));
const pulls = customVjp((x: A) => np.sin(x), {
  fwd: (x) => vjp(np.sin as Unary, x),
  bwd: (pull, g) => [pull(g)[0].mul(3)],
});
P["vjp/pullback-residual"] = () => [grad(pulls)(f32(0.5)), grad(grad(pulls))(f32(0.5))];
P["vjp/pullback-residual-jit"] = () => grad(jit(pulls))(f32(0.5));
P["vjp/pullback-residual-vmap"] = () => grad((x: A) => vmap(pulls)(x).sum())(r(48, 3));
P["vjp/pullback-residual-scan"] = () => grad(iterated(pulls, 3))(f32(0.5));
P["vjp/pullback-of-jit"] = () => jit((x: A) => vjp((y: A) => np.sin(y).mul(2), x))(f32(0.5))[1](f32(1));
P["vjp/pullback-of-vmap"] = () =>
  vmap((p: (ct: A) => [A]) => p(f32(1)))(vmap((x: A) => vjp(np.sin as Unary, x)[1])(r(49, 3)));
P["vjp/psum"] = () =>
  vmap(
    (x: A) =>
      customVjp((y: A) => lax.psum(y, "i"), {
        fwd: (y) => [lax.psum(y, "i"), null],
        bwd: (_, g) => [g.mul(2)],
      })(x),
    { axisName: "i" },
  )(r(20, 3));

// customJvp
const sin4: Unary = customJvp(
  (x: A): A => np.sin(x),
  ([x], [t]): [A, A] => [sin4(x), t.mul(np.cos(x).mul(4))],
);
P["jvp/grad"] = () => grad(sin4)(f32(0.5));
P["jvp/jvp-jvp"] = () => jvp((x: A) => jvp(sin4, [x], [x])[1], [f32(0.5)], [f32(1)]);
P["jvp/grad-grad-grad"] = () => grad(grad(grad(sin4)))(f32(0.5));
P["jvp/hessian"] = () => hessian((x: A) => sin4(x).sum().mul(x.get(0)))(r(21, 3));
P["jvp/vmap-unmapped"] = () =>
  vmap((x: A, y: A) => sin4(x).mul(y), { inAxes: [null, 0] })(f32(0.5), r(22, 3));
P["jvp/scan"] = () => grad(iterated(sin4, 3))(f32(0.5));
P["jvp/nondiff"] = () => {
  const f = customJvp(
    (g: Unary, x: A) => g(x),
    (g, [x], [t]) => [g(x), t.mul(g(x).mul(2))],
    { nondiffArgnums: 0 },
  );
  return grad((x: A) => f(np.cos, x))(f32(0.5));
};
P["jvp/nondiff-traced"] = () => {
  const f = customJvp(
    (k: A, x: A) => k.mul(x),
    (k, [x], [t]) => [k.mul(x), t.mul(k.mul(2))],
    { nondiffArgnums: [0] },
  );
  return grad((x: A) => f(x, x))(f32(3));
};
const product = customJvp(
  (x: A, y: A) => x.mul(y),
  ([x, y], [dx, dy]) => [x.mul(y), dy === null ? y.mul((dx as A).mul(5)) : y.mul(dx as A).add(x.mul(dy))],
  { symbolicZeros: true },
);
P["jvp/symbolic-one"] = () => grad(product)(f32(2), f32(3));
P["jvp/symbolic-both"] = () => grad(product, { argnums: [0, 1] })(f32(2), f32(3));
P["jvp/symbolic-jvp"] = () => jvp((x: A) => product(x, 3), [f32(2)], [f32(1)]);
P["jvp/int-argument"] = () => {
  const f = customJvp(
    (x: A, n: A) => x.mul(n),
    ([x, n], [t]) => [x.mul(n), t.mul(7)],
  );
  return grad((x: A) => f(x, i32(3)))(f32(2));
};
const linear = customJvp(
  (t: A) => t.mul(2),
  ([x], [t]) => [x.mul(2), t.mul(5)],
);
P["jvp/linear-rule-calls-custom"] = () =>
  grad(
    customJvp(
      (x: A) => x.mul(x),
      ([x], [t]) => [x.mul(x), x.mul(linear(t))],
    ),
  )(f32(3));

// customGradient, closureConvert
const half = customGradient((x: A) => [x.pow(2), (g: A) => [g.mul(x)]]);
P["gradient/one"] = () => [half(f32(3)), grad(half)(f32(3))];
P["gradient/vmap"] = () => vmap(grad(half))(r(23, 3));
P["gradient/grad-jit"] = () => grad(jit(half))(f32(3));
const two = customGradient((x: A, y: A) => {
  const [s, c] = [np.sin(x), np.cos(x)];
  return [s.mul(y), (g: A) => [g.mul(2).mul(c).mul(y), g.mul(s)]];
});
P["gradient/two"] = () => grad(two, { argnums: [0, 1] })(f32(0.5), f32(2));
P["gradient/scan"] = () =>
  grad((x: A) => lax.scan((c: A, y: A): [A, A] => [two(c, y), c], x, r(24, 3))[0])(f32(0.5));
P["gradient/unmapped"] = () => grad((y: A) => vmap(two, { inAxes: [0, null] })(r(25, 3), y).sum())(f32(2));

const converted = (w: A): A => {
  const [f, consts] = closureConvert((x: A) => np.sin(x.mul(w)).add(np.array([0, 1, 2]).sum()), f32(1));
  return f(f32(2), ...consts.map((c) => c.mul(2)));
};
P["closure/grad"] = () => valueAndGrad(converted)(f32(0.5));
P["closure/jit"] = () => jit(grad(converted))(f32(0.5));
P["closure/vmap-grad"] = () => vmap(grad(converted))(r(26, 3));

// linearCall
const div = (x: A, d: A): A =>
  x.add(
    linearCall(
      (q: A, y: A) => y.div(q),
      (q: A, ct: A) => ct.mul(10).div(q),
      d,
      x,
    ),
  );
const byThree = (x: A): A => div(x, f32(3));
P["linear/value"] = () => byThree(f32(9));
P["linear/transpose"] = () => linearTranspose(byThree, f32(1))(f32(18));
P["linear/grad"] = () => grad(byThree)(f32(9));
P["linear/jvp"] = () => jvp(byThree, [f32(9)], [f32(6)]);
P["linear/grad-jit"] = () => grad(jit(byThree))(f32(9));

// lax.customLinearSolve
const matrix = (): A =>
  np
    .eye(3)
    .mul(4)
    .add(r(27, 3, 3));
const rhs = (): A => r(28, 3);
const jacobi = (a: A, y: A): A => {
  const d = np.diag(a);
  return lax.foriLoop(0, 60, (_: A, x: A) => y.sub(a.sub(np.diag(d)).matmul(x)).div(d), np.zerosLike(y));
};
const solved = (a: A, b: A): A =>
  lax.customLinearSolve(
    (x) => a.matmul(x),
    b,
    (_, y) => jacobi(a, y),
    { transposeSolve: (_, y) => jacobi(a.T, y) },
  );
P["solve/value"] = () => solved(matrix(), rhs());
P["solve/grad"] = () =>
  grad((a: A, b: A) => np.sin(solved(a, b)).sum(), { argnums: [0, 1] })(matrix(), rhs());
P["solve/jvp"] = () => jvp(solved, [matrix(), rhs()], [r(29, 3, 3), r(30, 3)]);
P["solve/jacfwd-jacrev"] = () => [
  jacfwd(solved, { argnums: 1 })(matrix(), rhs()),
  jacrev(solved, { argnums: 1 })(matrix(), rhs()),
];
P["solve/hessian"] = () =>
  hessian((b: A) =>
    solved(matrix().mul(b.get(0)), b)
      .pow(2)
      .sum(),
  )(rhs());
P["solve/vmap-b"] = () => vmap(solved, { inAxes: [null, 0] })(matrix(), r(31, 2, 3));
P["solve/vmap-a"] = () => vmap(solved, { inAxes: [0, null] })(np.stack([matrix(), matrix().T]), rhs());
P["solve/vmap-grad"] = () =>
  vmap(
    grad((a: A, b: A) => solved(a, b).sum(), { argnums: [0, 1] }),
    { inAxes: [null, 1] },
  )(matrix(), r(31, 3, 2));
P["solve/grad-vmap"] = () => grad((a: A) => vmap((b: A) => solved(a, b))(r(31, 2, 3)).sum())(matrix());
P["solve/jit"] = () => grad(jit((a: A, b: A) => solved(a, b).sum()))(matrix(), rhs());
P["solve/scan"] = () => grad((b: A) => iterated((c) => solved(matrix(), c), 2)(b).sum())(rhs());
const symmetric = (d: A, b: A): [A, A] =>
  lax.customLinearSolve(
    (x) => x.mul(d),
    b,
    (_, y) => [y.div(d), y.sum()] as const,
    { symmetric: true, hasAux: true },
  );
const positive = (): A => r(32, 3).add(2);
P["solve/symmetric-aux"] = () => [
  symmetric(positive(), rhs()),
  grad((d: A, b: A) => symmetric(d, b)[0].pow(2).sum(), { argnums: [0, 1] })(positive(), rhs()),
];
P["solve/aux-vmap"] = () => vmap(symmetric)(r(33, 2, 3).add(2), r(34, 2, 3));

// lax.customRoot
const root = (a: A): A =>
  lax.customRoot(
    (x) => x.pow(3).sub(a),
    np.onesLike(a),
    (f, x0) =>
      lax.whileLoop(
        (x: A) => np.abs(f(x)).max().gt(1e-6),
        (x: A) => x.sub(f(x).div(x.mul(x).mul(3))),
        x0,
      ),
    (g, y) => y.div(g(np.onesLike(y))),
  );
P["root/value-grad"] = () => valueAndGrad(root)(f32(2));
P["root/second"] = () => grad(grad(root))(f32(2));
P["root/jvp"] = () => jvp(root, [f32(2)], [f32(3)]);
P["root/vmap-grad"] = () => vmap(grad(root))(r(35, 3).add(2));
P["root/jit-grad-jit"] = () => jit(grad(jit(root)))(f32(2));
P["root/aux"] = () =>
  grad(
    (a: A) =>
      lax.customRoot(
        (x) => x.mul(a).sub(1),
        f32(1),
        () => [np.divide(1, a), f32(3)] as const,
        (g, y) => y.div(g(f32(1))),
        { hasAux: true },
      )[0],
  )(f32(2));
P["root/tree"] = () =>
  grad((a: A) => {
    const s = lax.customRoot(
      ({ x, y }) => ({ x: x.mul(2).sub(a), y: y.sub(a.mul(a)) }),
      { x: f32(0), y: f32(0) },
      () => ({ x: a.div(2), y: a.mul(a) }),
      (_g, { x, y }) => ({ x: x.div(2), y }),
    );
    return s.x.mul(s.y);
  })(f32(3));

// customVmap, sequentialVmap
const ten = customVmap(
  (x: A) => np.sin(x),
  (_n, [b], xs) => [xs.mul(10), b],
);
P["vmap/rule"] = () => [ten(f32(0.5)), vmap(ten)(r(36, 3))];
P["vmap/axis"] = () => vmap(ten, { inAxes: 1, outAxes: 1 })(r(36, 2, 3));
P["vmap/jit"] = () => [jit(vmap(ten))(r(36, 3)), vmap(jit(ten))(r(36, 3))];
P["vmap/twice"] = () => vmap(vmap(ten))(r(36, 2, 3));
P["vmap/unmapped"] = () => vmap((x: A) => ten(f32(2)).add(x))(r(36, 3));
P["vmap/jvp"] = () => jvp(ten, [f32(0.5)], [f32(2)]);
P["vmap/vmap-jvp"] = () => vmap((x: A, t: A) => jvp(ten, [x], [t]))(r(36, 3), r(37, 3));
P["vmap/grad-vmap"] = () => grad((x: A) => vmap(ten)(x).sum())(r(36, 3));
const both = customVmap(
  (x: A, y: A) => x.add(y),
  (_n, [bx, by], x, y) => [bx && by ? x.mul(y) : bx ? x.sub(y) : y.sub(x), true],
);
P["vmap/in-batched"] = () => [
  vmap(both)(r(38, 3), r(39, 3)),
  vmap(both, { inAxes: [0, null] })(r(38, 3), f32(5)),
  vmap(both, { inAxes: [null, 0] })(f32(5), r(38, 3)),
];
P["vmap/tree"] = () =>
  vmap(
    customVmap(
      (p: { x: A; y: A }) => ({ a: p.x, b: p.y }),
      (_n, [b], p) => [
        { a: p.x.mul(2), b: p.y.mul(3) },
        { a: b.x, b: b.y },
      ],
    ),
    { inAxes: [{ x: 0, y: null }] },
  )({ x: r(40, 3), y: f32(2) });
const sequential = sequentialVmap((x: A, y: A) => np.sin(x).mul(y));
P["vmap/sequential"] = () => vmap(sequential, { inAxes: [0, null] })(r(41, 3), f32(2));
P["vmap/sequential-jvp"] = () =>
  jvp((x: A) => vmap(sequential, { inAxes: [0, null] })(x, f32(2)), [r(41, 3)], [r(42, 3)]);
P["vmap/sequential-twice"] = () =>
  vmap(vmap(sequential, { inAxes: [0, null] }), { inAxes: [null, 0] })(r(41, 3), r(43, 2));
const inVjp = customVjp((x: A) => ten(x), {
  fwd: (x) => [ten(x), x],
  bwd: (x, g) => [g.mul(100).mul(x)],
});
P["vmap/inside-vjp"] = () => [
  vmap(inVjp)(r(44, 3)),
  vmap(grad(inVjp))(r(44, 3)),
  grad((x: A) => vmap(inVjp)(x).sum())(r(44, 3)),
];

// fwdAndBwd
P["passes/both"] = () => {
  const [fwd, bwd] = fwdAndBwd((x: A, w: A) => np.sin(x.matmul(w)), [0, 1]);
  return bwd(fwd(r(45, 2, 3), r(46, 3, 2))[1], r(47, 2, 2));
};

/** By the name of their values. */
export const programs: Readonly<Record<string, () => unknown>> = P;
