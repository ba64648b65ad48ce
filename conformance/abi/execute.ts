// Level 2: running programs in a chain; level 7: every other way to compile and run them, the order of effects.
import {
  unsupported,
  type Client,
  type DeviceBuffer,
  type Executable,
  type Immediate,
  type MemorySpace,
  type Program,
} from "tenon-plugin-api";
import { program, single, type } from "../builder.ts";
import { ruleCase, type Case } from "../case.ts";
import { DTYPES } from "../inputs.ts";
import { read, runProgram, type Subject } from "../subject.ts";
import { decode, encode } from "../values.ts";
import { arithmetic, calling, shown, type Arithmetic } from "./programs.ts";
import { claims, expect, expectError, sameBytes } from "./expect.ts";

/** What most cases begin with. */
interface Stage extends Arithmetic {
  readonly client: Client;
  readonly put: (...elements: number[]) => DeviceBuffer;
  readonly expectValue: (buffer: DeviceBuffer, ...elements: number[]) => Promise<void>;
}
/** A client and arithmetic on it. */
export async function stage(subject: Subject, own = false): Promise<Stage> {
  const client = own ? await subject.newClient() : await subject.client();
  const a = arithmetic(client);
  const memory = client.devices[0]?.memory as MemorySpace;
  return {
    ...a,
    client,
    put: (...elements) => client.toDevice(a.bytes(...elements), a.t, memory),
    expectValue: async (buffer, ...elements) => {
      const got = await read(client, buffer);
      const want = a.bytes(...elements);
      expect(sameBytes(got, want), `got ${shown(decode(a.dtype, got))}, expected ${shown(elements)}`);
    },
  };
}
/** The results of one run on the first device. */
export const run = (e: Executable, ...args: (DeviceBuffer | Immediate)[]): readonly DeviceBuffer[] =>
  e.execute([args])[0] as readonly DeviceBuffer[];
const only = (e: Executable, ...args: (DeviceBuffer | Immediate)[]): DeviceBuffer =>
  run(e, ...args)[0] as DeviceBuffer;

/** Results are arguments at once, whatever their status. */
async function chain(subject: Subject): Promise<void> {
  const { client, double, put, expectValue } = await stage(subject);
  const e = await client.compile(double);
  let x = put(1, 2, 3);
  for (let i = 0; i < 5; i++) x = only(e, x);
  await expectValue(x, 32, 64, 96);
}
async function sameArgument(subject: Subject): Promise<void> {
  const { client, sum, put, bytes, dtype, expectValue } = await stage(subject);
  const x = put(1, 2, 3);
  await expectValue(only(await client.compile(sum()), x, x), 2, 4, 6);
  const after = await read(client, x);
  expect(
    sameBytes(after, bytes(1, 2, 3)),
    `the argument was written: ${shown(decode(dtype, after))} after the run, [1, 2, 3] before`,
  );
}
/** A program may return its parameter, twice; each result lives its own life. */
async function identity(subject: Subject): Promise<void> {
  const { client, t, put, expectValue } = await stage(subject);
  const e = await client.compile(program("identity", [t], (_s, x) => [x, x]));
  const x = put(1, 2, 3);
  const [a, b] = run(e, x) as [DeviceBuffer, DeviceBuffer];
  x.dispose();
  await expectValue(a, 1, 2, 3);
  a.dispose();
  await expectValue(b, 1, 2, 3);
}
async function noParams(subject: Subject): Promise<void> {
  const { client, t, bytes, expectValue } = await stage(subject);
  const made = program("constant", [], (s) => [s.constant(t, bytes(4, 5, 6))]);
  claims(unsupported(made, client.capabilities, subject.name) === undefined, "constant");
  await expectValue(only(await client.compile(made)), 4, 5, 6);
}
async function noResults(subject: Subject): Promise<void> {
  const { client, t, put } = await stage(subject);
  const e = await client.compile(program("nothing", [t], () => []));
  expect(run(e, put(1, 2, 3)).length === 0, "a program without results gave some");
}
async function unusedParam(subject: Subject): Promise<void> {
  const { client, t, put, expectValue } = await stage(subject);
  const made = program("unused", [t, t, t], (s, x, _y, z) => [s.one("add", [x, z], {}, t)]);
  await expectValue(
    only(await client.compile(made), put(1, 2, 3), put(9, 9, 9), put(10, 20, 30)),
    11,
    22,
    33,
  );
}
/** Rank-0 arguments as JavaScript values. */
const immediateCases: readonly Case[] = DTYPES.filter((d) => !d.startsWith("c")).map((dtype) =>
  ruleCase(7, `exec/immediate:${dtype}`, async (subject) => {
    const client = await subject.client();
    claims(client.capabilities.immediates === true, "immediates");
    claims(client.capabilities.dtypes.includes(dtype), dtype);
    const s = type(dtype);
    const e = await client.compile(program("pass", [s], (_b, x) => [x]));
    const values: readonly Immediate[] =
      dtype === "bool"
        ? [true, false]
        : dtype === "i64" || dtype === "u64"
          ? [5n, 2n ** 40n + 1n]
          : dtype.startsWith("u")
            ? [3, 200]
            : [-3, 0.5, 100].filter((x) => !dtype.startsWith("i") || Number.isInteger(x));
    for (const x of values) {
      const got = await read(client, only(e, x));
      expect(sameBytes(got, encode(dtype, [x])), `${String(x)} arrived as ${shown(decode(dtype, got))}`);
    }
  }),
);

