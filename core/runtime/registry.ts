// Plugins enter by `use`, the embedded default by its factory; each is negotiated with, its facts are checked, and what it
// claims but doesn't have is blamed on it by name. Then its devices are known, and one of them is where new arrays go.
import {
  ABI,
  IR,
  isTenonError,
  negotiate,
  type Client,
  type ClientExtensions,
  type HostContext,
  type Plugin,
} from "tenon-plugin-api";
import { checkDevices, readCapabilities, readDescriptions, readManifest } from "tenon-plugin-api/schemas";
import { fail } from "../errors.ts";
import { context, withContext } from "../ir/context.ts";
import { RuntimeDevice, Session } from "./device.ts";
import { runtime } from "./runtime.ts";

export { RuntimeDevice } from "./device.ts";

/** The started clients. */
export const sessions = (): readonly Session[] => [
  ...new Set([...started.values()].flat().map((d) => d.session)),
];

/** What `discover` says of one device, started or not. */
export interface Discovered {
  readonly platform: string;
  readonly kind: string;
  readonly available: boolean;
  /** Why it isn't available. */
  readonly reason?: string;
  readonly hint?: string;
}

const hostFor = (plugin: string): HostContext => ({
  abi: ABI,
  ir: IR,
  processIndex: 0,
  processCount: 1,
  warn: (message) => {
    runtime.warn({ code: "UNKNOWN", message }, plugin);
  },
});
const started = new Map<string, RuntimeDevice[]>();
const starting = new Map<string, Promise<readonly RuntimeDevice[]>>();
/** Accepted plugins, and the IR at which programs are written for each. */
const plugins = new Map<string, { readonly plugin: Plugin; readonly ir: string }>();
let embedded: (() => Plugin) | null = null;
let defaultDevice: RuntimeDevice | null = null;

/** Registers the factory of the embedded default; nothing starts until an array is made. */
export function registerEmbedded(factory: () => Plugin): void {
  embedded ??= factory;
}

// --- accepting a plugin ----------------------------------------------------------------------------------------------

const refused = (plugin: string, why: string, cause?: unknown): Error =>
  fail("E_PLUGIN_REFUSED", `use(): plugin ${plugin} is refused: ${why}`, { plugin, cause });
/** Runs a check; what it throws refuses the plugin. */
function accept<R>(plugin: string, check: () => R): R {
  try {
    return check();
  } catch (error) {
    throw refused(plugin, error instanceof Error ? error.message : String(error), error);
  }
}

/** What came in place of a plugin. @throws E_ARGUMENT */
function checkPlugin(x: unknown): void {
  if (typeof x === "object" && x !== null && "manifest" in x) return;
  const got = typeof x === "string" ? `"${x}"` : x === null ? "null" : `a value of type ${typeof x}`;
  const hint =
    typeof x === "string"
      ? `import the plugin and call it: import plugin from "tenon-${x.replace(/^tenon-|:.*$/g, "")}"; await use(plugin())`
      : typeof x === "function"
        ? "it may be what makes the plugin: call it, use(plugin())"
        : typeof x === "object" && x !== null && "default" in x
          ? "it is a module: pass what its export makes, use(module.default())"
          : 'packages of plugins export a function that makes one: import webgpu from "tenon-webgpu"; await use(webgpu())';
  throw fail("E_ARGUMENT", `use(): got ${got}, expected a plugin`, { hint });
}
/** Checks what can be known before hardware is touched. @throws E_PLUGIN_REFUSED naming plugin, both numbers, the side to update */
function register(plugin: Plugin): string {
  checkPlugin(plugin);
  const given = (plugin as Plugin | undefined)?.manifest?.name;
  const name = typeof given === "string" && given !== "" ? given : "?";
  const known = plugins.get(name);
  if (known !== undefined && (known.plugin === plugin || started.has(name) || starting.has(name)))
    return name;
  const manifest = accept(name, () => readManifest((plugin as Plugin | undefined)?.manifest));
  const verdict = negotiate({ abi: ABI, ir: IR }, manifest);
  if (!verdict.ok) throw refused(name, verdict.why);
  for (const method of ["discover", "createClient"] as const)
    if (typeof plugin[method] !== "function") throw refused(name, `it has no method ${method}`);
  plugins.set(name, { plugin, ir: verdict.ir });
  if (plugin.extensions?.hooks !== undefined)
    accept(name, () => plugin.extensions?.hooks?.apply(runtime.hooks));
  if (runtime.asked?.registered.isUsed() === true) runtime.asked.registered.call(manifest);
  return name;
}

const METHODS: { readonly [N in keyof ClientExtensions]: readonly string[] } = {
  readSync: ["read"],
  hostView: ["view"],
  hostAllocator: ["allocate"],
  deviceCopy: ["copy"],
  deserialize: ["load"],
  memoryStats: ["read"],
  interop: ["import", "export"],
};

