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

describe("arguments beyond those that are taken", () => {
  const x = (): tenon.NDArray => np.ones([2, 2]);
  const y = 3 as never;
  /** What plain JavaScript passes without a word. */
  const more = (f: unknown, ...args: readonly unknown[]): unknown =>
    (f as (...a: unknown[]) => unknown)(...args);
  const method = (name: string, ...args: readonly unknown[]): unknown => {
    const v = x() as unknown as Readonly<Record<string, (...a: readonly unknown[]) => unknown>>;
    return (v[name] as (...a: readonly unknown[]) => unknown).call(v, ...args);
  };
  const CASES: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
    maximum: [() => more(np.maximum, x(), 1, 2), /np\.maximum takes \(x1?, (y|x2)\); got 3 arguments/],
    out: [() => more(np.add, x(), 1, { out: x() }), /np\.add takes .* no options; got \{ out \}/],
    dtype: [
      () => more(np.exp, x(), { dtype: "float16" }),
      /np\.exp takes \(x\) and no options; got \{ dtype \}/,
    ],
    sqrt: [() => more(np.sqrt, x(), x()), /np\.sqrt takes \(x\); got 2 arguments/],
    composite: [() => more(np.log2, x(), {}), /np\.log2 takes \(x\) and no options/],
    composite2: [() => more(np.logaddexp, x(), x(), 1), /np\.logaddexp takes \(x1, x2\); got 3/],
    power: [() => more(np.power, x(), 2, { dtype: "float16" }), /np\.power takes 2 arguments; got 3/],
    "x.add": [() => method("add", 1, 2), /x\.add takes 1 argument; got 2/],
    "x.neg": [() => method("neg", 1), /x\.neg takes 0 arguments; got 1/],
    "x.sum": [() => method("sum", {}, { axis: 0 }), /x\.sum takes 1 argument; got 2/],
    "x.matmul": [() => method("matmul", x(), { precision: "bad" }), /np\.matmul: precision is "bad"/],
    "lax.whileLoop": [
      () =>
        more(
          lax.whileLoop,
          () => np.array(false),
          (v: unknown) => v,
          x(),
          { maxiter: 1 },
        ),
      /lax\.whileLoop takes 3 arguments; got 4/,
    ],
    devicePut: [
      () => more(tenon.devicePut, x(), x().device, { foo: 1 }),
      /devicePut takes 2 arguments; got 3/,
    ],
  };
  it.each(Object.keys(CASES))("are refused: %s", (name) => {
    const [call, message] = CASES[name] as readonly [() => unknown, RegExp];
    expect(call).toThrow(message);
  });
  it("are those of Array's methods where a function of elements is handed to them", () => {
    expect([x(), x()].map(np.exp)).toHaveLength(2);
    expect([x(), x()].map(np.log2)).toHaveLength(2);
    expect([x(), x(), x()].reduce(np.add).shape).toEqual([2, 2]);
    expect(() => [x(), x()].map(np.add as never)).toThrow(/np\.add takes/);
    expect(np.add(x(), y).shape).toEqual([2, 2]);
  });
  it("x.matmul hands its options on", () => {
    const product = x().matmul(x(), { preferredElementType: "float16", precision: "highest" });
    expect(product.dtype).toBe("float16");
  });
});

describe("options where they aren't read", () => {
  const x = (): tenon.NDArray => np.ones([2]);
  const f = (v: tenon.NDArray): tenon.NDArray => v;
  const more = (g: unknown, ...args: readonly unknown[]): unknown =>
    (g as (...a: unknown[]) => unknown)(...args);
  const rules = { fwd: f, bwd: f };
  const CASES: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
    vjp: [() => more(tenon.vjp, f, x(), { hasAux: true }), /vjp\.with\(\{ hasAux: true \}\)\(f, x\)/],
    linearize: [
      () => more(tenon.linearize, f, x(), { hasAux: true }),
      /linearize\.with\(\{ hasAux: true \}\)/,
    ],
    jvp: [() => more(tenon.jvp, f, [x()], [x()], { has_aux: true }), /no option "has_aux"[^]*"hasAux"/],
    makeJaxpr: [() => more(tenon.makeJaxpr, f, { static_argnums: 0 }), /takes 1 argument; got 2/],
    customVjp: [
      () => more(tenon.customVjp, f, { ...rules, nondiffArgnums: 1 }),
      /nondiffArgnums stands among the rules[^]*customVjp\(f, \{ fwd, bwd \}, \{ nondiffArgnums \}\)/,
    ],
    "customVjp, misspelt": [() => more(tenon.customVjp, f, { ...rules, fwdd: f }), /no option "fwdd"/],
  };
  it.each(Object.keys(CASES))("are refused: %s", (name) => {
    const [call, message] = CASES[name] as readonly [() => unknown, RegExp];
    expect(call).toThrow(message);
  });
  it("are refused: exportOnnx", async () => {
    const write = (options: object) => tenon.exportOnnx(f, [x()], options);
    await expect(write({ opsetVersion: 23 })).rejects.toThrow(/no option "opsetVersion"[^]*"opset"/);
    await expect(write({ verfy: false })).rejects.toThrow(/"verify"/);
  });
  it("are read where they are", () => {
    expect(tenon.jvp((v: tenon.NDArray) => [v, v] as const, [x()], [x()], { hasAux: true })).toHaveLength(3);
    expect(tenon.vjp.with({ hasAux: true })((v: tenon.NDArray) => [v, v] as const, x())).toHaveLength(3);
    const ofTree = (v: { readonly hasAuxiliary: tenon.NDArray }): tenon.NDArray => v.hasAuxiliary;
    expect(tenon.vjp(ofTree, { hasAuxiliary: x() })).toHaveLength(2);
  });
});
