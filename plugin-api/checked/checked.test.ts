// Rules of abi.md §3: what the caller owes the plugin, what the plugin owes the caller, and faults on demand.
import { describe, expect, it } from "vitest";
import { checked, failing } from "./index.ts";
import { tenonError } from "../errors.ts";
import { deepFreeze } from "../freeze.ts";
import type { Client, DeviceBuffer, Executable, Status } from "../plugin.ts";
import type { ConcreteType, Program } from "../program.ts";
import { Chain, t } from "../testing/build.ts";
import { PlainBuffer, plainClient } from "../testing/plain.ts";

const f32 = t("f32", 3) as ConcreteType;
/** (x, y) → (x + y, −x). */
function program(donate = false): Program {
  const c = new Chain();
  const [x, y] = [c.param(f32), c.param(f32)];
  const p = c.program([c.op("add", [x, y], {}, f32), c.op("negate", [x], {}, f32)]);
  if (!donate) return deepFreeze(p);
  const [main] = p.functions;
  const params = main?.params.map((v, i) => (i === 0 ? { ...v, donate: {} } : v)) ?? [];
  return deepFreeze({ ...p, functions: [{ ...main, params }] } as Program);
}
const upload = (client: Client, values: number[] = [1, 2, 3]): DeviceBuffer =>
  client.toDevice(new Float32Array(values), f32, client.memories[0] as Client["memories"][number]);
const compile = (client: Client, p = program()): Executable => client.compile(p) as Executable;
const run = (client: Client, p?: Program): readonly DeviceBuffer[] =>
  compile(client, p).execute([[upload(client), upload(client, [10, 20, 30])]])[0] as readonly DeviceBuffer[];
