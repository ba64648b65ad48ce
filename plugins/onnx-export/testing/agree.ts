// Runs one Program on the reference plugin and as an ONNX model under onnxruntime, and compares the results.
import { firstDifference, EXACT, type Tolerance } from "tenon-conformance/tolerance";
import { decode, encode, sizeOf, type Element } from "tenon-conformance/values";
import {
  ABI,
  byteLength,
  IR,
  signatureOf,
  type Client,
  type ConcreteType,
  type DType,
  type HostContext,
  type Plugin,
  type Program,
} from "tenon-plugin-api";
import { reference } from "tenon-reference";
import { onnxExport } from "../index.ts";

const host: HostContext = { abi: ABI, ir: IR, processIndex: 0, processCount: 1, warn: () => undefined };
const clients = new Map<string, Promise<Client>>();
/** The client of a plugin, made once. */
export function clientOf(name: string, plugin: Plugin): Promise<Client> {
  const known = clients.get(name) ?? Promise.resolve(plugin.createClient({}, host));
  clients.set(name, known);
  return known;
}

/** Results of a program on a client, as bytes. */
export async function run(
  client: Client,
  program: Program,
  args: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const memory = client.memories[0] as Client["memories"][number];
  const executable = await client.compile(program, { background: true });
  const types = signatureOf(program).params.map((p) => p.type as ConcreteType);
  const buffers = args.map((bytes, i) => client.toDevice(bytes, types[i] as ConcreteType, memory));
  const [results] = executable.execute([buffers]);
  const out = (results ?? []).map(async (buffer) => {
    const bytes = new Uint8Array(byteLength(buffer.type));
    await client.toHost(buffer, bytes);
    return bytes;
  });
  const all = await Promise.all(out);
  executable.dispose();
  return all;
}

/** How to compare. */
export interface AgreeOptions {
  readonly tolerance?: Tolerance;
  /** −0 counts as 0 (an op that `deviates`). */
  readonly anyZero?: true;
  readonly opset?: number;
}

/** Throws where the two plugins differ on these elements. */
export async function agree(
  program: Program,
  args: readonly (readonly Element[])[],
  { tolerance = EXACT, anyZero, opset = 21 }: AgreeOptions = {},
): Promise<void> {
  const { params, results } = signatureOf(program);
  const bytes = args.map((x, i) => encode((params[i]?.type as ConcreteType).dtype, x));
  const want = await run(await clientOf("reference", reference()), program, bytes);
  const got = await run(await clientOf(`onnx-${opset}`, onnxExport({ opset })), program, bytes);
  results.forEach((r, i) => {
    const read = (b: Uint8Array | undefined): Element[] => {
      const list = decode(r.type.dtype, b ?? new Uint8Array(0));
      return anyZero ? list.map((x) => (typeof x === "number" ? x + 0 : x)) : list;
    };
    const [g, w] = [read(got[i]), read(want[i])];
    const found = firstDifference(r.type.dtype, g, w, tolerance);
    if (found === undefined) return;
    const at = args.map((x) => String(x[x.length === w.length ? found.index : 0])).join(", ");
    throw new Error(
      `${program.name}, result ${i}, element ${found.index}: got ${found.got}, want ${found.want} (arguments ${at})`,
    );
  });
}

const FLOAT_EDGES = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  0.1,
  3.75,
  1e-6,
  -7.25,
];
const LIMITS: { readonly [D in DType]?: readonly number[] } = {
  f16: [65504, -65504, 2 ** -14, 2 ** -24, 0.49975586],
  bf16: [3.3895e38, -3.3895e38, 2 ** -126, 0.498046875],
  f32: [
    3.4028234663852886e38,
    -3.4028234663852886e38,
    2 ** -126,
    0.49999997,
    8388609,
    1e-30,
    88,
    -87,
    20,
    -20,
  ],
  f64: [
    1.7976931348623157e308,
    2 ** -1022,
    0.49999999999999994,
    1e-300,
    709,
    -700,
    20,
    -36,
    4503599627370497,
  ],
};
/** Values of a dtype where things go wrong. */
export function edges(dtype: DType): Element[] {
  if (dtype === "bool") return [0, 1];
  if (LIMITS[dtype] !== undefined) return [...FLOAT_EDGES, ...LIMITS[dtype]];
  const bits = BigInt(dtype.slice(1));
  const all = dtype.startsWith("u")
    ? [
        0n,
        1n,
        2n,
        3n,
        7n,
        bits - 1n,
        bits,
        bits + 1n,
        (1n << bits) - 1n,
        1n << (bits - 1n),
        (1n << bits) - 2n,
      ]
    : [0n, 1n, -1n, 2n, -2n, 7n, -7n, bits - 1n, bits, (1n << (bits - 1n)) - 1n, -(1n << (bits - 1n)), 100n];
  return bits === 64n ? all : all.map(Number);
}

/** Pseudo-random elements from a seed (mulberry32): floats in (−4, 4), integers of all sizes. */
export function random(dtype: DType, shape: readonly number[], seed: number): Element[] {
  let state = (seed * 0x9e3779b9) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const bits = dtype === "bool" ? 1 : Number(dtype.replace(/\D/g, ""));
  return Array.from({ length: sizeOf(shape) }, (): Element => {
    if (dtype === "bool") return next() < 0.5 ? 1 : 0;
    if (/f/.test(dtype)) return (next() - 0.5) * 8;
    const size = BigInt(Math.floor(next() * bits));
    const value = (BigInt(Math.floor(next() * 2 ** 32)) << 32n) | BigInt(Math.floor(next() * 2 ** 32));
    const wide = BigInt.asUintN(Number(size) + 1, value) * (dtype.startsWith("i") && next() < 0.5 ? -1n : 1n);
    return bits === 64 ? wide : Number(wide);
  });
}

/** Random integers in [low, high). */
export function randomInts(shape: readonly number[], low: number, high: number, seed: number): number[] {
  return random("f64", shape, seed).map((x) => Math.floor(((Number(x) + 4) / 8) * (high - low)) + low);
}
