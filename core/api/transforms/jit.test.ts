// jit: what is traced again and what isn't, static and captured values, donation, errors.
import * as fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { LITERAL, type NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import { counters } from "../../runtime/dispatch.ts";
import { float, int } from "../arrays.ts";
import { withConfig } from "../config.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import { registerDataclass } from "../tree.ts";
import { reasonOf, installReference } from "../testing/root.ts";
import { evalShape, grad, jit, makeJaxpr, ShapeDtypeStruct, vmap } from "./index.ts";

beforeAll(() => void installReference());

/** Traces and compiles that `f` causes. */
function costs(f: () => unknown): { traces: number; compiles: number } {
  const { traces, compiles } = counters;
  f();
  return { traces: counters.traces - traces, compiles: counters.compiles - compiles };
}

describe("signatures", () => {
  it("traces once per structure, shape and dtype, whatever the order of keys", () => {
    const anyTree = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3, depthSize: "small" },
        fc.constantFrom(1, 2n, true, "array"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "10", "9", "é"), tie("tree"), { maxKeys: 4 }),
      ),
    })).tree;
    const arrays = (t: unknown, n: number, flip: boolean): unknown => {
      if (t === "array") return np.full([2], n);
      if (Array.isArray(t)) return t.map((x) => arrays(x, n, flip));
      if (typeof t !== "object") return typeof t === "number" ? n : typeof t === "bigint" ? BigInt(n) : t;
      const entries = Object.entries(t as object).map(([k, v]) => [k, arrays(v, n, flip)] as const);
      return Object.fromEntries(flip ? entries.reverse() : entries);
    };
    fc.assert(
      fc.property(anyTree, (t) => {
        const f = jit((x: unknown) => x);
        expect(costs(() => f(arrays(t, 1, false))).traces).toBe(1);
        expect(costs(() => f(arrays(t, 7, true))).traces).toBe(0);
      }),
      { numRuns: 60, seed: 13 },
    );
  });
  it("traces again for another shape, dtype, weakness, setting or static value, and finds each again", () => {
    const f = jit((x: NDArray, n: number) => x.mul(n), { staticArgnums: 1 });
    const calls = [
      () => f(np.ones([2]), 3),
      () => f(np.ones([3]), 3),
      () => f(np.ones([2], { dtype: "int32" }), 3),
      () => f(float(1), 3),
      () => f(int(1), 3),
      () => f(np.array(true), 3),
      () => f(np.ones([2]), 4),
      () => withConfig({ enableX64: true }, () => f(np.ones([2], { dtype: "float32" }), 3)),
    ];
    for (const call of calls) expect(costs(call).traces).toBe(1);
    for (const call of calls) expect(costs(call).traces).toBe(0);
  });
  it("compares static values by Object.is, frozen data by structure, the rest by identity", () => {
    const f = jit((x: NDArray, _: unknown) => x, { staticArgnums: [1] });
    const traces = (value: unknown): number => costs(() => f(1, value)).traces;
    expect([traces(0), traces(-0), traces(NaN), traces(NaN), traces(0), traces(0n), traces("0")]).toEqual([
      1, 1, 1, 0, 0, 1, 1,
    ]);
    const frozen = (n: number): unknown => Object.freeze({ a: Object.freeze([1, n]) });
    expect([traces(frozen(2)), traces(frozen(2)), traces(frozen(3))]).toEqual([1, 0, 1]);
    const object = { a: 1 };
    expect([traces(object), traces(object), traces({ a: 1 })]).toEqual([1, 0, 1]);
    expect(reasonOf(() => f(1, np.ones([2])))).toMatch(
      /^E_STATIC_ARG.*argument 1 is static and an array f32\[2\]/,
    );
  });
  it("shares traces between wrappers of one function, and one program between equal functions", () => {
    const body = (x: NDArray): NDArray => np.sin(x).mul(3.25);
    const x = np.ones([5]);
    expect(costs(() => jit(body)(x))).toEqual({ traces: 1, compiles: 1 });
    expect(costs(() => jit(body)(x))).toEqual({ traces: 0, compiles: 0 });
    const again = (k: number): unknown => jit((x: NDArray) => np.sin(x).mul(k))(x);
    expect(costs(() => [2.5, 7, -9].map(again))).toEqual({ traces: 3, compiles: 0 });
  });
  it("takes classes as trees, metadata as part of the signature", () => {
    class Scaled {
      readonly x: NDArray;
      readonly by: number;
      constructor(x: NDArray, by: number) {
        [this.x, this.by] = [x, by];
      }
    }
    registerDataclass(Scaled, { data: ["x"], meta: ["by"] });
    const f = jit((s: Scaled) => new Scaled(s.x.mul(s.by), s.by));
    expect(costs(() => expect(f(new Scaled(np.array(2), 3)).x.item()).toBe(6)).traces).toBe(1);
    expect(costs(() => expect(f(new Scaled(np.array(5), 3)).x.item()).toBe(15)).traces).toBe(0);
    expect(costs(() => f(new Scaled(np.array(5), 4))).traces).toBe(1);
  });
});