/** The same bits from an executable compiled anew, and from another client. */
async function same(subject: Subject): Promise<void> {
  const { client, sum, bytes } = await stage(subject);
  const inputs = [bytes(0.1, 2.5, -3), bytes(0.7, 1, 100)];
  const [[first]] = (await runProgram(client, sum(), inputs)) as [[Uint8Array]];
  const [[again]] = (await runProgram(client, sum(), inputs)) as [[Uint8Array]];
  const [[elsewhere]] = (await runProgram(await subject.newClient(), sum(), inputs)) as [[Uint8Array]];
  expect(sameBytes(first, again), "compiled anew, the program gives other bits");
  expect(sameBytes(first, elsewhere), "on another client, the program gives other bits");
}

/** One program compiled twice is two executables. */
async function twice(subject: Subject): Promise<void> {
  const { client, double, put, expectValue } = await stage(subject);
  const [a, b] = [await client.compile(double), await client.compile(double)];
  a.dispose();
  await expectValue(only(b, put(1, 2, 3)), 2, 4, 6);
}
/** An op that isn't claimed is refused before the plugin sees it; the client lives on. */
async function unclaimed(subject: Subject): Promise<void> {
  const client = await subject.newClient();
  const refused = unclaimedProgram(client, subject.name);
  claims(refused !== undefined, "less than the suite's programs hold");
  await expectError(["INVALID_ARGUMENT", "UNIMPLEMENTED"], "compile of an op that isn't claimed", () =>
    client.compile(refused),
  );
  const { double, bytes } = arithmetic(client);
  const [[got]] = (await runProgram(client, double, [bytes(1, 2, 3)])) as [[Uint8Array]];
  expect(sameBytes(got, bytes(2, 4, 6)), "after a refused compile the client computes wrongly");
}
function unclaimedProgram(client: Client, plugin: string): Program | undefined {
  const candidates = DTYPES.flatMap((d) => {
    const t = type(d, 2);
    return [
      single("add", [t, t], {}, [t]),
      single("tanh", [t], {}, [t]),
      single("sort", [t], { dimension: 0, isStable: true }, [t], (s) => [
        s.block([type(d), type(d)], (b, x, y) => [
          b.one(
            "compare",
            [x, y],
            {
              direction: "LT",
              compareType: d.startsWith("u") ? "UNSIGNED" : d.startsWith("i") ? "SIGNED" : "FLOAT",
            },
            type("bool"),
          ),
        ]),
      ]),
    ].filter(
      (p) =>
        d !== "bool" && !(d.startsWith("c") && p.name === "sort") && !(/^[iu]/.test(d) && p.name === "tanh"),
    );
  });
  return candidates.find((p) => unsupported(p, client.capabilities, plugin) !== undefined);
}
/** A client that reads synchronously compiles synchronously. */
async function compileSync(subject: Subject): Promise<void> {
  const { client, double } = await stage(subject);
  claims(client.extensions?.readSync !== undefined, "readSync");
  expect(!(client.compile(double) instanceof Promise), "it offers readSync, but compile gave a promise");
}

