// The plugin: compile writes an ONNX model, execute runs it with onnxruntime-node. Without that package models can still
// be written: by `buildModel`, or by a compiler for one of the opsets.
import {
  ABI,
  deepFreeze,
  IR,
  OP_NAMES,
  tenonError,
  type Capabilities,
  type DeviceDescription,
  type OpName,
  type OpSupport,
  type Plugin,
} from "tenon-plugin-api";
import { compileModel, OnnxClient } from "./client.ts";
import { isFloat, SUPPORTED } from "./elements.ts";
import { DEFAULT_OPSET } from "./model.ts";
import { PLUGIN, VERSION } from "./name.ts";
import { loadOrt } from "./runtime.ts";
import { checkOpset, OPSETS } from "./writer.ts";

export { expectations } from "./expectations.ts";
export { numbersOf } from "./elements.ts";
export { buildModel, DEFAULT_OPSET } from "./model.ts";
export type { Model, ModelOptions } from "./model.ts";
export { loadModel, loadOrt } from "./runtime.ts";
export type { Loaded, Ort } from "./runtime.ts";
export { OPSETS } from "./writer.ts";
export type { ModelReport } from "./writer.ts";

const FLOATS = SUPPORTED.filter(isFloat);
const signedZero: OpSupport = { deviates: ["signedZero"] };
/** What differs from StableHLO, and is left so because repairing it would cost every model some nodes. */
const SUPPORT: { readonly [N in OpName]?: OpSupport } = {
  // onnxruntime's Max(−0, 0) may be −0, and its Where makes 0 of −0.
  maximum: signedZero,
  minimum: signedZero,
  clamp: signedZero,
  select: signedZero,
  reduce: signedZero,
  reduce_window: signedZero,
  exponential_minus_one: signedZero,
  log_plus_one: signedZero,
  tan: signedZero,
  // Its tanh loses digits where intermediate results are denormal.
  tanh: { deviates: ["denormal"] },
  // A NaN's payload and sign are not kept.
  bitcast_convert: { dtypes: SUPPORTED.filter((d) => d !== "bool"), deviates: ["nan"] },
  real: { dtypes: FLOATS },
  imag: { dtypes: FLOATS },
};
const REFUSED: readonly OpName[] = ["complex"];

const capabilities: Capabilities = deepFreeze({
  dtypes: SUPPORTED,
  ops: Object.fromEntries(OP_NAMES.filter((n) => !REFUSED.includes(n)).map((n) => [n, SUPPORT[n] ?? {}])),
  symbolicDims: true,
});

/** Options of the plugin. */
export interface OnnxExportOptions {
  /** The opset of the models, 21 to 26; default 21. */
  readonly opset?: number;
}

const description = (kind: string, why?: string): DeviceDescription => ({
  id: 0,
  platform: "onnx",
  kind,
  available: why === undefined,
  ...(why === undefined ? {} : { why }),
});

/** ONNX models as executables, run by onnxruntime-node where it is installed. */
export function onnxExport(options: OnnxExportOptions = {}): Plugin {
  const opset = options.opset ?? DEFAULT_OPSET;
  checkOpset(opset);
  return {
    manifest: {
      name: PLUGIN,
      version: VERSION,
      platforms: ["onnx"],
      abi: ABI,
      ir: { min: IR, max: IR },
    },
    discover: async () => {
      try {
        const ort = await loadOrt();
        return [description(`onnxruntime ${ort.env.versions.common}, opset ${opset}`)];
      } catch (error) {
        return [description(`onnxruntime, opset ${opset}`, (error as Error).message)];
      }
    },
    createClient: async ({ deviceIds }, host) => {
      if (deviceIds?.some((id) => id !== 0) === true)
        throw tenonError("NOT_FOUND", `onnx-export: there is no device ${deviceIds.join(", ")}, only 0`, {
          plugin: PLUGIN,
          reason: "E_DEVICE",
        });
      const ort = await loadOrt();
      const device = description(`onnxruntime ${ort.env.versions.common}, opset ${opset}`);
      return new OnnxClient(ort, opset, capabilities, device, host);
    },
    extensions: {
      aot: {
        topologies: () => OPSETS.map((n) => `opset-${n}`),
        createCompiler: ({ name }) => ({
          capabilities,
          compile: (program) => compileModel(program, Number(name.replace("opset-", ""))),
        }),
      },
    },
  };
}
export default onnxExport;