describe("captured values", () => {
  it("makes captured arrays hidden operands: other values, the same program", () => {
    const run = (n: number): unknown => {
      const w = np.array([n, n + 1, n + 2]);
      return listOf(jit((x: NDArray) => x.mul(w).sum())(np.ones([3])));
    };
    expect(run(0)).toBe(3);
    expect(costs(() => expect([run(1), run(2), run(3)]).toEqual([6, 9, 12]))).toEqual({
      traces: 3,
      compiles: 0,
    });
  });
  it("keeps what it captured when the scope around the first call ends", () => {
    const make = (): ((x: NDArray) => NDArray) => {
      const w = np.array([1, 2]);
      return jit((x: NDArray) => x.add(w));
    };
    const f = make();
    expect(listOf(f(np.zeros([2])))).toEqual([1, 2]);
    expect(listOf(f(np.zeros([2])))).toEqual([1, 2]);
  });
  it("names the function when a captured array is gone", () => {
    const w = np.array([1, 2]);
    const scale = jit(function scale(x: NDArray) {
      return x.mul(w);
    });
    scale(np.ones([2]));
    w.dispose();
    expect(reasonOf(() => scale(np.ones([2])))).toMatch(
      /^E_DISPOSED jit\(scale\).*f32\[2\].*captured was disposed/,
    );
  });
  it("serves one call only when it captures a tracer", () => {
    let inner: ((y: NDArray) => NDArray) | null = null;
    const outer = (x: NDArray): NDArray => {
      inner ??= jit((y: NDArray) => y.mul(x));
      return inner(x);
    };
    expect(grad(outer)(3).item()).toBe(6);
    expect(reasonOf(() => grad(outer)(4))).toMatch(/^E_TRACER_LEAKED/);
    const fresh = (x: NDArray): NDArray => jit((y: NDArray) => y.mul(x))(x);
    expect([grad(fresh)(3).item(), grad(fresh)(5).item()]).toEqual([6, 10]);
    const shared = jit((y: NDArray, x: NDArray) => y.mul(x));
    const both = (x: NDArray): NDArray => shared(x, x);
    expect([grad(both)(3).item(), grad(grad(both))(5).item(), vmap(both)(np.arange(2)).shape]).toEqual([
      6,
      2,
      [2],
    ]);
  });
  it("refuses a tracer kept beyond its trace, whoever uses it, also after an await", async () => {
    const kept: NDArray[] = [];
    jit((x: NDArray) => (kept.push(x), x))(1);
    grad((x: NDArray) => (kept.push(x), x))(1);
    vmap((x: NDArray) => (kept.push(x), x))(np.ones([2]));
    lax.scan((c: NDArray, x: NDArray) => (kept.push(x), [c, c] as const), np.array(0), np.ones([2]));
    await Promise.resolve();
    const uses: ((x: NDArray) => unknown)[] = [
      (x) => x.add(1),
      (x) => x.item(),
      (x) => x.tolist(),
      (x) => jit((y: NDArray) => y.add(x))(1),
      (x) => grad((y: NDArray) => y.mul(x))(1),
      (x) => vmap((y: NDArray) => y.mul(x))(np.ones([2])),
      (x) =>
        lax.cond(
          true,
          () => x,
          () => x,
        ),
      (x) => np.stack([x, x]),
    ];
    for (const x of kept) for (const use of uses) expect(reasonOf(() => use(x))).toMatch(/^E_TRACER_LEAKED/);
  });
});

