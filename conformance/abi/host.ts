// Level 1: bytes to the device and back; level 7: from and into every kind of JavaScript memory.
import {
  byteLength,
  type Client,
  type ConcreteType,
  type DType,
  type HostSemantics,
  type HostView,
  type MemorySpace,
} from "tenon-plugin-api";
import { type } from "../builder.ts";
import { ruleCase, type Case } from "../case.ts";
import { DTYPES, distinct, randomElements, seedOf } from "../inputs.ts";
import { read, type Subject } from "../subject.ts";
import { encode, sizeOf } from "../values.ts";
import { claims, expect, expectError, sameBytes, within } from "./expect.ts";

const memoryOf = (client: Client): MemorySpace => client.devices[0]?.memory as MemorySpace;
const put = (client: Client, host: HostView, t: ConcreteType): ReturnType<Client["toDevice"]> =>
  client.toDevice(host, t, memoryOf(client));
const bytesFor = (t: ConcreteType): Uint8Array =>
  encode(
    t.dtype,
    t.dtype === "bool"
      ? distinct("bool", sizeOf(t.shape))
      : randomElements(t.dtype, sizeOf(t.shape), seedOf(t.dtype)),
  );

/** The first dtype that the client has, and some bytes of it. */
async function sample(subject: Subject): Promise<{ client: Client; t: ConcreteType; bytes: Uint8Array }> {
  const client = await subject.client();
  const dtype = client.capabilities.dtypes.find((d) => DTYPES.includes(d));
  claims(dtype !== undefined, "dtype that the suite knows");
  const t = type(dtype, 4, 3);
  return { client, t, bytes: bytesFor(t) };
}
async function expectRead(
  client: Client,
  buffer: ReturnType<Client["toDevice"]>,
  want: Uint8Array,
  what: string,
): Promise<void> {
  const got = await read(client, buffer);
  const at = want.findIndex((x, i) => x !== got[i]);
  expect(at < 0, `${what}: byte ${at} is ${got[at]}, expected ${want[at]}`);
}

const SHAPES = [[], [1], [7], [2, 3], [0], [3, 0, 2], [2, 3, 4, 5], [1000]] as const;
const readCases: readonly Case[] = DTYPES.flatMap((dtype: DType) =>
  SHAPES.map((shape) =>
    ruleCase(1, `host/read:${dtype}:shape=${shape.join("x") || "scalar"}`, async (subject) => {
      const client = await subject.client();
      claims(client.capabilities.dtypes.includes(dtype), dtype);
      const t = type(dtype, ...shape);
      const { maxRank = Infinity } = client.capabilities.limits ?? {};
      claims(shape.length <= maxRank, `rank ${shape.length}`);
      const bytes = bytesFor(t);
      const buffer = put(client, bytes, t);
      await expectRead(client, buffer, bytes, "read back");
      await expectRead(client, buffer, bytes, "read again");
      buffer.dispose();
    }),
  ),
);
/** NaN payloads, −0 and denormals are bits like others. */
const bitCases: readonly Case[] = (["f16", "bf16", "f32", "f64", "c64", "c128"] as const).map((dtype) =>
  ruleCase(1, `host/read:${dtype}:bits=any`, async (subject) => {
    const client = await subject.client();
    claims(client.capabilities.dtypes.includes(dtype), dtype);
    const t = type(dtype, 16);
    const bytes = encode("u8", randomElements("u8", byteLength(t), 7));
    await expectRead(client, put(client, bytes, t), bytes, "read back");
  }),
);

/** Views at odd offsets and of every class. */
async function view(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const around = new Uint8Array(bytes.length + 2).fill(0x5a);
  around.set(bytes, 1);
  for (const from of [
    new Uint8Array(around.buffer, 1, bytes.length),
    new DataView(around.buffer, 1, bytes.length),
  ])
    await expectRead(
      client,
      put(client, from, t),
      bytes,
      `toDevice of a ${from.constructor.name} at offset 1`,
    );
  const into = new Uint8Array(bytes.length + 2).fill(0x5a);
  await client.toHost(put(client, bytes, t), new DataView(into.buffer, 1, bytes.length));
  expect(sameBytes(into.subarray(1, -1), bytes), "toHost into a DataView at offset 1 gives other bytes");
  expect(into[0] === 0x5a && into.at(-1) === 0x5a, "toHost wrote beside the view");
}

/** copyDuringCall: the memory is the caller's again when the call returns. */
async function copyDuringCall(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const host = bytes.slice();
  const buffer = put(client, host, t);
  host.fill(0xff);
  await expectRead(client, buffer, bytes, "after the host memory was overwritten");
}
/** What was read is the caller's own. */
async function alias(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const buffer = put(client, bytes, t);
  const [first, second] = [new Uint8Array(bytes.length), new Uint8Array(bytes.length)];
  await Promise.all([client.toHost(buffer, first), client.toHost(buffer, second)]);
  first.fill(0xff);
  expect(sameBytes(second, bytes), "two reads share memory");
  await expectRead(client, buffer, bytes, "after the bytes read were overwritten");
}

