// jit's caches: what is traced and compiled, what they say of themselves, stages, explain.
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import { int } from "../arrays.ts";
import { withConfig } from "../config.ts";
import { devices } from "../../runtime/registry.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import { installReference, reasonOf } from "../testing/root.ts";
import * as tree from "../tree.ts";
import {
  clearCaches,
  compileCounters,
  explain,
  grad,
  jit,
  ShapeDtypeStruct,
  vmap,
  type CompileCounters,
} from "./index.ts";

beforeAll(() => void installReference());

/** What `f` adds to the counters. */
function costs(f: () => unknown): CompileCounters {
  const before = compileCounters();
  f();
  const after = compileCounters();
  return Object.fromEntries(
    Object.entries(after).map(([k, n]) => [k, n - before[k as keyof CompileCounters]]),
  ) as unknown as CompileCounters;
}
/** What `f` says on the console. */
function warnings(f: () => unknown): string[] {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  try {
    f();
    return warn.mock.calls.map(([m]) => String(m));
  } finally {
    warn.mockRestore();
  }
}

describe("counters", () => {
  it("tell a fresh closure from a new program: a trace, never a compile", () => {
    const x = np.ones([6]);
    const call = (k: number): NDArray => jit((y: NDArray) => np.tan(y).mul(k).sub(0.3))(x);
    expect(costs(() => call(3.5))).toEqual({
      traces: 1,
      lowerings: 1,
      compiles: 1,
      cacheHits: 0,
      executions: 1,
    });
    for (const k of [4.5, -7.25, 1e6])
      expect(costs(() => call(k))).toEqual({
        traces: 1,
        lowerings: 1,
        compiles: 0,
        cacheHits: 1,
        executions: 1,
      });
    const f = jit((y: NDArray) => np.tan(y).mul(0.75).sub(0.3));
    f(x);
    expect(costs(() => f(x))).toEqual({ traces: 0, lowerings: 0, compiles: 0, cacheHits: 0, executions: 1 });
  });
  it("count one compile for n captured or scalar values, whatever they are (trap 14)", () => {
    const numbers = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(2.5) }), {
      minLength: 4,
      maxLength: 4,
    });
    const depth = fc.integer({ min: 1, max: 4 });
    const build =
      (w: NDArray, scalars: readonly number[], n: number) =>
      (x: NDArray): NDArray => {
        let y = x;
        for (let i = 0; i < n; i++) y = np.sin(y.mul(w)).add(scalars[i] as number);
        return y;
      };
    let programs = 0;
    const seen = new Set<number>();
    fc.assert(
      fc.property(depth, numbers, numbers, (n, ws, scalars) => {
        const x = np.arange(4).astype("float32");
        const w = np.array(ws);
        // Equal scalars become one parameter: another program.
        fc.pre(new Set(scalars.slice(0, n).map(Math.fround)).size === n);
        programs += costs(() => jit(build(w, scalars, n))(x)).compiles;
        seen.add(n);
      }),
      { numRuns: 60, seed: 14 },
    );
    expect(programs).toBeLessThanOrEqual(seen.size);
  });
  it("count nothing for a call with an equal signature, in any order of keys (trap 13)", () => {
    const leaf = fc.constantFrom("f32[2]", "i32[]", "number", "bool");
    const anyTree = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, depthSize: "small" },
        leaf,
        fc.constant(null),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "10", "9", "é", "😀", "_"), tie("tree"), { maxKeys: 5 }),
        fc.tuple(fc.constant("map"), fc.dictionary(fc.constantFrom("k", "j", "i"), tie("tree"))),
      ),
    })).tree;
    const make = (t: unknown, shuffle: <T>(list: T[]) => T[]): unknown => {
      if (t === "f32[2]") return np.full([2], Math.random());
      if (t === "i32[]") return int(Math.floor(Math.random() * 9));
      if (t === "number") return Math.random();
      if (t === "bool") return Math.random() > 0.5;
      if (t === null) return null;
      const entries = (o: object): (readonly [string, unknown])[] =>
        shuffle(Object.entries(o)).map(([k, v]) => [k, make(v, shuffle)] as const);
      if (Array.isArray(t))
        return t[0] === "map" ? new Map(entries(t[1] as object)) : t.map((x) => make(x, shuffle));
      return Object.fromEntries(entries(t as object));
    };
    fc.assert(
      fc.property(anyTree, fc.infiniteStream(fc.nat()), (t, random) => {
        const shuffle = <T>(list: T[]): T[] =>
          list
            .map((x) => [Number(random.next().value), x] as const)
            .sort(([a], [b]) => a - b)
            .map(([, x]) => x);
        const f = jit((x: unknown) => [x, tree.leaves(x).length]);
        f(make(t, shuffle));
        for (let i = 0; i < 3; i++)
          expect(costs(() => f(make(t, shuffle)))).toMatchObject({ traces: 0, compiles: 0 });
      }),
      { numRuns: 80, seed: 13 },
    );
  });
  it("one jit called from several gradients with a captured variable is traced for each, and right (trap 4)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -4, max: 4 }), { minLength: 2, maxLength: 5 }),
        fc.boolean(),
        (xs, batched) => {
          const outer = (x: NDArray): NDArray => {
            const inner = jit((y: NDArray) => y.mul(x).mul(x));
            return batched ? vmap(inner)(np.stack([x, x.mul(2)])).sum() : inner(x).mul(3);
          };
          for (const x of xs) {
            const got = grad(outer)(np.array(x)).item();
            expect(got).toBeCloseTo(9 * x * x, 2);
            expect(grad(grad(outer))(np.array(x)).item()).toBeCloseTo(18 * x, 2);
          }
        },
      ),
      { numRuns: 25, seed: 4 },
    );
    const kept: ((y: NDArray) => NDArray)[] = [];
    const leaky = (x: NDArray): NDArray => {
      const f = kept[0] ?? jit((y: NDArray) => y.mul(x));
      kept[0] = f;
      return f(x);
    };
    expect(grad(leaky)(2).item()).toBe(4);
    expect(reasonOf(() => grad(leaky)(2))).toMatch(/^E_TRACER_LEAKED/);
  });
  it("start anew after clearCaches, and after clearCache of one function", () => {
    const f = jit((x: NDArray) => x.mul(x).add(0.875));
    const g = jit((x: NDArray) => x.mul(x).sub(0.875));
    const x = np.ones([3]);
    [f, g].forEach((h) => h(x));
    f.clearCache();
    expect([costs(() => f(x)), costs(() => g(x))]).toMatchObject([{ traces: 1, compiles: 0 }, { traces: 0 }]);
    clearCaches();
    expect(costs(() => f(x))).toMatchObject({ traces: 1, compiles: 1 });
    expect(listOf(g(x))).toEqual([0.125, 0.125, 0.125]);
  });
});

