// The plugin ABI, 0.9. Interfaces only: nothing here has a run-time import, so a bare plugin needs `import type` alone.
// Rules in brackets are ids of conformance/abi tests.
import type { SyncBailHook, SyncHook, SyncWaterfallHook } from "tapable";
import type { Attr, ConcreteType, DType, Json, Location, OpName, Program, Signature } from "./program.ts";

/** A value now or later; where it stands the host accepts both. */
export type MaybePromise<T> = T | Promise<T>;
/** A version of the ABI; in major 0 a minor may break. */
export interface Version {
  readonly major: number;
  readonly minor: number;
}

// --- errors: recognised by their brand and code, never by instanceof (two copies of plugin-api may be installed) ----------------

/** absl's status codes, closed. */
export type ErrorCode =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";
/** The error as data: what crosses a port (structuredClone drops own fields of an Error). */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly reason?: string; // stable fine-grained id, "E_DOT_CONTRACT"; docs/errors.md has one entry each
  readonly message: string;
  readonly hint?: string;
  readonly docs?: string;
  readonly plugin?: string;
  readonly op?: string;
  readonly location?: Location;
  readonly missing?: { readonly capability: string; readonly since: string; readonly fallback?: string };
  readonly cause?: ErrorRecord;
}
/** An error of Tenon: recognised by `brand` and `code`. */
export interface TenonError extends Error, Omit<ErrorRecord, "message" | "cause"> {
  readonly brand: "tenon.error";
  toJSON(): ErrorRecord;
}

// --- plugin --------------------------------------------------------------------------------------------------------------------

/** Known before any hardware is touched; zod-checked at use(). What depends on hardware stands in Capabilities. */
export interface PluginManifest {
  readonly name: string;
  readonly version: string;
  readonly platforms: readonly string[];
  readonly abi: Version; // the plugin-api it was built with
  readonly needs?: { readonly abiMinor?: number }; // oldest host minor it can live with; default 0
  readonly ir: { readonly min: string; readonly max: string };
}

/** What a plugin package exports, made by its factory. Nothing has started yet. */
export interface Plugin {
  readonly manifest: PluginManifest;
  /** What is here, and what is not and why. Doesn't throw for "none", takes no exclusive hold of a device. [load.discover] */
  discover(host: HostContext): MaybePromise<readonly DeviceDescription[]>;
  /** Synchronous where it can be: the embedded default must be, or eager code would need an await. [load.create] */
  createClient(selection: ClientSelection, host: HostContext): MaybePromise<Client>;
  readonly extensions?: Partial<PluginExtensions>;
}
/** What a plugin may offer besides devices. */
export interface PluginExtensions {
  /** Taps on the runtime that used this plugin. Called once, before discover. */
  hooks: { apply(hooks: RuntimeHooks): void };
  /** Compile for hardware that isn't here: no client can exist for it. */
  aot: {
    topologies(): readonly string[];
    createCompiler(topology: TopologySelection, host: HostContext): MaybePromise<Compiler>;
  };
}

/** A device as discovery sees it: also one that is not available, with the reason. */
export interface DeviceDescription {
  readonly id: number;
  readonly platform: string;
  readonly kind: string; // kind: "NVIDIA H100", "wasm simd128"
  readonly available: boolean;
  readonly why?: string; // why: mandatory when not available
  readonly memoryBytes?: number;
  readonly coords?: readonly number[];
  readonly attributes?: { readonly [key: string]: Attr };
}
/** Which devices a client shall take; all of them if absent. */
export interface ClientSelection {
  readonly deviceIds?: readonly number[];
}
/** Hardware to compile for that isn't here. */
export interface TopologySelection {
  readonly name: string;
  readonly attributes?: { readonly [key: string]: Attr };
}

/** What the host offers a plugin. New members are added only here and are absent on older hosts. */
export interface HostContext {
  readonly abi: Version;
  readonly ir: string;
  readonly processIndex: number;
  readonly processCount: number;
  readonly kv?: KeyValueStore; // rendezvous of a multi-process job (PJRT's kv callbacks)
  communicator?(group: CommunicatorGroup): Promise<Communicator>;
  warn(message: string): void;
}
/** Rendezvous of the processes of one job. */
export interface KeyValueStore {
  get(key: string, timeoutMs: number): Promise<Uint8Array>;
  set(key: string, value: Uint8Array): Promise<void>;
}

// --- capabilities: facts, as data, frozen once the client exists -----------------------------------------------------------------

