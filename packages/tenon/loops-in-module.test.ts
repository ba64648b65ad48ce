// Loops and branches run inside the module of cpu-wasm: a million trips are one call from JavaScript and none to it.
import { afterAll, beforeAll, expect, it } from "vitest";
import { grad, jit, lax, np, vmap, type NDArray } from "./index.ts";

const TRIPS = 1_000_000;
const count = { entered: 0, left: 0 };
const original = WebAssembly.Instance;

/** Instances whose exported and imported functions are counted as they are called. */
beforeAll(() => {
  const counted = <F extends (...args: never[]) => unknown>(f: F, which: keyof typeof count): F =>
    ((...args: never[]) => {
      count[which]++;
      return f(...args);
    }) as F;
  const each = (exports: object, which: keyof typeof count): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(exports).map(([k, v]) => [k, typeof v === "function" ? counted(v as never, which) : v]),
    );
  WebAssembly.Instance = new Proxy(original, {
    construct: (target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports | undefined]) => {
      const wrapped = Object.entries(imports ?? {}).map(([k, v]) => [k, each(v, "left")] as const);
      const instance = new target(module, Object.fromEntries(wrapped) as WebAssembly.Imports);
      return { exports: each(instance.exports, "entered") };
    },
  });
});
afterAll(() => {
  WebAssembly.Instance = original;
});

const PROGRAMS: Readonly<Record<string, (x: NDArray) => NDArray>> = {
  whileLoop: (x) =>
    lax.whileLoop(
      ([, k]) => k.lt(TRIPS),
      ([y, k]) => [y.mul(0.999).add(0.5), k.add(1)] as const,
      [x, np.array(0)] as const,
    )[0],
  "whileLoop with a branch": (x) =>
    lax.whileLoop(
      ([, k]) => k.lt(TRIPS),
      ([y, k]) => [lax.cond(y.gt(2), (v) => v.mul(0.5), (v) => v.add(0.3), y), k.add(1)] as const, // prettier-ignore
      [x, np.array(0)] as const,
    )[0],
  foriLoop: (x) => lax.foriLoop(0, TRIPS, (i, y) => np.sin(y).add(i.mod(2n)), x),
  "scan that stacks": (x) =>
    lax.scan((y: NDArray, _: null) => [y.mul(0.999).add(0.5), y] as const, x, null, { length: TRIPS })[1].get(-1), // prettier-ignore
  "gradient of a scan": (x) => grad((v: NDArray) => lax.foriLoop(0, TRIPS / 10, (_, y) => np.sin(y), v))(x),
  "whileLoop of lanes": (x) =>
    vmap((x: NDArray, n: NDArray) => lax.foriLoop(0, n, (_, y) => y.mul(0.999).add(0.5), x))(
      lax.broadcast(x, [2]),
      np.array([TRIPS, 10], { dtype: "int32" }),
    ).get(0),
};

it.each(Object.entries(PROGRAMS))("%s: one call for all trips", async (_name, program) => {
  const run = jit(program);
  const x = np.array(1.5);
  await run(x).ready;
  Object.assign(count, { entered: 0, left: 0 });
  const y = run(x);
  await y.ready;
  expect(count).toEqual({ entered: 1, left: 0 });
  expect(Number.isFinite(y.item())).toBe(true);
});