describe("explainCacheMisses", () => {
  const told = (f: () => unknown): string =>
    warnings(() => withConfig({ explainCacheMisses: true }, f)).join("\n");
  it("names the level, and what differs", () => {
    const f = jit(
      function f(p: { w: NDArray; b?: NDArray }, n: unknown) {
        return p.w.mul(n === 1 ? 2 : 3);
      },
      { staticArgnums: 1 },
    );
    expect(told(() => f({ w: np.ones([3]) }, 1))).toMatch(
      /jit\(f\) is traced, at .*caches.test.ts:\d+:\d+\n {2}level identity: this function hasn't been traced yet\n.*jit\(f\) is compiled\n {2}level structural hash/s,
    );
    expect(told(() => f({ w: np.ones([3]) }, 1))).toBe("");
    expect(told(() => f({ w: np.ones([4]) }, 1))).toMatch(
      /level signature: 1 known.*\n {4}p\.w: f32\[3\] → f32\[4\] \(shape\)/,
    );
    expect(told(() => f({ w: int(3) }, 1))).toMatch(/p\.w: f32\[4\] → ~i32\[\] \(shape, dtype, weak type\)/);
    expect(told(() => f({ w: int(3) }, 2))).toMatch(/n: static argument 1 → 2/);
    expect(told(() => f({ w: int(3) }, {}))).toMatch(
      /n: static argument 2 → \{\} \(another object: keep one, or freeze it\)/,
    );
    expect(told(() => f({ w: int(3), b: int(1) }, 2))).toMatch(/structure of p\.b: absent → an array/);
    expect(told(() => withConfig({ numpyRankPromotion: "raise" }, () => f({ w: int(3) }, 2)))).toMatch(
      /setting numpyRankPromotion: allow → raise/,
    );
    expect(told(() => vmap(() => f({ w: int(3) }, 2), { axisName: "i", axisSize: 2 })())).toMatch(
      /named axes: \{\} → \{i: 2\}/,
    );
  });
  it("tells closures, weak types, and programs that were compiled before", () => {
    const call = (x: NDArray | number): unknown => jit((y: NDArray | number) => (y as NDArray).mul(0.4))(x);
    call(np.ones([2]));
    expect(told(() => call(np.ones([2])))).toMatch(
      /1 other of the same source has been: make the function once.*isn't compiled\n {2}level structural hash: an equal program has been/s,
    );
    const f = jit((y: NDArray) => y.mul(0.4));
    f(np.array(1));
    expect(told(() => f(np.array(1).astype("float32")))).toMatch(/y: ~f32\[\] → f32\[\] \(weak type\)/);
    expect(told(() => jit((x: NDArray) => np.sin(x))(np.ones([9])))).toMatch(/differs in/);
  });
});