/** Takes a client in: everything it claims is there, its facts have the form they must have. [load.honest] */
function adopt(name: string, client: Client): RuntimeDevice[] {
  for (const m of ["compile", "toDevice", "toHost", "dispose"] as const)
    if (typeof (client as Client | undefined)?.[m] !== "function")
      throw refused(name, `its client has no method ${m}`);
  if (typeof (client.lost as Promise<unknown> | undefined)?.then !== "function")
    throw refused(name, "its client has no promise `lost`");
  for (const [extension, methods] of Object.entries(METHODS)) {
    const found = client.extensions?.[extension as keyof ClientExtensions] as object | undefined;
    for (const m of found === undefined ? [] : methods)
      if (typeof (found as Record<string, unknown>)[m] !== "function")
        throw refused(name, `it claims the extension ${extension}, which has no method ${m}`);
  }
  accept(name, () => {
    checkDevices(client.devices, name);
  });
  const capabilities = accept(name, () => readCapabilities(client.capabilities, name));
  const { ir } = plugins.get(name) as { ir: string };
  const session = new Session(name, client, capabilities, ir);
  const devices = client.devices.map((d, i) => new RuntimeDevice(session, d, i));
  started.set(name, devices);
  watchLoss(session, devices);
  if (runtime.asked?.clientCreated.isUsed() === true)
    runtime.asked.clientCreated.call(Object.freeze({ plugin: name, devices: client.devices, capabilities }));
  return devices;
}

/** A lost client is forgotten, so that the next use makes a new one. */
function watchLoss(session: Session, devices: readonly RuntimeDevice[]): void {
  void session.client.lost.then((error) => {
    session.lost = error;
    if (started.get(session.plugin) === devices) started.delete(session.plugin);
    if (defaultDevice?.session === session) defaultDevice = null;
    if (error.code !== "CANCELLED" && runtime.asked?.deviceLost.isUsed() === true)
      runtime.asked.deviceLost.call(Object.freeze({ plugin: session.plugin, error }));
  });
}

// --- starting ---------------------------------------------------------------------------------------------------------

const failedToStart = (name: string, error: unknown): Error =>
  isTenonError(error)
    ? error
    : fail("E_PLUGIN", `use(): plugin ${name} failed to start: ${String(error)}`, {
        cause: error,
        plugin: name,
      });

/** Another object by the name of a plugin that runs: its options, if it has any, have no effect. */
function warnOfSecond(plugin: Plugin): void {
  const name = (plugin as Plugin | undefined)?.manifest?.name ?? "";
  const first = plugins.get(name)?.plugin;
  if (first === undefined || first === plugin || !(started.has(name) || starting.has(name))) return;
  const message = `use(): a plugin named ${name} has started already: its devices stay, the second one and its options aren't used`;
  runtime.warn(
    { code: "ALREADY_EXISTS", message, hint: "call use once, and look its devices up by devices()" },
    name,
  );
}
/** Starts a plugin's devices, once. @throws E_PLUGIN_REFUSED; UNAVAILABLE with the plugin's reason */
export async function use(plugin: Plugin): Promise<readonly RuntimeDevice[]> {
  warnOfSecond(plugin);
  const name = register(plugin);
  const known = started.get(name) ?? starting.get(name);
  if (known !== undefined) return known;
  const start = (async () => {
    try {
      return adopt(name, await plugin.createClient({}, hostFor(name)));
    } catch (error) {
      throw failedToStart(name, error);
    } finally {
      starting.delete(name);
    }
  })();
  starting.set(name, start);
  return start;
}

/** `use` for plugins that start without waiting. @throws E_NOT_READY for one that doesn't */
export function useSync(plugin: Plugin): readonly RuntimeDevice[] {
  const name = register(plugin);
  const known = started.get(name);
  if (known !== undefined) return known;
  let client: ReturnType<Plugin["createClient"]>;
  try {
    client = plugin.createClient({}, hostFor(name));
  } catch (error) {
    throw failedToStart(name, error);
  }
  if (!(client instanceof Promise)) return adopt(name, client);
  client.catch(() => undefined);
  throw fail("E_NOT_READY", `plugin ${name} starts asynchronously: await use(plugin)`);
}

/** Lists a plugin for `discover` and `pickDevice` without starting it. */
export function offer(plugin: Plugin): void {
  register(plugin);
}

function startEmbedded(): RuntimeDevice {
  if (embedded !== null) return useSync(embeddedPlugin())[0] as RuntimeDevice;
  throw fail(
    "E_NO_DEVICE",
    "there is no device: await use(plugin) first, or import the package tenon, which brings its default",
  );
}
let embeddedMade: Plugin | null = null;
const embeddedPlugin = (): Plugin => (embeddedMade ??= (embedded as () => Plugin)());

// --- finding ---------------------------------------------------------------------------------------------------------

