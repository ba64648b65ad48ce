// Runs executables: arguments from arrays, results to arrays. What a plugin gives back is checked; out of memory, what can
// be freed is freed and the run repeated once; failures of the device poison results and surface where they're read.
import {
  isTenonError,
  toErrorRecord,
  type Argument,
  type ConcreteType,
  type DeviceBuffer,
  type Executable,
  type Immediate,
} from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { withDeepStack } from "../frames.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { DTYPES, isComplex, type DType } from "../ir/dtype.ts";
import { CONCRETE, LITERAL, type Literal, type NDArray } from "../ir/ndarray.ts";
import { ConcreteArray, elementAt } from "./array.ts";
import { collector } from "./collector.ts";
import { blamed, counters } from "./compile.ts";
import type { Loaded, RuntimeDevice } from "./device.ts";
import { deferred, GatedBuffer } from "./gate.ts";
import { encodeScalar, scalarKey } from "./host-values.ts";
import { wireType } from "./lower.ts";
import { callingHost } from "./pending.ts";
import { runtime } from "./runtime.ts";

/** What is ready to run: an executable and what its results are. */
export interface Entry {
  readonly loaded: Loaded;
  readonly outAvals: readonly ShapedArray[];
  /** Their types on the wire. */
  readonly outTypes: readonly ConcreteType[];
  /** Literals that the lowering made parameters. */
  readonly literals: readonly Literal[];
  readonly name: string;
  /** The program calls functions of the host. */
  readonly callsHost: boolean;
  /** One per argument, when any is given away: those whose memory a result takes. */
  readonly donate: readonly boolean[] | null;
}

/** Who is told of every run (transforms/explain). */
export const watch: { run: ((entry: Entry, device: RuntimeDevice) => void) | null } = { run: null };

// --- arguments -----------------------------------------------------------------------------------------------------------

/** A device array of host bytes in the aval's host form. @throws E_OUT_OF_MEMORY after one retry */
export function upload(
  data: ArrayBufferView,
  aval: ShapedArray,
  device: RuntimeDevice,
  committed: boolean,
): ConcreteArray {
  return new ConcreteArray(aval, toDevice(data, aval, device), device, committed);
}
function toDevice(data: ArrayBufferView, aval: ShapedArray, device: RuntimeDevice): DeviceBuffer {
  const { client, session } = device;
  const { memory } = device.device;
  const type = wireType(aval) as ConcreteType;
  let buffer: DeviceBuffer;
  try {
    buffer = client.toDevice(data, type, memory);
  } catch (error) {
    buffer = again(() => client.toDevice(data, type, memory), error, device, `placing ${aval}`);
  }
  runtime.transferred("toDevice", data.byteLength, device);
  if (session.gate === null) return buffer;
  // Behind the gate its dispose waits for the runs that were asked for before.
  return deferred(session.gate, [type], memory, () => [buffer])[0] as DeviceBuffer;
}

/** A copy of an array on a device, committed to it: by the client where it can, else through the host. */
export function place(x: ConcreteArray, to: RuntimeDevice): ConcreteArray {
  const { session, client } = to;
  const copier = x.home.session === session ? client.extensions?.deviceCopy : undefined;
  if (copier === undefined) return upload(x.readSync(), x.aval, to, true);
  const source = x.live("devicePut");
  const { memory } = to.device;
  const copy = (): DeviceBuffer[] => [copier.copy(unwrap(source) as DeviceBuffer, memory)];
  const type = wireType(x.aval) as ConcreteType;
  const [buffer] = session.gate === null ? copy() : deferred(session.gate, [type], memory, copy);
  return new ConcreteArray(x.aval, buffer as DeviceBuffer, to, true);
}

/** An operand as the executable wants it. */
function argument(x: NDArray, device: RuntimeDevice, what: string): Argument {
  if (x.kind === LITERAL) return literalArgument(x as Literal, device);
  const array = x as ConcreteArray;
  if (array.home === device) return array.buffer ?? array.live(what);
  return toDevice(array.readSync(), array.aval, device);
}

/**
 * Buffers of a device's literals, kept because the same few numbers come again and again. Two generations: what wasn't used
 * while the young one filled is disposed, so that a run never loses a buffer that it has just taken.
 */
class LiteralBuffers {
  private young = new Map<string, DeviceBuffer>();
  private old = new Map<string, DeviceBuffer>();