describe("retraces of one line", () => {
  it("warn at the tenth, once, and say why", () => {
    const fresh = warnings(() => {
      for (let i = 0; i < 30; i++) jit((x: NDArray) => x.add(i / 7))(np.ones([2]));
    });
    expect(fresh).toHaveLength(1);
    expect(fresh[0]).toMatch(/traced again 10 times at .*caches.test.ts:\d+:\d+; 11 closures of one source/);
    const f = jit((x: NDArray) => x.sum());
    const shapes = warnings(() => {
      for (let i = 1; i < 30; i++) f(np.ones([i, 2]));
    });
    expect(shapes).toHaveLength(1);
    expect(shapes[0]).toMatch(/traced again 10 times at .*; shapes, dtypes or static arguments change/);
    const few = jit((x: NDArray) => x.max());
    expect(
      warnings(() => {
        for (let i = 1; i < 11; i++) few(np.ones([i]));
      }),
    ).toEqual([]);
  });
});

describe("stages", () => {
  type P = { w: NDArray; b: NDArray };
  const step = jit(
    function step(p: P, x: NDArray, n: number) {
      return { p: { w: p.w.sub(x.mul(n)), b: p.b }, loss: np.exp(x).sum() };
    },
    { staticArgnums: 2, donateArgnums: 0 },
  );
  const specs = () =>
    [
      { w: { shape: [3], dtype: "float32" }, b: np.ones([]) },
      new ShapeDtypeStruct([3], "float32"),
      2,
    ] as const;

  it("take shapes and dtypes, and say what goes in and comes out", () => {
    const traced = step.trace(...specs());
    expect(traced.asText()).toContain("lambda ; a:f32[] b:f32[3] c:f32[3].");
    expect(traced.asText("program")).toBe(traced.lower().asText());
    expect([String(traced.inTree), String(traced.outTree)]).toEqual([
      "[{b: *, w: *}, *]",
      "{loss: *, p: {b: *, w: *}}",
    ]);
    expect(traced.outInfo).toMatchObject({ loss: { shape: [], dtype: "float32" }, p: { w: { shape: [3] } } });
    expect(traced.argsInfo).toMatchObject([
      { w: { shape: [3], donated: true }, b: { donated: true } },
      { donated: false },
    ]);
    expect(traced.inAvals.map(String)).toEqual(["f32[]", "f32[3]", "f32[3]"]);
    expect(step.evalShape(...specs()).p.w).toMatchObject({ shape: [3], dtype: "float32" });
    expect(costs(() => step.lower(...specs()))).toMatchObject({ traces: 0, compiles: 0 });
    expect(reasonOf(() => step.trace({ w: { shape: [3] } as never, b: 1 }, 2, 2))).toMatch(
      /^E_DTYPE.*without a dtype/,
    );
  });
  it("count costs op by op", () => {
    const f = jit((a: NDArray, b: NDArray) => np.exp(a.matmul(b)).sum());
    const c = f
      .lower({ shape: [4, 8], dtype: "float32" }, { shape: [8, 2], dtype: "float32" })
      .costAnalysis();
    expect(c.ops.find((o) => o.op === "dot_general")).toMatchObject({
      count: 1,
      flops: 2 * 4 * 8 * 2,
      bytes: 4 * (32 + 16 + 8),
    });
    expect(c.ops.find((o) => o.op === "exponential")).toMatchObject({ flops: 0, transcendentals: 8 });
    expect(c.flops).toBe(c.ops.reduce((n, o) => n + o.flops, 0));
    expect(c.bytes).toBe(c.ops.reduce((n, o) => n + o.bytes, 0));
    const loop = jit((x: NDArray) => lax.foriLoop(0, 9, (_, y: NDArray) => y.mul(y).add(x), x));
    expect(loop.lower({ shape: [5], dtype: "float32" }).costAnalysis().flops).toBeGreaterThanOrEqual(10);
  });
  it("compile to a function of the arguments that aren't static", async () => {
    const compiled = await step.lower(...specs()).compile();
    const p = { w: np.ones([3]), b: np.array(5) };
    const out = compiled(p, np.array([1, 2, 3]));
    expect([listOf(out.p.w), out.p.b.item()]).toEqual([[-1, -3, -5], 5]);
    expect(reasonOf(() => listOf(p.w))).toMatch(/^E_DONATED/);
    expect(costs(() => compiled({ w: np.ones([3]), b: np.array(5) }, np.ones([3])))).toMatchObject({
      traces: 0,
      compiles: 0,
    });
    expect(reasonOf(() => compiled({ w: np.ones([4]), b: np.array(5) }, np.ones([3])))).toMatch(
      /^E_ARGUMENT compiled\(step\): argument \[0\]\.w is f32\[4\], compiled for f32\[3\]/,
    );
    expect(reasonOf(() => compiled({ w: np.ones([3]) }, np.ones([3])))).toMatch(
      /^E_TREE_MISMATCH.*arguments\[0\]\.b is absent, expected an array/,
    );
    expect(
      reasonOf(() => grad((x: NDArray) => compiled({ w: x, b: x.sum() }, x).loss)(np.ones([3]))),
    ).toMatch(/^E_ARGUMENT.*traced/);
    const memory = compiled.memoryAnalysis();
    expect(memory).toMatchObject({ argumentBytes: 28, outputBytes: 20, aliasBytes: 16 });
    expect(memory.peakBytes).toBeGreaterThanOrEqual(32);
    expect(compiled.costAnalysis().transcendentals).toBe(3);
    expect(await compiled.asText()).toContain("exponential");
    await expect(compiled.asText("hlo")).rejects.toThrow(/there are program, jaxpr/);
    clearCaches();
    expect(compiled({ w: np.ones([3]), b: np.array(5) }, np.ones([3])).p.b.item()).toBe(5);
  });
});

