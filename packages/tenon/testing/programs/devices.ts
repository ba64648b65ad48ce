// Choosing a device with a reason, placing data, freeing memory, reading results.
import { deviceGet, devicePut, np, pickDevice, scope, setDefaultDevice, TenonError, withDevice } from "tenon";

/** The names of what was skipped, a value that was read, and an error's code. */
export async function run(
  names: readonly string[],
): Promise<{ skipped: string[]; norm: number; code: string }> {
  const { device, skipped } = await pickDevice(names);
  setDefaultDevice(device);
  const x = np.ones([16, 16]);
  using y = x.matmul(x);
  const corner = scope(() => y.mul(2).add(1).get(0, 0));
  const { norm } = await deviceGet({ norm: np.sqrt(np.square(y).sum()), corner });
  withDevice(device, () => np.zeros([3]));
  const batch = devicePut({ x: new Float32Array(4), y: [1, 2] }, device);
  batch.x.sum();
  let code = "";
  try {
    norm.reshape([7]);
  } catch (e) {
    if (e instanceof TenonError) code = e.code;
  }
  return { skipped: skipped.map((s) => s.platform), norm: norm.item(), code };
}
