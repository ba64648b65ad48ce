// while, case, calls, names, symbolic dimensions, refusals, and the client's promises.
import { program, single, type, type Ref, type Scope } from "tenon-conformance/builder";
import { encode } from "tenon-conformance/values";
import { type Client, type ConcreteType, type DeviceBuffer, type Program } from "tenon-plugin-api";
import { describe, expect, it } from "vitest";
import { buildModel, onnxExport, OPSETS } from "./index.ts";
import { agree, clientOf, random, run } from "./testing/agree.ts";

const i32 = type("i32");
const f32 = type("f32");

describe("while and case", () => {
  /** Newton's iteration for √a until the step is small, captured `a`, with a counter. */
  const newton = program("newton", [type("f32", 3), type("f64")], (s, a, tolerance) => {
    const two = s.constant(type("f32", 3), encode("f32", [2, 2, 2]));
    const zero = s.constant(i32, encode("i32", [0]));
    const one = s.constant(i32, encode("i32", [1]));
    const limit = s.constant(i32, encode("i32", [30]));
    const state = [type("f32", 3), type("f64"), i32];
    const cond = s.block(state, (b, _x, step, n) => {
      const more = b.one(
        "compare",
        [step, tolerance],
        { direction: "GT", compareType: "FLOAT" },
        type("bool"),
      );
      const few = b.one("compare", [n, limit], { direction: "LT", compareType: "SIGNED" }, type("bool"));
      return [b.one("and", [more, few], {}, type("bool"))];
    });
    const body = s.block(state, (b, x, _step, n) => {
      const q = b.one("divide", [a, x], {}, type("f32", 3));
      const next = b.one("divide", [b.one("add", [x, q], {}, type("f32", 3)), two], {}, type("f32", 3));
      const change = b.one("abs", [b.one("subtract", [next, x], {}, type("f32", 3))], {}, type("f32", 3));
      const low = b.constant(f32, encode("f32", [0]));
      const most = b.one("reduce", [change, low], { dimensions: [0] }, f32, [
        b.block([f32, f32], (c, p, r) => [c.one("maximum", [p, r], {}, f32)]),
      ]);
      return [next, b.one("convert", [most], {}, type("f64")), b.one("add", [n, one], {}, i32)];
    });
    const start = s.constant(type("f64"), encode("f64", [1e9]));
    return s.op("while", [a, start, zero], {}, state, [cond, body]);
  });
  it("while", () => agree(newton, [[2, 9, 100], [1e-6]]));
  it("while that never runs", () => agree(newton, [[2, 9, 100], [Infinity]]));
  it("runs at every opset", async () => {
    for (const opset of OPSETS) await agree(newton, [[2, 9, 100], [1e-6]], { opset });
  });

  it("case, nested in while, captures from every level", async () => {
    const built = program("collatz", [i32, type("bf16", 2)], (s, n, v) => {
      const [one, two, three] = [1, 2, 3].map((k) => s.constant(i32, encode("i32", [k]))) as [Ref, Ref, Ref];
      const cond = s.block([i32, type("bf16", 2)], (b, x) => [
        b.one("compare", [x, one], { direction: "NE", compareType: "SIGNED" }, type("bool")),
      ]);
      const body = s.block([i32, type("bf16", 2)], (b, x, w) => {
        const parity = b.one("remainder", [x, two], {}, i32);
        const sum = b.one("add", [w, v], {}, type("bf16", 2));
        return b.op(
          "case",
          [parity],
          {},
          [i32, type("bf16", 2)],
          [
            b.block([], (c) => [c.one("divide", [x, two], {}, i32), sum]),
            b.block([], (c) => {
              const t = c.one("multiply", [x, three], {}, i32);
              return [c.one("add", [t, one], {}, i32), w];
            }),
          ],
        );
      });
      return s.op("while", [n, v], {}, [i32, type("bf16", 2)], [cond, body]);
    });
    await agree(built, [[27], [1.5, -2]]);
  });

  it("case takes the last branch for an index out of range", async () => {
    const built = program("case", [i32, f32], (s, i, x) =>
      s.op(
        "case",
        [i],
        {},
        [f32],
        [
          s.block([], () => [x]),
          s.block([], (b) => [b.one("negate", [x], {}, f32)]),
          s.block([], (b) => [b.one("add", [x, x], {}, f32)]),
        ],
      ),
    );
    for (const index of [0, 1, 2, 3, -1, 2 ** 31 - 1]) await agree(built, [[index], [2.5]]);
  });

  it("calls and composites are written in place", async () => {
    const twice = (s: Scope, x: Ref): readonly Ref[] => [s.one("add", [x, x], {}, f32)];
    const callees = [{ name: "twice", params: [f32], body: twice as never }];
    const built = program(
      "calls",
      [f32],
      (s, x) => {
        const once = s.one("call", [x], { callee: "twice" }, f32);
        const attrs = { name: "tenon.twice", version: 1, attributes: {}, decomposition: "twice" };
        const again = s.one("composite", [once], attrs, f32);
        const custom = {
          target: "x",
          version: 1,
          attributes: {},
          sideEffect: "none" as const,
          fallback: "twice",
        };
        return [again, s.one("custom_call", [again], custom, f32)];
      },
      { callees },
    );
    await agree(built, [[1.25]]);
  });
});

