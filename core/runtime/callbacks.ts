// Calls of the host: with arrays that can be read at once, outside of whatever is being traced. What such a function throws
// is told with its name; the runtime lives on.
import { type ConcreteType, type Device, type HostArray, type HostCallback } from "tenon-plugin-api";
import { CallbackError, CheckError, fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { withContext } from "../ir/context.ts";
import { DTYPES } from "../ir/dtype.ts";
import { LITERAL, type Literal, type NDArray } from "../ir/ndarray.ts";
import type { HostCall } from "../ir/primitive.ts";
import { type ConcreteArray, literalData } from "./array.ts";
import type { RuntimeDevice } from "./device.ts";
import { upload } from "./execute.ts";
import { wireType, type LoweredHostCall } from "./lower.ts";
import { unheard } from "./pending.ts";

/** Runs the function. @throws E_CALLBACK, E_CALLBACK_RESULT with its name */
function call({ fn, outs }: HostCall, args: readonly NDArray[]): readonly Uint8Array[] {
  try {
    return withContext({ axisEnv: new Map(), nameStack: [] }, () => fn.call(args, outs));
  } catch (error) {
    if (error instanceof CallbackError || error instanceof CheckError) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw fail("E_CALLBACK", `${fn.name}: the function threw: ${what}`, { cause: error });
  }
}

/** Calls the function outside of any program: the arrays are there. */
export function callDirectly(host: HostCall, args: readonly NDArray[], device: RuntimeDevice): NDArray[] {
  const given = args.map((x) =>
    x.kind === LITERAL ? upload(literalData(x as Literal), x.aval, device, false) : x,
  );
  return call(host, given).map((bytes, i) => upload(bytes, host.outs[i] as ShapedArray, device, false));
}

/** An array of bytes that a program hands to the host. */
function received({ bytes }: HostArray, aval: ShapedArray, device: RuntimeDevice): ConcreteArray {
  const own = bytes.slice();
  const data = new DTYPES[aval.dtype].array(own.buffer);
  return upload(own, aval, device, false).hold(data);
}

/** The functions that a program calls, as its plugin wants them. */
export function hostCallbacks(
  calls: ReadonlyMap<string, LoweredHostCall>,
  device: RuntimeDevice,
): Record<string, HostCallback> {
  const callbacks: Record<string, HostCallback> = {};
  for (const [name, host] of calls)
    callbacks[name] = (args: readonly HostArray[], _device: Device): readonly HostArray[] => {
      try {
        const given = args.map((x, i) => received(x, host.avals[i] as ShapedArray, device));
        return call(host, given).map((bytes, i) => ({
          type: wireType(host.outs[i] as ShapedArray) as ConcreteType,
          bytes,
        }));
      } catch (error) {
        unheard.add(error as Error);
        throw error;
      }
    };
  return callbacks;
}