/** Runs take effect in the order of the calls. */
async function device(subject: Subject): Promise<void> {
  const { client, sum, put, expectValue } = await stage(subject);
  const e = await client.compile(sum());
  let total = put(0, 0, 0);
  const one = put(1, 1, 1);
  for (let i = 0; i < 50; i++) total = only(e, total, one);
  await expectValue(total, 50, 50, 50);
}
/** A read is of the value as of the call: the next line may dispose or donate the buffer. */
async function readOrder(subject: Subject): Promise<void> {
  const { client, sum, double, put, bytes } = await stage(subject);
  const [e, giving] = [await client.compile(double), await client.compile(sum([0]))];
  const y = only(e, put(1, 2, 3));
  const into = new Uint8Array(bytes(0, 0, 0).length);
  const reading = client.toHost(y, into);
  y.dispose();
  await reading;
  expect(sameBytes(into, bytes(2, 4, 6)), "a buffer disposed on the next line was read wrongly");
  const z = only(e, put(1, 2, 3));
  const again = new Uint8Array(into.length);
  const pending = client.toHost(z, again);
  run(giving, z, put(7, 7, 7));
  z.dispose();
  await pending;
  expect(sameBytes(again, bytes(2, 4, 6)), "a buffer donated on the next line was read wrongly");
}
/** Callbacks run in program order, with the values of their place. */
async function effects(subject: Subject): Promise<void> {
  const { client, t, dtype, put, expectValue } = await stage(subject);
  claims(client.capabilities.callbacks === true, "callbacks");
  const seen: string[] = [];
  const plus = (n: number, name: string) => (args: readonly { bytes: Uint8Array }[]) => {
    const x = decode(dtype, args[0]?.bytes as Uint8Array).map(Number);
    seen.push(`${name}:${x.join()}`);
    return [
      {
        type: t,
        bytes: encode(
          dtype,
          x.map((v) => v + n),
        ),
      },
    ];
  };
  const callbacks = { one: plus(1, "one"), ten: plus(10, "ten") };
  const e = await client.compile(calling(t, ["one", "ten", "one"]), { callbacks });
  await expectValue(only(e, put(1, 2, 3)), 13, 14, 15);
  expect(seen.join(" ") === "one:1,2,3 ten:2,3,4 one:12,13,14", `callbacks saw ${seen.join(" ")}`);
}

/** Cases of running and compiling. */
export const EXECUTE: readonly Case[] = [
  ruleCase(2, "exec/chain", chain),
  ruleCase(7, "exec/same-argument", sameArgument),
  ruleCase(7, "exec/identity", identity),
  ruleCase(7, "exec/no-params", noParams),
  ruleCase(7, "exec/no-results", noResults),
  ruleCase(7, "exec/unused-param", unusedParam),
  ...immediateCases,
  ruleCase(7, "num/same", same),
  ruleCase(7, "compile/twice", twice),
  ruleCase(7, "compile/claims", unclaimed),
  ruleCase(7, "compile/sync", compileSync),
  ruleCase(7, "order/device", device),
  ruleCase(7, "order/read", readOrder),
  ruleCase(7, "order/effects", effects),
];