/** The device of new arrays: withDevice > setDefaultDevice > TENON_DEVICE > the embedded plugin. */
export function currentDevice(): RuntimeDevice {
  const chosen = context().device as RuntimeDevice | null;
  return chosen ?? (defaultDevice ??= fromEnvironment() ?? startEmbedded());
}
function fromEnvironment(): RuntimeDevice | null {
  const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };
  const name = process?.env["TENON_DEVICE"];
  if (name === undefined || name === "") return null;
  try {
    return findDevice(name);
  } catch (error) {
    if (!isTenonError(error) || error.reason !== "E_NO_DEVICE") throw error;
    throw fail(
      "E_NO_DEVICE",
      `TENON_DEVICE="${name}": no device of this name is started; there are ${startedNames()}`,
      {
        hint: "await use(plugin) before the first array starts one, or unset the variable",
      },
    );
  }
}
const startedNames = (): string => [...started.values()].flat().join(", ") || "none";

/** Does a device go by this name, "cpu-wasm" or a platform's? */
const isCalled =
  (base: string) =>
  (d: RuntimeDevice): boolean =>
    d.plugin === base || d.platform === base;

/** A started device by name: "cpu-wasm", "webgpu:0". A plugin that starts without waiting starts by being named. @throws E_NO_DEVICE */
export function findDevice(name: string): RuntimeDevice {
  const [base, index = "0"] = name.split(":") as [string, string?];
  const search = (): RuntimeDevice | undefined =>
    [...started.values()].flat().filter(isCalled(base))[Number(index)];
  const found = search() ?? (startNamed(base) ? search() : undefined);
  if (found !== undefined) return found;
  throw fail("E_NO_DEVICE", `there is no device "${name}"; started: ${startedNames()}`, {
    hint: "await use(plugin) starts a plugin; await discover() says what is missing and why",
  });
}
/** Starts the plugin of this name if it isn't started; false when there is none. */
function startNamed(base: string): boolean {
  if (started.has(base)) return false;
  const plugin = pluginNamed(base) ?? (embedded === null ? undefined : embeddedPlugin());
  if (plugin !== undefined) useSync(plugin);
  return plugin !== undefined;
}
/** A registered plugin by its name or one of its platforms. */
function pluginNamed(base: string): Plugin | undefined {
  const byPlatform = (): Plugin | undefined =>
    [...plugins.values()].find(({ plugin }) => plugin.manifest.platforms.includes(base))?.plugin;
  return plugins.get(base)?.plugin ?? byPlatform();
}

/** Started devices, of one plugin or platform if named. */
export function devices(platform?: string): readonly RuntimeDevice[] {
  if (started.size === 0 && embedded !== null) startEmbedded();
  const all = [...started.values()].flat();
  return platform === undefined ? all : all.filter(isCalled(platform));
}

/** Everything that registered plugins see, with the reason where something is missing. Starts nothing. */
export async function discover(): Promise<readonly Discovered[]> {
  if (embedded !== null) register(embeddedPlugin());
  const lists = await Promise.all([...plugins].map(([name, { plugin }]) => discovered(name, plugin)));
  return lists.flat();
}
async function discovered(name: string, plugin: Plugin): Promise<readonly Discovered[]> {
  try {
    return readDescriptions(await plugin.discover(hostFor(name)), name).map((d): Discovered => ({
      platform: name,
      kind: d.kind,
      available: d.available,
      ...(d.why === undefined ? {} : { reason: d.why }),
    }));
  } catch (error) {
    const reason = `its discovery failed: ${error instanceof Error ? error.message : String(error)}`;
    return [{ platform: name, kind: "?", available: false, reason }];
  }
}

/** The first of these that starts, and why the earlier ones don't. @throws E_NO_DEVICE with all reasons */
export async function pickDevice(
  preference: readonly string[],
): Promise<{ device: RuntimeDevice; skipped: readonly { platform: string; reason: string }[] }> {
  const skipped: { platform: string; reason: string }[] = [];
  for (const name of preference) {
    try {
      const known = pluginNamed(name.split(":")[0] as string);
      if (known !== undefined) await use(known);
      return { device: findDevice(name), skipped };
    } catch (error) {
      skipped.push({ platform: name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const reasons = skipped.map((s) => `\n  ${s.platform}: ${s.reason}`).join("");
  throw fail("E_NO_DEVICE", `pickDevice: none of ${preference.join(", ")} is available:${reasons}`);
}

const resolve = (d: RuntimeDevice | string): RuntimeDevice => (typeof d === "string" ? findDevice(d) : d);
/** Runs `f` with new arrays on a device. Source: jax.default_device */
export const withDevice = <R>(device: RuntimeDevice | string, f: () => R): R =>
  withContext({ device: resolve(device) }, f);
/** The device of new arrays from here on. */
export function setDefaultDevice(device: RuntimeDevice | string): void {
  defaultDevice = resolve(device);
}