describe("options", () => {
  it("count static arguments from the end, too, and refuse places that aren't there", () => {
    const f = jit((x: NDArray, n: number) => x.mul(n), { staticArgnums: -1 });
    expect([f(2, 4).item(), costs(() => f(3, 4)).traces, costs(() => f(3, 5)).traces]).toEqual([8, 0, 1]);
    expect(reasonOf(() => jit((x: NDArray) => x, { staticArgnums: 5 }))).toMatch(
      /^E_ARGUMENT.*staticArgnums names argument 5, and there are 1/,
    );
    expect(reasonOf(() => jit((x: NDArray) => x, { donateArgnums: -2 }))).toMatch(
      /^E_ARGUMENT.*donateArgnums names argument -2/,
    );
    const scaled = (x: NDArray, n = 3): NDArray => x.mul(n);
    expect(jit(scaled, { staticArgnums: 1 })(2).item()).toBe(6);
    expect(jit((x: NDArray, ...rest: number[]) => x.mul(rest.length), { staticArgnums: 7 })(2).item()).toBe(
      0,
    );
    expect(
      reasonOf(() => jit((x: NDArray, n: number) => x.mul(n), { staticArgnums: 1, donateArgnums: 1 })),
    ).toMatch(/both static and donated/);
  });
  it("compare frozen data by structure only where it can't change", () => {
    const f = jit((x: NDArray, _: unknown) => x, { staticArgnums: 1 });
    const traces = (v: unknown): number => costs(() => f(1, v)).traces;
    const symbol = Symbol("s");
    expect([traces(Object.freeze({ [symbol]: 1 })), traces(Object.freeze({ [symbol]: 2 }))]).toEqual([1, 1]);
    const getter = (n: number): object =>
      Object.freeze({
        get a(): number {
          return n;
        },
      });
    expect([traces(getter(1)), traces(getter(1))]).toEqual([1, 1]);
    expect([traces(Object.freeze(["1"])), traces(Object.freeze([1])), traces(Object.freeze([1]))]).toEqual([
      1, 1, 0,
    ]);
    const cycle: Record<string, unknown> = { n: 1 };
    cycle["self"] = cycle;
    Object.freeze(cycle);
    expect([traces(cycle), traces(cycle)]).toEqual([1, 0]);
    expect(reasonOf(() => f(1, Object.freeze({ w: np.ones([2]) })))).toMatch(/^E_STATIC_ARG.*holds an array/);
  });
  it("leave unused arguments out, unless they shall be kept", () => {
    const f = jit((x: NDArray, _: NDArray) => x.mul(2));
    const params = (g: typeof f): number =>
      g.lower({ shape: [3], dtype: "float32" }, { shape: [5], dtype: "float32" }).program.functions[0]?.params
        .length ?? 0;
    expect([params(f), params(jit((x: NDArray, _: NDArray) => x.mul(2), { keepUnused: true }))]).toEqual([
      1, 2,
    ]);
    const gone = np.ones([3]);
    const given = jit((x: NDArray, _: NDArray) => x.mul(2), { donateArgnums: 1 });
    given(np.ones([3]), gone);
    expect(listOf(gone)).toEqual([1, 1, 1]);
    jit((x: NDArray, _: NDArray) => x.mul(2), { donateArgnums: 1, keepUnused: true })(np.ones([3]), gone);
    expect(reasonOf(() => listOf(gone))).toMatch(/^E_DONATED/);
  });
  it("write inlined functions into the caller's trace, and run on the device that is named", () => {
    const g = (inline: boolean): ((x: NDArray) => NDArray) => jit((x: NDArray) => x.mul(2), { inline });
    const text = (inline: boolean): string =>
      jit((x: NDArray) => g(inline)(x).add(1))
        .trace(1)
        .asText();
    expect([text(true).includes("jit"), text(false).includes("jit")]).toEqual([false, true]);
    expect(g(true)(np.array(3)).item()).toBe(6);
    const [device] = devices();
    expect(jit((x: NDArray) => x.mul(2), { device })(3).item()).toBe(6);
    for (const option of [
      "inShardings",
      "outShardings",
      "backend",
      "staticArgnames",
      "donateArgnames",
      "compilerOptions",
    ])
      expect(reasonOf(() => jit((x: NDArray) => x, { [option]: "x" }))).toMatch(
        new RegExp(`^E_UNIMPLEMENTED.*${option}`),
      );
  });
  it("recurs, with other arguments or through itself jitted", () => {
    const power: (x: NDArray, n: number) => NDArray = jit(
      (x: NDArray, n: number) => (n === 0 ? np.onesLike(x) : x.mul(power(x, n - 1))),
      { staticArgnums: 1 },
    );
    expect(power(np.array(2), 10).item()).toBe(1024);
    expect(costs(() => power(np.array(2), 11)).traces).toBe(1);
    expect(jit(jit(jit((x: NDArray) => x.mul(3))))(2).item()).toBe(6);
    expect(grad(jit(grad(jit((x: NDArray) => x.pow(3)))))(2).item()).toBe(12);
  });
});

