import { program, type Ref } from "tenon-conformance/builder";
import type { ConcreteType, DeviceBuffer, HostContext, Program } from "tenon-plugin-api";
import {
  interpretPlan,
  type Ix,
  type Kernel,
  type KValue,
  type Plan,
  type Sort,
  type Step,
} from "tenon-plugin-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WasmClient } from "./client.ts";
import cpuWasm from "./index.ts";

const host: HostContext = {
  abi: { major: 0, minor: 9 },
  ir: "0.9",
  processIndex: 0,
  processCount: 1,
  warn: () => undefined,
};
const client = new WasmClient({}, host);
const type = (dtype: ConcreteType["dtype"], ...shape: number[]): ConcreteType => ({ dtype, shape });
const upload = (t: ConcreteType, values: ArrayBufferView): DeviceBuffer =>
  client.toDevice(values, t, client.memories[0] as never);
function download(buffer: DeviceBuffer, nbytes: number): Uint8Array {
  const bytes = new Uint8Array(nbytes);
  client.extensions.readSync?.read(buffer, bytes);
  return bytes;
}
const f32s = (bytes: Uint8Array): number[] => [...new Float32Array(bytes.slice().buffer)];

const at: Ix = { c: 0, terms: [{ coef: 1, atom: { k: "axis", axis: 0 } }] };
const read = (dtype: "f32" | "i32") => ({ dtype, access: "read" }) as const;
const write = (dtype: "f32" | "i32" | "bool") => ({ dtype, access: "write" }) as const;
/** One parallel axis over all operands; the result is the last param. */
function pointwise(n: number, inputs: ("f32" | "i32")[], out: "f32" | "i32" | "bool", ops: KValue[]): Kernel {
  const loads = inputs.map((dtype, param): KValue => ({ op: "load", dtype, param, at }));
  const body = [...loads, ...ops];
  return {
    name: "pointwise",
    axes: [{ extent: n, role: "parallel" }],
    shared: [],
    uniforms: 0,
    params: [...inputs.map(read), write(out)],
    stages: [
      { over: [0], body, results: [{ to: "store", param: inputs.length, at, value: body.length - 1 }] },
    ],
  };
}
const call = (kernel: Kernel, args: number[], chunks: number): Step => ({
  do: "kernel", kernel, args, uniforms: [], chunks, schedule: { vector: [0], chunk: 0, interleave: 2, longSums: false },
}); // prettier-ignore
const planOf = (more: Pick<Plan, "params" | "results" | "slots" | "steps"> & Partial<Plan>): Plan => ({
  name: "test", frameBytes: 0, aliases: [], peakBytes: 0, notes: [], ...more,
}); // prettier-ignore
const load = (plan: Plan): ReturnType<WasmClient["load"]> => client.load(plan, { params: [], results: [] });

const addPlan = (n: number, aliases: [number, number][] = []): Plan =>
  planOf({
    params: [type("f32", n), type("f32", n)],
    results: [type("f32", n)],
    slots: [
      { at: "arg", index: 0 },
      { at: "arg", index: 1 },
      { at: "result", index: 0 },
    ],
    steps: [
      call(pointwise(n, ["f32", "f32"], "f32", [{ op: "add", dtype: "f32", args: [0, 1] }]), [0, 1, 2], n),
    ],
    aliases,
  });

