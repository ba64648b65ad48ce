// What an author gets told: of a definition when it is made, of a kernel's result when it comes.
import type { Client, HostContext } from "tenon-plugin-api";
import { describe, expect, it } from "vitest";
import { definePlugin, tensor, type TensorDefinition } from "./index.ts";
import { programOf, type } from "./testing/run.ts";

const add = ([x]: readonly unknown[]): never => x as never;
const GOOD = { name: "mine", version: "1.0.0", dtypes: ["f32"], kernels: { add } };
const define = (changed: object): unknown =>
  definePlugin({ ...GOOD, ...changed } as unknown as TensorDefinition);

describe("a definition", () => {
  it("may be right", () => {
    expect(define({})).toMatchObject({ manifest: { name: "mine" } });
  });
  it.each<[object, RegExp]>([
    [{ name: undefined }, /name: expected a string/],
    [{ name: "" }, /name: expected a string/],
    [{ version: undefined }, /mine: version: expected "1\.0\.0", got undefined/],
    [{ dtypes: "f32" }, /dtypes: expected a list/],
    [{ dtypes: [] }, /dtypes: expected a list/],
    [{ dtypes: ["f32", "float64"] }, /there is no dtype "float64"\. Did you mean f64\?/],
    [{ dtypes: ["uint8"] }, /Did you mean u8\?/],
    [{ dtypes: ["bfloat16"] }, /Did you mean bf16\?/],
    [{ dtypes: ["complex64"] }, /Did you mean c64\?/],
    [{ dtypes: ["boolean"] }, /Did you mean bool\?/],
    [{ kernels: undefined }, /kernels: expected \{ add:/],
    [{ kernels: { ad: add } }, /there is no op "ad"\. Did you mean add\?/],
    [{ kernels: { mulitply: add } }, /Did you mean multiply\?/],
    [{ kernels: { add: 3 } }, /kernels\.add: expected a function or \{ run, … \}, got 3/],
    [{ kernels: { add: { dtypes: ["f32"] } } }, /kernels\.add: expected a function or \{ run/],
    [{ kernels: { add: { run: add, dtypes: ["float32"] } } }, /kernels\.add\.dtypes: .*Did you mean f32\?/],
    [{ kernels: { add: { run: add, operands: [{ dtypes: ["int32"] }] } } }, /operands\[0\]\.dtypes.*i32\?/],
    [
      { kernels: { add: { run: add, dtype: ["f32"] } } },
      /no field of kernels\.add "dtype"\. Did you mean dtypes\?/,
    ],
    [{ kernels: { compare: { run: add, attrs: { comparetype: {} } } } }, /Did you mean compareType\?/],
    [{ devices: 0 }, /devices: expected 1, 2 …, got 0/],
    [{ form: { fromBytes: add } }, /form: expected/],
    [{ kernel: {} }, /there is no field "kernel"\. Did you mean kernels\?/],
  ])("%o is refused", (changed, message) => {
    expect(() => define(changed)).toThrow(message);
    expect(() => define(changed)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", reason: "E_DEFINITION" }) as Error,
    );
  });
  it("that is none is refused", () => {
    expect(() => definePlugin(undefined as never)).toThrow(/name: expected a string/);
  });
});

const HOST = { processIndex: 0, processCount: 1, warn: () => undefined } as unknown as HostContext;
/** Runs x + x on [1, 2, 3], where `add` gives this. */
function runWith(result: unknown, definition: object = {}): unknown {
  const plugin = define({ kernels: { add: () => result }, ...definition }) as ReturnType<typeof definePlugin>;
  const client = plugin.createClient({}, HOST) as Client;
  const f32 = type("f32", 3);
  const executable = client.compile(programOf([f32], (b, x) => [b.apply("add", x, x)]));
  const x = client.toDevice(new Float32Array([1, 2, 3]), f32, client.memories[0]!);
  return (executable as { execute(rows: unknown): unknown }).execute([[x]]);
}

describe("a kernel's result", () => {
  it.each<[unknown, string]>([
    [3, "mine: add returned the number 3, expected f32[3]"],
    [undefined, "mine: add returned undefined, expected f32[3]"],
    [null, "mine: add returned null, expected f32[3]"],
    [Promise.resolve(), "mine: add returned a promise (a kernel is synchronous), expected f32[3]"],
    [[], "mine: add returned 0 values, expected 1: f32[3]"],
    [new Float32Array(3), "mine: add returned Float32Array(3), expected f32[3]"],
    [{}, "mine: add returned an object that is no tensor { dtype, shape, data }, expected f32[3]"],
    [tensor(type("f32", 2)), "mine: add returned f32[2], expected f32[3]"],
    [tensor(type("i32", 3)), "mine: add returned i32[3], expected f32[3]"],
    [
      { ...tensor(type("f32", 3)), data: new Float32Array(2) },
      "mine: add returned f32[3] whose data is Float32Array(2), not Float32Array(3), expected f32[3]",
    ],
    [
      { ...tensor(type("f32", 3)), data: [1, 2, 3] },
      "mine: add returned f32[3] whose data is an object that is no tensor",
    ],
  ])("%o is blamed on the kernel", (result, message) => {
    const wanted = { code: "INTERNAL", reason: "E_KERNEL", plugin: "mine", op: "add" };
    expect(() => runWith(result)).toThrow(message);
    expect(() => runWith(result)).toThrow(expect.objectContaining(wanted) as Error);
  });
  it("that is none, because the kernel threw, is told with the kernel's line", () => {
    const broken = (): never => (undefined as unknown as { data: never }).data;
    const at = /mine: add threw: Cannot .* \(\S*define-plugin\.test\.ts:\d+:\d+\)$/;
    expect(() => runWith(undefined, { kernels: { add: broken } })).toThrow(at);
    expect(() => runWith(undefined, { kernels: { add: () => tensor(undefined as never) } })).toThrow(at);
  });
  it("of a form of one's own is any object", () => {
    const form = {
      fromBytes: (_: unknown, bytes: Uint8Array) => ({ bytes }),
      toBytes: (v: { bytes: Uint8Array }) => v.bytes,
    };
    expect(() => runWith({ bytes: new Uint8Array(12) }, { form })).not.toThrow();
    expect(() => runWith(3, { form })).toThrow("add returned the number 3");
  });
});
