// Eager is compiled: an operation is a one-equation program through the same lowering and cache as jit.
import { isTenonError, mainOf, type Argument, type Executable, type Program } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES } from "../ir/dtype.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import { CONCRETE, LITERAL, type Literal, type NDArray } from "../ir/ndarray.ts";
import { paramsKey, type Params, type Primitive } from "../ir/primitive.ts";
import { leaked, type CustomJvp, type Trace, type Tracer } from "../ir/trace.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { oneEquation } from "../transforms/stage.ts";
import { ConcreteArray } from "./array.ts";
import { collector } from "./collector.ts";
import { encodeScalar } from "./host-values.ts";
import { lower, wireType } from "./lower.ts";
import { currentDevice, type RuntimeDevice } from "./registry.ts";

/** What is ready to run: an executable and what its results are. */
interface Entry {
  readonly executable: Executable;
  readonly outAvals: readonly ShapedArray[];
  /** Literals that the lowering made parameters. */
  readonly literals: readonly Literal[];
  readonly name: string;
  readonly donate: readonly boolean[];
}

const eager = new Map<string, Entry>();
const ofJaxpr = new WeakMap<Jaxpr, Map<string, Entry>>();
const programs = new Map<string, Executable>();
/** Process-wide counters: a test and `explain` read them. */
export const counters: { compiles: number; executions: number; traces: number } = {
  compiles: 0,
  executions: 0,
  traces: 0,
};

/** Structural key of a program: names and locations are outside it. */
function programKey(program: Program): string {
  const main = mainOf(program);
  const params = main.params.map((p) => [p.type, p.donate ?? 0]);
  const bytes = program.attachments.map((a) =>
    a.length <= 64 ? a.join(",") : `${a.length}:${hashBytes(a)}`,
  );
  return JSON.stringify([params, main.ops, main.results.map((r) => r.value), bytes]);
}
/** FNV-1a over the bytes; large constants only come from exported or imported programs. */
function hashBytes(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x1000193];
  for (const x of bytes) {
    a = Math.imul(a ^ x, 0x01000193);
    b = Math.imul(b + x, 0x85ebca6b) ^ (b >>> 13);
  }
  return `${a >>> 0}.${b >>> 0}`;
}

/** Compiles through the second level of the cache: equal programs share one executable. */
export function compileProgram(program: Program, device: RuntimeDevice): Executable {
  const key = `${device.name}|${programKey(program)}`;
  const known = programs.get(key);
  if (known !== undefined) return known;
  counters.compiles++;
  const made = blame(device, () => device.client.compile(program));
  if (made instanceof Promise)
    throw fail(
      "E_NOT_READY",
      `${device.name} compiles asynchronously: use await jit(f).compile(…) on this device`,
    );
  programs.set(key, made);
  return made;
}

/** Compiles the program of a jaxpr while the caller may await it: later runs find it ready. */
export async function compileAhead(
  jaxpr: Jaxpr,
  device: RuntimeDevice,
  name: string,
  donate: readonly boolean[],
): Promise<void> {
  const { program } = lower(jaxpr, { name, donate, hoistLiterals: true });
  const key = `${device.name}|${programKey(program)}`;
  if (programs.has(key)) return;
  counters.compiles++;
  programs.set(key, await blame(device, () => device.client.compile(program, { background: true })));
}

/** Runs a plugin's code; a foreign exception becomes an error that names the plugin. */
function blame<R>(device: RuntimeDevice, call: () => R): R {
  try {
    return call();
  } catch (error) {
    if (isTenonError(error)) throw error;
    throw fail(
      "E_PLUGIN",
      `plugin ${device.plugin} threw: ${error instanceof Error ? error.message : String(error)}`,
      { plugin: device.plugin, cause: error },
    );
  }
}