describe("donation", () => {
  it("says where it was donated, and as what", () => {
    const update = jit(
      function update(p: { w: NDArray }, x: NDArray) {
        return { w: p.w.sub(x) };
      },
      { donateArgnums: 0 },
    );
    const p = { w: np.ones([3]) };
    update(p, np.ones([3]));
    expect(reasonOf(() => p.w.add(1))).toMatch(
      /^E_DONATED.*f32\[3\] was donated to jit\(update\) as p\.w, at .*caches.test.ts:\d+:\d+/,
    );
    const w = np.ones([3]);
    expect(
      reasonOf(() =>
        jit((a: NDArray, b: NDArray[]) => a.add(b[1] as NDArray), { donateArgnums: 0 })(w, [w, w]),
      ),
    ).toMatch(/^E_DONATED_TWICE.*a, f32\[3\], is donated, and it is b\[0\], too/);
    expect(reasonOf(() => jit((a: NDArray) => a.add(w), { donateArgnums: 0 })(w))).toMatch(
      /^E_DONATED_TWICE.*the function captured it/,
    );
  });
  it("leaves what no result can take, after one warning", () => {
    const f = jit((x: NDArray) => x.sum(), { donateArgnums: 0 });
    const x = np.ones([4]);
    expect(warnings(() => [f(x), f(x)])).toHaveLength(1);
    expect(listOf(x)).toEqual([1, 1, 1, 1]);
  });
});

describe("explain", () => {
  it("tells programs, devices, ops, costs, and refusals", async () => {
    const f = jit(function f(x: NDArray) {
      return np.sin(x).mul(2.5).sum();
    });
    const e = await explain((x: NDArray) => f(x).add(f(x)), np.ones([16]));
    expect(e.programs.map((p) => [p.name, p.runs])).toEqual([
      ["jit(f)", 2],
      ["add", 1],
    ]);
    expect(e.programs[0]).toMatchObject({
      device: "reference:0",
      ops: { sine: 1, multiply: 1 },
    });
    expect(e.programs[0]?.kernels).toContain("sine");
    expect(e.counters).toMatchObject({ traces: 1, executions: 3 });
    expect(String(e)).toMatch(/explain\(.*\): 1 traced, .*\njit\(f\) on reference:0, 2 times: .*sine/);
    expect(e.refusals).toEqual([]);
  });
});
