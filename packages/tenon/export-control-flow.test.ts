// exportOnnx of loops, branches and regions: they become ONNX's Loop and If, and onnxruntime agrees with our device.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import {
  exportOnnx,
  grad,
  jvp,
  lax,
  np,
  setDefaultDevice,
  ShapeDtypeStruct,
  use,
  vmap,
  type NDArray,
} from "./index.ts";

beforeAll(async () => setDefaultDevice((await use(reference()))[0] as never));

type A = NDArray;
const f32 = (...shape: number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, "float32");
const i32 = (...shape: number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, "int32");
const step = (c: A, x: A): readonly [A, A] => [np.tanh(c.mul(0.5).add(x)), c.mul(x)];
const rnn = (w: A, h: A, xs: A): A =>
  lax
    .scan(
      (h: A, x: A) => {
        const y = np.tanh(w.matmul(h).add(x));
        return [y, y] as const;
      },
      h,
      xs,
    )[1]
    .sum();
const power = (n: A, x: A): A =>
  lax.whileLoop(
    (c) => c[1].lt(n),
    (c) => [c[0].mul(x), c[1].add(1n)] as const,
    [np.onesLike(x), np.zerosLike(n)] as const,
  )[0];
const three = [(v: A) => np.sin(v), (v: A) => np.cos(v), (v: A) => v.mul(v)];
const branch = (p: A, x: A): A => lax.cond(p.gt(0), (v) => np.exp(v), (v) => v.mul(2), x); // prettier-ignore

interface Export {
  readonly f: (...args: A[]) => unknown;
  readonly args: readonly ShapeDtypeStruct[];
  readonly ops?: Readonly<Record<string, number>>;
}
const LOOP = { Loop: 1 };
const PROGRAMS: Readonly<Record<string, Export>> = {
  "scan with xs and ys": { f: (c, xs) => lax.scan(step, c, xs), args: [f32(), f32(5)], ops: LOOP },
  "scan in reverse": { f: (c, xs) => lax.scan(step, c, xs, { reverse: true }), args: [f32(2), f32(4, 2)], ops: LOOP }, // prettier-ignore
  "scan without xs": { f: (c) => lax.scan((c: A, _: null) => [c.mul(1.5), c] as const, c, null, { length: 6 }), args: [f32(3)], ops: LOOP }, // prettier-ignore
  "scan unrolled": { f: (c, xs) => lax.scan(step, c, xs, { unroll: true }), args: [f32(), f32(3)] },
  "scan in a scan": { f: (xs) => lax.scan((c: A, row: A) => lax.scan<A, A, A>(step, c, row), np.array(0), xs), args: [f32(3, 4)], ops: { Loop: 2 } }, // prettier-ignore
  "an RNN": { f: rnn, args: [f32(3, 3), f32(3), f32(4, 3)], ops: LOOP },
  "the gradient of an RNN": { f: grad(rnn, { argnums: [0, 1, 2] }), args: [f32(3, 3), f32(3), f32(4, 3)], ops: { Loop: 2 } }, // prettier-ignore
  "many RNNs": { f: vmap(rnn, { inAxes: [null, 0, null] }), args: [f32(3, 3), f32(2, 3), f32(4, 3)], ops: LOOP }, // prettier-ignore
  whileLoop: { f: power, args: [i32(), f32(3)], ops: LOOP },
  "whileLoop of lanes": { f: vmap(power), args: [i32(4), f32(4)], ops: LOOP },
  "the forward derivative of a whileLoop": { f: ((n: A, x: A) => jvp((v: A) => power(n, v), [x], [np.onesLike(x)])), args: [i32(), f32(2)], ops: LOOP }, // prettier-ignore
  foriLoop: {
    f: (x) => lax.foriLoop(2, 7, (i, y: A) => y.mul(0.5).add(i), x),
    args: [f32(2)],
    ops: LOOP,
  },
  "foriLoop to a traced bound": { f: (n, x) => lax.foriLoop(0, n, (i, y: A) => y.add(i), x), args: [i32(), f32()], ops: LOOP }, // prettier-ignore
  "updates in a foriLoop": { f: (x) => lax.foriLoop(1, 5, (i, y: A) => y.at(i).set(y.get(i.sub(1n)).add(1)), x), args: [f32(5)], ops: LOOP }, // prettier-ignore
  cond: { f: branch, args: [f32(), f32(3)], ops: { If: 1 } },
  "the gradient of a cond": { f: ((p: A, x: A) => grad((v: A) => branch(p, v).sum())(x)), args: [f32(), f32(3)] }, // prettier-ignore
  "cond of lanes": { f: vmap(branch), args: [f32(4), f32(4)] },
  switch: { f: (i, x) => lax.switch<[A], A>(i, three, x), args: [i32(), f32(3)], ops: { If: 2 } },
  "switch in a scan": { f: (is, x) => lax.scan((c: A, i: A) => [lax.switch<[A], A>(i, three, c), c] as const, x, is), args: [i32(5), f32()], ops: LOOP }, // prettier-ignore
  map: {
    f: (xs) => lax.map((x: A) => x.div(x.mul(x).sum().add(1)), xs, { batchSize: 2 }),
    args: [f32(5, 3)],
  },
  associativeScan: { f: (xs) => lax.associativeScan((a: A, b: A) => a.mul(b), xs), args: [f32(7)] },
  "the gradient of a product": { f: grad((x: A) => lax.reduce(x, 1, lax.mul, [0])), args: [f32(5)] },
  "a reduction of any function": {
    f: (x) => lax.reduce(x, -Infinity, (a, b) => np.logaddexp(a, b), [1]),
    args: [f32(3, 5)],
  },
  "a reduction of two arrays": {
    f: (x) =>
      lax.reduce<readonly [A, A]>(
        [x, np.arange(6)],
        [-Infinity, 0n],
        (a, b) => [np.maximum(a[0], b[0]), np.where(a[0].ge(b[0]), a[1], b[1])],
        [0],
      ),
    args: [f32(6)],
  },
  "products of windows": {
    f: (x) => lax.reduceWindow(x, 1, lax.mul, [3], [2], "VALID"),
    args: [f32(9)],
  },
  "sort by two keys": { f: (a, b) => lax.sort([a, b], { numKeys: 2 }), args: [i32(6), f32(6)] },
};

describe.each(Object.entries(PROGRAMS))("%s", (_name, { f, args, ops }) => {
  it("gives the same in onnxruntime", async () => {
    const model = await exportOnnx(f as (...args: A[]) => A, args as never);
    expect(model.report.maxError).toBeLessThanOrEqual(1e-4);
    if (ops !== undefined) expect(model.report.ops).toMatchObject(ops);
  });
});
