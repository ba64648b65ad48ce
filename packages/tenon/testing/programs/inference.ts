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
/** Refuses a value of any other type than exactly T. */
const is =
  <T>() =>
  <U>(_value: U, ..._: Equal<T, U> extends true ? [] : [never]): void =>
    undefined;

interface Params {
  w: NDArray;
  b: NDArray;
}
declare const params: Params;
declare const x: NDArray;
const loss = (p: Params, x: NDArray): NDArray => x.dot(p.w).add(p.b).sum();

export function gradients(): void {
  const g = grad(loss)(params, x);
  is<Params>()(g);
  const both = grad(loss, { argnums: [0, 1] })(params, x);
  is<[Params, NDArray]>()(both);
  const aux = valueAndGrad((p: Params) => [p.w.sum(), { n: 3 }] as const, { hasAux: true })(params);
  is<[[NDArray, { readonly n: 3 }], Params]>()(aux);
  const unannotated = grad((x) => x.mul(x))(3);
  is<NDArray>()(unannotated);
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
  is<NDArray>()(compiled);
  const optional = jit((x: NDArray, y?: NDArray) => (y === undefined ? x : x.add(y)));
  optional(1);
  optional(1, 2);
  const [value, pull] = vjp(loss, params, x);
  is<NDArray>()(value);
  const cts = pull(1);
  is<[p: Params, x: NDArray]>()(cts);
  const [, tangent] = jvp(loss, [params, x], [params, null]);
  is<NDArray>()(tangent);
  const h = hessian((x) => x.mul(x).sum())(x);
  is<NDArray>()(h);
  const j = jacrev((p: Params) => ({ y: p.w }))(params);
  is<{ y: Params }>()(j);
  const mapped = vmap((x, y) => x.add(y), { inAxes: [0, null] })(x, 1);
  is<NDArray>()(mapped);
}

export function loops(): void {
  const [carry, ys] = lax.scan((c, v) => [{ n: c.n.add(v) }, c.n], { n: 0 }, x);
  is<{ n: NDArray }>()(carry);
  is<NDArray>()(ys);
  const r = lax.cond(
    true,
    (a, b) => a.add(b),
    (a) => a,
    1,
    2,
  );
  is<NDArray>()(r);
  const [k1, k2, k3] = random.split(random.key(0), 3);
  is<Key>()(k1);
  is<Key>()(k3);
  random.foldIn(k2, 1);
  // @ts-expect-error settings go by name
  np.sum(x, 0);
  // @ts-expect-error an option that there isn't
  np.sum(x, { axes: 0 });
  // @ts-expect-error arrays don't compare by operators
  void (x > 0);
}
