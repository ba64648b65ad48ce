// Garbage-collected handles. A FinalizationRegistry is the net; since its callbacks never run inside a synchronous
// loop, Node 20–22 are asked for `gc` and `cleanupSome` by flags set at run time, per budget of allocated bytes.
// TENON_GC=0 turns the flags off (the net stays).
import type { DeviceBuffer } from "tenon-plugin-api";

interface Registry {
  register(target: object, held: Held, token: object): void;
  unregister(token: object): void;
  cleanupSome?: () => void;
}
interface Held {
  readonly buffer: DeviceBuffer;
  readonly nbytes: number;
}
interface NodeProcess {
  readonly env: Record<string, string | undefined>;
  getBuiltinModule?(name: string): unknown;
}
const MIN_BUDGET = 128 * 2 ** 20;

class Collector {
  /** Bytes behind live handles. */
  liveBytes = 0;
  private since = 0;
  private budget = MIN_BUDGET;
  private registry: Registry | null = null;
  private gc: (() => void) | null = null;

  private start(): Registry {
    const finalize = (held: Held): void => {
      this.liveBytes -= held.nbytes;
      held.buffer.dispose();
    };
    const process = (globalThis as { process?: NodeProcess }).process;
    this.registry =
      (process?.env["TENON_GC"] === "0" ? null : forcible(process, finalize, (gc) => (this.gc = gc))) ??
      (new FinalizationRegistry(finalize) as Registry);
    return this.registry;
  }

  /** Watches a handle; frees its buffer when it is collected. */
  track(handle: object, buffer: DeviceBuffer, nbytes: number): void {
    const registry = this.registry ?? this.start();
    registry.register(handle, { buffer, nbytes }, handle);
    this.liveBytes += nbytes;
    this.since += nbytes + 256;
    if (this.since > this.budget && this.gc !== null) this.collect();
  }

  forget(handle: object, nbytes: number): void {
    this.registry?.unregister(handle);
    this.liveBytes -= nbytes;
  }

  /** Frees what is unreachable now, where the platform allows it. */
  collect(): void {
    if (this.gc === null) return;
    const began = performance.now();
    this.gc();
    this.registry?.cleanupSome?.();
    this.since = 0;
    // A collection should cost less than the work between two of them: ~1 GiB of allocation per 50 ms of gc.
    const ms = performance.now() - began;
    this.budget = Math.max(MIN_BUDGET, Math.min(2 ** 29, ms * 2 * 2 ** 20));
  }
}

/** A registry whose cleanup can be forced (V8 11–12), and the collector. */
function forcible(
  process: NodeProcess | undefined,
  finalize: (held: Held) => void,
  keepGc: (gc: () => void) => void,
): Registry | null {
  const v8 = process?.getBuiltinModule?.("node:v8") as { setFlagsFromString(flag: string): void } | undefined;
  const vm = process?.getBuiltinModule?.("node:vm") as { runInNewContext(code: string): unknown } | undefined;
  const major = Number(
    (process as { versions?: { node?: string } } | undefined)?.versions?.node?.split(".")[0] ?? 0,
  );
  if (v8 === undefined || vm === undefined || major < 20 || major > 22) return null;
  v8.setFlagsFromString("--expose-gc");
  v8.setFlagsFromString("--harmony-weak-refs-with-cleanup-some");
  const Forced = vm.runInNewContext("FinalizationRegistry") as typeof FinalizationRegistry;
  keepGc(vm.runInNewContext("gc") as () => void);
  v8.setFlagsFromString("--no-harmony-weak-refs-with-cleanup-some");
  v8.setFlagsFromString("--no-expose-gc");
  return new Forced(finalize) as unknown as Registry;
}

export const collector: Collector = new Collector();
