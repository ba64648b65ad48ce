// For tests of the compiler: programs written with the kit's builder, run by the interpreter and by the reference plugin.
import { ABI, DTYPES, IR, type Client, type ConcreteType, type DType, type Program } from "tenon-plugin-api";
import { verifyProgram as verify } from "tenon-plugin-api/verify";
import { reference } from "tenon-reference";
import { Builder, type Ref } from "../builder.ts";
import { compileProgram } from "../compile.ts";
import { interpretPlan } from "../loops/interpret-plan.ts";
import type { Plan } from "../loops/plan.ts";
import { readElement, STORAGE, storageOf, writeElement } from "../loops/storage.ts";

/** `type("f32", 2, 3)`. */
export const type = (dtype: DType, ...shape: number[]): ConcreteType => ({ dtype, shape });

/** A program of one function; verified. */
export function programOf(
  params: readonly ConcreteType[],
  body: (b: Builder, ...params: Ref[]) => readonly Ref[],
  donate: readonly number[] = [],
): Program {
  const attachments: Uint8Array[] = [];
  const b = Builder.of(attachments);
  const refs = params.map((t) => b.value(t));
  const results = body(b, ...refs).map((r) => ({ value: r.id }));
  const given = refs.map((r, i) => (donate.includes(i) ? { ...r, donate: {} } : r));
  const main = { name: "main", params: given, ops: b.ops, results };
  const program: Program = { ir: IR, name: "test", main: "main", functions: [main], attachments };
  verify(program);
  return program;
}

let client: Promise<Client> | undefined;
/** Results of the reference plugin. */
export async function runReference(program: Program, args: readonly Uint8Array[]): Promise<Uint8Array[]> {
  client ??= Promise.resolve(
    reference().createClient(
      {},
      { abi: ABI, ir: IR, processIndex: 0, processCount: 1, warn: () => undefined },
    ),
  );
  const device = await client;
  const executable = await device.compile(program);
  const { memory } = device.devices[0] as Client["devices"][number];
  const types = executable.signature.params.map((p) => p.type as ConcreteType);
  const buffers = args.map((bytes, i) => device.toDevice(bytes.slice(), types[i] as ConcreteType, memory));
  const [results = []] = executable.execute([buffers]);
  return Promise.all(
    results.map(async (r) => {
      const bytes = new Uint8Array(r.type.shape.reduce((n, d) => n * d, DTYPES[r.type.dtype].itemsize));
      await device.toHost(r, bytes);
      return bytes;
    }),
  );
}

/** Results of a compiled program's plan. */
export function runPlan(
  program: Program,
  args: readonly Uint8Array[],
): { plan: Plan; results: Uint8Array[] } {
  const plan = compileProgram(program, { plugin: "test" });
  return { plan, results: interpretPlan(plan, args) };
}

/** How far a float may be off: relative to the wanted value, and to the largest of the array. */
export interface Tolerance {
  readonly relative: number;
  readonly ofLargest?: number;
}
export const EXACT: Tolerance = { relative: 0 };

const viewOf = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);
const partsOf = (dtype: DType): number => (DTYPES[dtype].kind === "c" ? 2 : 1);

/** Elements of an array; (re, im) of complex ones in turn. */
export function elementsOf(dtype: DType, bytes: Uint8Array): (number | bigint)[] {
  const storage = storageOf(dtype) as NonNullable<ReturnType<typeof storageOf>>;
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / STORAGE[storage].bytes }, (_, i) =>
    readElement(storage, view, i),
  );
}
/** Bytes of elements. */
export function bytesOf(dtype: DType, elements: readonly (number | bigint)[]): Uint8Array {
  const storage = storageOf(dtype) as NonNullable<ReturnType<typeof storageOf>>;
  const bytes = new Uint8Array(elements.length * STORAGE[storage].bytes);
  const view = viewOf(bytes);
  elements.forEach((x, i) => {
    writeElement(storage, view, i, x);
  });
  return bytes;
}