/** Other semantics are permissions; `released` comes once, later than the return. */
const semanticsCases: readonly Case[] = (["borrowUntilReleased", "adopt", "adoptMutable"] as const).map(
  (semantics: HostSemantics) =>
    ruleCase(7, `host/semantics:${semantics}`, async (subject) => {
      const { client, t, bytes } = await sample(subject);
      let calls = 0;
      const count = (): number => calls;
      let free: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (free = resolve));
      const buffer = client.toDevice(bytes.slice(), t, memoryOf(client), {
        semantics,
        released: () => {
          calls++;
          free();
        },
      });
      expect(count() === 0, "released() was called before toDevice returned");
      await expectRead(client, buffer, bytes, "read back");
      buffer.dispose();
      await within(2000, "released()", released);
      expect(count() === 1, `released() was called ${count()} times`);
    }),
);

/** A length that isn't the type's, and memory that was given away: refused by the plugin, or by the host before it. */
async function detached(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const buffer = put(client, bytes, t);
  const gone = bytes.slice();
  structuredClone(gone, { transfer: [gone.buffer] });
  for (const [name, memory] of [
    ["too short", bytes.subarray(1)],
    ["too long", new Uint8Array(bytes.length + 1)],
    ["detached", gone],
  ] as const) {
    await expectError(["INVALID_ARGUMENT"], `toDevice of memory that is ${name}`, () =>
      put(client, memory, t),
    );
    await expectError(["INVALID_ARGUMENT"], `toHost into memory that is ${name}`, () =>
      client.toHost(buffer, memory),
    );
  }
  await expectRead(client, buffer, bytes, "after refused calls");
}
/** Memory that goes while a read is pending: the read fails or was done; nothing crashes. */
async function detach(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const buffer = put(client, bytes, t);
  const into = new Uint8Array(bytes.length);
  const reading = client.toHost(buffer, into);
  reading.catch(() => undefined);
  const moved = structuredClone(into, { transfer: [into.buffer] });
  let failed: unknown;
  await reading.catch((error: unknown) => (failed = error));
  if (failed === undefined) expect(sameBytes(moved, bytes), "the read succeeded without its bytes");
  else
    await expectError(
      ["FAILED_PRECONDITION"],
      "toHost into memory that was detached meanwhile",
      () => reading,
    );
  await expectRead(client, buffer, bytes, "afterwards");
}

async function shared(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const [from, into] = [bytes, bytes].map((b) => new Uint8Array(new SharedArrayBuffer(b.length))) as [
    Uint8Array,
    Uint8Array,
  ];
  from.set(bytes);
  const buffer = put(client, from, t);
  await client.toHost(buffer, into);
  expect(sameBytes(into, bytes), "bytes through a SharedArrayBuffer differ");
}
/** ES2024's ArrayBuffer, which the library types of this package don't know yet. */
const Resizable = ArrayBuffer as unknown as new (
  n: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer & { resize(n: number): void };
/** The extent of resizable memory is that of the call. */
async function resizable(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const memory = new Resizable(bytes.length, { maxByteLength: 4 * bytes.length });
  const from = new Uint8Array(memory, 0, bytes.length);
  from.set(bytes);
  const buffer = put(client, from, t);
  memory.resize(4 * bytes.length);
  await expectRead(client, buffer, bytes, "after the memory grew");
  const into = new Uint8Array(memory, bytes.length, bytes.length);
  await client.toHost(buffer, into);
  expect(sameBytes(into, bytes), "toHost into resizable memory gives other bytes");
}
/** The one blocking call, where it is offered. */
async function sync(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const readSync = client.extensions?.readSync;
  claims(readSync !== undefined, "readSync");
  const into = new Uint8Array(bytes.length);
  readSync.read(put(client, bytes, t), into);
  expect(sameBytes(into, bytes), "readSync gives other bytes than were put there");
}
/** A device copy is a value of its own. */
async function copy(subject: Subject): Promise<void> {
  const { client, t, bytes } = await sample(subject);
  const deviceCopy = client.extensions?.deviceCopy;
  claims(deviceCopy !== undefined, "deviceCopy");
  const buffer = put(client, bytes, t);
  const twin = deviceCopy.copy(buffer, memoryOf(client));
  buffer.dispose();
  await expectRead(client, twin, bytes, "the copy, after the original was disposed");
}

/** Cases of transfers. */
export const HOST_MEMORY: readonly Case[] = [
  ...readCases,
  ...bitCases,
  ruleCase(7, "host/view", view),
  ruleCase(7, "host/semantics:copyDuringCall", copyDuringCall),
  ...semanticsCases,
  ruleCase(7, "host/alias", alias),
  ruleCase(7, "host/detached", detached),
  ruleCase(7, "host/detach", detach),
  ruleCase(7, "host/shared", shared),
  ruleCase(7, "host/resizable", resizable),
  ruleCase(7, "host/sync", sync),
  ruleCase(7, "host/copy", copy),
];
