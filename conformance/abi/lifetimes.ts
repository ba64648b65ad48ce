// Level 7: donation, what disposing means, and what failures do.
import {
  isTenonError,
  tenonError,
  toErrorRecord,
  type Client,
  type DeviceBuffer,
  type ErrorRecord,
  type Executable,
} from "tenon-plugin-api";
import { ruleCase, type Case } from "../case.ts";
import { read, type Subject } from "../subject.ts";
import { nbytesOf } from "../values.ts";
import { run, stage } from "./execute.ts";
import { claims, expect, expectError, within } from "./expect.ts";
import { arithmetic, calling } from "./programs.ts";

const only = (e: Executable, ...args: DeviceBuffer[]): DeviceBuffer => run(e, ...args)[0] as DeviceBuffer;

/** A donated run gives what the undonated one gives, and so does the next. */
async function equal(subject: Subject): Promise<void> {
  const { client, sum, put, expectValue } = await stage(subject);
  const e = await client.compile(sum([0]));
  const kept = put(10, 20, 30);
  let total = put(1, 2, 3);
  for (let i = 0; i < 4; i++) {
    const next = only(e, total, kept);
    total.dispose(); // as the host does when execute returns
    total = next;
  }
  await expectValue(total, 41, 82, 123);
  await expectValue(kept, 10, 20, 30);
}
async function keep(subject: Subject): Promise<void> {
  const { client, sum, put, expectValue } = await stage(subject);
  const e = await client.compile(sum([0, 1]));
  const [x, y] = [put(1, 2, 3), put(4, 5, 6)];
  const [z] = e.execute([[x, y]], { keep: [0, 1] })[0] as [DeviceBuffer];
  await expectValue(z, 5, 7, 9);
  await expectValue(x, 1, 2, 3);
  await expectValue(y, 4, 5, 6);
}
/** Refused before anything runs: the argument is still there. */
async function twice(subject: Subject): Promise<void> {
  const { client, sum, put, expectValue } = await stage(subject);
  const e = await client.compile(sum([0]));
  const x = put(1, 2, 3);
  await expectError(["INVALID_ARGUMENT"], "donating an argument that is passed twice", () => run(e, x, x));
  await expectValue(x, 1, 2, 3);
}
/** Use after donation: the host disposes what it gave as soon as execute returns. */
async function use(subject: Subject): Promise<void> {
  const client = await subject.bareClient();
  const { sum, bytes, t } = arithmetic(client);
  const { memory: space } = client.devices[0] as Client["devices"][number];
  const [a, b] = [client.toDevice(bytes(1, 2, 3), t, space), client.toDevice(bytes(4, 5, 6), t, space)];
  const e = await client.compile(sum([0]));
  run(e, a, b);
  a.dispose();
  await expectError(["FAILED_PRECONDITION"], "reading a donated buffer", () => read(client, a));
  await expectError(["FAILED_PRECONDITION"], "passing a donated buffer", () => run(e, a, b));
}