describe("executables", () => {
  it("run one kernel without a main, on buffers and immediates", () => {
    const run = load(addPlan(1));
    const x = upload(type("f32"), Float32Array.of(1.5));
    expect(f32s(download(run.execute([[x, 2]])[0]?.[0] as DeviceBuffer, 4))).toEqual([3.5]);
    expect(f32s(download(run.execute([[x, x]])[0]?.[0] as DeviceBuffer, 4))).toEqual([3]);
    run.dispose();
    expect(() => run.execute([[x, x]])).toThrow(/was disposed/);
  });
  it("let a result take a donated argument's memory, and copy where it is kept", () => {
    const n = 100;
    const plan = addPlan(n, [[0, 0]]);
    const run = load(plan);
    const live = client.heap.live;
    const [x, y] = [
      upload(type("f32", n), new Float32Array(n).fill(1)),
      upload(type("f32", n), new Float32Array(n).fill(2)),
    ];
    const before = client.heap.live;
    const kept = run.execute([[x, y]], { keep: [0] })[0]?.[0] as DeviceBuffer;
    expect(f32s(download(x, 4 * n))).toEqual(new Array(n).fill(1));
    const taken = run.execute([[x, y]])[0]?.[0] as DeviceBuffer;
    expect(f32s(download(taken, 4 * n))).toEqual(f32s(download(kept, 4 * n)));
    kept.dispose();
    x.dispose();
    expect(client.heap.live).toBe(before);
    taken.dispose();
    y.dispose();
    expect(client.heap.live).toBe(live);
    run.dispose();
  });
  it("refuse disposed buffers, and pass poison on", () => {
    const run = load(addPlan(2));
    const x = upload(type("f32", 2), new Float32Array(2));
    x.dispose();
    const live = client.heap.live;
    expect(() => run.execute([[x, x]])).toThrow(/argument 0 of test: the buffer was disposed/);
    expect(client.heap.live).toBe(live);
    const failed = Object.assign(upload(type("f32", 2), new Float32Array(2)), {
      storage: null,
      error: { code: "INTERNAL", message: "boom" },
    });
    const out = run.execute([[failed, failed]])[0]?.[0] as DeviceBuffer;
    expect(out.status).toBe("failed");
    expect(out.error?.message).toBe("boom");
    run.dispose();
  });
  it("share kernels between executables and forget them with the last one", () => {
    const size = client.linker.size;
    const [a, b] = [load(addPlan(77)), load(addPlan(77))];
    expect(client.linker.size).toBe(size + 1);
    a.dispose();
    const x = upload(type("f32", 77), new Float32Array(77).fill(2));
    expect(f32s(download(b.execute([[x, x]])[0]?.[0] as DeviceBuffer, 308))[76]).toBe(4);
    b.dispose();
    expect(client.linker.size).toBe(size);
  });
  it("loop and branch inside wasm, exchanging carries", () => {
    // i := i + 1 while i < n; x := i odd ? x + i : x − 1
    const i1 = { op: "const", dtype: "i32", value: 1 } as const;
    const less = pointwise(1, ["i32", "i32"], "bool", [{ op: "lt", dtype: "bool", args: [0, 1] }]);
    const next = pointwise(1, ["i32"], "i32", [i1, { op: "add", dtype: "i32", args: [0, 1] }]);
    const odd = pointwise(1, ["i32"], "i32", [i1, { op: "and", dtype: "i32", args: [0, 1] }]);
    const up = pointwise(1, ["i32", "i32"], "i32", [{ op: "add", dtype: "i32", args: [0, 1] }]);
    const down = pointwise(1, ["i32"], "i32", [i1, { op: "sub", dtype: "i32", args: [0, 1] }]);
    const frame = (offset: number) => ({ at: "frame", offset, bytes: 4 }) as const;
    const plan = planOf({
      params: [type("i32")],
      results: [type("i32")],
      frameBytes: 512,
      slots: [
        { at: "arg", index: 0 },
        { at: "result", index: 0 },
        frame(0),
        frame(64),
        frame(128),
        frame(192),
        frame(256),
        frame(320),
        { at: "const", bytes: new Uint8Array(4) },
      ],
      steps: [
        { do: "copy", from: 8, to: 2, bytes: 4 },
        { do: "copy", from: 8, to: 4, bytes: 4 },
        {
          do: "while",
          cond: [call(less, [2, 0, 6], 1)],
          pred: 6,
          swap: [
            [2, 3],
            [4, 5],
          ],
          body: [
            call(odd, [2, 7], 1),
            { do: "case", index: 7, branches: [[call(down, [4, 5], 1)], [call(up, [4, 2, 5], 1)]] },
            call(next, [2, 3], 1),
          ],
        },
        { do: "copy", from: 4, to: 1, bytes: 4 },
      ],
    });
    const run = load(plan);
    for (const n of [0, 1, 7, 1000]) {
      const expected = interpretPlan(plan, [new Uint8Array(Int32Array.of(n).buffer)])[0];
      expect(download(run.execute([[n]])[0]?.[0] as DeviceBuffer, 4)).toEqual(expected);
    }
    const start = performance.now();
    run.execute([[1e6]]);
    expect(performance.now() - start).toBeLessThan(2000);
    run.dispose();
  });
  const sortPlan = (sort: Sort): Plan => {
    const types = sort.dtypes.map((d) => type(d as "f32", sort.outer * sort.n * sort.inner));
    const ids = types.map((_, i) => i);
    return planOf({
      params: types,
      results: types,
      slots: [
        ...ids.map((index) => ({ at: "arg", index }) as const),
        ...ids.map((index) => ({ at: "result", index }) as const),
      ],
      steps: [{ do: "sort", sort, from: ids, to: ids.map((i) => i + ids.length) }],
    });
  };
  const arg = (dtype: "f32" | "i32" | "u32", index: number): KValue => ({ op: "arg", dtype, index });
  const comparators = {
    "f32 <": {
      dtypes: ["f32", "i16"],
      body: [arg("f32", 0), arg("f32", 2), { op: "lt", dtype: "bool", args: [0, 1] }],
    },
    "i32 <": {
      dtypes: ["i32", "i16"],
      body: [arg("i32", 0), arg("i32", 2), { op: "lt", dtype: "bool", args: [0, 1] }],
    },
    "u32 >": {
      dtypes: ["u32", "i16"],
      body: [arg("u32", 2), arg("u32", 0), { op: "lt", dtype: "bool", args: [0, 1] }],
    },
    "|i32| <": {
      dtypes: ["i32", "i16"],
      body: [
        arg("i32", 0),
        arg("i32", 2),
        { op: "abs", dtype: "i32", args: [0] },
        { op: "abs", dtype: "i32", args: [1] },
        { op: "gt", dtype: "bool", args: [3, 2] },
      ],
    },
    "f32, then u32 descending": {
      dtypes: ["f32", "u32", "i16"],
      body: [
        arg("f32", 0),
        arg("u32", 1),
        arg("f32", 3),
        arg("u32", 4),
        { op: "lt", dtype: "bool", args: [0, 2] },
        { op: "eq", dtype: "bool", args: [0, 2] },
        { op: "gt", dtype: "bool", args: [1, 3] },
        { op: "and", dtype: "bool", args: [5, 6] },
        { op: "or", dtype: "bool", args: [4, 7] },
      ],
    },
  } as const;
  it.each(Object.keys(comparators) as (keyof typeof comparators)[])("sort rows stably by %s", (name) => {
    const { dtypes, body } = comparators[name];
    const check = (outer: number, n: number, inner: number, draw: () => number): void => {
      const comparator = { body, results: [body.length - 1] };
      const sort: Sort = { dtypes, outer, n, inner, comparator };
      const count = outer * n * inner;
      const arrays = dtypes.map((d) =>
        d === "i16"
          ? Int16Array.from({ length: count }, (_, i) => i)
          : d === "f32"
            ? Float32Array.from({ length: count }, draw)
            : Int32Array.from({ length: count }, draw),
      );
      const plan = sortPlan(sort);
      const run = load(plan);
      const [out] = run.execute([arrays.map((x, i) => upload(plan.params[i] as ConcreteType, x))]);
      const expected = interpretPlan(plan, arrays.map((x) => new Uint8Array(x.buffer))); // prettier-ignore
      expected.forEach((bytes, i) => expect(download(out?.[i] as DeviceBuffer, bytes.length)).toEqual(bytes));
      run.dispose();
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.infiniteStream(fc.integer({ min: -5, max: 9 })),
        (outer, n, inner, stream) => check(outer, n, inner, () => stream.next().value as number),
      ),
      { seed: 7, numRuns: 20 },
    );
    // Long rows go another way.
    let state = 1;
    const draw = (): number => (state = (Math.imul(state, 1103515245) + 12345) | 0);
    check(2, 1500, 1, draw);
    check(1, 700, 2, () => draw() >> 28);
    check(1, 900, 1, () => 3);
  });
  it("tell their plan, kernels and memory", async () => {
    const run = load(addPlan(33));
    expect(await run.extensions.text?.read("plan")).toMatch(/pointwise/);
    expect(await run.extensions.text?.read("kernels")).toMatch(/f32 = add %0, %1/);
    await expect(run.extensions.text?.read("stablehlo")).rejects.toThrow(
      /no stage stablehlo of test; there are plan and kernels/,
    );
    expect(await run.extensions.memory?.read()).toMatchObject({ argumentBytes: 264, resultBytes: 132 });
    run.dispose();
  });
  it("refuse another client's buffers, wrong sizes and wrong limits", () => {
    const other = new WasmClient({ memoryLimitBytes: 1 << 20 }, host);
    const theirs = other.toDevice(new Float32Array(2), type("f32", 2), other.memories[0] as never);
    const run = load(addPlan(2));
    expect(() => run.execute([[theirs, theirs]])).toThrow(/another client's/);
    expect(() => upload(type("f32", 3), new Float32Array(2))).toThrow(/expected 12 bytes, got 8/);
    const huge = new Float32Array(1 << 18);
    expect(() => other.toDevice(huge, type("f32", 1 << 18), other.memories[0] as never)).toThrow(
      /are live of 1048576/,
    );
    expect(() => cpuWasm({ memoryLimitBytes: 2 ** 33 })).toThrow(/memoryLimitBytes/);
    run.dispose();
  });
  it("hold nothing of a program whose constants don't fit", () => {
    const small = new WasmClient({ memoryLimitBytes: 1 << 20 }, host);
    const constant = (nbytes: number): Plan => ({
      ...addPlan(4),
      slots: [
        { at: "arg", index: 0 },
        { at: "const", bytes: new Uint8Array(nbytes) },
        { at: "result", index: 0 },
      ],
    });
    const load = (nbytes: number): ReturnType<WasmClient["load"]> =>
      small.load(constant(nbytes), { params: [], results: [] });
    expect(() => load(1 << 20)).toThrow(/are live of 1048576/);
    expect([small.heap.live, small.linker.size]).toEqual([0, 0]);
    const run = load(16);
    expect(small.linker.size).toBe(1);
    run.dispose();
    expect([small.heap.live, small.linker.size]).toEqual([0, 0]);
  });
  it("multiply matrices", () => {
    const [m, k, n] = [5, 7, 9];
    const plan = planOf({
      params: [type("f32", m, k), type("f32", n, k)],
      results: [type("f32", m, n)],
      slots: [
        { at: "arg", index: 0 },
        { at: "arg", index: 1 },
        { at: "result", index: 0 },
      ],
      steps: [
        {
          do: "gemm",
          gemm: {
            dtype: "f32",
            batch: 1,
            m,
            n,
            k,
            lhs: { offset: 0, batch: 0, row: [[m, k]], col: [[k, 1]] },
            rhs: { offset: (n - 1) * k, batch: 0, row: [[k, 1]], col: [[n, -k]] },
          },
          lhs: 0,
          rhs: 1,
          out: 2,
        },
      ],
    });
    const x = Float32Array.from({ length: m * k }, (_, i) => (i % 11) - 5);
    const y = Float32Array.from({ length: n * k }, (_, i) => (i % 7) - 3);
    const run = load(plan);
    const [out] = run.execute([[upload(type("f32", m, k), x), upload(type("f32", n, k), y)]]);
    const expected = interpretPlan(plan, [
      new Uint8Array(x.buffer),
      new Uint8Array(y.buffer),
    ])[0] as Uint8Array;
    expect(f32s(download(out?.[0] as DeviceBuffer, 4 * m * n))).toEqual(f32s(expected));
    run.dispose();
  });
});