/** How far a client supports one op. */
export interface OpSupport {
  readonly dtypes?: readonly DType[]; // of operand 0 unless `operands` says more; default: capabilities.dtypes
  readonly operands?: readonly {
    readonly dtypes?: readonly DType[];
    readonly rank?: readonly [min: number, max: number];
  }[];
  readonly attrs?: {
    readonly [attr: string]: {
      readonly oneOf?: readonly Json[];
      readonly min?: number;
      readonly max?: number;
    };
  };
  /** For collectives: taken only as the sole op of a Program; plugin-kit cuts around it. */
  readonly standalone?: true;
  readonly deviates?: readonly ("nan" | "inf" | "signedZero" | "denormal")[];
  /** Dtypes in which smaller ops do its work: for the support table only. Absent: none. */
  readonly decomposed?: readonly DType[];
}
/** What a client can do: facts as data, frozen once the client exists. An absent flag is false. */
export interface Capabilities {
  readonly dtypes: readonly DType[];
  /** Absent op = not supported. A string key the host doesn't know is ignored. */
  readonly ops: { readonly [N in OpName]?: OpSupport };
  readonly composites?: readonly string[];
  readonly customCalls?: readonly string[]; // "tenon.softmax@1"
  readonly limits?: {
    readonly maxBufferBytes?: number;
    readonly maxRank?: number;
    readonly maxParams?: number;
  };
  /** Behaviours of the mandatory methods. Absent = false = the conservative reading. */
  readonly donation?: boolean;
  readonly hostAliasing?: boolean;
  readonly immediates?: boolean;
  readonly symbolicDims?: boolean;
  readonly partitioner?: boolean;
  readonly multiDevice?: boolean;
  readonly callbacks?: boolean;
}

// --- client ----------------------------------------------------------------------------------------------------------------------

/** A memory that buffers live in. */
export interface MemorySpace {
  readonly id: number;
  readonly kind: string;
  readonly deviceIds: readonly number[];
}
/** A device of a client. */
export interface Device {
  readonly id: number; // unique in the job, across processes
  readonly processIndex: number;
  readonly description: DeviceDescription;
  readonly memory: MemorySpace; // the default one
}
/** Any view of host memory. */
export type HostView = ArrayBufferView<ArrayBufferLike>;
/** What toDevice may do with the host memory after it returned (PJRT's HostBufferSemantics). */
export type HostSemantics = "copyDuringCall" | "borrowUntilReleased" | "adopt" | "adoptMutable";
/** Options of toDevice. */
export interface ToDeviceOptions {
  readonly semantics?: HostSemantics; // default copyDuringCall; anything else is a permission, not a promise
  /** Called once, never before toDevice returns, when the plugin will not touch the host memory again. Not for copyDuringCall. */
  readonly released?: () => void;
}

/** Anything that compiles: a client, or a compiler for hardware that isn't here. */
export interface Compiler {
  readonly capabilities: Capabilities;
  /** Synchronous or a promise, as the toolchain is. The host queues calls behind a promise, so no plugin ever sees an execute
   *  before its compile is done. `program` is frozen and verified, holds only what capabilities claim. [compile.*] */
  compile(program: Program, options?: CompileOptions): MaybePromise<Compiled>;
}
/** Four methods are mandatory, for ever: compile, toDevice, toHost, dispose. All devices of a client are alike. */
export interface Client extends Compiler {
  readonly extensions?: Partial<ClientExtensions>;
  compile(program: Program, options?: CompileOptions): MaybePromise<Executable>;
  readonly platform: string;
  readonly devices: readonly Device[]; // of the whole job; those of this process have processIndex = host's
  readonly memories: readonly MemorySpace[]; // at least each device's default
  /** Resolves when the client can no longer run anything, never rejects. After dispose: code CANCELLED. */
  readonly lost: Promise<ErrorRecord>;
  toDevice(host: HostView, type: ConcreteType, memory: MemorySpace, options?: ToDeviceOptions): DeviceBuffer;
  /** Fills `into` (exactly the bytes of buffer.type, row-major, little-endian) and resolves. Reads the value as of the call. */
  toHost(buffer: DeviceBuffer, into: HostView): Promise<void>;
  dispose(): MaybePromise<void>;
}
/** Optional *objects*, never optional methods: the host asks `extension(client, "readSync")` and gets UNIMPLEMENTED with the default. */
export interface ClientExtensions {
  readSync: { read(buffer: DeviceBuffer, into: HostView): void }; // blocks until ready; the only blocking call of the ABI
  hostView: { view(buffer: DeviceBuffer): Uint8Array }; // read-only, valid until the next call into the client
  hostAllocator: { allocate(nbytes: number): ArrayBuffer }; // aligned so that `adopt` can succeed
  deviceCopy: { copy(buffer: DeviceBuffer, memory: MemorySpace): DeviceBuffer }; // default: through the host
  deserialize: {
    load(bytes: Uint8Array, signature: Signature, options?: CompileOptions): MaybePromise<Executable>;
  };
  memoryStats: {
    /** `resetPeak`: the peak is read, and counts from now on. */
    read(
      device: Device,
      options?: { readonly resetPeak?: boolean },
    ): Promise<{ readonly bytesInUse: number; readonly peakBytes?: number; readonly limitBytes?: number }>;
  };
  interop: {
    readonly accepts: readonly string[];
    import(kind: string, external: unknown, type: ConcreteType, memory: MemorySpace): DeviceBuffer;
    export(kind: string, buffer: DeviceBuffer): unknown;
  };
}