/** Work enqueued still sees the bytes of what is disposed on the next line. */
async function inflight(subject: Subject): Promise<void> {
  const { client, double, put, expectValue } = await stage(subject);
  const e = await client.compile(double);
  const x = put(1, 2, 3);
  const y = only(e, x);
  x.dispose();
  const z = only(e, y);
  y.dispose();
  e.dispose();
  await expectValue(z, 4, 8, 12);
}
async function idempotent(subject: Subject): Promise<void> {
  const client = await subject.bareClient();
  const { double, bytes, t } = arithmetic(client);
  const buffer = client.toDevice(bytes(1, 2, 3), t, (client.devices[0] as Client["devices"][number]).memory);
  const e = await client.compile(double);
  for (const thing of [buffer, e, client, client]) {
    await thing.dispose();
    await thing.dispose();
  }
  expect(buffer.status === "disposed", `a disposed buffer's status is ${buffer.status}`);
}
async function useAfter(subject: Subject): Promise<void> {
  const client = await subject.bareClient();
  const { double, bytes, t } = arithmetic(client);
  const { memory } = client.devices[0] as Client["devices"][number];
  const [gone, x] = [client.toDevice(bytes(1, 2, 3), t, memory), client.toDevice(bytes(1, 2, 3), t, memory)];
  const [disposed, e] = [await client.compile(double), await client.compile(double)];
  gone.dispose();
  disposed.dispose();
  const refused = (what: string, call: () => unknown): Promise<void> =>
    expectError(["FAILED_PRECONDITION"], what, call);
  await refused("toHost of a disposed buffer", () => read(client, gone));
  await refused("execute with a disposed buffer", () => run(e, gone));
  await refused("execute of a disposed executable", () => run(disposed, x));
  await client.dispose();
  await refused("compile on a disposed client", () => client.compile(double));
  await refused("toDevice on a disposed client", () => client.toDevice(bytes(1, 2, 3), t, memory));
  await refused("execute on a disposed client", () => run(e, x));
  await refused("toHost on a disposed client", () => read(client, x));
}
/** A method that gives a promise rejects; it never throws. */
async function reject(subject: Subject): Promise<void> {
  const client = await subject.bareClient();
  const { bytes, t } = arithmetic(client);
  const gone = client.toDevice(bytes(1, 2, 3), t, (client.devices[0] as Client["devices"][number]).memory);
  gone.dispose();
  let reading: Promise<void>;
  try {
    reading = client.toHost(gone, new Uint8Array(nbytesOf(t)));
  } catch (error) {
    throw new Error(`toHost threw ${String(error)}, it must reject`, { cause: error });
  }
  await expectError(["FAILED_PRECONDITION"], "toHost of a disposed buffer", () => reading);
}
/** Disposing a client ends what it made: buffers, pending reads, `lost`. */
async function exit(subject: Subject): Promise<void> {
  const client = await subject.bareClient();
  const { double, bytes, t } = arithmetic(client);
  const e = await client.compile(double);
  const x = client.toDevice(bytes(1, 2, 3), t, (client.devices[0] as Client["devices"][number]).memory);
  const y = only(e, x);
  const into = new Uint8Array(nbytesOf(t));
  const reading = client.toHost(y, into).then(
    () => undefined,
    (error: unknown) => toErrorRecord(error),
  );
  await client.dispose();
  const why = await within(2000, "a read that was pending", reading);
  expect(why === undefined || why.code === "CANCELLED", `a pending read ended with ${why?.code}`);
  const lost = await within(2000, "client.lost", client.lost);
  expect(lost.code === "CANCELLED", `client.lost is ${lost.code} after dispose()`);
  expect(
    x.status === "disposed" && y.status === "disposed",
    `buffers are ${x.status}, ${y.status} after client.dispose()`,
  );
}
/** A client that does nothing keeps no process alive. */
async function idle(subject: Subject): Promise<void> {
  const holding = (): string[] => process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout");
  const before = holding().length;
  const { client, double, put, expectValue } = await stage(subject, true);
  await expectValue(only(await client.compile(double), put(1, 2, 3)), 2, 4, 6);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const after = holding();
  expect(after.length <= before, `an idle client holds the event loop: ${after.join(", ")}`);
}
/** Memory comes back: far more than fits at once, a little at a time. */
async function memory(subject: Subject): Promise<void> {
  const { client, dtype } = await stage(subject);
  const { maxBufferBytes = Infinity } = client.capabilities.limits ?? {};
  const n = Math.min(2 ** 22, Math.floor(maxBufferBytes / 16));
  const t = { dtype, shape: [n] };
  const bytes = new Uint8Array(nbytesOf(t));
  const { memory: space } = client.devices[0] as Client["devices"][number];
  for (let i = 0; i < 200; i++) client.toDevice(bytes, t, space).dispose();
}

