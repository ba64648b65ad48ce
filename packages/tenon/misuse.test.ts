// Calls that plain JavaScript allows and that would mean less than they say: functions with a `this`, arguments too many.
import * as tenon from "tenon";
import { nullPlugin } from "tenon-null";
import { beforeAll, describe, expect, it } from "vitest";

const { lax, np, setDefaultDevice, use } = tenon;

beforeAll(async () => {
  const [device] = await use(nullPlugin());
  setDefaultDevice(device as tenon.Device);
});

describe("a function that is given away is called without a `this`", () => {
  const seen: unknown[] = [];
  function f(this: unknown, x: tenon.NDArray): tenon.NDArray {
    seen.push(this);
    return x.mul(x);
  }
  function rule(this: unknown, xs: readonly tenon.NDArray[], ts: readonly tenon.NDArray[]) {
    seen.push(this);
    return [xs[0], ts[0]] as never;
  }
  function fwd(this: unknown, x: tenon.NDArray) {
    seen.push(this);
    return [x, x] as const;
  }
  function bwd(this: unknown, _: unknown, ct: tenon.NDArray) {
    seen.push(this);
    return [ct] as never;
  }
  function body(this: unknown, c: tenon.NDArray, x: tenon.NDArray) {
    seen.push(this);
    return [c.add(x), c] as [tenon.NDArray, tenon.NDArray];
  }
  const { checkpoint, customJvp, customVjp, evalShape, grad, hessian, jacfwd, jacrev, jit, jvp } = tenon;
  const { linearize, makeJaxpr, valueAndGrad, vjp, vmap } = tenon;
  const X = (): tenon.NDArray => np.ones([2]);
  const CASES: Readonly<Record<string, () => unknown>> = {
    jit: () => jit(f)(X()),
    "jit.lower": () => jit(f).lower(np.ones([7])),
    grad: () => grad(f)(1),
    valueAndGrad: () => valueAndGrad(f)(1),
    jvp: () => jvp(f, [X()], [X()]),
    vjp: () => vjp(f, X())[1](X()),
    linearize: () => linearize(f, X()),
    jacfwd: () => jacfwd(f)(X()),
    jacrev: () => jacrev(f)(X()),
    hessian: () => hessian(f)(1),
    vmap: () => vmap(f)(X()),
    checkpoint: () => grad((x: tenon.NDArray) => checkpoint(f)(x).sum())(X()),
    customJvp: () => jvp(customJvp(f, rule), [X()], [X()]),
    customVjp: () => vjp(customVjp(f, { fwd, bwd }), X())[1](X()),
    evalShape: () => evalShape(f, X()),
    makeJaxpr: () => makeJaxpr(f)(X()),
    "lax.scan": () => lax.scan(body, np.zeros([]), X()),
    "lax.map": () => lax.map(f, X()),
    "lax.cond": () => jit((p: tenon.NDArray, x: tenon.NDArray) => lax.cond(p, f, f, x))(np.array(true), X()),
    "lax.foriLoop": () => lax.foriLoop(0, 2, (_, x: tenon.NDArray) => f.call(undefined, x), X()),
  };
  it.each(Object.keys(CASES))("%s", (name) => {
    seen.length = 0;
    (CASES[name] as () => unknown)();
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((x) => x === undefined)).toBe(true);
  });
});
