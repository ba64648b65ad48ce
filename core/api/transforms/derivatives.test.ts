// grad, jvp, vjp, linearize, Jacobians, custom rules: values, trees, options, errors.
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import { complex } from "../arrays.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import { map as treeMap } from "../tree.ts";
import { reasonOf, installReference } from "../testing/root.ts";
import {
  customJvp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jvp,
  linearize,
  linearTranspose,
  valueAndGrad,
  vjp,
  vmap,
} from "./index.ts";

beforeAll(() => void installReference());
const lists = (tree: unknown): unknown => treeMap((x) => listOf(x) as never, tree);

describe("grad", () => {
  type Params = { w: NDArray; b: NDArray };
  const loss = (p: Params, x: NDArray): NDArray => x.dot(p.w).add(p.b).pow(2).sum();
  const p = { w: np0([1, 2]), b: np0(0.5) };
  function np0(v: unknown): () => NDArray {
    return () => np.array(v as never);
  }
  const params = (): Params => ({ w: p.w(), b: p.b() });

  it("keeps trees, takes numbers, chooses arguments", () => {
    expect(lists(grad(loss)(params(), np.array([3, 4])))).toEqual({ w: [69, 92], b: 23 });
    expect(lists(grad(loss, { argnums: 1 })(params(), np.array([3, 4])))).toEqual([23, 46]);
    expect(lists(grad(loss, { argnums: [1, 0] })(params(), np.array([3, 4])))).toEqual([
      [23, 46],
      { w: [69, 92], b: 23 },
    ]);
    expect(lists(grad(loss, { argnums: -1 })(params(), np.array([3, 4])))).toEqual([23, 46]);
    expect(grad((x: NDArray) => x.mul(x))(3).item()).toBe(6);
    expect(grad((x: NDArray) => x.mul(x))(3).weakType).toBe(true);
  });
  it("returns value and aux", () => {
    const f = (x: NDArray): [NDArray, { twice: NDArray }] => [x.mul(x), { twice: x.mul(2) }];
    expect(lists(grad(f, { hasAux: true })(3))).toEqual([6, { twice: 6 }]);
    expect(lists(valueAndGrad(f, { hasAux: true })(3))).toEqual([[9, { twice: 6 }], 6]);
    expect(reasonOf(() => grad(f as never, { hasAux: true })(np.ones([2])))).toMatch(/E_NOT_SCALAR/);
    expect(reasonOf(() => grad((x: NDArray) => x, { hasAux: true } as never)(1))).toMatch(
      /E_RULE_OUTPUT.*\[value, aux\]/,
    );
  });
  it("gives zeros where nothing depends, null for integers that are allowed", () => {
    expect(lists(grad((x: NDArray, _: NDArray) => x.sum(), { argnums: 1 })(1, np.ones([2])))).toEqual([0, 0]);
    const g = grad((t: { x: NDArray; n: NDArray }) => t.x.mul(t.n), { allowInt: true })({ x: 2, n: 3n });
    expect([g.x.item(), g.n]).toEqual([3, null]);
  });
  it("differentiates by complex arguments, and holomorphic functions", () => {
    const z = complex(1, 2);
    const g = grad((z: NDArray) => lax.real(lax.mul(z, lax.conj(z))))(z);
    expect(g.item("complex64")).toEqual({ re: 2, im: -4 });
    const h = grad((z: NDArray) => z.mul(z), { holomorphic: true })(z);
    expect(h.item("complex64")).toEqual({ re: 2, im: 4 });
    expect(reasonOf(() => grad((z: NDArray) => z.mul(z))(z))).toMatch(/E_NOT_DIFFERENTIABLE.*holomorphic/s);
    expect(reasonOf(() => grad((x: NDArray) => x, { holomorphic: true })(1))).toMatch(
      /E_NOT_DIFFERENTIABLE.*complex/,
    );
  });
  it("refuses integers, non-scalars, missing arguments, by name", () => {
    const f = function cost(params: Params, x: NDArray): NDArray {
      return loss(params, x);
    };
    expect(reasonOf(() => grad(f)({ w: np.array([1n, 2n]), b: 0 }, np.ones([2])))).toMatch(
      /^E_NOT_DIFFERENTIABLE grad\(cost\): params.w is i32\[2\], expected a float/,
    );
    expect(reasonOf(() => grad((x: NDArray) => x.mul(2))(np.ones([2])))).toMatch(/^E_NOT_SCALAR.*f32\[2\]/);
    expect(reasonOf(() => grad((x: NDArray) => ({ x }) as never)(1))).toMatch(/^E_NOT_SCALAR.*\{x: \*\}/);
    expect(reasonOf(() => grad((x: NDArray) => x.gt(0))(1))).toMatch(/^E_NOT_DIFFERENTIABLE.*bool/);
    expect(reasonOf(() => grad(f, { argnums: 2 })(params(), np.ones([2])))).toMatch(
      /^E_ARGUMENT.*argument 2, and 2/,
    );
    expect(reasonOf(() => grad(f, { argnums: [0, 0] })(params(), np.ones([2])))).toMatch(
      /^E_ARGUMENT.*twice/,
    );
    expect(reasonOf(() => grad("f" as never))).toMatch(/^E_ARGUMENT grad: got string/);
  });
});