/** The first difference between two arrays, as text; undefined if there is none. */
export function difference(
  t: ConcreteType,
  got: Uint8Array,
  want: Uint8Array,
  tolerance: Tolerance,
): string | undefined {
  const [g, w] = [elementsOf(t.dtype, got), elementsOf(t.dtype, want)];
  if (g.length !== w.length) return `${g.length} elements, expected ${w.length}`;
  const finite = w.map(Number).filter(Number.isFinite);
  const largest = finite.reduce((n, x) => Math.max(n, Math.abs(x)), 0);
  const slack = (tolerance.ofLargest ?? 0) * largest;
  for (let i = 0; i < w.length; i++) {
    const [x, y] = [g[i] as number, w[i] as number];
    if (Object.is(x, y) || (x !== x && y !== y)) continue;
    const close = typeof x === "number" && Math.abs(x - y) <= tolerance.relative * Math.abs(y) + slack;
    if (!close || tolerance.relative + slack === 0)
      return `element ${i} of ${t.dtype}[${t.shape.join(",")}]: ${String(x)}, expected ${String(y)}`;
  }
  return undefined;
}

const SPECIAL = [0, -0, 1, -1, 0.5, 2, NaN, Infinity, -Infinity, 3.4e38, 1e-30];
/** A generator of numbers in [0, 1): mulberry32. */
export function randomOf(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
/** One element of a dtype: small numbers, and with `edges` the special values and extremes of the dtype. */
export function randomElement(dtype: DType, random: () => number, edges: boolean): number | bigint {
  const { kind, bits } = DTYPES[dtype];
  if (kind === "b") return random() < 0.5 ? 0 : 1;
  if (kind === "f" || kind === "c") {
    if (edges && random() < 0.25)
      return round(dtype, SPECIAL[Math.floor(random() * SPECIAL.length)] as number);
    return round(dtype, (random() - 0.5) * 8);
  }
  const signed = kind === "i";
  const big = bits === 64;
  if (edges && random() < 0.3) {
    const [lo, hi] = signed
      ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
      : [0n, 2n ** BigInt(bits) - 1n];
    const x = [lo, hi, 0n, 1n, signed ? -1n : 2n][Math.floor(random() * 5)] as bigint;
    return big ? x : Number(x);
  }
  const n = Math.floor(random() * 20) - (signed ? 10 : 0);
  return big ? BigInt(n) : n;
}
function round(dtype: DType, x: number): number {
  const storage = storageOf(dtype) as NonNullable<ReturnType<typeof storageOf>>;
  const view = new DataView(new ArrayBuffer(8));
  const coarse = storage === "f16" || storage === "bf16" ? Math.round(x * 16) / 16 : x;
  const fit = storage === "f16" && Math.abs(coarse) > 65504 && Number.isFinite(coarse) ? 65504 : coarse;
  const exact = storage === "bf16" && Number.isFinite(fit) && Math.abs(fit) > 1e9 ? 2 ** 127 : fit;
  writeElement(storage, view, 0, exact);
  return readElement(storage, view, 0) as number;
}
/** Bytes of a random array. */
export function randomArray(t: ConcreteType, random: () => number, edges = false): Uint8Array {
  const n = t.shape.reduce((m, d) => m * d, partsOf(t.dtype));
  return bytesOf(
    t.dtype,
    Array.from({ length: n }, () => randomElement(t.dtype, random, edges)),
  );
}

/** Runs a program both ways on random inputs. @throws Error at the first difference */
export async function check(
  program: Program,
  seed: number,
  options: {
    readonly edges?: boolean;
    readonly tolerance?: Tolerance;
    readonly args?: readonly Uint8Array[];
  } = {},
): Promise<Plan> {
  const main = program.functions.find((f) => f.name === program.main);
  const random = randomOf(seed);
  const args =
    options.args ??
    (main?.params ?? []).map((p) => randomArray(p.type as ConcreteType, random, options.edges));
  const want = await runReference(program, args);
  const { plan, results } = runPlan(program, args);
  plan.results.forEach((t, i) => {
    const wrong = difference(t, results[i] as Uint8Array, want[i] as Uint8Array, options.tolerance ?? EXACT);
    if (wrong !== undefined) throw new Error(`result ${i}: ${wrong}`);
  });
  return plan;
}
