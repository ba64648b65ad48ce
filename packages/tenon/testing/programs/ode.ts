// A library author's code: generic over any tree of state and of parameters.
import { grad, jit, lax, np, tree, type NDArray } from "tenon";

/** Classical Runge–Kutta over any state tree. */
export function rk4<Y extends object, P>(f: (t: NDArray, y: Y, p: P) => Y, y0: Y, ts: NDArray, p: P): Y {
  const axpy = (a: NDArray, x: Y, y: Y): Y => tree.map((x, y) => x.mul(a).add(y), x, y);
  const step = (y: Y, t: { t: NDArray; h: NDArray }): readonly [Y, Y] => {
    const k1 = f(t.t, y, p);
    const k2 = f(t.t.add(t.h.div(2)), axpy(t.h.div(2), k1, y), p);
    const k3 = f(t.t.add(t.h.div(2)), axpy(t.h.div(2), k2, y), p);
    const k4 = f(t.t.add(t.h), axpy(t.h, k3, y), p);
    const next: Y = tree.map(
      (y, a, b, c, d) => y.add(a.add(b.mul(2)).add(c.mul(2)).add(d).mul(t.h.div(6))),
      y,
      k1,
      k2,
      k3,
      k4,
    );
    return [next, next];
  };
  return lax.scan(step, y0, { t: ts.get(":-1"), h: ts.get("1:").sub(ts.get(":-1")) })[1];
}
type State = { prey: NDArray; predator: NDArray };
type Rates = { a: NDArray; b: NDArray; c: NDArray; d: NDArray };
const lotka = (_t: NDArray, { prey, predator }: State, r: Rates): State => ({
  prey: r.a.mul(prey).sub(r.b.mul(prey).mul(predator)),
  predator: r.d.mul(prey).mul(predator).sub(r.c.mul(predator)),
});

/** A generic optimiser: P in, P out. */
export function sgd<P>(params: P, grads: P, lr: number): P {
  return tree.map((p, g) => p.sub(g.mul(lr)), params, grads);
}
/** One step of it on any loss. */
export function fit<P, B extends readonly unknown[]>(
  loss: (p: P, ...batch: B) => NDArray,
  p: P,
  ...batch: B
): P {
  const df = grad(loss);
  return sgd(p, df(p, ...batch), 0.1);
}

/** The gradient of a misfit by a rate. */
export function run(): number {
  const one = np.array(1);
  const misfit = (r: Rates, observed: NDArray): NDArray =>
    rk4(lotka, { prey: one, predator: one }, np.linspace(0, 5, 11), r)
      .prey.sub(observed)
      .pow(2)
      .mean();
  const g = jit(grad(misfit))({ a: 1.5, b: 1, c: 3, d: 1 }, np.ones([10]));
  return g.a.item();
}