describe("donation", () => {
  it("takes donated arrays away and says where they went", () => {
    const step = jit(
      function step(params: { w: NDArray }, x: NDArray) {
        return { w: params.w.sub(x) };
      },
      { donateArgnums: 0 },
    );
    const params = { w: np.ones([3]) };
    expect(listOf(step(params, 1).w)).toEqual([0, 0, 0]);
    expect(reasonOf(() => params.w.add(1))).toMatch(
      /^E_DONATED.*f32\[3\] was donated to jit\(step\) as params.w/,
    );
    expect(reasonOf(() => step(params, 1))).toMatch(/^E_DONATED jit\(step\): params.w/);
  });
  it("refuses an array that is donated twice, or is captured, too", () => {
    const x = np.ones([3]);
    const both = jit((a: NDArray, b: NDArray) => a.add(b), { donateArgnums: 0 });
    expect(reasonOf(() => both(x, x))).toMatch(/^E_DONATED_TWICE/);
    const captured = jit((a: NDArray) => a.add(x), { donateArgnums: 0 });
    expect(reasonOf(() => captured(x))).toMatch(/^E_DONATED_TWICE/);
    expect(listOf(x)).toEqual([1, 1, 1]);
  });
  it("survives differentiation: values that are residuals stay", () => {
    const f = jit((x: NDArray) => np.sin(x).mul(x).sum(), { donateArgnums: 0 });
    const x = np.array([0.5, 1]);
    const want = [0.5, 1].map((v) => Math.cos(v) * v + Math.sin(v));
    (listOf(grad(f)(x)) as number[]).forEach((g, i) => expect(g).toBeCloseTo(want[i] as number, 5));
  });
  it("warns once of a donation that no result can use", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const f = jit((x: NDArray) => x.sum(), { donateArgnums: 0 });
    f(np.ones([4]));
    f(np.ones([4]));
    expect(warn.mock.calls.filter(([m]) => /no result can take.*f32\[4\]/.test(String(m)))).toHaveLength(1);
    warn.mockRestore();
  });
});

describe("numbers", () => {
  it("are float32, and refused beside integers, under jit and vmap as one", () => {
    const f = (x: NDArray, n: NDArray): NDArray => n.mul(x);
    expect(jit(f)(2, np.array(1.5)).item()).toBe(3);
    expect(jit(f)(2n, np.array([3n])).dtype).toBe("int32");
    const ints = np.array([1n, 2n]);
    expect(reasonOf(() => jit(f)(2, ints))).toMatch(/^E_NUMBER_DTYPE/);
    expect(reasonOf(() => vmap(f, { inAxes: [null, 0] })(2, ints))).toMatch(/^E_NUMBER_DTYPE/);
    expect(jit((x: NDArray) => x)(2).dtype).toBe("float32");
  });
});

describe("stages", () => {
  it("shows the jaxpr, and the program", async () => {
    const f = jit(function f(x: NDArray) {
      return np.sin(x).add(1);
    });
    expect(f.trace(np.ones([2])).asText()).toMatch(
      /lambda ; a:f32\[2\]\. let\n.*b:f32\[2\] = sin a\n.*add b 1/,
    );
    const lowered = f.lower(np.ones([2]));
    expect(lowered.asText()).toContain("sine");
    expect(lowered.asText("jaxpr")).toContain("sin");
    expect(reasonOf(() => lowered.asText("hlo" as never))).toMatch(/^E_ARGUMENT/);
    const g = jit((x: NDArray) => np.cosh(x).sub(0.125));
    await g.lower(np.ones([7])).compile();
    expect(costs(() => g(np.ones([7]))).compiles).toBe(0);
  });
  it("gives shapes without running, for arrays and for shapes and dtypes", () => {
    const out = evalShape(
      (x: NDArray, y: { b: NDArray }) => ({ z: x.matmul(y.b), n: 3 }),
      { shape: [2, 3], dtype: "float32" },
      { b: new ShapeDtypeStruct([3, 4], "float32") },
    );
    expect(out.z).toMatchObject({ shape: [2, 4], dtype: "float32", weakType: false, size: 8 });
    expect(out.n).toMatchObject({ shape: [], weakType: true });
    const closed = makeJaxpr((x: NDArray) => x.mul(2))({ shape: [3], dtype: "float16" });
    expect(String(closed)).toContain("f16[3]");
    expect(closed.outAvals.map(String)).toEqual(["f16[3]"]);
    expect(reasonOf(() => evalShape((x: NDArray) => x, { shape: [-1], dtype: "float32" }))).toMatch(
      /^E_SHAPE/,
    );
  });
});