function build(
  jaxpr: Jaxpr,
  device: RuntimeDevice,
  name: string,
  donate: readonly boolean[],
  hoistLiterals: boolean,
): Entry {
  const { program, literals } = lower(jaxpr, { name, donate, hoistLiterals });
  return {
    executable: compileProgram(program, device),
    outAvals: jaxpr.outs.map((o) => o.aval),
    literals,
    name,
    donate,
  };
}

/** The executable of a jaxpr on a device, by the jaxpr's identity, then by structure. */
export function entryOf(
  jaxpr: Jaxpr,
  device: RuntimeDevice,
  name: string,
  donate: readonly boolean[],
): Entry {
  const key = `${device.name}|${donate.includes(true) ? donate.map(Number).join("") : ""}`;
  let map = ofJaxpr.get(jaxpr);
  if (map === undefined) ofJaxpr.set(jaxpr, (map = new Map()));
  let entry = map.get(key);
  if (entry === undefined) map.set(key, (entry = build(jaxpr, device, name, donate, true)));
  return entry;
}

/** The device of an operation: that of its committed operands, else the first operand's, else the current one. */
function deviceOf(args: readonly NDArray[], what: string): RuntimeDevice {
  let found: ConcreteArray | null = null;
  for (const x of args) {
    if (x.kind !== CONCRETE) continue;
    const array = x as ConcreteArray;
    if (found === null || (array.committed && !found.committed)) found = array;
    else if (array.committed && found.committed && array.home !== found.home)
      throw fail("E_DEVICE_MISMATCH", `${what}: operands are committed to ${found.home} and ${array.home}`);
  }
  return found?.home ?? currentDevice();
}

/** An operand as the executable wants it. */
function argument(x: NDArray, device: RuntimeDevice, what: string): Argument {
  if (x.kind === LITERAL) return literalArgument(x as Literal, device);
  const array = x as ConcreteArray;
  if (array.home === device) return array.buffer ?? array.live(what);
  return device.client.toDevice(array.readSync(), wireType(array.aval) as never, device.device.memory);
}

const uploaded = new WeakMap<RuntimeDevice, Map<string, Argument>>();
/** Scalars go as immediates where the plugin takes them, else as small buffers that are kept. */
function literalArgument(x: Literal, device: RuntimeDevice): Argument {
  if (device.client.capabilities.immediates === true && typeof x.value !== "object") return x.value;
  let map = uploaded.get(device);
  if (map === undefined) uploaded.set(device, (map = new Map()));
  const value = x.value;
  const key = `${x.dtype}:${typeof value === "object" ? `${value.re},${value.im}` : Object.is(value, -0) ? "-0" : String(value)}`;
  let buffer = map.get(key);
  if (buffer === undefined) {
    if (map.size > 4096) map.clear();
    map.set(
      key,
      (buffer = device.client.toDevice(
        encodeScalar(value, DTYPES[x.dtype].wire),
        wireType(x.aval) as never,
        device.device.memory,
      )),
    );
  }
  return buffer;
}

/** Runs an entry on concrete operands. */
export function run(entry: Entry, args: readonly NDArray[], device: RuntimeDevice): NDArray[] {
  const row: Argument[] = [];
  for (const x of args) row.push(argument(x, device, entry.name));
  for (const x of entry.literals) row.push(literalArgument(x, device));
  if (entry.donate.includes(true)) checkDonation(entry, args);
  counters.executions++;
  const results = executeWithRetry(entry, row, device);
  if (!Array.isArray(results) || results.length !== entry.outAvals.length)
    throw fail(
      "E_PLUGIN",
      `plugin ${device.plugin} returned ${results?.length ?? "no"} results of ${entry.name}, expected ${entry.outAvals.length}`,
      { plugin: device.plugin },
    );
  const outs: NDArray[] = [];
  for (let i = 0; i < results.length; i++) {
    const [buffer, aval] = [
      results[i] as NonNullable<(typeof results)[number]>,
      entry.outAvals[i] as ShapedArray,
    ];
    checkResult(buffer.type, aval, entry.name, device);
    outs.push(new ConcreteArray(aval, buffer, device, false));
  }
  entry.donate.forEach(
    (d, i) =>
      d && args[i]?.kind === CONCRETE && (args[i] as ConcreteArray).release(`donated to ${entry.name}`),
  );
  return outs;
}