// --- buffer ----------------------------------------------------------------------------------------------------------------------

/** State of a buffer. */
export type Status = "pending" | "ready" | "failed" | "disposed";
/** No promise is made per buffer: a rejected one that nobody awaits would end a Node process. Fields are cheap, whenReady is lazy. */
export interface DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  readonly status: Status; // a snapshot: pending may already be ready, never the reverse
  readonly error?: ErrorRecord | undefined; // when failed
  /** Resolves when ready; rejects with the root error when failed. One promise a buffer, made on first request, marked as handled. */
  whenReady(): Promise<void>;
  dispose(): void; // idempotent; work already enqueued still sees the bytes
}

// --- executable --------------------------------------------------------------------------------------------------------------------

/** A rank-0 argument from the host; the host has already rounded it to the parameter's dtype. Only with capabilities.immediates. */
export type Immediate = number | bigint | boolean;
/** An argument of execute. */
export type Argument = DeviceBuffer | Immediate;
/** Options of one run. */
export interface ExecuteOptions {
  readonly keep?: readonly number[]; // params not donated this time
  readonly launchId?: number; // equal in all processes of one collective run
  readonly timeoutMs?: number; // for collectives: DEADLINE_EXCEEDED on every participant
  readonly location?: Location;
}
/** An array as a host callback sees it. */
export type HostArray = { readonly type: ConcreteType; readonly bytes: Uint8Array };
/** Synchronous; called on the host's thread, in program order when the call is ordered. */
export type HostCallback = (args: readonly HostArray[], device: Device) => readonly HostArray[];
/** Options of compile. */
export interface CompileOptions {
  readonly devices?: readonly number[]; // one id a partition; default: the first ones
  /** The caller awaits the executable. Without it a client that offers readSync must compile synchronously: JavaScript cannot
   *  block on a promise, so `jit(f)(x).item()` would otherwise be impossible on its first call. [compile.sync] */
  readonly background?: true;
  readonly callbacks?: { readonly [name: string]: HostCallback }; // custom_call "tenon.callback" {name}; needs capabilities.callbacks
  readonly plugin?: { readonly [key: string]: Attr }; // options of this plugin, part of the cache key
}
/** What a compiler without a client makes: bytes and figures, nothing that runs. */
export interface Compiled {
  readonly signature: Signature; // of the program given, unchanged
  readonly extensions?: Partial<ExecutableExtensions>;
}
/** A compiled program, ready to run. Disposing it lets runs in flight finish. */
export interface Executable extends Compiled {
  readonly devices: readonly Device[]; // rows of execute, in order; only those of this process
  /** Enqueues and returns. args[d][p]; results[d][r], types set, usable as arguments at once. A throw consumed nothing; a later
   *  failure poisons the results. The host disposes donated arguments right after: a plugin that ignores donation does nothing. */
  execute(
    args: readonly (readonly Argument[])[],
    options?: ExecuteOptions,
  ): readonly (readonly DeviceBuffer[])[];
  dispose(): void; // idempotent; runs in flight finish
}
/** What an executable may offer besides running. */
export interface ExecutableExtensions {
  serialize: { bytes(): Promise<Uint8Array>; readonly fingerprint: string }; // fingerprint: compiler + target, part of the cache key
  cost: { read(): Promise<{ readonly flops?: number; readonly bytesAccessed?: number }> };
  memory: {
    read(): Promise<{
      readonly argumentBytes: number;
      readonly resultBytes: number;
      readonly aliasedBytes: number;
      readonly temporaryBytes: number;
      readonly peakBytes: number;
    }>;
  };
  text: { readonly stages: readonly string[]; read(stage: string): Promise<string> };
}

// --- communicator: what the host lends a plugin for processes, over host bytes. Inside a program collectives are ops. -----------------

