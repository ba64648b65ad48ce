// Export: the trained network and its gradient function as ONNX models, each run under onnxruntime on the same inputs.
import { join } from "node:path";
import { exportOnnx, grad, type NDArray } from "tenon";
import { take, type Digits } from "./digits.ts";
import { crossEntropy, forward, type Params } from "./model.ts";
import { toDevice } from "./train.ts";

/** A model that was written. */
export interface Exported {
  readonly file: string;
  readonly nbytes: number;
  /** Largest |difference| of an output, as a fraction of its largest |value|; over all outputs. */
  readonly relativeError: number;
}

const BATCH = 64;
const batchLoss = (params: Params, images: NDArray, labels: NDArray): NDArray =>
  crossEntropy(forward(params, images), labels);

/** Writes `forward.onnx` and `gradient.onnx` into a folder that exists, and compares both with this device. */
export async function exportBoth(
  params: Params,
  digits: Digits,
  folder: string,
): Promise<{ forward: Exported; gradient: Exported }> {
  const [images, labels] = toDevice(
    take(
      digits,
      Int32Array.from({ length: BATCH }, (_, i) => i),
    ),
  );
  const write = async (
    name: string,
    f: (...args: never[]) => unknown,
    args: unknown[],
  ): Promise<Exported> => {
    const model = await exportOnnx(f as never, args as never, { name, verify: true });
    const file = join(folder, `${name}.onnx`);
    await model.save(file);
    return { file, nbytes: model.bytes.byteLength, relativeError: model.report.maxError ?? NaN };
  };
  return {
    forward: await write("forward", (x: NDArray) => forward(params, x), [images]),
    gradient: await write("gradient", grad(batchLoss), [params, images, labels]),
  };
}
