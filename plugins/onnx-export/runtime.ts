// onnxruntime-node, an optional peer: found by dynamic import at the first use. Wire bytes to its tensors and back.
import {
  bf16Bits,
  bf16FromBits,
  roundBf16,
  tenonError,
  type ConcreteType,
  type DType,
} from "tenon-plugin-api";
import { PLUGIN } from "./name.ts";

/** A tensor of onnxruntime. */
interface Tensor {
  readonly data: ArrayBufferView;
}
type Feeds = { readonly [name: string]: Tensor };
/** A session of onnxruntime, as far as it is used here. */
interface Session {
  run(feeds: Feeds): Promise<Feeds>;
  release(): Promise<void>;
}
/** onnxruntime-node, as far as it is used here. */
export interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options: { readonly [option: string]: unknown }): Promise<Session>;
  };
  readonly Tensor: new (type: string, data: ArrayBufferView, dims: readonly number[]) => Tensor;
  readonly env: { readonly versions: { readonly common: string; readonly node?: string } };
}

/** Not a literal in the import: a bundler would follow it into native code, for every app that imports this package. */
const PACKAGE: string = "onnxruntime-node";

/** onnxruntime-node. @throws UNAVAILABLE with the reason if it cannot be loaded */
export async function loadOrt(): Promise<Ort> {
  try {
    const module = (await import(/* @vite-ignore */ PACKAGE)) as Ort & { readonly default?: Ort };
    return module.default ?? module;
  } catch (cause) {
    throw tenonError("UNAVAILABLE", "onnxruntime-node is not installed; models can be written but not run", {
      plugin: PLUGIN,
      reason: "E_ONNX_RUNTIME",
      hint: "npm install onnxruntime-node",
      cause,
    });
  }
}

/** Fatal errors only: others arrive as exceptions, and warnings about what is optimised away say nothing to a user. */
const LOG_LEVEL = 4;

/** A loaded model. */
export interface Loaded {
  /** Runs it on wire bytes, one array for each input. */
  run(
    args: readonly { readonly type: ConcreteType; readonly bytes: Uint8Array }[],
  ): Promise<readonly Uint8Array[]>;
  release(): Promise<void>;
}

/** Loads a model; `inputs` and `outputs` are names in order, `results` the wire dtypes. */
export async function loadModel(
  ort: Ort,
  model: {
    readonly bytes: Uint8Array;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  },
  results: readonly DType[],
): Promise<Loaded> {
  const session = await ort.InferenceSession.create(model.bytes, { logSeverityLevel: LOG_LEVEL });
  return {
    async run(args) {
      const feeds = args.map(({ type, bytes }, i) => [model.inputs[i] as string, toTensor(ort, type, bytes)]);
      const out = await session.run(Object.fromEntries(feeds) as Feeds);
      return model.outputs.map((name, i) => toBytes((out[name] as Tensor).data, results[i] as DType));
    },
    release: () => session.release(),
  };
}

type View = { new (buffer: ArrayBuffer): ArrayBufferView };
/** Name and host array of each element type; f16 as its bits, bf16 widened to f32. */
const TENSOR: { readonly [D in DType]?: readonly [name: string, view: View] } = {
  bool: ["bool", Uint8Array],
  i8: ["int8", Int8Array],
  i16: ["int16", Int16Array],
  i32: ["int32", Int32Array],
  i64: ["int64", BigInt64Array],
  u8: ["uint8", Uint8Array],
  u16: ["uint16", Uint16Array],
  u32: ["uint32", Uint32Array],
  u64: ["uint64", BigUint64Array],
  f16: ["float16", Uint16Array],
  bf16: ["float32", Float32Array],
  f32: ["float32", Float32Array],
  f64: ["float64", Float64Array],
};

function toTensor(ort: Ort, { dtype, shape }: ConcreteType, bytes: Uint8Array): Tensor {
  const [name, View] = TENSOR[dtype] as readonly [string, View];
  const own = bytes.slice().buffer; // aligned, and nobody else's while the session reads it
  const data = dtype === "bf16" ? Float32Array.from(new Uint16Array(own), bf16FromBits) : new View(own);
  return new ort.Tensor(name, data, shape);
}

function toBytes(data: ArrayBufferView, dtype: DType): Uint8Array {
  const own = dtype === "bf16" ? Uint16Array.from(data as Float32Array, (x) => bf16Bits(roundBf16(x))) : data;
  return new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
}
