// What TypeScript infers of every form of transformation, and the mistakes that it refuses. `tsc -p tsconfig.tests.json`
// is the judge; nothing here runs.
import { expect, expectTypeOf, it } from "vitest";
import {
  customJvp,
  customVjp,
  evalShape,
  explain,
  grad,
  hessian,
  jacrev,
  jit,
  jvp,
  lax,
  linearize,
  np,
  random,
  ShapeDtypeStruct,
  tree,
  treeUtil,
  valueAndGrad,
  vjp,
  vmap,
  type Arg,
  type ArrayLike,
  type Key,
  type NDArray,
} from "tenon";

interface Params {
  w: NDArray;
  b: NDArray;
  layers: { k: NDArray }[];
}
type A = NDArray;
declare const p: Params;
declare const x: NDArray;
declare const key: Key;
const loss = (q: Params, y: A): A => y.mul(q.w).sum();

const forms: Record<string, () => void> = {
  "grad gives the type of the argument, and keeps labels and arity": () => {
    expectTypeOf(grad(loss)(p, x)).toEqualTypeOf<Params>();
    expectTypeOf(grad(loss, { argnums: [0, 1] })(p, x)).toEqualTypeOf<[Params, A]>();
    expectTypeOf(grad(loss, { argnums: 1 })(p, x)).toEqualTypeOf<A>();
    expectTypeOf(grad((y) => y.mul(y))(3)).toEqualTypeOf<A>();
    expectTypeOf(grad((y, z) => y.mul(z), { argnums: [0, 1] })(3, x)).toEqualTypeOf<[A, A]>();
    expectTypeOf(
      grad((q: Params, y: A) => [loss(q, y), { n: y }] as const, { hasAux: true })(p, x),
    ).toEqualTypeOf<[Params, { readonly n: A }]>();
    expectTypeOf(valueAndGrad(loss)(p, x)).toEqualTypeOf<[A, Params]>();
    expectTypeOf(grad(grad(np.tanh))(2)).toEqualTypeOf<A>();
    expectTypeOf(hessian((y: A) => y.sum())(x)).toEqualTypeOf<A>();
    expectTypeOf(jacrev((y: A) => y)(x)).toEqualTypeOf<A>();
    // @ts-expect-error numbers aren't traced: leaves are NDArray
    grad((y: number) => y * y)(3);
    // @ts-expect-error numbers aren't traced, also where the result is an array
    grad((y: number) => np.sin(y))(3);
    // @ts-expect-error operators don't work on arrays
    grad((y) => y * y);
    // @ts-expect-error an argument is missing
    grad(loss)(p);
    // @ts-expect-error one too many
    grad(loss)(p, x, x);
    // @ts-expect-error not the tree
    grad(loss)({ w: x }, x);
    // @ts-expect-error the function gives no scalar array
    grad((y: A) => ({ y }));
    // @ts-expect-error hasAux wants a pair
    grad(loss, { hasAux: true });
  },
  "jit keeps parameters and result": () => {
    expectTypeOf(jit(loss)(p, x)).toEqualTypeOf<A>();
    expectTypeOf(jit((y) => y.mul(2))).parameters.toEqualTypeOf<[Arg<A>]>();
    expectTypeOf(jit((y, z) => y.add(z))(1, 2n)).toEqualTypeOf<A>();
    expectTypeOf(jit((y: A, n: number) => ({ y, n }), { staticArgnums: 1 })(x, 3)).toEqualTypeOf<{
      y: A;
      n: number;
    }>();
    const mode = jit((y: A, m: "up" | "down") => (m === "up" ? y : y.neg()), { staticArgnums: [1] });
    mode(x, "up");
    // @ts-expect-error not one of the literals
    mode(x, "left");
    expectTypeOf(jit((y: A, k?: A) => k ?? y)(x)).toEqualTypeOf<A>();
    expectTypeOf(jit((q: Params) => q, { donateArgnums: [0] })(p)).toEqualTypeOf<Params>();
    expectTypeOf(jit(grad(loss))(p, x)).toEqualTypeOf<Params>();
    const stages = jit(loss);
    expectTypeOf(
      stages
        .trace(p, new ShapeDtypeStruct([3], "float32"))
        .lower()
        .costAnalysis().flops,
    ).toEqualTypeOf<number>();
    expectTypeOf(
      stages.lower({ ...p, w: { shape: [3], dtype: "float32" } }, x).outInfo,
    ).toEqualTypeOf<ShapeDtypeStruct>();
    expectTypeOf(stages.lower(p, x).compile()).resolves.returns.toEqualTypeOf<A>();
    expectTypeOf(evalShape(loss, p, x)).toEqualTypeOf<ShapeDtypeStruct>();
    expectTypeOf(explain(loss, p, x)).resolves.toHaveProperty("programs");
    // @ts-expect-error numbers aren't traced: leaves are NDArray
    vmap((y: number) => y * y)(x);
    // @ts-expect-error operators don't work on arrays
    jit((y) => y * y);
    // @ts-expect-error comparisons don't, either
    jit((y) => (y > 0 ? y : y.neg()));
    // @ts-expect-error arity
    jit((y) => y)(x, x);
    // @ts-expect-error static places are numbers
    jit(loss, { staticArgnums: "p" });
    // @ts-expect-error no such option
    jit(loss, { donate: 0 });
    // @ts-expect-error donation goes by numbers
    jit(loss, { donateArgnums: [x] });
    // @ts-expect-error a text is no array
    jit((y) => y)("3");
  },
  "vmap checks inAxes against arity and keys": () => {
    expectTypeOf(vmap(loss, { inAxes: [null, 0] })(p, x)).toEqualTypeOf<A>();
    vmap(loss, { inAxes: [{ w: 0, b: null, layers: 0 }, 0] });
    vmap(loss, { inAxes: [{ w: 0, b: null, layers: [{ k: 1 }] }, 0], axisName: "i", spmdAxisName: "data" });
    expectTypeOf(vmap((y) => ({ y, z: [y] }), { outAxes: { y: 0, z: [null] } })(x)).toEqualTypeOf<{
      y: A;
      z: A[];
    }>();
    expectTypeOf(
      vmap(
        vmap((y, z) => y.dot(z), { inAxes: [0, null] }),
        { inAxes: [null, 0] },
      )(x, x),
    ).toEqualTypeOf<A>();
    expectTypeOf(vmap((k: Key) => random.normal(k, [2]))(key)).toEqualTypeOf<A>();
    expectTypeOf(vmap((y) => lax.psum({ y }, "i"), { axisName: "i" })(x)).toEqualTypeOf<{ y: A }>();
    // @ts-expect-error two arguments, three axes
    vmap(loss, { inAxes: [null, 0, 0] });
    // @ts-expect-error a key that isn't there
    vmap(loss, { inAxes: [{ w: 0, bias: null, layers: 0 }, 0] });
    // @ts-expect-error axes are numbers
    vmap(loss, { inAxes: ["0", 0] });
    // @ts-expect-error an argument is missing
    vmap(loss)(p);
    // @ts-expect-error a key of the result that isn't there
    vmap((y: A) => ({ y }), { outAxes: { z: 0 } });
  },
  "scan takes the carry from init": () => {
    const [carry, ys] = lax.scan((c, v) => [c.add(v), { v }], 0, x);
    expectTypeOf(carry).toEqualTypeOf<A>();
    expectTypeOf(ys).toEqualTypeOf<{ v: A }>();
    const [s] = lax.scan((c, v) => [{ h: c.h.add(v.u), n: c.n }, null], { h: x, n: 0 }, { u: x });
    expectTypeOf(s).toEqualTypeOf<{ h: A; n: A }>();
    lax.scan((c, _) => [c, c], x, null, { length: 3 });
    expectTypeOf(lax.foriLoop(0, 3, (i, v) => v.mul(i), x)).toEqualTypeOf<A>();
    expectTypeOf(
      lax.whileLoop(
        (c) => c.i.lt(3),
        (c) => ({ i: c.i.add(1), y: c.y }),
        { i: 0, y: x },
      ),
    ).toEqualTypeOf<{ i: A; y: A }>();
    // @ts-expect-error the carry loses a field
    lax.scan((c: { h: A; n: A }, _: A) => [{ h: c.h }, null], { h: x, n: x }, x);
    // @ts-expect-error operators don't work on the carry
    lax.scan((c, v) => [c + v, null], 0, x);
    // @ts-expect-error a pair comes out
    lax.scan((c, _) => c, x, x);
  },
  "custom rules: residuals flow from fwd to bwd": () => {
    const clip = customVjp((lo: A, hi: A, y: A) => y, {
      fwd: (lo, hi, y) => [y, { lo, hi }],
      bwd: ({ lo, hi }, ct) => {
        expectTypeOf(lo).toEqualTypeOf<A>();
        expectTypeOf(ct).toEqualTypeOf<A>();
        return [null, null, ct.clip(lo, hi)];
      },
    });
    expectTypeOf(clip(-1, 1, x)).toEqualTypeOf<A>();
    const soft = customJvp(
      (y: A) => np.log1p(np.exp(y)),
      ([y], [t]) => [np.log1p(np.exp(y)), t.mul(np.exp(y))],
    );
    expectTypeOf(soft(2)).toEqualTypeOf<A>();
    expectTypeOf(grad(soft)(2)).toEqualTypeOf<A>();
    customVjp((a: A, b: A) => a.mul(b), {
      fwd: (a, b) => [a.mul(b), { a, b }],
      // @ts-expect-error one cotangent an argument
      bwd: ({ b }, ct) => [ct.mul(b)],
    });
    // @ts-expect-error no such residual
    customVjp((a: A) => a, { fwd: (a) => [a, { a }], bwd: ({ b }, ct) => [ct.mul(b)] });
    customJvp(
      (y: A) => np.sin(y),
      // @ts-expect-error value and tangent
      ([y], [t]) => t.mul(np.cos(y)),
    );
  },
  "tree.map keeps trees of arrays, and replaces leaves": () => {
    expectTypeOf(tree.map((v) => v.mul(2), p)).toEqualTypeOf<Params>();
    expectTypeOf(tree.map((v, g) => v.sub(g), p, p)).toEqualTypeOf<Params>();
    expectTypeOf(tree.map((v) => v.shape.length, p).layers[0]!.k).toEqualTypeOf<number>();
    const sgd = <P>(params: P, grads: P): P => tree.map((v, g) => v.sub(g), params, grads);
    expectTypeOf(sgd(p, p)).toEqualTypeOf<Params>();
    const step = <P>(f: (q: P) => A, params: P): P => grad(f)(params);
    expectTypeOf(step((q: Params) => q.w.sum(), p)).toEqualTypeOf<Params>();
    expectTypeOf(tree.leaves(p)).toEqualTypeOf<A[]>();
    expectTypeOf(treeUtil.ravelPytree(p)).toEqualTypeOf<[flat: A, unravel: (flat: A) => Params]>();
    // @ts-expect-error leaves are arrays
    tree.map((v: string) => v, p);
    // @ts-expect-error other trees have the type of the first
    tree.map((v, g) => v.sub(g), p, { w: x });
  },
  "jvp, vjp and linearize keep trees": () => {
    expectTypeOf(jvp(loss, [p, x], [p, x])).toEqualTypeOf<[A, A]>();
    const [, pull] = vjp((q: Params, y: A) => ({ a: q.w.mul(y) }), p, x);
    expectTypeOf(pull({ a: x })).toEqualTypeOf<[Params, A]>();
    const [, push] = linearize(loss, p, x);
    expectTypeOf(push(p, x)).toEqualTypeOf<A>();
    // @ts-expect-error a tangent is missing
    jvp(loss, [p, x], [p]);
    // @ts-expect-error not the cotangent's tree
    pull({ b: x });
  },
  "operations take options at the end": () => {
    np.sum(x, { axis: 0 });
    const like: ArrayLike = 3;
    np.add(like, 2n);
    // @ts-expect-error an axis by position
    np.sum(x, 0);
    // @ts-expect-error arrays don't compare
    x > 0;
    // @ts-expect-error nor add
    x + 1;
    // @ts-expect-error a list of numbers is no array
    np.sum([1, 2]);
    // @ts-expect-error keys have no arithmetic
    random.key(0).add(1);
    // @ts-expect-error no such dtype
    np.zeros([2], { dtype: "float" });
  },
};

it.each(Object.keys(forms))("%s", (name) => {
  expect(forms[name]).toBeTypeOf("function");
});