describe("jvp, vjp, linearize", () => {
  const f = (x: NDArray, t: { y: NDArray }): { out: NDArray; n: NDArray } => ({
    out: np.sin(x).mul(t.y),
    n: np.array(3n),
  });
  const [cos1, sin1] = [Math.fround(Math.cos(1)), Math.fround(Math.sin(1))];
  it("agree, with null at integer leaves", () => {
    const [out, tangent] = jvp(f, [1, { y: 2 }], [1, { y: 10 }]);
    expect(out.out.item()).toBeCloseTo(2 * sin1, 6);
    expect(tangent.out.item()).toBeCloseTo(2 * cos1 + 10 * sin1, 5);
    expect(tangent.n).toBeNull();
    const [, linear] = linearize(f, 1, { y: 2 });
    expect(linear(1, { y: 10 }).out.item()).toBeCloseTo(tangent.out.item(), 5);
    expect(linear(1, { y: null as never }).out.item()).toBeCloseTo(2 * cos1, 6);
    const [, pull] = vjp(f, 1, { y: 2 });
    const [dx, dt] = pull({ out: np.array(1), n: null as never });
    expect([dx.item(), dt.y.item()].map((v) => Math.round(v * 1e5))).toEqual(
      [2 * cos1, sin1].map((v) => Math.round(v * 1e5)),
    );
    expect(pull({ out: np.array(2), n: null as never })[0].item()).toBeCloseTo(4 * cos1, 5);
    pull.dispose();
  });
  it("take integers through", () => {
    const [out, t] = jvp((x: NDArray, n: NDArray) => x.mul(n), [2, 3n], [1, null]);
    expect([out.item(), t.item()]).toEqual([6, 3]);
    const cts = vjp((x: NDArray, n: NDArray) => x.mul(n), 2, 3n)[1](1);
    expect([cts[0].item(), cts[1]]).toEqual([3, null]);
  });
  it("refuse vectors beside integers that aren't null", () => {
    const f = (x: NDArray, n: NDArray): NDArray => x.mul(n);
    expect(reasonOf(() => jvp(f, [2, 3n], [1, 1n]))).toMatch(/^E_DTYPE.*no derivative.*\n.*\n.*null/);
  });
  it("give aux", () => {
    const g = (x: NDArray): readonly [NDArray, NDArray] => [x.mul(x), x.add(1)];
    const [value, pull, aux] = vjp.with({ hasAux: true })(g, 3);
    expect([value.item(), pull(1)[0].item(), aux.item()]).toEqual([9, 6, 4]);
    expect(lists(jvp(g, [3], [1], { hasAux: true }))).toEqual([9, 6, 4]);
    const [at, map, rest] = linearize.with({ hasAux: true })(g, 3) as [
      NDArray,
      (t: number) => NDArray,
      NDArray,
    ];
    expect([at.item(), map(2).item(), rest.item()]).toEqual([9, 12, 4]);
  });
  it("refuse what doesn't fit, naming the place", () => {
    const g = (x: NDArray, t: { y: NDArray }): NDArray => x.mul(t.y);
    const x = np.ones([2]);
    expect(reasonOf(() => jvp(g, [x, { y: x }], [x, { y: np.ones([3]) }]))).toMatch(
      /^E_SHAPE.*f32\[3\] at t.y/,
    );
    expect(reasonOf(() => jvp(g, [x, { y: x }], [x, { y: np.ones([2], { dtype: "float16" }) }]))).toMatch(
      /^E_DTYPE.*f16\[2\] at t.y/,
    );
    expect(reasonOf(() => jvp(g, [x, { y: x }], [x] as never))).toMatch(/^E_TREE_MISMATCH/);
    expect(reasonOf(() => jvp(g, x as never, x as never))).toMatch(/^E_ARGUMENT.*lists/);
    expect(reasonOf(() => vjp(g, x, { y: x })[1](np.ones([3])))).toMatch(/^E_SHAPE.*f32\[3\] at result/);
  });
  it("transpose linear functions, and refuse others", () => {
    const a = np.array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const transposed = linearTranspose((x: NDArray) => a.matmul(x), { shape: [3], dtype: "float32" });
    expect(lists(transposed(np.array([1, 10])))).toEqual([[41, 52, 63]]);
    expect(
      reasonOf(() => linearTranspose((x: NDArray) => x.mul(x), { shape: [3], dtype: "float32" })),
    ).toMatch(/^E_RULE_NOT_LINEAR mul/);
    expect(
      reasonOf(() => linearTranspose((x: NDArray) => x.add(1), { shape: [3], dtype: "float32" })),
    ).toMatch(/^E_RULE_NOT_LINEAR add/);
  });
});