const read = async (client: Client, b: DeviceBuffer): Promise<number[]> => {
  const into = new Float32Array(3);
  await client.toHost(b, into);
  return [...into];
};
/** A client whose executables are changed. */
const executing = (change: (e: Executable) => Partial<Executable>): Client => {
  const plain = plainClient();
  return {
    ...plain,
    compile: (p) => ({ ...(plain.compile(p) as Executable), ...change(plain.compile(p) as Executable) }),
  };
};
const message = async (f: () => unknown): Promise<string> => {
  try {
    await f();
    return "no error";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("checked(a correct client)", () => {
  it("gives the same values", async () => {
    const client = checked(plainClient());
    const [sum, minus] = run(client) as [DeviceBuffer, DeviceBuffer];
    expect(await read(client, sum)).toEqual([11, 22, 33]);
    expect(await read(client, minus)).toEqual([-1, -2, -3]);
    expect(sum.type).toBe(sum.type);
  });
  it("lets work go on with results as arguments, and ends", async () => {
    const client = checked(plainClient());
    const e = compile(client);
    const [sum] = run(client) as [DeviceBuffer];
    const [again] = e.execute([[sum, sum]])[0] as [DeviceBuffer];
    expect(await read(client, again)).toEqual([22, 44, 66]);
    await client.dispose();
    expect(await client.lost).toMatchObject({ code: "CANCELLED" });
  });
});

describe("what the caller owes the plugin", () => {
  const cases: readonly (readonly [string, string, (c: Client) => unknown])[] = [
    ["a frozen program", "compile.claims", (c) => c.compile(structuredClone(program()))],
    [
      "only claimed ops",
      "compile.claims",
      (c) => {
        const k = new Chain();
        const x = k.param(f32);
        return c.compile(deepFreeze(k.program([k.op("tanh", [x], {}, f32)])));
      },
    ],
    ["as many arguments as parameters", "exec.args", (c) => compile(c).execute([[upload(c)]])],
    ["one row per device", "exec.rows", (c) => compile(c).execute([])],
    [
      "arguments of the right type",
      "exec.args",
      (c) =>
        compile(c).execute([
          [upload(c), c.toDevice(new Float32Array(2), t("f32", 2) as ConcreteType, c.memories[0] as never)],
        ]),
    ],
    [
      "its own buffers",
      "life.owner",
      (c) =>
        compile(c).execute([[upload(c), new PlainBuffer(f32, c.memories[0] as never, new Float32Array(3))]]),
    ],
    ["no immediates unless claimed", "exec.args", (c) => compile(c).execute([[upload(c), 1]])],
    [
      "no donated buffer twice",
      "donate.twice",
      (c) => {
        const x = upload(c);
        return compile(c, program(true)).execute([[x, x]]);
      },
    ],
    [
      "live buffers",
      "life.use",
      (c) => {
        const x = upload(c);
        x.dispose();
        return compile(c).execute([[x, x]]);
      },
    ],
    [
      "exactly the bytes",
      "host.detached",
      (c) => c.toDevice(new Float32Array(2), f32, c.memories[0] as never),
    ],
    [
      "memory that is still there",
      "host.detached",
      (c) => {
        const view = new Float32Array(3);
        structuredClone(view.buffer, { transfer: [view.buffer] });
        return c.toDevice(view, f32, c.memories[0] as never);
      },
    ],
    [
      "no borrowing of resizable memory",
      "host.resizable",
      (c) => {
        const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer;
        const view = new Float32Array(new Resizable(12, { maxByteLength: 24 }), 0, 3);
        return c.toDevice(view, f32, c.memories[0] as never, { semantics: "borrowUntilReleased" });
      },
    ],
    [
      "no use after dispose",
      "life.use",
      async (c) => {
        const e = compile(c);
        await c.dispose();
        return e.execute([[]]);
      },
    ],
  ];
  it.each(cases)("%s [%s]", async (_what, rule, f) => {
    expect(await message(() => f(checked(plainClient())))).toContain(`[${rule}]`);
  });
});

describe("what the plugin owes the caller", () => {
  const plain = plainClient();
  const memory = plain.memories[0] as Client["memories"][number];
  const buffer = (type = f32): PlainBuffer => new PlainBuffer(type, memory, new Float32Array(3));
  const withStatus = (statuses: readonly Status[]): DeviceBuffer => {
    let i = 0;
    return Object.defineProperty(buffer(), "status", {
      get: () => statuses[Math.min(i++, statuses.length - 1)],
    });
  };
  const cases: readonly (readonly [string, string, Client, ((c: Client) => unknown)?])[] = [
    ["frozen capabilities", "load.honest", plainClient({ capabilities: { dtypes: ["f32"], ops: {} } })],
    ["two results", "exec.results", executing(() => ({ execute: () => [[buffer()]] }))],
    [
      "results of the declared type",
      "exec.results",
      executing(() => ({ execute: () => [[buffer(), buffer(t("f32", 4) as ConcreteType)]] })),
    ],
    [
      "distinct results",
      "exec.results",
      executing(() => ({ execute: () => [[...Array<DeviceBuffer>(2).fill(buffer())]] })),
    ],
    ["rows", "exec.results", executing(() => ({ execute: () => [] }))],
    [
      "results that aren't arguments",
      "exec.results",
      executing(() => ({ execute: ([row]) => [[row?.[0] as DeviceBuffer, buffer()]] })),
    ],
    [
      "coded errors",
      "error.foreign",
      executing(() => ({
        execute: () => {
          throw new TypeError("oops");
        },
      })),
    ],
    [
      "known codes",
      "error.code",
      executing(() => ({
        execute: () => {
          throw tenonError("OOPS" as never, "oops");
        },
      })),
    ],
    [
      "arguments after a throw",
      "exec.throw",
      executing(() => ({
        execute: ([row]) => {
          (row?.[0] as DeviceBuffer).dispose();
          throw tenonError("RESOURCE_EXHAUSTED", "full");
        },
      })),
    ],
    [
      "a status that moves forward",
      "life.status",
      executing(() => ({ execute: () => [[withStatus(["ready", "ready", "pending"]), buffer()]] })),
      (c) => (run(c)[0] as DeviceBuffer).status,
    ],
    [
      "records of failures",
      "async.poison",
      executing(() => ({ execute: () => [[withStatus(["failed"]), buffer()]] })),
    ],
    [
      "a rejection rather than a throw",
      "style.reject",
      plainClient({
        toHost: () => {
          throw tenonError("INTERNAL", "oops");
        },
      }),
      (c) => c.toHost(upload(c), new Float32Array(3)),
    ],
    [
      "a synchronous compile beside readSync",
      "compile.sync",
      plainClient({
        extensions: { readSync: { read: () => undefined } },
        compile: async (p) => compile(plain, p),
      }),
      (c) => c.compile(program()),
    ],
    [
      "the program's signature",
      "compile.signature",
      executing((e) => ({ signature: { ...e.signature, results: [] } })),
    ],
    [
      "released() after the return",
      "host.semantics",
      plainClient({
        toDevice: (_host, type, m, options) => {
          options?.released?.();
          return new PlainBuffer(type, m, new Float32Array(3));
        },
      }),
      (c) =>
        c.toDevice(new Float32Array(3), f32, c.memories[0] as never, {
          semantics: "adopt",
          released: () => undefined,
        }),
    ],
    ["lost after dispose", "life.exit", plainClient({ dispose: () => undefined }), (c) => c.dispose()],
  ];
  const whole = cases.map(([what, rule, client, act = run]) => [what, rule, { client, act }] as const);
  it.each(whole)("%s [%s]", async (_what, rule, { client, act }) => {
    expect(
      await message(() => {
        const c = checked({ ...client, memories: client.memories });
        return act(c);
      }),
    ).toContain(`plugin plain breaks [${rule}]`);
  });
});

describe("failing", () => {
  it("throws at the chosen call and lives on", async () => {
    const client = checked(
      failing(plainClient(), { at: "execute", code: "RESOURCE_EXHAUSTED", when: (n) => n === 0 }),
    );
    const e = compile(client);
    const args = [upload(client), upload(client)];
    expect(() => e.execute([args])).toThrowError(expect.objectContaining({ code: "RESOURCE_EXHAUSTED" }));
    expect(await read(client, e.execute([args])[0]?.[0] as DeviceBuffer)).toEqual([2, 4, 6]);
  });
  it("poisons results, and what takes them, with one record [async.poison]", async () => {
    const client = checked(
      failing(plainClient(), { at: "execute", code: "INTERNAL", async: true, when: (n) => n === 0 }),
    );
    const e = compile(client);
    const [first] = e.execute([[upload(client), upload(client)]])[0] as [DeviceBuffer];
    expect(first.status).toBe("pending");
    const [second] = e.execute([[first, first]])[0] as [DeviceBuffer];
    await expect(client.toHost(second, new Float32Array(3))).rejects.toMatchObject({ code: "INTERNAL" });
    expect(second.error).toBe(first.error);
    expect(await read(client, e.execute([[upload(client), upload(client)]])[0]?.[0] as DeviceBuffer)).toEqual(
      [2, 4, 6],
    );
  });
  it("fails compile and toHost, at once or later", async () => {
    const rejecting = failing(plainClient(), { at: "compile", code: "UNAVAILABLE", async: true });
    await expect(rejecting.compile(program())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const unreadable = failing(plainClient(), { at: "toHost", code: "DATA_LOSS" });
    await expect(unreadable.toHost(upload(unreadable), new Float32Array(3))).rejects.toMatchObject({
      code: "DATA_LOSS",
    });
  });
});
