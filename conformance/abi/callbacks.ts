// Level 7: functions of the host that programs call: where, how often, with what, and what becomes of it if they fail.
import type { Client, DeviceBuffer, HostCallback, Program } from "tenon-plugin-api";
import { program, type, type Ref, type Scope } from "../builder.ts";
import { ruleCase, type Case } from "../case.ts";
import { read, type Subject } from "../subject.ts";
import { decode, encode } from "../values.ts";
import { claims, expect, expectError } from "./expect.ts";
import { run } from "./execute.ts";

const I32 = type("i32");
const BOOL = type("bool");
const PRED = { direction: "LT", compareType: "SIGNED" } as const;

/** A call of the host, of values of one type each, that gives values of these types. */
const call = (
  s: Scope,
  name: string,
  operands: readonly Ref[],
  results: readonly Ref["type"][],
): readonly Ref[] =>
  s.op(
    "custom_call",
    operands,
    { target: "tenon.callback", version: 1, attributes: { name }, sideEffect: "ordered" },
    results,
  );
const i32 = (s: Scope, n: number): Ref => s.constant(I32, encode("i32", [n]));

/** Counts to the argument, showing each number to the host, which doubles it; then the sum of what came back. */
const counting: Program = program("counting", [I32], (s, limit) => {
  const [zero, one] = [i32(s, 0), i32(s, 1)];
  const cond = s.block([I32, I32], (b, i) => [b.one("compare", [i, limit], PRED, BOOL)]);
  const body = s.block([I32, I32], (b, i, sum) => {
    const [doubled] = call(b, "double", [i], [I32]) as [Ref];
    return [b.one("add", [i, one], {}, I32), b.one("add", [sum, doubled], {}, I32)];
  });
  return [s.op("while", [zero, zero], {}, [I32, I32], [cond, body])[1] as Ref];
});
/** One of two branches, each of which calls the host. */
const branching: Program = program("branching", [I32, I32], (s, index, x) => {
  const branch = (name: string) => s.block([], (b) => call(b, name, [x], [I32]));
  return s.op("case", [index], {}, [I32], [branch("first"), branch("second")]);
});
/** Shows its argument to the host, and gives nothing. */
const showing: Program = program("showing", [I32], (s, x) => {
  call(s, "show", [x], []);
  return [];
});

interface Host {
  readonly client: Client;
  readonly put: (n: number) => DeviceBuffer;
  readonly get: (b: DeviceBuffer | undefined) => Promise<number>;
}
async function host(subject: Subject): Promise<Host> {
  const client = await subject.client();
  claims(client.capabilities.callbacks === true, "callbacks");
  claims(client.capabilities.dtypes.includes("i32"), "i32");
  const memory = client.devices[0]?.memory as Client["memories"][number];
  return {
    client,
    put: (n) => client.toDevice(encode("i32", [n]), I32, memory),
    get: async (b) => Number(decode("i32", await read(client, b as DeviceBuffer))[0]),
  };
}
/** A callback of one i32. */
const of =
  (f: (n: number) => number, seen: number[] = []): HostCallback =>
  ([x]) => {
    const n = Number(decode("i32", (x as { bytes: Uint8Array }).bytes)[0]);
    seen.push(n);
    return [{ type: I32, bytes: encode("i32", [f(n)]) }];
  };

async function loop(subject: Subject): Promise<void> {
  const { client, put, get } = await host(subject);
  const seen: number[] = [];
  const e = await client.compile(counting, { callbacks: { double: of((n) => 2 * n, seen) } });
  for (const limit of [4, 0, 2]) {
    seen.length = 0;
    const got = await get(run(e, put(limit))[0]);
    const want = Array.from({ length: limit }, (_, i) => i);
    expect(got === limit * (limit - 1), `counting to ${limit} gave ${got}`);
    expect(seen.join() === want.join(), `counting to ${limit} called with ${seen.join()}`);
  }
}
async function branch(subject: Subject): Promise<void> {
  const { client, put, get } = await host(subject);
  const [first, second]: [number[], number[]] = [[], []];
  const callbacks = { first: of((n) => n + 1, first), second: of((n) => n + 2, second) };
  const e = await client.compile(branching, { callbacks });
  expect((await get(run(e, put(0), put(5))[0])) === 6, "branch 0 gave another value");
  expect((await get(run(e, put(1), put(6))[0])) === 8, "branch 1 gave another value");
  expect(
    first.join() === "5" && second.join() === "6",
    `the branches called with ${first.join()} and ${second.join()}`,
  );
}
async function noResults(subject: Subject): Promise<void> {
  const { client, put, get } = await host(subject);
  const seen: number[] = [];
  const e = await client.compile(showing, {
    callbacks: { show: (args) => (of(() => 0, seen)(args, client.devices[0] as never), []) },
  });
  for (const n of [1, 2, 3]) run(e, put(n));
  // What is asked later is done later.
  await get(run(await client.compile(counting, { callbacks: { double: of((n) => n) } }), put(1))[0]);
  expect(seen.join() === "1,2,3", `the host saw ${seen.join()}`);
}
/** Runs what must fail: in the call, or where its result is read. */
async function fails(subject: Subject, what: string, callback: HostCallback, text: string): Promise<void> {
  const { client, put, get } = await host(subject);
  let found = "";
  try {
    const e = await client.compile(branching, { callbacks: { first: callback, second: of((n) => n) } });
    await get(run(e, put(0), put(1))[0]);
  } catch (error) {
    found = String((error as Error).message);
  }
  expect(found !== "", `${what} went unnoticed`);
  expect(found.includes(text), `${what} is told as "${found}", without "${text}"`);
  const e = await client.compile(branching, { callbacks: { first: of((n) => n), second: of((n) => n) } });
  expect((await get(run(e, put(1), put(7))[0])) === 7, `after ${what} the client gives wrong values`);
}
const throws = (subject: Subject): Promise<void> =>
  fails(
    subject,
    "a callback that throws",
    () => {
      throw new Error("boom-42");
    },
    "boom-42",
  );