describe("Jacobians", () => {
  const polar = (v: NDArray): NDArray =>
    np.stack([v.get(0).mul(np.cos(v.get(1))), v.get(0).mul(np.sin(v.get(1)))]);
  it("agree in both modes, for trees of any shapes", () => {
    const v = np.array([2, 0.5]);
    const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
    for (const jacobian of [jacfwd(polar)(v), jacrev(polar)(v)])
      (listOf(jacobian) as number[][]).flat().forEach((x, i) => {
        expect(x).toBeCloseTo([c, -2 * s, s, 2 * c][i] as number, 5);
      });
    type T = { a: NDArray; b: NDArray };
    const f = (t: T, k: NDArray): { y: NDArray; z: NDArray } => ({
      y: np.outer(t.a, t.b),
      z: t.a.sum().mul(k),
    });
    const args = [{ a: np.array([1, 2]), b: np.array([3, 4, 5]) }, np.array(2)] as const;
    const [fwd, rev] = [jacfwd(f, { argnums: [0, 1] })(...args), jacrev(f, { argnums: [0, 1] })(...args)];
    expect(lists(fwd)).toEqual(lists(rev));
    expect([fwd.y[0].a.shape, fwd.y[0].b.shape, fwd.y[1].shape, fwd.z[0].a.shape]).toEqual([
      [2, 3, 2],
      [2, 3, 3],
      [2, 3],
      [2],
    ]);
    expect(lists(fwd.z)).toEqual([{ a: [2, 2], b: [0, 0, 0] }, 3]);
  });
  it("give aux, and second derivatives", () => {
    const f = (x: NDArray): [NDArray, NDArray] => [x.mul(x), x.sum()];
    expect(lists(jacfwd(f, { hasAux: true })(np.array([1, 2])))).toEqual([
      [
        [2, 0],
        [0, 4],
      ],
      3,
    ]);
    expect(lists(jacrev(f, { hasAux: true })(np.array([1, 2])))).toEqual([
      [
        [2, 0],
        [0, 4],
      ],
      3,
    ]);
    const rosenbrock = (x: NDArray): NDArray => {
      const [a, b] = [x.get("1:"), x.get(":-1")];
      return a.sub(b.mul(b)).pow(2).mul(100).add(np.subtract(1, b).pow(2)).sum();
    };
    expect(lists(hessian(rosenbrock)(np.array([1, 1, 1])))).toEqual([
      [802, -400, 0],
      [-400, 1002, -400],
      [0, -400, 200],
    ]);
    const g = (x: NDArray): [NDArray, NDArray] => [x.pow(3).sum(), x];
    expect(lists(hessian(g, { hasAux: true })(np.array([1, 2])))).toEqual([
      [
        [6, 0],
        [0, 12],
      ],
      [1, 2],
    ]);
    expect(lists(hessian((x: NDArray, y: NDArray) => x.mul(x).mul(y), { argnums: [0, 1] })(2, 3))).toEqual([
      [6, 4],
      [4, 0],
    ]);
  });
});