  take(key: string, make: () => DeviceBuffer): DeviceBuffer {
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const buffer = this.old.get(key) ?? make();
    this.old.delete(key);
    if (this.young.size >= GENERATION) {
      for (const unused of this.old.values()) unused.dispose();
      [this.old, this.young] = [this.young, new Map()];
    }
    this.young.set(key, buffer);
    return buffer;
  }
}
/** More than the literals of any one program. */
const GENERATION = 4096;
const literalBuffers = new WeakMap<RuntimeDevice, LiteralBuffers>();

/** Scalars go as immediates where the plugin takes them, else as small buffers that are kept. */
function literalArgument(x: Literal, device: RuntimeDevice): Argument {
  const { value } = x;
  if (device.session.capabilities.immediates === true && typeof value !== "object" && !isComplex(x.dtype))
    return immediate(value, x.dtype);
  let buffers = literalBuffers.get(device);
  if (buffers === undefined) literalBuffers.set(device, (buffers = new LiteralBuffers()));
  return buffers.take(`${x.dtype}:${scalarKey(value)}`, () =>
    toDevice(encodeScalar(value, DTYPES[x.dtype].wire), x.aval, device),
  );
}
/** The value as the dtype holds it. */
function immediate(value: number | bigint | boolean, dtype: DType): Immediate {
  switch (dtype) {
    case "float32":
      return Math.fround(Number(value));
    case "float64":
      return Number(value);
    case "bool":
      return Boolean(value);
    default:
      return elementAt(
        new DTYPES[dtype].array(encodeScalar(value, DTYPES[dtype].wire).buffer),
        dtype,
        0,
      ) as Immediate;
  }
}

// --- running ---------------------------------------------------------------------------------------------------------------

/** Runs an entry on concrete operands. */
export function run(entry: Entry, args: readonly NDArray[], device: RuntimeDevice): NDArray[] {
  const outer = collector.inUse; // of the run whose hook started this one
  collector.inUse = args;
  try {
    return runHeld(entry, args, device);
  } finally {
    collector.inUse = outer;
  }
}
function runHeld(entry: Entry, args: readonly NDArray[], device: RuntimeDevice): NDArray[] {
  const row: Argument[] = [];
  for (let i = 0; i < args.length; i++) row.push(argument(args[i] as NDArray, device, entry.name));
  for (let i = 0; i < entry.literals.length; i++)
    row.push(literalArgument(entry.literals[i] as Literal, device));
  if (entry.donate !== null) checkDonation(entry, entry.donate, args);
  counters.executions++;
  if (watch.run !== null) watch.run(entry, device);
  const { gate } = device.session;
  const start = (): readonly DeviceBuffer[] =>
    gate === null
      ? execute(entry, row, device)
      : deferred(gate, entry.outTypes, device.device.memory, () => execute(entry, row.map(unwrap), device));
  const buffers = entry.callsHost ? callingHost(device, start) : start();
  const outs: NDArray[] = [];
  for (let i = 0; i < buffers.length; i++)
    outs.push(new ConcreteArray(entry.outAvals[i] as ShapedArray, buffers[i] as DeviceBuffer, device, false));
  if (entry.donate !== null) consume(entry, entry.donate, args);
  return outs;
}
const unwrap = (a: Argument): Argument => (a instanceof GatedBuffer ? a.unwrap() : a);

function checkDonation(entry: Entry, donate: readonly boolean[], args: readonly NDArray[]): void {
  args.forEach((x, i) => {
    if (donate[i] === true && args.indexOf(x) !== args.lastIndexOf(x))
      throw fail(
        "E_DONATED_TWICE",
        `${entry.name}: the donated argument ${x.aval} is also another argument, or captured`,
      );
  });
}
function consume(entry: Entry, donate: readonly boolean[], args: readonly NDArray[]): void {
  const site = withDeepStack(() => new Error());
  donate.forEach((d, i) => {
    const x = args[i];
    if (d && x?.kind === CONCRETE) (x as ConcreteArray).release(`donated to ${entry.name}`, site);
  });
}

/** The plugin's buffers, checked. */
function execute(entry: Entry, row: readonly Argument[], device: RuntimeDevice): readonly DeviceBuffer[] {
  const { executable, failure } = entry.loaded;
  if (executable === null)
    throw failure ?? fail("E_NOT_READY", `${entry.name}: it is being compiled: await it first`);
  const told = runtime.asked !== null && isWatched();
  const results = told ? watched(entry, executable, row, device) : attempt(entry, executable, row, device);
  checkResults(entry, results, device);
  return results;
}

