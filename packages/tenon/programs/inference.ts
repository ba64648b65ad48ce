// What TypeScript infers of the public functions; compiled with the tests, never run.
import {
  grad,
  hessian,
  jacrev,
  jit,
  jvp,
  lax,
  np,
  random,
  valueAndGrad,
  vjp,
  vmap,
  type Key,
  type NDArray,
} from "tenon";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => undefined;

interface Params {
  w: NDArray;
  b: NDArray;
}
declare const params: Params;
declare const x: NDArray;
const loss = (p: Params, x: NDArray): NDArray => x.dot(p.w).add(p.b).sum();

export function gradients(): void {
  const g = grad(loss)(params, x);
  same<typeof g, Params>();
  const both = grad(loss, { argnums: [0, 1] })(params, x);
  same<typeof both, [Params, NDArray]>();
  const aux = valueAndGrad((p: Params) => [p.w.sum(), { n: 3 }] as const, { hasAux: true })(params);
  same<typeof aux, [[NDArray, { readonly n: 3 }], Params]>();
  const unannotated = grad((x) => x.mul(x))(3);
  same<typeof unannotated, NDArray>();
  grad(loss)({ w: 1, b: 2n }, 3);
  // @ts-expect-error a missing argument
  grad(loss)(params);
  // @ts-expect-error a wrong key
  grad(loss)({ w: x, bias: x }, x);
  // @ts-expect-error numbers have no methods of arrays
  grad((x) => x * x)(3);
}

export function others(): void {
  const compiled = jit(loss)(params, 2);
  same<typeof compiled, NDArray>();
  const optional = jit((x: NDArray, y?: NDArray) => (y === undefined ? x : x.add(y)));
  optional(1);
  optional(1, 2);
  const [value, pull] = vjp(loss, params, x);
  same<typeof value, NDArray>();
  const cts = pull(1);
  same<typeof cts, [p: Params, x: NDArray]>();
  const [, tangent] = jvp(loss, [params, x], [params, null]);
  same<typeof tangent, NDArray>();
  const h = hessian((x) => x.mul(x).sum())(x);
  same<typeof h, NDArray>();
  const j = jacrev((p: Params) => ({ y: p.w }))(params);
  same<typeof j, { y: Params }>();
  const mapped = vmap((x, y) => x.add(y), { inAxes: [0, null] })(x, 1);
  same<typeof mapped, NDArray>();
}

export function loops(): void {
  const [carry, ys] = lax.scan((c, v) => [{ n: c.n.add(v) }, c.n], { n: 0 }, x);
  same<typeof carry, { n: NDArray }>();
  same<typeof ys, NDArray>();
  const r = lax.cond(
    true,
    (a, b) => a.add(b),
    (a) => a,
    1,
    2,
  );
  same<typeof r, NDArray>();
  const [k1, k2, k3] = random.split(random.key(0), 3);
  same<typeof k1, Key>();
  same<typeof k3, Key>();
  random.foldIn(k2, 1);
  // @ts-expect-error settings go by name
  np.sum(x, 0);
  // @ts-expect-error an option that there isn't
  np.sum(x, { axes: 0 });
  // @ts-expect-error arrays don't compare by operators
  void (x > 0);
}
