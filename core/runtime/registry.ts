// Plugins, their clients and devices. Explicit: a plugin enters by `use`; the embedded default by its factory.
import {
  ABI,
  IR,
  isTenonError,
  type Client,
  type Device,
  type DeviceDescription,
  type HostContext,
  type Plugin,
} from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { context, withContext } from "../ir/context.ts";

/** A started device. */
export class RuntimeDevice {
  readonly client: Client;
  readonly device: Device;
  readonly plugin: string;
  readonly index: number;
  constructor(client: Client, device: Device, plugin: string, index: number) {
    this.client = client;
    this.device = device;
    this.plugin = plugin;
    this.index = index;
  }
  get id(): number {
    return this.device.id;
  }
  get platform(): string {
    return this.client.platform;
  }
  get kind(): string {
    return this.device.description.kind;
  }
  get name(): string {
    return `${this.plugin}:${this.index}`;
  }
  get capabilities(): Client["capabilities"] & { readonly readSync: boolean } {
    return { ...this.client.capabilities, readSync: this.client.extensions?.readSync !== undefined };
  }
  toString(): string {
    return this.name;
  }
}

/** What `discover` says of something that isn't started. */
export interface Discovered {
  readonly platform: string;
  readonly kind: string;
  readonly available: boolean;
  readonly reason?: string;
  readonly hint?: string;
}

const host: HostContext = {
  abi: ABI,
  ir: IR,
  processIndex: 0,
  processCount: 1,
  warn: (message) => console.warn(`tenon: ${message}`),
};
const started = new Map<string, RuntimeDevice[]>();
const plugins = new Map<string, Plugin>();
let embedded: (() => Plugin) | null = null;
let defaultDevice: RuntimeDevice | null = null;

/** Registers the factory of the embedded default; nothing starts until an array is made. */
export function registerEmbedded(factory: () => Plugin): void {
  embedded ??= factory;
}

/** Is the plugin's contract one that this host speaks? @throws E_PLUGIN_REFUSED naming the plugin, both numbers and the side to update */
function checkManifest(plugin: Plugin): void {
  const m = plugin?.manifest;
  const refuse = (why: string): Error =>
    fail("E_PLUGIN_REFUSED", `use(): plugin ${m?.name ?? "?"} is refused: ${why}`, {
      plugin: m?.name ?? "?",
    });
  if (
    typeof m?.name !== "string" ||
    typeof m.abi?.major !== "number" ||
    typeof m.ir?.max !== "string" ||
    !Array.isArray(m.platforms) ||
    typeof plugin.createClient !== "function"
  )
    throw refuse("its manifest needs name, version, platforms, abi {major, minor} and ir {min, max}");
  if (m.abi.major !== ABI.major || (ABI.major === 0 && m.abi.minor !== ABI.minor))
    throw refuse(
      `it was built for abi ${m.abi.major}.${m.abi.minor}, this host speaks ${ABI.major}.${ABI.minor}: update the ${m.abi.major > ABI.major || m.abi.minor > ABI.minor ? "host" : "plugin"}`,
    );
  if (m.ir.max !== IR) throw refuse(`it reads ir ≤ ${m.ir.max}, this host writes ${IR}`);
}

function adopt(plugin: Plugin, client: Client): RuntimeDevice[] {
  const { name } = plugin.manifest;
  const missing = (["compile", "toDevice", "toHost", "dispose"] as const).filter(
    (m) => typeof client?.[m] !== "function",
  );
  if (missing.length > 0)
    throw fail("E_PLUGIN_REFUSED", `use(): plugin ${name} made a client without ${missing.join(", ")}`, {
      plugin: name,
    });
  const list = client.devices.map((d, i) => new RuntimeDevice(client, d, name, i));
  started.set(name, list);
  return list;
}

/** Starts a plugin's devices. @throws E_PLUGIN_REFUSED; UNAVAILABLE with the plugin's reason */
export async function use(plugin: Plugin): Promise<readonly RuntimeDevice[]> {
  checkManifest(plugin);
  const { name } = plugin.manifest;
  const known = started.get(name);
  if (known !== undefined) return known;
  plugins.set(name, plugin);
  try {
    return adopt(plugin, await plugin.createClient({}, host));
  } catch (error) {
    if (isTenonError(error)) throw error;
    throw fail("E_PLUGIN", `use(): plugin ${name} failed to start: ${String(error)}`, {
      cause: error,
      plugin: name,
    });
  }
}
/** `use` for plugins that start without waiting. */
export function useSync(plugin: Plugin): readonly RuntimeDevice[] {
  checkManifest(plugin);
  const known = started.get(plugin.manifest.name);
  if (known !== undefined) return known;
  const client = plugin.createClient({}, host);
  if (client instanceof Promise)
    throw fail("E_NOT_READY", `plugin ${plugin.manifest.name} starts asynchronously: await use(plugin)`);
  plugins.set(plugin.manifest.name, plugin);
  return adopt(plugin, client);
}