describe("the model", () => {
  const named: Program = (() => {
    const built = program("named", [type("f32", 2, 3), type("f32", 3)], (s, x, w) => {
      const wide = s.one("broadcast_in_dim", [w], { dimensions: [1] }, type("f32", 2, 3));
      const y = s.one("multiply", [x, wide], {}, type("f32", 2, 3));
      return [s.one("add", [y, wide], {}, type("f32", 2, 3)), x];
    });
    const [main] = built.functions as [Program["functions"][number]];
    const params = main.params.map((p, i) => ({ ...p, name: i === 0 ? "x" : "params/w" }));
    const results = main.results.map((r, i) => ({ ...r, name: i === 0 ? "y" : "x" }));
    return { ...built, functions: [{ ...main, params, results }] };
  })();

  it("keeps names, writes no broadcast that an operator does itself, and is the same each time", () => {
    const model = buildModel(named);
    expect(model.inputs).toEqual(["x", "params/w"]);
    expect(model.outputs).toEqual(["y", "x_1"]);
    expect(model.report.ops).toEqual({ Add: 1, Identity: 2, Mul: 1 });
    expect(buildModel(named).bytes).toEqual(model.bytes);
  });

  it("binds parameters as initialisers", () => {
    const model = buildModel(named, { bound: new Map([[1, encode("f32", [1, 2, 3])]]) });
    expect(model.inputs).toEqual(["x"]);
    expect(model.report.initializers).toEqual({ count: 1, nbytes: 12 });
  });

  it("writes equal computations and constants once", () => {
    const built = program("twice", [f32], (s, x) => {
      const once = (): Ref => s.one("add", [x, s.constant(f32, encode("f32", [2.5]))], {}, f32);
      return [s.one("multiply", [once(), once()], {}, f32)];
    });
    const { report } = buildModel(built);
    expect(report.ops).toEqual({ Add: 1, Mul: 1, Identity: 1 });
    expect(report.initializers.count).toBe(1);
  });

  it("writes what stands behind a barrier again", () => {
    const twice = (behind: boolean): number | undefined => {
      const built = program("twice", [f32], (s, x) => {
        const [y] = behind ? s.op("optimization_barrier", [x], {}, [f32]) : [x];
        return [
          s.one("multiply", [s.one("sine", [x], {}, f32), s.one("sine", [y as Ref], {}, f32)], {}, f32),
        ];
      });
      return buildModel(built).report.ops["Sin"];
    };
    expect([twice(false), twice(true)]).toEqual([1, 2]);
  });

  it("refuses complex numbers by op and dtype, and unknown opsets", () => {
    const complex = single("add", [type("c64", 2), type("c64", 2)], {}, [type("c64", 2)]);
    expect(() => buildModel(complex)).toThrow(/onnx-export does not implement parameter of c64/);
    const made = single("complex", [type("f32", 2), type("f32", 2)], {}, [type("c64", 2)]);
    expect(() => buildModel(made)).toThrow(/complex of c64/);
    expect(() => buildModel(named, { opset: 17 })).toThrow(/opset 17 is not one of 21, 22/);
    expect(() => onnxExport({ opset: 99 })).toThrow(/opset 99/);
    const custom = { target: "mine", version: 1, attributes: {}, sideEffect: "none" as const };
    expect(() => buildModel(single("custom_call", [f32], custom, [f32]))).toThrow(/custom_call mine of f32/);
  });

  it("is the same op by op for a compiler without a client", async () => {
    const { extensions } = onnxExport();
    const compiler = await extensions?.aot?.createCompiler({ name: "opset-23" }, undefined as never);
    const compiled = await compiler?.compile(named);
    const bytes = await compiled?.extensions?.serialize?.bytes();
    expect(bytes).toEqual(buildModel(named, { opset: 23 }).bytes);
  });

  it("takes symbolic dimensions", async () => {
    const n = (...shape: (number | string)[]): ConcreteType => type("f32", ...(shape as number[]));
    const built: Program = {
      ...program("symbolic", [n("batch", 3), n(3, 4)], (s, x, w) => {
        const attrs = {
          lhsContracting: [1],
          rhsContracting: [0],
          lhsBatching: [],
          rhsBatching: [],
          precision: "DEFAULT" as const,
        };
        const y = s.one("dot_general", [x, w], attrs, n("batch", 4));
        const zero = s.constant(f32, encode("f32", [0]));
        const positive = s.one(
          "maximum",
          [y, s.one("broadcast_in_dim", [zero], { dimensions: [] }, n("batch", 4))],
          {},
          n("batch", 4),
        );
        const sum = s.one("reduce", [positive, zero], { dimensions: [1] }, n("batch"), [
          s.block([f32, f32], (b, p, q) => [b.one("add", [p, q], {}, f32)]),
        ]);
        const place = s.one("iota", [], { dimension: 0 }, n("batch"));
        return [
          s.one("add", [sum, place], {}, n("batch")),
          s.one("reshape", [positive], {}, n(["mul", "batch", 4] as never)),
        ];
      }),
      symbols: [{ name: "batch", min: 1 }],
    };
    const client = await clientOf("onnx-21", onnxExport());
    const memory = client.memories[0] as Client["memories"][number];
    const executable = await client.compile(built, { background: true });
    for (const batch of [1, 5]) {
      const [x, w] = [random("f32", [batch, 3], 1), random("f32", [3, 4], 2)];
      const args = [
        client.toDevice(encode("f32", x), type("f32", batch, 3), memory),
        client.toDevice(encode("f32", w), type("f32", 3, 4), memory),
      ];
      const [y, flat] = executable.execute([args])[0] as [DeviceBuffer, DeviceBuffer];
      expect(y.type.shape).toEqual([batch]);
      expect(flat.type.shape).toEqual([4 * batch]);
      const got = new Float32Array(batch);
      await client.toHost(y, got);
      const want = Array.from({ length: batch }, (_, i) =>
        [0, 1, 2, 3].reduce(
          (sum, j) =>
            sum +
            Math.max(
              0,
              [0, 1, 2].reduce((p, k) => p + Number(x[i * 3 + k]) * Number(w[k * 4 + j]), 0),
            ),
          i,
        ),
      );
      got.forEach((v, i) => expect(v).toBeCloseTo(want[i] as number, 4));
    }
  });
});