const wrongShape = (subject: Subject): Promise<void> =>
  fails(
    subject,
    "a result of another shape",
    () => [{ type: type("i32", 2), bytes: encode("i32", [1, 2]) }],
    "",
  );
const noResult = (subject: Subject): Promise<void> => fails(subject, "a missing result", () => [], "");

/** A callback may use the client, also the program that called it. */
async function reentrant(subject: Subject): Promise<void> {
  const { client, put, get } = await host(subject);
  const sync = client.extensions?.readSync;
  claims(sync !== undefined, "readSync");
  const double: HostCallback = ([x]) => {
    const n = Number(decode("i32", (x as { bytes: Uint8Array }).bytes)[0]);
    if (n === 0) return [{ type: I32, bytes: encode("i32", [0]) }];
    const [inner] = run(executable, put(n));
    const bytes = new Uint8Array(4);
    sync.read(inner as DeviceBuffer, bytes);
    return [{ type: I32, bytes }];
  };
  const executable = await client.compile(counting, { callbacks: { double } });
  // s(n) = s(0) + … + s(n−1) with s(0) = 0.
  expect(
    (await get(run(executable, put(4))[0])) === 0,
    "a program that calls itself through the host gave another value",
  );
}
/** An argument that failed: nothing is called, and its error comes out. */
async function poisoned(subject: Subject): Promise<void> {
  const { client, put, get } = await host(subject);
  const boom: HostCallback = () => {
    throw new Error("boom-43");
  };
  const failing = await client.compile(branching, { callbacks: { first: boom, second: boom } });
  let bad: DeviceBuffer | undefined;
  try {
    [bad] = run(failing, put(0), put(1));
  } catch {
    return; // It runs during the call, and nothing failed comes into being.
  }
  const seen: number[] = [];
  const e = await client.compile(counting, { callbacks: { double: of((n) => n, seen) } });
  await expectErrorLike("a poisoned argument", "boom-43", () => get(run(e, bad as DeviceBuffer)[0]));
  expect(seen.length === 0, "a poisoned run called the host");
}
async function expectErrorLike(what: string, text: string, f: () => Promise<unknown>): Promise<void> {
  try {
    await f();
  } catch (error) {
    expect(String((error as Error).message).includes(text), `${what}: ${String(error)}`);
    return;
  }
  throw new Error(`${what} succeeded`);
}
/** Without its function a program isn't run in silence. */
async function missing(subject: Subject): Promise<void> {
  const { client, put, get } = await host(subject);
  await expectError(
    ["UNIMPLEMENTED", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"],
    "a callback that nobody gave",
    async () =>
      get(run(await client.compile(branching, { callbacks: { second: of((n) => n) } }), put(0), put(1))[0]),
  );
}

/** Cases of functions of the host. */
export const CALLBACKS: readonly Case[] = [
  ruleCase(7, "callback/loop", loop),
  ruleCase(7, "callback/branch", branch),
  ruleCase(7, "callback/no-results", noResults),
  ruleCase(7, "callback/throws", throws),
  ruleCase(7, "callback/wrong-shape", wrongShape),
  ruleCase(7, "callback/no-result", noResult),
  ruleCase(7, "callback/reentrant", reentrant),
  ruleCase(7, "callback/poisoned", poisoned),
  ruleCase(7, "callback/missing", missing),
];
