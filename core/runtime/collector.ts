// Garbage-collected handles. Device memory is invisible to V8 and callbacks of a FinalizationRegistry never run inside a
// synchronous loop, so per budget of new bytes Node is asked to collect, and handles are polled through WeakRefs.
// A WeakRef keeps its target until the job ends; running a microtask of a context that has its own queue ends the job's
// hold at once (V8 clears kept objects after every microtask checkpoint; measured on Node 20, 22 and 24).
// Elsewhere (browsers), and with TENON_GC=0, the FinalizationRegistry alone is the net.
import type { DeviceBuffer } from "tenon-plugin-api";
import type { ShapedArray } from "../ir/aval.ts";
import { unheard } from "./runtime.ts";

const MIB = 2 ** 20;
const MIN_BUDGET = 128 * MIB;
const MAX_BUDGET = 512 * MIB;
/** What a handle itself counts for, in bytes: 50,000 small arrays are worth a collection (fastest, measured). */
const HANDLE = MIN_BUDGET / 50_000;
/** New handles after which the job's hold on them is ended: the set that V8 keeps of them stays small (measured). */
const RELEASE_EVERY = 1024;
/** What the runtime keeps of an array: its buffer, and weakly the array itself. */
export class Box extends WeakRef<object> {
  buffer: DeviceBuffer | null;
  readonly aval: ShapedArray;
  readonly nbytes: number;
  /** Place in the collector's list. */
  index: number;
  constructor(array: object, buffer: DeviceBuffer, aval: ShapedArray, index: number) {
    super(array);
    this.buffer = buffer;
    this.aval = aval;
    this.nbytes = aval.nbytes;
    this.index = index;
  }
}

interface NodeProcess {
  readonly env: Record<string, string | undefined>;
  getBuiltinModule?(name: string): unknown;
  cpuUsage(): { readonly user: number; readonly system: number };
}
/** What Node offers. */
interface Force {
  /** Ends the job's hold on the targets of WeakRefs. */
  readonly release: () => void;
  readonly gc: () => void;
  /** CPU time of this process: on a busy machine the clock says little. */
  readonly cpuMs: () => number;
}

class Collector {
  /** Bytes behind live handles. */
  liveBytes = 0;
  /** Collections forced so far. */
  collections = 0;
  /** Operands of the run in progress: a collection in the middle of it must not free them. */
  inUse: readonly object[] | null = null;
  private readonly boxes: Box[] = [];
  private growth = 0;
  private budget = MIN_BUDGET;
  private lastEnd = 0;
  private made = 0;
  private force: Force | null = null;
  /** The net where nothing can be forced. */
  private registry: FinalizationRegistry<Box> | null = null;
  private sentinel: FinalizationRegistry<undefined> | null = null;
  private started = false;

  private start(): void {
    this.started = true;
    const { process } = globalThis as { process?: NodeProcess };
    this.force = process === undefined || process.env["TENON_GC"] === "0" ? null : forcible(process);
    if (this.force === null)
      this.registry = new FinalizationRegistry((box) => {
        this.free(box);
      });
    else this.watchNaturalCollections();
  }

  /** Polls after a collection that V8 started by itself: memory comes back early in programs that await. */
  private watchNaturalCollections(): void {
    const arm = (): void => this.sentinel?.register({}, undefined);
    this.sentinel = new FinalizationRegistry(() => {
      this.poll();
      arm();
    });
    arm();
  }

  /** Watches an array; frees its buffer when it is collected. */
  track(array: object, buffer: DeviceBuffer, aval: ShapedArray): Box {
    if (!this.started) this.start();
    const box = new Box(array, buffer, aval, this.boxes.length);
    this.boxes.push(box);
    this.liveBytes += box.nbytes;
    this.growth += box.nbytes + HANDLE;
    if (this.force === null) this.registry?.register(array, box);
    else if (this.growth > this.budget) this.collect();
    else if ((++this.made & (RELEASE_EVERY - 1)) === 0) this.force.release();
    return box;
  }

  /** Disposes the buffer of a box; once. */
  free(box: Box): void {
    const { buffer } = box;
    if (buffer === null) return;
    box.buffer = null;
    this.liveBytes -= box.nbytes;
    this.growth -= box.nbytes + HANDLE;
    const last = this.boxes.pop() as Box;
    if (last !== box) {
      this.boxes[box.index] = last;
      last.index = box.index;
    }
    if (buffer.error !== undefined) unheard(buffer.error);
    buffer.dispose();
  }

  /** Frees what is unreachable now, where the platform allows it. */
  collect(): void {
    if (this.force === null) return;
    const began = this.force.cpuMs();
    this.force.release();
    this.force.gc();
    this.poll();
    this.growth = 0;
    this.collections++;
    const end = this.force.cpuMs();
    // Dear: it took longer than twice of what was done since the last one. Then fewer, up to a limit.
    const dear = end - began > 2 * (began - this.lastEnd);
    const floor = Math.max(MIN_BUDGET, this.liveBytes / 2);
    this.budget = Math.max(floor, Math.min(this.budget * (dear ? 1.5 : 1 / 1.5), MAX_BUDGET));
    this.lastEnd = end;
  }

  private poll(): void {
    for (let i = this.boxes.length - 1; i >= 0; i--) {
      const box = this.boxes[i] as Box;
      if (box.deref() === undefined) this.free(box);
    }
  }

  /** The largest live arrays in words, arrays of one type together: "12 × f32[256,1024] (12.0 MiB)". */
  largest(count: number): string {
    const byAval = new Map<ShapedArray, number>();
    for (const box of this.boxes) byAval.set(box.aval, (byAval.get(box.aval) ?? 0) + 1);
    return [...byAval]
      .sort(([a, n], [b, m]) => m * b.nbytes - n * a.nbytes)
      .slice(0, count)
      .map(([aval, n]) => `${n} × ${aval} (${((n * aval.nbytes) / MIB).toFixed(1)} MiB)`)
      .join(", ");
  }
}

interface V8Module {
  setFlagsFromString(flag: string): void;
}
interface VmModule {
  runInNewContext(code: string): unknown;
  createContext(o: object, options: object): object;
  Script: new (code: string) => { runInContext(context: object): unknown };
}
/** Node's collector, got by a flag set at run time; null where there is none. */
function forcible(process: NodeProcess): Force | null {
  try {
    const v8 = process.getBuiltinModule?.("node:v8") as V8Module;
    const vm = process.getBuiltinModule?.("node:vm") as VmModule;
    v8.setFlagsFromString("--expose-gc");
    const gc = vm.runInNewContext("gc") as () => void;
    v8.setFlagsFromString("--no-expose-gc");
    const ownQueue = vm.createContext({}, { microtaskMode: "afterEvaluate" });
    const checkpoint = new vm.Script("Promise.resolve().then(() => {})");
    return {
      release: () => void checkpoint.runInContext(ownQueue),
      gc: () => {
        gc();
      },
      cpuMs: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1000;
      },
    };
  } catch {
    return null; // Not Node, or one that forbids flags: the registry is the net.
  }
}

/** The collector of this process. */
export const collector: Collector = new Collector();