/** How a collective combines elements. */
export type Reduction = "sum" | "product" | "min" | "max" | "and" | "or";
/** The processes that one communicator joins. */
export interface CommunicatorGroup {
  readonly key: string;
  readonly processes: readonly number[];
  readonly timeoutMs: number;
}
/** One FIFO: calls run in issue order, the same on every member. `signature` differing between members fails all of them. */
export interface Communicator {
  readonly rank: number;
  readonly size: number;
  readonly lost: Promise<ErrorRecord>;
  allReduce(bytes: HostView, dtype: DType, reduction: Reduction, signature: string): Promise<void>; // in place
  allGather(part: HostView, into: HostView, signature: string): Promise<void>;
  reduceScatter(
    whole: HostView,
    into: HostView,
    dtype: DType,
    reduction: Reduction,
    signature: string,
  ): Promise<void>;
  allToAll(from: HostView, into: HostView, signature: string): Promise<void>;
  broadcast(bytes: HostView, root: number, signature: string): Promise<void>;
  permute(
    from: HostView,
    into: HostView,
    pairs: readonly (readonly [from: number, to: number])[],
    signature: string,
  ): Promise<void>;
  barrier(signature: string): Promise<void>;
  abort(error: ErrorRecord): void; // every pending and later call of every member rejects
  dispose(): Promise<void>;
}

// --- hooks: fields of one Runtime, all synchronous (tracing and dispatch are) --------------------------------------------------------

/** Payload of beforeCompile and compiled; pair them by id. */
export interface CompileEvent {
  readonly id: number;
  readonly plugin: string;
  readonly program: Program;
  readonly key: string;
  readonly elapsedMs?: number;
  readonly error?: ErrorRecord;
}
/** Payload of beforeExecute, executed and settled; pair them by id. */
export interface ExecuteEvent {
  readonly id: number;
  readonly plugin: string;
  readonly name: string;
  readonly deviceIds: readonly number[];
  readonly startMs: number;
  readonly elapsedMs?: number;
  readonly error?: ErrorRecord;
}
/** Payload of transfer. */
export interface TransferEvent {
  readonly plugin: string;
  readonly direction: "toDevice" | "toHost" | "copy";
  readonly nbytes: number;
  readonly deviceId: number;
  readonly aliased: boolean;
}
/** What identifies an entry of the persistent cache. */
export interface CacheQuery {
  readonly key: string;
  readonly plugin: string;
  readonly fingerprint: string;
  readonly signature: Signature;
}
/** A miss, and why. */
export interface CacheMiss extends CacheQuery {
  readonly because: "empty" | "differs" | "stale" | "unreadable";
  readonly difference?: string;
}
/** What a lower tap knows about the program it may rewrite. */
export interface LowerContext {
  readonly plugin: string;
  readonly capabilities: Capabilities;
  readonly function: string;
}
/** A tap that rewrites must say what it is: the text goes into the cache key. */
export interface RewriteTap {
  readonly fingerprint: string;
}
/** The hooks of one runtime. A throwing notification tap never reaches user code. [hooks.throw] */
export interface RuntimeHooks {
  readonly registered: SyncHook<[PluginManifest]>;
  readonly clientCreated: SyncHook<
    [{ readonly plugin: string; readonly devices: readonly Device[]; readonly capabilities: Capabilities }]
  >;
  readonly lower: SyncWaterfallHook<[Program, LowerContext], Program, RewriteTap>;
  readonly cacheLookup: SyncBailHook<[CacheQuery], MaybePromise<Uint8Array | undefined> | undefined>;
  readonly cacheStore: SyncHook<[CacheQuery, () => Promise<Uint8Array>]>;
  readonly cacheHit: SyncHook<[CacheQuery]>;
  readonly cacheMiss: SyncHook<[CacheMiss]>;
  readonly beforeCompile: SyncHook<[CompileEvent]>;
  readonly compiled: SyncHook<[CompileEvent]>;
  readonly beforeExecute: SyncHook<[ExecuteEvent]>;
  readonly executed: SyncHook<[ExecuteEvent]>; // enqueue returned or threw
  readonly settled: SyncHook<[ExecuteEvent]>; // device finished; whenReady is asked only if this is tapped
  readonly transfer: SyncHook<[TransferEvent]>;
  readonly collective: SyncHook<
    [
      {
        readonly op: string;
        readonly nbytes: number;
        readonly members: readonly number[];
        readonly home: "program" | "staged" | "processes";
      },
    ]
  >;
  readonly deviceLost: SyncHook<[{ readonly plugin: string; readonly error: ErrorRecord }]>;
  readonly warn: SyncHook<[{ readonly plugin?: string; readonly error: ErrorRecord }]>; // untapped: console.warn once per message
}
