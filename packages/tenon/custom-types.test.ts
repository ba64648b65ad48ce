// What TypeScript infers of functions with rules of their own, and the mistakes that it refuses.
import { customBatching, customDerivatives, customGradient, customJvp, customVjp, lax, np } from "tenon";
import { closureConvert, fwdAndBwd, grad, type ArrayLike, type NDArray } from "tenon";
import { expectTypeOf, it } from "vitest";

type A = NDArray;
interface Params {
  w: A;
  b: A;
}
/** Compiled, never run. */
const typesOf = (what: string, _check: () => void): void => it(what, () => undefined);

typesOf("customVjp: residuals flow from fwd to bwd, cotangents are checked", () => {
  const f = customVjp((p: Params, x: A) => p.w.matmul(x), {
    fwd: (p, x) => {
      expectTypeOf(p).toEqualTypeOf<Params>();
      return [p.w.matmul(x), { w: p.w, x, n: 3, name: "f" }];
    },
    bwd: ({ w, x, n, name }, ct) => {
      expectTypeOf(w).toEqualTypeOf<A>();
      expectTypeOf(n).toEqualTypeOf<number>();
      expectTypeOf(name).toEqualTypeOf<string>();
      expectTypeOf(ct).toEqualTypeOf<A>();
      return [{ w: np.outer(ct, x), b: null }, w.T.matmul(ct)];
    },
  });
  expectTypeOf(f).returns.toEqualTypeOf<A>();
  f({ w: np.ones([2, 2]), b: 1 }, np.ones([2]));
  expectTypeOf(
    grad(customVjp((x: A) => x, { fwd: (x) => [x, null], bwd: (_, ct) => [ct] }))(3),
  ).toEqualTypeOf<A>();
  // @ts-expect-error a wrong key
  f({ W: np.ones([2, 2]), b: 1 }, np.ones([2]));
  // @ts-expect-error a missing argument
  f({ w: np.ones([2, 2]), b: 1 });
});

typesOf("customVjp: mistakes", () => {
  const f = (x: A, y: A): A => x.mul(y);
  const fwd = (x: A, y: A): readonly [A, readonly [A, A]] => [f(x, y), [x, y]];
  customVjp(f, { fwd, bwd: ([x, y], ct) => [ct.mul(y), ct.mul(x)] });
  // @ts-expect-error one cotangent for two arguments
  customVjp(f, { fwd, bwd: ([, y], ct) => [ct.mul(y)] });
  // @ts-expect-error a cotangent instead of a list
  customVjp(f, { fwd, bwd: ([, y], ct) => ct.mul(y) });
  // @ts-expect-error a forward rule without residuals
  customVjp(f, { fwd: (x: A, y: A) => f(x, y), bwd: () => [null, null] });
  // @ts-expect-error residuals are a pair, not a record
  customVjp(f, { fwd, bwd: ({ x, y }, ct) => [ct.mul(y), ct.mul(x)] });
  // @ts-expect-error no backward rule
  customVjp(f, { fwd });
  // @ts-expect-error an unknown option
  customVjp(f, { fwd, bwd: () => [null, null] }, { symbolicZero: true });
  // @ts-expect-error not implemented
  customVjp(f, { fwd, bwd: () => [null, null] }, { optimizeRemat: true });
  // @ts-expect-error JAX's positional form
  customVjp(f, fwd, () => [null, null]);
});

typesOf("customVjp: arguments without derivative, and symbolic zeros", () => {
  const f = customVjp(
    (g: (x: A) => A, x: A, n: number) => g(x).mul(n),
    {
      fwd: (g, x, n) => [g(x).mul(n), x],
      bwd: (g, n, x, ct) => {
        expectTypeOf(g).toEqualTypeOf<(x: A) => A>();
        expectTypeOf(n).toEqualTypeOf<number>();
        expectTypeOf(x).toEqualTypeOf<A>();
        return [ct.mul(n)];
      },
    },
    { nondiffArgnums: [0, 2] },
  );
  f(np.sin, 1, 2);
  customVjp(
    (x: A, p: Params) => ({ y: p.w.mul(x), b: p.b }),
    {
      fwd: (x, p) => {
        expectTypeOf(x.perturbed).toEqualTypeOf<boolean>();
        expectTypeOf(p.w.value).toEqualTypeOf<A>();
        const [x_, p_] = customDerivatives.customVjpPrimalTreeValues([x, p] as const);
        expectTypeOf(p_.w).toEqualTypeOf<A>();
        return [{ y: p_.w.mul(x_), b: p_.b }, x_];
      },
      bwd: (x, ct) => {
        // @ts-expect-error the cotangent may be null
        void ct.y;
        return [ct === null || ct.y === null ? null : ct.y.mul(x), null];
      },
    },
    { symbolicZeros: true },
  );
  customVjp(
    (n: number, x: A) => x.mul(n),
    {
      fwd: (n, x) => [x.value.mul(n), null],
      bwd: (n, _, ct) => [ct === null ? null : ct.mul(n)],
    },
    { nondiffArgnums: 0, symbolicZeros: true },
  );
  // @ts-expect-error a value is wrapped: it has no arithmetic
  customVjp((x: A) => x, { fwd: (x) => [x.mul(2), null], bwd: (_, ct) => [ct] }, { symbolicZeros: true });
});