describe("the client", () => {
  const double = program("double", [type("f32", 2)], (s, x) => [s.one("add", [x, x], {}, type("f32", 2))]);
  const bytes = encode("f32", [1, 2]);

  it("says what is here", async () => {
    const [device] = await onnxExport().discover(undefined as never);
    expect(device).toMatchObject({ platform: "onnx", available: true });
  });

  it("returns pending results that are arguments at once, and outlive disposed arguments", async () => {
    const client = await clientOf("onnx-21", onnxExport());
    const memory = client.memories[0] as Client["memories"][number];
    const executable = await client.compile(double);
    const x = client.toDevice(bytes, type("f32", 2), memory);
    const [[y]] = executable.execute([[x]]) as [[ReturnType<Client["toDevice"]>]];
    expect(y.status).toBe("pending");
    const [[z]] = executable.execute([[y]]) as [[ReturnType<Client["toDevice"]>]];
    x.dispose();
    y.dispose();
    executable.dispose();
    await z.whenReady();
    expect(z.status).toBe("ready");
    const out = new Float32Array(2);
    await client.toHost(z, out);
    expect([...out]).toEqual([4, 8]);
    expect(() => executable.execute([[z]])).toThrow(/executable was disposed/);
    await expect(client.toHost(y, out)).rejects.toThrow(/buffer was disposed/);
    expect(() => client.toDevice(bytes, type("f32", 3), memory)).toThrow(
      /got 8 bytes for f32\[3\], expected 12/,
    );
  });

  it("poisons the results of a run that fails, and lives on", async () => {
    const client = await clientOf("onnx-21", onnxExport());
    const memory = client.memories[0] as Client["memories"][number];
    // A reshape that contradicts its own type is no valid Program: onnxruntime finds it at the run.
    const wrong = program("wrong", [type("f32", 2)], (s, x) => [s.one("reshape", [x], {}, type("f32", 3))]);
    const executable = await client.compile(wrong);
    const x = client.toDevice(bytes, type("f32", 2), memory);
    const [[y]] = executable.execute([[x]]) as [[ReturnType<Client["toDevice"]>]];
    await expect(y.whenReady()).rejects.toMatchObject({
      code: "INTERNAL",
      reason: "E_ONNX_RUN",
      plugin: "onnx-export",
    });
    expect(y.status).toBe("failed");
    const next = await client.compile(
      program("next", [type("f32", 3)], (s, a) => [s.one("negate", [a], {}, type("f32", 3))]),
    );
    const [[z]] = next.execute([[y]]) as [[ReturnType<Client["toDevice"]>]];
    await expect(z.whenReady()).rejects.toThrow();
    expect(z.error).toEqual(y.error);
    expect(await run(client, double, [bytes])).toEqual([encode("f32", [2, 4])]);
  });

  it("ends with CANCELLED", async () => {
    const client = await onnxExport().createClient({}, { processIndex: 0 } as never);
    const memory = client.memories[0] as Client["memories"][number];
    const executable = await client.compile(double);
    const x = client.toDevice(bytes, type("f32", 2), memory);
    const [[y]] = executable.execute([[x]]) as [[ReturnType<Client["toDevice"]>]];
    await client.dispose();
    expect(await client.lost).toMatchObject({ code: "CANCELLED" });
    await expect(y.whenReady()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(() => client.compile(double)).toThrow(/client was disposed/);
  });
});