function executeWithRetry(
  entry: Entry,
  row: readonly Argument[],
  device: RuntimeDevice,
): ReturnType<Executable["execute"]>[number] {
  try {
    return blame(device, () => entry.executable.execute([row])[0] ?? []);
  } catch (error) {
    if (!isTenonError(error) || error.code !== "RESOURCE_EXHAUSTED") throw error;
    collector.collect();
    try {
      return entry.executable.execute([row])[0] ?? [];
    } catch (again) {
      throw fail(
        "E_OUT_OF_MEMORY",
        `${entry.name}: ${device.name} is out of memory; live arrays hold ${(collector.liveBytes / 2 ** 20).toFixed(0)} MiB`,
        {
          cause: again,
          hint: "free arrays with dispose(), `using` or scope(); compile with jit so that intermediates are planned; donate arguments; or yield to the event loop (await) so that unreachable arrays are collected",
        },
      );
    }
  }
}

function checkResult(
  type: { dtype: string; shape: readonly number[] },
  aval: ShapedArray,
  name: string,
  device: RuntimeDevice,
): void {
  const want = wireType(aval) as { dtype: string; shape: readonly number[] };
  if (type === (want as unknown)) return;
  if (
    type?.dtype === want.dtype &&
    type.shape.length === want.shape.length &&
    type.shape.every((d, i) => d === want.shape[i])
  )
    return;
  throw fail(
    "E_PLUGIN",
    `plugin ${device.plugin} returned ${type?.dtype}[${type?.shape.join(",")}] for a result of ${name}, expected ${want.dtype}[${want.shape.join(",")}]`,
    { plugin: device.plugin },
  );
}

function checkDonation(entry: Entry, args: readonly NDArray[]): void {
  entry.donate.forEach((d, i) => {
    if (d && args.some((x, k) => k !== i && x === args[i]))
      throw fail(
        "E_DONATED_TWICE",
        `${entry.name}: the donated argument ${args[i]?.aval} is also another argument, or captured`,
      );
  });
}

/** The root trace: executes. */
export class EvalTrace implements Trace {
  readonly kind = "eval";
  readonly parent = null;
  readonly tag: object = this;
  dead = false;
  readonly label = "eager";

  process(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    let key = `${primitive.id}|`;
    for (const x of args) {
      if (x.kind !== CONCRETE && x.kind !== LITERAL)
        throw leaked(x as Tracer, `${primitive.name} (outside the trace)`);
      key += `${x.aval.id},`;
    }
    const device = deviceOf(args, primitive.name);
    if (primitive.traits.higherOrder === true) return this.higherOrder(primitive, args, params, device);
    key += `|${paramsKey(params)}|${device.name}`;
    let entry = eager.get(key);
    if (entry === undefined) {
      const jaxpr = oneEquation(
        primitive,
        args.map((x) => x.aval),
        params,
      );
      eager.set(key, (entry = build(jaxpr, device, primitive.name, [], false)));
    }
    return run(entry, args, device);
  }

  private higherOrder(
    primitive: Primitive,
    args: readonly NDArray[],
    params: Params,
    device: RuntimeDevice,
  ): readonly NDArray[] {
    const body = params["jaxpr"] as Jaxpr;
    if (primitive.name === "jit") {
      if (context().config.disableJit) return evalJaxpr(body, args);
      return run(
        entryOf(body, device, params["name"] as string, params["donate"] as readonly boolean[]),
        args,
        device,
      );
    }
    const jaxpr = oneEquation(
      primitive,
      args.map((x) => x.aval),
      params,
    );
    return run(build(jaxpr, device, primitive.name, [], true), args, device);
  }

  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
    return call.body(args);
  }
}
