// A started client as the host keeps it, and its devices.
import type {
  Capabilities,
  Client,
  ClientExtensions,
  Device,
  ErrorRecord,
  Executable,
  Program,
} from "tenon-plugin-api";
import { INSPECT, INSPECT_DENO } from "../ir/inspect.ts";
import { Gate } from "./gate.ts";

/** An executable, or the promise of one. */
export interface Loaded {
  /** What it was compiled from. */
  readonly program: Program;
  executable: Executable | null;
  /** Why there will be none. */
  failure: Error | null;
  /** Someone calls it by himself (lowered.compile): it outlives the caches. */
  held?: true;
  /** Settles when one of the two is known; absent when it was at once. */
  pending?: Promise<void>;
}

let nextUid = 0;

/** What the host keeps of a client. */
export class Session {
  readonly plugin: string;
  readonly client: Client;
  /** As the host understands them: known ops and dtypes only. */
  readonly capabilities: Capabilities;
  /** Version at which programs are written for this plugin. */
  readonly ir: string;
  readonly readSync: ClientExtensions["readSync"] | undefined;
  /** Null for a client that compiles synchronously, as one with readSync must. */
  readonly gate: Gate | null;
  /** Executables by structural key; equal programs share one. */
  readonly programs = new Map<
    string,
    { readonly attachments: readonly Uint8Array[]; readonly loaded: Loaded }[]
  >();
  /** Why the client can't run anything any more. */
  lost: ErrorRecord | null = null;
  constructor(plugin: string, client: Client, capabilities: Capabilities, ir: string) {
    this.plugin = plugin;
    this.client = client;
    this.capabilities = capabilities;
    this.ir = ir;
    this.readSync = client.extensions?.readSync;
    this.gate = this.readSync === undefined ? new Gate() : null;
  }

  /** Forgets its executables, and gives back those that nobody holds, as far as no run waits for its turn. */
  forget(): void {
    const known = [...this.programs.values()].flat();
    this.programs.clear();
    if (this.gate !== null) return;
    for (const { loaded } of known) if (loaded.held !== true) loaded.executable?.dispose();
  }
}

/** Memory of a device. */
export interface MemoryStats {
  readonly bytesInUse: number;
  /** The most at once; undefined where the device doesn't tell. */
  readonly peakBytesInUse: number | undefined;
  readonly bytesLimit: number | undefined;
}

/** A started device. */
export class RuntimeDevice {
  readonly session: Session;
  readonly client: Client;
  readonly device: Device;
  readonly plugin: string;
  readonly index: number;
  /** "cpu-wasm:0" */
  readonly name: string;
  /** A small integer, unique in this process: part of cache keys. */
  readonly uid: number = nextUid++;
  constructor(session: Session, device: Device, index: number) {
    this.session = session;
    this.client = session.client;
    this.device = device;
    this.plugin = session.plugin;
    this.index = index;
    this.name = `${session.plugin}:${index}`;
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
  get capabilities(): Capabilities & { readonly readSync: boolean } {
    return { ...this.session.capabilities, readSync: this.session.readSync !== undefined };
  }
  /**
   * Bytes of memory in use, and the most at once so far; null where the device doesn't tell. With `resetPeak` the peak is
   * read, and counts from now on. Source: jax.Device.memory_stats.
   */
  async memoryStats(options?: { readonly resetPeak?: boolean }): Promise<MemoryStats | null> {
    const stats = await this.client.extensions?.memoryStats?.read(this.device, options);
    return stats === undefined
      ? null
      : { bytesInUse: stats.bytesInUse, peakBytesInUse: stats.peakBytes, bytesLimit: stats.limitBytes };
  }
  toString(): string {
    return this.name;
  }
  [INSPECT](): string {
    return this.name;
  }
  [INSPECT_DENO](): string {
    return this.name;
  }
}