describe("errors", () => {
  it("refuses what is no function, no array, no result", () => {
    expect(reasonOf(() => jit(3 as never))).toMatch(/^E_ARGUMENT jit: got number/);
    expect(reasonOf(() => jit((x: NDArray) => x, { static: 1 } as never))).toMatch(
      /^E_UNKNOWN_OPTION.*staticArgnums/s,
    );
    const f = jit((model: { act: unknown }) => model as never);
    expect(reasonOf(() => f({ act: "relu" }))).toMatch(/^E_TREE_LEAF.*at model.act: a string/);
    expect(reasonOf(() => f({ act: undefined }))).toMatch(/^E_TREE .*undefined at model.act/);
    expect(reasonOf(() => f({ act: new Date() }))).toMatch(/^E_TREE_LEAF.*class Date/);
    expect(reasonOf(() => jit(() => undefined as never)())).toMatch(/^E_TREE .*did it miss a return/);
    expect(reasonOf(() => jit(() => "text" as never)())).toMatch(/^E_TREE_LEAF.*the result/);
    expect(reasonOf(() => jit((async (x: NDArray) => x) as unknown as (x: NDArray) => NDArray)(1))).toMatch(
      /^E_TRACE_ASYNC/,
    );
  });
  it("takes static numbers that grad and vmap made arrays of", () => {
    const power = jit((x: NDArray, n: number) => x.pow(n), { staticArgnums: [1] });
    const cube = (x: NDArray, n: number): NDArray => power(x, n);
    expect(grad(cube as never as (x: NDArray, n: NDArray) => NDArray)(2, 3).item()).toBe(12);
    const sumAlong = jit((x: NDArray, axis: number) => x.sum({ axis }), { staticArgnums: [1] });
    const mapped = vmap(sumAlong as never as (x: NDArray, n: NDArray) => NDArray, { inAxes: [0, null] });
    expect(mapped(np.ones([2, 3]), 0).tolist()).toEqual([3, 3]);
  });
  it("handles the rejection of an async function that it refused", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const f = async (x: NDArray): Promise<NDArray> => Promise.resolve(x.item()).then(() => x);
    expect(reasonOf(() => jit(f as unknown as (x: NDArray) => NDArray)(1))).toMatch(/^E_TRACE_ASYNC/);
    await new Promise((done) => setTimeout(done, 10));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
  it("refuses reading, and implicit conversion, of traced values", () => {
    const probe = (f: (x: NDArray) => unknown): string =>
      reasonOf(() => jit(f as (x: NDArray) => NDArray)(3));
    expect(probe((x) => ((x as never as number) > 0 ? x : x.neg()))).toMatch(/^E_TRACER_COERCED/);
    expect(probe((x) => (x as never as number) + 1)).toMatch(/^E_TRACER_COERCED/);
    expect(probe((x) => Math.exp(x as never))).toMatch(/^E_TRACER_COERCED/);
    expect(probe((x) => JSON.stringify(x))).toMatch(/^E_TRACER_COERCED/);
    expect(probe((x) => `${x as never as string}`)).toMatch(/^E_TRACER_COERCED/);
    expect(probe((x) => x.item())).toMatch(/^E_CONCRETIZATION.*jit/);
    expect(reasonOf(() => grad((x: NDArray) => x.mul(x.item()))(3))).toMatch(
      /^E_ITEM_DIFFERENTIATED.*stopGradient/s,
    );
    expect(grad((x: NDArray) => x.mul(lax.stopGradient(x).item()))(3).item()).toBe(3);
    expect(grad((x: NDArray) => (x.gt(0).item("bool") ? x.mul(x) : x.neg()))(3).item()).toBe(6);
  });
  it("names the user's line", () => {
    expect(reasonOf(() => jit((x: NDArray) => x.matmul(np.ones([3])))(np.ones([2])))).toMatch(
      /E_DOT_CONTRACT.*\n {2}at .*jit.test.ts:\d+:\d+\n {2}hint/,
    );
  });
});

it("runs functions, loops and branches as they're written under disableJit", () => {
  const seen: number[] = [];
  const f = jit((x: NDArray) => {
    const [sum] = lax.scan(
      (c: NDArray, v: NDArray) => (seen.push(v.item()), [c.add(v), null] as const),
      x,
      np.arange(3),
    );
    const grown = lax.whileLoop(
      (y: NDArray) => y.lt(20),
      (y: NDArray) => (seen.push(y.item()), y.mul(2)),
      sum,
    );
    return lax.cond(
      grown.gt(5),
      (y) => y.mul(y.item()),
      () => np.array(1 / Number(seen.push(-1) * 0)),
      grown,
    );
  });
  expect(withConfig({ disableJit: true }, () => f(2).item())).toBe(400);
  expect(seen).toEqual([0, 1, 2, 5, 10]);
  const g = (x: NDArray): NDArray => jit((y: NDArray) => np.sin(y).mul(y))(x);
  expect(withConfig({ disableJit: true }, () => grad(g)(1).item())).toBeCloseTo(grad(g)(1).item(), 6);
  const [, ys] = withConfig({ disableJit: true }, () =>
    lax.scan((c: NDArray, v: NDArray) => [c.add(v), c] as const, np.array(0), np.arange(3), {
      reverse: true,
    }),
  );
  expect(listOf(ys)).toEqual([3, 2, 0]);
});

it("returns constants and its own arguments", () => {
  const f = jit((x: NDArray) => ({ x, one: 1, list: [np.zeros([2]), null] }));
  const out = f(np.array([1, 2]));
  expect([
    listOf(out.x),
    (out.one as never as NDArray).item(),
    listOf(out.list[0] as NDArray),
    out.list[1],
  ]).toEqual([[1, 2], 1, [0, 0], null]);
  expect((out.one as never as NDArray).kind).not.toBe(LITERAL);
});
