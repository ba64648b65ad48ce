// exportOnnx: a function, or its gradient, as an ONNX file. Traced as jit traces, lowered to a Program, written by the
// onnx-export plugin, and compared with the current device where onnxruntime-node is installed.
import "./default-plugin.ts";
import {
  argumentsLike,
  callerLine,
  checkOptions,
  located,
  programOf,
  TenonError,
  wireBytes,
  wireLeaves,
} from "tenon-core";
import { jit, type Specs } from "tenon-core/transforms";
import { buildModel, loadModel, loadOrt, numbersOf, type ModelReport } from "tenon-onnx-export";
import { resultTypes, signatureOf, type ConcreteType, type DType, type Program } from "tenon-plugin-api";

/** Options of exportOnnx. */
export interface ExportOnnxOptions {
  /** The opset of the file, 21 to 26; default 21. */
  readonly opset?: number | undefined;
  /**
   * Run the file under onnxruntime-node and compare with the current device, on the arrays among `specs` and on
   * pseudo-random values for the rest. Default: where that package is installed.
   */
  readonly verify?: boolean | undefined;
  /** Name of the graph; default: that of the function. */
  readonly name?: string | undefined;
}

/** How far the file, under onnxruntime, is from the current device. */
export interface OnnxDifference {
  /** Name of the result. */
  readonly name: string;
  /** Largest difference of an element; ∞ if one is not a number and the other is. */
  readonly absolute: number;
  /** The same by the largest magnitude in the result. */
  readonly relative: number;
}
/** What was written, and how it compares. */
export interface OnnxReport extends ModelReport {
  /** One for each result; null if nothing was compared. */
  readonly differences: readonly OnnxDifference[] | null;
  /** The largest relative difference; null if nothing was compared. */
  readonly maxError: number | null;
}
/** An exported function. */
export interface OnnxModel {
  /** The file. */
  readonly bytes: Uint8Array;
  /** Names of its inputs, in the order of the leaves of the arguments. */
  readonly inputs: readonly string[];
  /** Names of its results, in the order of the leaves of the result. */
  readonly outputs: readonly string[];
  readonly report: OnnxReport;
  /** Writes the file. */
  save(path: string): Promise<void>;
}

/**
 * `fun` as an ONNX model for arguments like `specs`: arrays, or shapes and dtypes in their place. Arrays that it captures
 * become initialisers. `fun` may be a gradient: `exportOnnx(grad(loss), [params, x, y])`.
 *
 * @throws E_UNKNOWN_OPTION; UNIMPLEMENTED naming the op and dtype that ONNX can't express (complex numbers), UNAVAILABLE for
 *         `verify: true` without onnxruntime-node
 * @example (await exportOnnx((x) => np.tanh(x), [{ shape: [3], dtype: "float32" }])).report.ops.Tanh  // 1
 */
export async function exportOnnx<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  specs: readonly [...Specs<A>],
  options: ExportOnnxOptions = {},
): Promise<OnnxModel> {
  const at = callerLine();
  try {
    return await exported(fun, specs, options);
  } catch (error) {
    throw located(error, at);
  }
}

async function exported<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  specs: readonly [...Specs<A>],
  options: ExportOnnxOptions,
): Promise<OnnxModel> {
  checkOptions("exportOnnx", options, ["opset", "verify", "name"]);
  const traced = programOf(fun, specs, "exportOnnx");
  const program: Program = { ...traced.program, name: options.name ?? traced.program.name };
  const bound = await Promise.all(traced.captured.map(wireBytes));
  const model = buildModel(program, {
    bound: new Map(bound.entries()),
    ...(options.opset === undefined ? {} : { opset: options.opset }),
  });
  const differences = (await shouldVerify(options.verify))
    ? await compare(fun as never, specs, program, model)
    : null;
  const maxError = differences === null ? null : Math.max(0, ...differences.map((d) => d.relative));
  return {
    bytes: model.bytes,
    inputs: model.inputs,
    outputs: model.outputs,
    report: { ...model.report, differences, maxError },
    save: (path) => save(path, model.bytes),
  };
}

async function shouldVerify(asked: boolean | undefined): Promise<boolean> {
  if (asked === false) return false;
  try {
    await loadOrt();
    return true;
  } catch (error) {
    if (asked === true) throw error;
    return false;
  }
}

/** Runs function and file on the same values. */
async function compare(
  fun: (...args: unknown[]) => unknown,
  specs: readonly unknown[],
  program: Program,
  model: ReturnType<typeof buildModel>,
): Promise<OnnxDifference[]> {
  const { params, results } = signatureOf(program);
  const args = argumentsLike(specs);
  const bytes = await wireLeaves(args);
  const types = params.slice(params.length - bytes.length).map((p) => p.type as ConcreteType);
  const outTypes = resultTypes({ params: params.slice(params.length - bytes.length), results }, types);
  const loaded = await loadModel(
    await loadOrt(),
    model,
    outTypes.map((t): DType => t.dtype),
  );
  try {
    const got = await loaded.run(bytes.map((b, i) => ({ type: types[i] as ConcreteType, bytes: b })));
    const want = await wireLeaves(jit(fun)(...args));
    return model.outputs.map((name, i) => {
      const { dtype } = outTypes[i] as ConcreteType;
      const [a, b] = [got, want].map((list) => numbersOf(dtype, list[i] as Uint8Array)) as [
        number[],
        number[],
      ];
      return { name, ...differenceOf(a, b) };
    });
  } finally {
    await loaded.release();
  }
}

function differenceOf(got: readonly number[], want: readonly number[]): Omit<OnnxDifference, "name"> {
  let [absolute, scale] = [0, 0];
  want.forEach((w, i) => {
    const g = got[i] as number;
    if (Number.isFinite(w)) scale = Math.max(scale, Math.abs(w));
    if (Object.is(g, w) || g === w || (g !== g && w !== w)) return;
    const difference = Math.abs(g - w);
    absolute = Math.max(absolute, difference === difference ? difference : Infinity);
  });
  return { absolute, relative: absolute === 0 ? 0 : absolute / scale };
}

async function save(path: string, bytes: Uint8Array): Promise<void> {
  const { writeFile } = await import("node:fs/promises").catch((cause: unknown) => {
    throw new TenonError("UNAVAILABLE", `exportOnnx: save("${path}"): there are no files here`, {
      hint: "offer model.bytes as a download",
      cause,
    });
  });
  await writeFile(path, bytes);
}