describe("customJvp", () => {
  const scaled = customJvp(
    (x: NDArray, k: NDArray): NDArray => np.sin(x).mul(k),
    ([x, k], [t]): readonly [NDArray, NDArray] => [scaled(x, k), t.mul(100)],
  );
  it("replaces the derivative in all modes, batched, staged, in loops", () => {
    expect(grad(scaled)(1, 2).item()).toBe(100);
    expect(jvp(scaled, [1, 2], [3, 0])[1].item()).toBe(300);
    expect(lists(vmap(grad(scaled), { inAxes: [0, null] })(np.array([0, 1, 2]), 2))).toEqual([100, 100, 100]);
    const loop = (x: NDArray): NDArray =>
      lax.scan((c: NDArray, _: null) => [scaled(c, 1), null] as const, x, null, { length: 2 })[0];
    expect(grad(loop)(1).item()).toBe(10000);
    expect(scaled(1, 2).item()).toBeCloseTo(2 * Math.sin(1), 6);
  });
  it("hands arguments without derivative to the rule as they are", () => {
    const scale = customJvp(
      (f: (x: NDArray) => NDArray, x: NDArray, by: number): NDArray => f(x).mul(by),
      (f: (x: NDArray) => NDArray, by: number, [x]: [NDArray], [t]: [NDArray]) =>
        [f(x).mul(by), t.mul(by * 10)] as const,
      { nondiffArgnums: [0, 2] },
    );
    expect(grad((x: NDArray) => scale(np.sin, x, 3))(1).item()).toBe(30);
    expect(scale(np.cos, 0, 2).item()).toBe(2);
  });
  it("refuses rules that aren't linear or don't fit, in both modes", () => {
    const bad = (
      rule: (primals: [NDArray], tangents: [NDArray]) => readonly [NDArray, NDArray],
    ): string[] => {
      const f = customJvp((x: NDArray): NDArray => x.mul(2), rule);
      return [reasonOf(() => grad(f)(3)), reasonOf(() => jvp(f, [3], [1]))];
    };
    for (const why of bad(([x], [t]) => [x.mul(2), np.onesLike(t)]))
      expect(why).toMatch(/^E_RULE_NOT_LINEAR/);
    for (const why of bad(([x], [t]) => [x.mul(2), t.mul(t)])) expect(why).toMatch(/^E_RULE_NOT_LINEAR/);
    for (const why of bad(([x], [t]) => [x.add(t), t])) expect(why).toMatch(/^E_RULE_NOT_LINEAR/);
    for (const why of bad(([x], [t]) => [x.mul(2), np.stack([t, t])]))
      expect(why).toMatch(/^E_RULE_OUTPUT.*f32\[2\]/);
    for (const why of bad(([x]) => x.mul(2) as never))
      expect(why).toMatch(/^E_RULE_OUTPUT.*\[value, tangent/);
  });
});