typesOf("customJvp", () => {
  const f = customJvp(
    (x: A, p: Params) => p.w.mul(x),
    ([x, p], [dx, dp]) => {
      expectTypeOf(dp).toEqualTypeOf<Params>();
      return [p.w.mul(x), dp.w.mul(x).add(dx.mul(p.w))];
    },
  );
  expectTypeOf(f(1, { w: 2, b: 3 })).toEqualTypeOf<A>();
  customJvp(
    (g: (x: A) => A, x: A) => g(x),
    (g, [x], [dx]) => [g(x), dx],
    { nondiffArgnums: 0 },
  );
  customJvp(
    (x: A, y: A) => x.mul(y),
    ([x, y], [dx, dy]) => {
      expectTypeOf(dx).toEqualTypeOf<A | null>();
      return [x.mul(y), dx === null || dy === null ? null : dx.mul(y).add(dy.mul(x))];
    },
    { symbolicZeros: true },
  );
  customJvp(
    (x: A) => x,
    // @ts-expect-error a tangent without its value
    ([x], [t]) => t.mul(x),
  );
  customJvp(
    (x: A) => ({ x }),
    // @ts-expect-error a tangent of another structure
    ([x], [t]) => [{ x }, t],
  );
  customJvp(
    (x: A) => x,
    // @ts-expect-error primals are a list
    (x, t) => [x, t],
  );
});

typesOf("customGradient, closureConvert, fwdAndBwd", () => {
  const g = customGradient((x: A, p: Params) => [
    x.mul(p.w),
    (ct: A) => [ct.mul(p.w), { w: ct.mul(x), b: null }],
  ]);
  expectTypeOf(g(1, { w: 2, b: 3 })).toEqualTypeOf<A>();
  customGradient((x: A) => [x, (ct: A) => ct]);
  // @ts-expect-error no gradient
  customGradient((x: A) => x);
  // @ts-expect-error one cotangent for two arguments
  customGradient((x: A, y: A) => [x.mul(y), (ct: A) => [ct]]);
  const [h, consts] = closureConvert((x: A) => x, 1);
  expectTypeOf(consts).toEqualTypeOf<A[]>();
  expectTypeOf(h(2, ...consts)).toEqualTypeOf<A>();
  const [fwd, bwd] = fwdAndBwd((x: A, p: Params) => x.mul(p.w), [1, 0]);
  const [y, residuals] = fwd(1, { w: 1, b: 1 });
  expectTypeOf(y).toEqualTypeOf<A>();
  expectTypeOf(bwd(residuals, 1)).toEqualTypeOf<[Params, A]>();
  // @ts-expect-error argnums are required
  fwdAndBwd((x: A) => x);
  // @ts-expect-error residuals are opaque
  bwd([1], 1);
});

typesOf("linear solves, roots, linear calls and batching rules", () => {
  const x = lax.customLinearSolve(
    ({ a }) => ({ a: a.mul(2) }),
    { a: np.ones([2]) },
    (matvec, b) => matvec(b),
    { transposeSolve: (vecmat, b) => vecmat(b) },
  );
  expectTypeOf(x).toEqualTypeOf<{ a: A }>();
  const [s, aux] = lax.customLinearSolve(
    (v) => v,
    1,
    (_, b) => [b, { n: np.sum(b) }] as const,
    { hasAux: true },
  );
  expectTypeOf(s).toEqualTypeOf<A>();
  expectTypeOf(aux).toEqualTypeOf<{ readonly n: A }>();
  lax.customLinearSolve(
    (v) => v,
    np.ones([2]),
    // @ts-expect-error a solver of another structure
    () => ({ x: np.ones([2]) }),
  );
  const id = (_: unknown, b: A): A => b;
  // @ts-expect-error transposeSolve is a setting
  lax.customLinearSolve((v: A) => v, np.ones([2]), id, id);
  expectTypeOf(
    lax.customRoot(
      (v) => v.mul(v),
      1,
      (_, v) => v,
      (g, y) => y.div(g(y)),
    ),
  ).toEqualTypeOf<A>();
  // @ts-expect-error tangentSolve is required
  lax.customRoot((v: A) => v, 1, id);
  const z = customDerivatives.linearCall(
    (r, v) => v.mul(r),
    (r, ct) => ct.mul(r),
    np.ones([]),
    np.ones([]),
  );
  expectTypeOf(z).toEqualTypeOf<A>();
  const f = customBatching.customVmap(
    (p: Params, v: A) => ({ y: v.mul(p.w) }),
    (size, [bp, bv], p, v) => {
      expectTypeOf(size).toEqualTypeOf<number>();
      expectTypeOf(bp).toEqualTypeOf<{ w: boolean; b: boolean }>();
      return [{ y: v.mul(p.w) }, { y: bp.w || bv }];
    },
  );
  expectTypeOf(f({ w: 1, b: 1 }, 2)).toEqualTypeOf<{ y: A }>();
  customBatching.customVmap(
    (v: A) => v,
    // @ts-expect-error flags of another structure
    (_n, _b, v) => [v, [true]],
  );
  expectTypeOf(customBatching.sequentialVmap((v: A) => v)).parameters.toEqualTypeOf<[A | ArrayLike]>();
});