const BOOM = "the callback's own words";
/** A program that fails while it runs; undefined if it failed during the call, which then consumed nothing. */
async function failing(subject: Subject): Promise<{
  client: Client;
  failed: DeviceBuffer | undefined;
  thrown: unknown;
  argument: DeviceBuffer;
  double: Executable;
  expectValue: (b: DeviceBuffer, ...elements: number[]) => Promise<void>;
}> {
  const { client, t, double, put, expectValue } = await stage(subject);
  claims(client.capabilities.callbacks === true, "callbacks, the only thing that fails on demand");
  const callbacks = {
    boom: () => {
      throw tenonError("ABORTED", BOOM);
    },
  };
  const e = await client.compile(calling(t, ["boom"]), { callbacks });
  const argument = put(1, 2, 3);
  let failed: DeviceBuffer | undefined;
  let thrown: unknown;
  try {
    failed = only(e, argument);
  } catch (error) {
    thrown = error;
  }
  return { client, failed, thrown, argument, double: await client.compile(double), expectValue };
}
/** A failure in the call throws and consumes nothing; a later one poisons, and the root error arrives unchanged. */
async function poison(subject: Subject): Promise<void> {
  const { failed, thrown, argument, double, client, expectValue } = await failing(subject);
  if (failed === undefined) {
    expect(isTenonError(thrown) && thrown.code === "ABORTED", `the error arrived as ${String(thrown)}`);
    await expectValue(argument, 1, 2, 3);
    return;
  }
  const next = only(double, failed);
  const last = only(double, next);
  for (const b of [failed, next, last]) {
    const why: ErrorRecord | undefined = await b.whenReady().then(
      () => undefined,
      (error: unknown) => toErrorRecord(error),
    );
    expect(
      why?.code === "ABORTED" && why.message === BOOM,
      `the root error arrived as ${why?.code}: ${why?.message}`,
    );
    expect(b.status === "failed" && b.error?.message === BOOM, `a poisoned buffer is ${b.status}`);
    await expectError(["ABORTED"], "reading a poisoned buffer", () => read(client, b));
  }
}
/** Client and executables live on after a failure. */
async function alive(subject: Subject): Promise<void> {
  const { argument, double, expectValue } = await failing(subject);
  await expectValue(only(double, argument), 2, 4, 6);
}
/** Nobody has to wait for a failed buffer: its rejection is marked as handled. */
async function unheard(subject: Subject): Promise<void> {
  const { failed } = await failing(subject);
  claims(failed !== undefined, "failure after the call");
  let escaped: unknown;
  const catcher = (error: unknown): void => {
    escaped = error;
  };
  process.on("unhandledRejection", catcher);
  void failed.whenReady();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", catcher);
  expect(escaped === undefined, `whenReady() rejected unhandled: ${String(escaped)}`);
}
/** Waiting is once and for all. */
async function ready(subject: Subject): Promise<void> {
  const { client, double, put } = await stage(subject);
  const y = only(await client.compile(double), put(1, 2, 3));
  await y.whenReady();
  expect(y.status === "ready", `after whenReady() the status is ${y.status}`);
  await y.whenReady();
}

/** Cases of donation, lifetimes and failures. */
export const LIFETIMES: readonly Case[] = [
  ruleCase(7, "donate/equal", equal),
  ruleCase(7, "donate/keep", keep),
  ruleCase(7, "donate/twice", twice),
  ruleCase(7, "donate/use", use),
  ruleCase(7, "life/inflight", inflight),
  ruleCase(7, "life/idempotent", idempotent),
  ruleCase(7, "life/use", useAfter),
  ruleCase(7, "life/exit", exit),
  ruleCase(7, "life/idle", idle),
  ruleCase(7, "life/memory", memory),
  ruleCase(7, "style/reject", reject),
  ruleCase(7, "async/ready", ready),
  ruleCase(7, "async/poison", poison),
  ruleCase(7, "async/alive", alive),
  ruleCase(7, "async/unheard", unheard),
];
