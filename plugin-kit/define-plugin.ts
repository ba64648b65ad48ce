// A whole plugin from a table of kernels. What the table lacks is decomposed; devices, buffers, lifetimes, order, donation
// and errors are filled in (abi.md §3), so that a first plugin is its kernels.
import {
  ABI,
  IR,
  tenonError,
  type Capabilities,
  type Device,
  type DeviceDescription,
  type DType,
  type OpName,
  type OpSupport,
  type Plugin,
} from "tenon-plugin-api";
import { checkDefinition } from "./definition.ts";
import { KernelClient } from "./host/client.ts";
import { OWN_OPS, type HostForm, type Kernel, type KernelTable } from "./host/interpreter.ts";
import { tensorMistake } from "./host/results.ts";
import { fromBytes, toBytes, type Tensor } from "./host/tensor.ts";
import { closureOf } from "./passes/closure.ts";

/** A kernel that takes an op only in part says in which: in these dtypes, ranks or attribute values. */
export type LimitedKernel<N extends OpName, V> = OpSupport & { readonly run: Kernel<N, V> };
/** A plugin's own ops. */
export type Kernels<V> = { readonly [N in OpName]?: Kernel<N, V> | LimitedKernel<N, V> };

/** What an author writes. */
export interface PluginDefinition<V extends object> {
  readonly name: string;
  readonly version: string;
  readonly dtypes: readonly DType[];
  readonly kernels: Kernels<V>;
  /** What its devices are, for people: "plain loops". */
  readonly kind?: string;
  /** How values are made of host bytes and back. Values are objects, not lists. */
  readonly form: HostForm<V>;
  /** How many virtual devices; 1. */
  readonly devices?: number;
  /** Run after the call, in order, as a device with a queue does. Then there is no readSync. */
  readonly deferred?: boolean;
  /** Composites that the kernel `composite` takes whole, as "tenon.softmax@1". */
  readonly composites?: readonly string[];
  readonly limits?: NonNullable<Capabilities["limits"]>;
}
/** The same on the kit's own tensors. */
export type TensorDefinition = Omit<PluginDefinition<Tensor>, "form">;
const TENSORS: HostForm<Tensor> = { fromBytes, toBytes, mistakeOf: tensorMistake };

/**
 * A plugin whose kernels work on tensors in JavaScript memory. @throws INVALID_ARGUMENT for a definition that isn't one;
 * UNIMPLEMENTED, at compile, for what no rule reaches
 */
export function definePlugin(definition: TensorDefinition): Plugin;
/** A plugin with values of its own kind, made of host bytes by `form`. */
export function definePlugin<V extends object>(definition: PluginDefinition<V>): Plugin;
export function definePlugin<V extends object>(definition: PluginDefinition<V> | TensorDefinition): Plugin {
  const whole = { form: TENSORS as unknown as HostForm<V>, ...definition } as PluginDefinition<V>;
  checkDefinition(whole);
  return pluginOf(whole);
}

function pluginOf<V extends object>(definition: PluginDefinition<V>): Plugin {
  const { name, version, kind = "plain loops", devices = 1, deferred = false } = definition;
  const describe = (id: number): DeviceDescription => ({ id, platform: name, kind, available: true });
  return {
    manifest: { name, version, platforms: [name], abi: ABI, ir: { min: IR, max: IR } },
    discover: () => Array.from({ length: devices }, (_, id) => describe(id)),
    createClient: ({ deviceIds }, host) => {
      const ids = deviceIds ?? Array.from({ length: devices }, (_, id) => id);
      const missing = ids.find((id) => id < 0 || id >= devices);
      if (missing !== undefined || ids.length === 0)
        throw tenonError("UNAVAILABLE", `${name} has devices 0 to ${devices - 1}, not ${missing ?? "none"}`, {
          plugin: name,
          reason: "E_DEVICE",
        });
      const native = capabilitiesOf(definition);
      return new KernelClient({
        machine: { plugin: name, kernels: kernelsOf(definition.kernels), form: definition.form },
        native,
        closure: closureOf(native),
        devices: ids.map((id): Device => {
          const memory = { id, kind: "host", deviceIds: [id] };
          return { id, processIndex: host.processIndex, memory, description: describe(id) };
        }),
        deferred,
      });
    },
  };
}

function kernelsOf<V>(kernels: Kernels<V>): KernelTable<V> {
  return Object.fromEntries(
    Object.entries(kernels).map(([op, k]) => [op, typeof k === "function" ? k : k.run]),
  );
}
function capabilitiesOf<V extends object>(definition: PluginDefinition<V>): Capabilities {
  const { dtypes, kernels, composites, limits } = definition;
  const own = OWN_OPS.map((op) => [op, {}] as const);
  const given = Object.entries(kernels).map(([op, k]) => {
    if (typeof k === "function") return [op, {}] as const;
    const { run: _run, ...support } = k;
    return [op, support] as const;
  });
  return {
    dtypes,
    ops: Object.fromEntries([...own, ...given]),
    ...(composites === undefined ? {} : { composites }),
    ...(limits === undefined ? {} : { limits }),
    donation: true,
    immediates: true,
    callbacks: true,
  };
}