describe("memory", () => {
  const t = type("f32", 64, 64);
  const chain = chained();
  /** A chain whose middle is stored twice, behind a barrier the second time. */
  function chained(): Program {
    return program("chain", [t, t], (s, x, y) => {
      const dot = (a: Ref, b: Ref): Ref =>
        s.one(
          "dot_general",
          [a, b],
          {
            lhsBatching: [],
            rhsBatching: [],
            lhsContracting: [1],
            rhsContracting: [0],
            precision: "HIGHEST",
          },
          t,
        );
      return [dot(s.one("sine", [dot(x, y)], {}, t), y)];
    });
  }
  it("of a run is what was planned", async () => {
    const own = new WasmClient({}, host);
    const memory = own.memories[0] as never;
    const executable = own.compile(chain);
    const args = [0, 1].map(() => own.toDevice(new Float32Array(64 * 64).fill(0.5), t, memory));
    const planned = await executable.extensions?.memory?.read();
    const stats = own.extensions.memoryStats;
    const before = await stats?.read(own.device, { resetPeak: true });
    executable.execute([args]);
    const after = await stats?.read(own.device);
    expect((after?.peakBytes ?? 0) - (before?.bytesInUse ?? 0)).toBe(planned?.peakBytes);
    expect(planned?.resultBytes).toBe(64 * 64 * 4);
    expect((await stats?.read(own.device, { resetPeak: true }))?.peakBytes).toBe(after?.peakBytes);
    expect((await stats?.read(own.device))?.peakBytes).toBe(after?.bytesInUse);
  });
  it("what stands behind a barrier is computed again", async () => {
    const sines = async (behind: boolean): Promise<number> => {
      const built = program("twice", [t], (s, x) => {
        const y = s.one("sine", [x], {}, t);
        const [p, q] = behind ? s.op("optimization_barrier", [x, y], {}, [t, t]) : [x, y];
        return [s.one("multiply", [s.one("sine", [p as Ref], {}, t), q as Ref], {}, t)];
      });
      const text = await client.compile(built).extensions?.text?.read("kernels");
      return text?.match(/= sin %/g)?.length ?? 0;
    };
    expect([await sines(false), await sines(true)]).toEqual([1, 2]);
  });
});
