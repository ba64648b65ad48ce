// Programs cut at calls of the host: what becomes a program of its own, and that a run frees what it makes.
import { verifyProgram } from "tenon-plugin-api/verify";
import type { Client, ConcreteType, DeviceBuffer, HostCallback, Op, Program } from "tenon-plugin-api";
import { cpuWasm } from "tenon-cpu-wasm";
import { describe, expect, it } from "vitest";
import { Builder, type Ref } from "../builder.ts";
import { cutProgram, type CutBlock } from "./cut.ts";
import { callsHost } from "./executable.ts";

const F32: ConcreteType = { dtype: "f32", shape: [4] };
const I32: ConcreteType = { dtype: "i32", shape: [] };
const isCallback = (op: Op): boolean => op.op === "custom_call";
const call = (b: Builder, x: Ref, name = "double"): Ref => {
  const attrs = {
    target: "tenon.callback",
    version: 1,
    attributes: { name },
    sideEffect: "ordered" as const,
  };
  return b.append({ op: "custom_call", operands: [x], attrs, results: [x.type] })[0] as Ref;
};
function program(
  params: readonly ConcreteType[],
  body: (b: Builder, ...params: Ref[]) => readonly Ref[],
): Program {
  const attachments: Uint8Array[] = [];
  const b = Builder.of(attachments);
  const refs = params.map((t) => b.value(t));
  const results = body(b, ...refs).map((r) => ({ value: r.id }));
  return verifyProgram({
    ir: "0.9",
    name: "p",
    main: "main",
    functions: [{ name: "main", params: refs, ops: b.ops, results }],
    attachments,
  });
}
const steps = (block: CutBlock): unknown[] =>
  block.steps.map((s) =>
    s.do === "segment"
      ? s.program.functions[0]?.ops.map((op) => op.op).join(" ")
      : s.do === "host"
        ? "host"
        : { [s.do]: s.blocks.map(steps) },
  );
const cutOf = (p: Program): unknown[] => steps(cutProgram(p, isCallback, "test").main);

/** x·2, called, in a loop of 3 trips over a constant limit. */
const looping = program([F32], (b, x) => {
  const [zero, three] = [b.constant(I32, 0), b.constant(I32, 3)];
  const one = b.constant(I32, 1);
  const cond = b.block([I32, F32], (c, i) => [c.compare("LT", i, three)]);
  const body = b.block([I32, F32], (c, i, y) => [
    c.apply("add", i, one),
    c.apply("add", call(c, y), c.apply("multiply", y, x)),
  ]);
  const [, out] = b.op("while", [zero, x], {}, { regions: [cond, body] });
  return [out as Ref];
});

describe("cutProgram", () => {
  it("makes programs of what stands between, with the constants that they need", () => {
    const p = program([F32], (b, x) => {
      const c = b.constant(F32, 2);
      const y = call(b, b.apply("multiply", x, c));
      return [b.apply("add", b.apply("add", y, c), x)];
    });
    expect(callsHost(p)).toBe(true);
    expect(cutOf(p)).toEqual(["constant multiply", "host", "constant add add"]);
  });
  it("gives the host a constant that it asks for, and drops what nothing needs", () => {
    const p = program([F32], (b, x) => {
      b.apply("add", x, x);
      return [call(b, b.constant(F32, 2))];
    });
    expect(cutOf(p)).toEqual(["constant", "host"]);
  });
  it("goes into loops", () => {
    expect(cutOf(looping)).toEqual([
      "constant",
      { while: [["constant compare"], ["constant add", "host", "multiply add"]] },
    ]);
  });
  it("makes programs that the verifier takes", () => {
    const visit = (block: CutBlock): void => {
      for (const s of block.steps) {
        if (s.do === "segment") verifyProgram(s.program);
        else if (s.do !== "host") s.blocks.forEach(visit);
      }
    };
    visit(cutProgram(looping, isCallback, "test").main);
  });
  it("refuses calls in regions that are no loops or branches", () => {
    const p = program([F32], (b, x) => {
      const scalar: ConcreteType = { dtype: "f32", shape: [] };
      const region = b.block([scalar, scalar], (c, y) => [call(c, y)]);
      return [b.one("reduce", [x, b.constant(scalar, 0)], { dimensions: [0] }, { regions: [region] })];
    });
    expect(() => cutOf(p)).toThrow(/test does not implement a call of the host inside of reduce/);
  });
});

describe("running a cut program", () => {
  const double: HostCallback = ([x]) => {
    const given = x as { type: ConcreteType; bytes: Uint8Array };
    const y = new Float32Array(given.bytes.slice().buffer).map((v) => 2 * v);
    return [{ type: given.type, bytes: new Uint8Array(y.buffer) }];
  };
  const host = {
    abi: { major: 0, minor: 9 },
    ir: "0.9",
    processIndex: 0,
    processCount: 1,
    warn: () => undefined,
  };
  const inUse = async (client: Client): Promise<number> =>
    (await client.extensions?.memoryStats?.read(client.devices[0] as never))?.bytesInUse ?? NaN;
  const numbers = (client: Client, b: DeviceBuffer): number[] => {
    const into = new Float32Array(4);
    client.extensions?.readSync?.read(b, into);
    return [...into];
  };
  it("frees what it makes, whether it ends well or not", async () => {
    const client = await cpuWasm().createClient({}, host);
    let fails = false;
    const callbacks = {
      double: ((args, device) => {
        if (fails) throw new Error("boom");
        return double(args, device);
      }) as HostCallback,
    };
    const e = await client.compile(looping, { callbacks });
    const x = client.toDevice(
      new Float32Array([1, 2, 3, 4]),
      F32,
      (client.devices[0] as never as { memory: never }).memory,
    );
    const once = (): void => {
      const [y] = e.execute([[x]])[0] as [DeviceBuffer];
      expect(numbers(client, y)).toEqual([27, 128, 375, 864]);
      y.dispose();
    };
    once();
    const before = await inUse(client);
    for (let i = 0; i < 20; i++) once();
    fails = true;
    for (let i = 0; i < 20; i++) expect(() => e.execute([[x]])).toThrow("boom");
    fails = false;
    once();
    expect(await inUse(client)).toBe(before);
    e.dispose();
  });
  it("copies results that are arguments, or twice the same", async () => {
    const p = program([F32], (b, x) => {
      const y = call(b, x);
      return [x, y, y];
    });
    const client = await cpuWasm().createClient({}, host);
    const e = await client.compile(p, { callbacks: { double } });
    const x = client.toDevice(
      new Float32Array([1, 2, 3, 4]),
      F32,
      (client.devices[0] as never as { memory: never }).memory,
    );
    const [a, b, c] = e.execute([[x]])[0] as [DeviceBuffer, DeviceBuffer, DeviceBuffer];
    x.dispose();
    b.dispose();
    expect(numbers(client, a)).toEqual([1, 2, 3, 4]);
    expect(numbers(client, c)).toEqual([2, 4, 6, 8]);
  });
});