/** Lists a plugin for `discover` without starting it. */
export function offer(plugin: Plugin): void {
  checkManifest(plugin);
  plugins.set(plugin.manifest.name, plugin);
}

function startEmbedded(): RuntimeDevice {
  if (embedded === null)
    throw fail(
      "E_NO_DEVICE",
      "there is no device: await use(plugin) first, or import the package tenon, which brings its default",
    );
  return useSync(embedded())[0] as RuntimeDevice;
}

/** The device of new arrays: withDevice > setDefaultDevice > TENON_DEVICE > the embedded plugin. */
export function currentDevice(): RuntimeDevice {
  const chosen = context().device as RuntimeDevice | null;
  return chosen ?? (defaultDevice ??= fromEnvironment() ?? startEmbedded());
}
function fromEnvironment(): RuntimeDevice | null {
  const name = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env[
    "TENON_DEVICE"
  ];
  return name === undefined || name === "" ? null : findDevice(name);
}

/** A started device by name: "cpu-wasm", "webgpu:0". The embedded plugin starts by being named. */
export function findDevice(name: string): RuntimeDevice {
  const [base, index = "0"] = name.split(":") as [string, string?];
  const search = (): RuntimeDevice | undefined =>
    [...started.values()].flat().filter((d) => d.plugin === base || d.platform === base)[Number(index)];
  const found = search() ?? (embedded === null ? undefined : (startEmbedded(), search()));
  if (found !== undefined) return found;
  const known = [...started.values()]
    .flat()
    .map((d) => d.name)
    .join(", ");
  throw fail("E_NO_DEVICE", `there is no device "${name}"; started: ${known || "none"}`, {
    hint: "await use(plugin) starts a plugin; await discover() says what is missing and why",
  });
}

/** Started devices, of one plugin or platform if named. */
export function devices(platform?: string): readonly RuntimeDevice[] {
  if (started.size === 0 && embedded !== null) startEmbedded();
  const all = [...started.values()].flat();
  return platform === undefined ? all : all.filter((d) => d.plugin === platform || d.platform === platform);
}

/** Everything that registered plugins see, with the reason where something is missing. */
export async function discover(): Promise<readonly Discovered[]> {
  if (embedded !== null) startEmbedded();
  const lists = await Promise.all(
    [...plugins.values()].map(async (plugin) => {
      const { name } = plugin.manifest;
      try {
        return (await plugin.discover(host)).map((d: DeviceDescription): Discovered => ({
          platform: name,
          kind: d.kind,
          available: d.available,
          ...(d.why === undefined ? {} : { reason: d.why }),
        }));
      } catch (error) {
        return [
          { platform: name, kind: "?", available: false, reason: `its discovery failed: ${String(error)}` },
        ];
      }
    }),
  );
  return lists.flat();
}

/** The first of these that starts, and why the earlier ones don't. */
export async function pickDevice(
  preference: readonly string[],
): Promise<{ device: RuntimeDevice; skipped: readonly { platform: string; reason: string }[] }> {
  const skipped: { platform: string; reason: string }[] = [];
  for (const name of preference) {
    try {
      const plugin = plugins.get(name.split(":")[0] as string);
      if (plugin !== undefined) await use(plugin);
      return { device: findDevice(name), skipped };
    } catch (error) {
      skipped.push({ platform: name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  throw fail(
    "E_NO_DEVICE",
    `pickDevice: none of ${preference.join(", ")} is available:\n${skipped.map((s) => `  ${s.platform}: ${s.reason}`).join("\n")}`,
  );
}

const resolve = (d: RuntimeDevice | string): RuntimeDevice => (typeof d === "string" ? findDevice(d) : d);
/** Runs `f` with new arrays on a device. */
export const withDevice = <R>(device: RuntimeDevice | string, f: () => R): R =>
  withContext({ device: resolve(device) }, f);
/** The device of new arrays from here on. */
export function setDefaultDevice(device: RuntimeDevice | string): void {
  defaultDevice = resolve(device);
}
