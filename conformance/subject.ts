// The plugin under test: its clients, and how programs run on them. Every client stands behind `checked()`, which enforces
// the rules of the ABI in both directions while cases run.
import {
  ABI,
  IR,
  type Client,
  type ConcreteType,
  type DeviceBuffer,
  type Executable,
  type HostContext,
  type Plugin,
  type Program,
} from "tenon-plugin-api";
import { checked } from "tenon-plugin-api/checked";
import { readCapabilities } from "tenon-plugin-api/schemas";
import { nbytesOf } from "./values.ts";

/** The host as the suite plays it: one process, no rendezvous. */
export const HOST: HostContext = {
  abi: ABI,
  ir: IR,
  processIndex: 0,
  processCount: 1,
  warn: () => undefined,
};

/** A plugin with a client that cases share. */
export class Subject {
  readonly plugin: Plugin;
  private shared: Promise<Client> | undefined;
  private readonly opened: Client[] = [];
  constructor(plugin: Plugin) {
    this.plugin = plugin;
  }
  get name(): string {
    return this.plugin.manifest.name;
  }

  /** The shared client, checked. */
  client(): Promise<Client> {
    return (this.shared ??= this.newClient());
  }
  /** A client of its own for a case that disposes it, checked, with its capabilities as the host reads them. */
  async newClient(): Promise<Client> {
    const client = await this.bareClient();
    return checked({
      platform: client.platform,
      devices: client.devices,
      memories: client.memories,
      capabilities: readCapabilities(client.capabilities, this.name),
      lost: client.lost,
      ...(client.extensions === undefined ? {} : { extensions: client.extensions }),
      compile: (program, options) => client.compile(program, options),
      toDevice: (...args) => client.toDevice(...args),
      toHost: (...args) => client.toHost(...args),
      dispose: () => client.dispose(),
    });
  }
  /** A client as the plugin made it: for rules of what it does with a caller's mistake. */
  async bareClient(): Promise<Client> {
    const client = await this.plugin.createClient({}, HOST);
    this.opened.push(client);
    return client;
  }
  /** Disposes every client that was made. */
  async close(): Promise<void> {
    this.shared = undefined;
    for (const client of this.opened.splice(0)) await client.dispose();
  }
}

/**
 * Result bytes of a program for input bytes: `times` runs of one executable, each on buffers of its own. The last of several
 * also proves that its arguments are as they were.
 */
export async function runProgram(
  client: Client,
  program: Program,
  inputs: readonly Uint8Array[],
  times = 1,
): Promise<Uint8Array[][]> {
  const executable = await client.compile(program);
  const { memory } = client.devices[0] as Client["devices"][number];
  const types = executable.signature.params.map((p) => p.type as ConcreteType);
  const out: Uint8Array[][] = [];
  for (let run = 0; run < times; run++) {
    const args = inputs.map((bytes, i) => client.toDevice(bytes, types[i] as ConcreteType, memory));
    const [results = []] = executable.execute([args]);
    out.push(await Promise.all(results.map((b) => read(client, b))));
    if (run > 0 && run === times - 1) await expectUnwritten(client, executable, args, inputs);
    for (const b of [...args, ...results]) b.dispose();
  }
  executable.dispose();
  return out;
}
/** @throws where a run wrote to an argument that isn't donated */
async function expectUnwritten(
  client: Client,
  { signature }: Executable,
  args: readonly DeviceBuffer[],
  inputs: readonly Uint8Array[],
): Promise<void> {
  for (const [i, arg] of args.entries()) {
    if (signature.params[i]?.donate !== undefined) continue;
    const now = await read(client, arg);
    const at = now.findIndex((x, k) => x !== inputs[i]?.[k]);
    if (at < 0) continue;
    const what = `argument ${i} isn't what it was before the run, from byte ${at} on`;
    throw new Error(`${what}: a kernel wrote to its operand, where it may only write to a result of its own`);
  }
}
/** The bytes of a buffer. */
export async function read(client: Client, buffer: DeviceBuffer): Promise<Uint8Array> {
  const bytes = new Uint8Array(nbytesOf(buffer.type)).fill(0xa5); // what isn't written shows
  await client.toHost(buffer, bytes);
  return bytes;
}