/** Runs; out of memory, once more after a collection. */
function attempt(
  entry: Entry,
  executable: Executable,
  row: readonly Argument[],
  device: RuntimeDevice,
): readonly DeviceBuffer[] {
  try {
    return executable.execute([row])[0] as readonly DeviceBuffer[];
  } catch (error) {
    return again(() => executable.execute([row])[0] as readonly DeviceBuffer[], error, device, entry.name);
  }
}

/** After RESOURCE_EXHAUSTED: frees what is unreachable and calls once more. @throws E_OUT_OF_MEMORY, or the error it got */
function again<R>(call: () => R, error: unknown, device: RuntimeDevice, what: string): R {
  if (!isExhausted(error)) throw blamed(device.plugin, error);
  collector.collect();
  try {
    return call();
  } catch (cause) {
    if (!isExhausted(cause)) throw blamed(device.plugin, cause);
    const live = `${(collector.liveBytes / 2 ** 20).toFixed(0)} MiB`;
    throw fail(
      "E_OUT_OF_MEMORY",
      `${what}: ${device} is out of memory; live arrays hold ${live}, the largest: ${collector.largest(3)}`,
      { cause },
    );
  }
}
const isExhausted = (error: unknown): boolean => isTenonError(error) && error.code === "RESOURCE_EXHAUSTED";

function checkResults(entry: Entry, results: readonly DeviceBuffer[], device: RuntimeDevice): void {
  const { outTypes, name } = entry;
  const { plugin } = device;
  if (!Array.isArray(results) || results.length !== outTypes.length)
    throw fail(
      "E_PLUGIN",
      `plugin ${plugin} returned ${results?.length ?? "no"} results of ${name}, expected ${outTypes.length}`,
      { plugin },
    );
  for (let i = 0; i < outTypes.length; i++) {
    const got = (results[i] as DeviceBuffer | undefined)?.type;
    const want = outTypes[i] as ConcreteType;
    if (got === want || sameType(got, want)) continue;
    throw fail(
      "E_PLUGIN",
      `plugin ${plugin} returned ${got === undefined ? "no buffer" : printed(got)} for result ${i} of ${name}, expected ${printed(want)}`,
      { plugin },
    );
  }
}
const printed = (t: ConcreteType): string => `${t.dtype}[${t.shape.join(",")}]`;
const sameType = (a: ConcreteType | undefined, b: ConcreteType): boolean =>
  a !== undefined &&
  a.dtype === b.dtype &&
  a.shape.length === b.shape.length &&
  a.shape.every((d, i) => d === b.shape[i]);

// --- hooks -------------------------------------------------------------------------------------------------------------------

function isWatched(): boolean {
  const hooks = runtime.asked;
  return (
    hooks !== null && (hooks.beforeExecute.isUsed() || hooks.executed.isUsed() || hooks.settled.isUsed())
  );
}

/** A run between the hooks that tell of it. */
function watched(
  entry: Entry,
  executable: Executable,
  row: readonly Argument[],
  device: RuntimeDevice,
): readonly DeviceBuffer[] {
  const hooks = runtime.hooks;
  const startMs = performance.now();
  const event = {
    id: runtime.eventId(),
    plugin: device.plugin,
    name: entry.name,
    deviceIds: [device.id],
    startMs,
  };
  const after = (error?: unknown): object => ({
    elapsedMs: performance.now() - startMs,
    ...(error === undefined ? {} : { error: toErrorRecord(error, device.plugin) }),
  });
  hooks.beforeExecute.call(Object.freeze(event));
  try {
    const results = attempt(entry, executable, row, device);
    hooks.executed.call(Object.freeze({ ...event, ...after() }));
    if (hooks.settled.isUsed())
      void Promise.all(results.map((b) => b.whenReady())).then(
        () => {
          hooks.settled.call(Object.freeze({ ...event, ...after() }));
        },
        (error: unknown) => {
          hooks.settled.call(Object.freeze({ ...event, ...after(error) }));
        },
      );
    return results;
  } catch (error) {
    hooks.executed.call(Object.freeze({ ...event, ...after(error) }));
    throw error;
  }
}
