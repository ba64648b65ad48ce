// Functions of one client: compiled in modules that share one memory and one table, kept by key while someone uses them.
import { bodyBytes, encodeModule, typeTable, type Fn, type TypeTable } from "./codegen/assembler.ts";
import type { Heap } from "./memory.ts";
import { compileModule, enableRelaxedSimd } from "./platform.ts";

/** A compiled function: its place in the table, and itself. */
export interface Linked {
  readonly key: string;
  readonly slot: number;
  readonly call: (args: number, begin: number, end: number) => void;
  readonly nbytes: number;
  refs: number;
}
/** A function that is wanted. */
export interface Wanted {
  /** Equal keys mean equal code. */
  readonly key: string;
  /** Should it be compiled by the optimising compiler at once? */
  readonly optimised: boolean;
  readonly write: (types: TypeTable) => Fn;
}

const GROWTH = 256;

/** The functions of one heap. */
export class Linker {
  /** Can kernels use fused multiply-add? */
  readonly relaxed: boolean;
  private readonly heap: Heap;
  private readonly table: WebAssembly.Table;
  private readonly known = new Map<string, Linked>();
  private readonly free: number[] = [];
  private next = 0;
  /** Called with the bytes of every module: tests validate them. */
  onModule: ((bytes: Uint8Array) => void) | undefined;

  constructor(heap: Heap) {
    this.heap = heap;
    this.relaxed = enableRelaxedSimd();
    this.table = new WebAssembly.Table({ initial: GROWTH, element: "anyfunc" });
  }
  /** Number of functions in the table. */
  get size(): number {
    return this.known.size;
  }
  /** Links the functions; those that are known already are taken from the cache. Each must be released once. */
  link(wanted: readonly Wanted[]): Linked[] {
    const missing = new Map<string, Wanted>();
    for (const w of wanted) if (!this.known.has(w.key)) missing.set(w.key, w);
    for (const optimised of [false, true]) {
      const group = [...missing.values()].filter((w) => w.optimised === optimised);
      if (group.length > 0) this.compile(group, optimised);
    }
    return wanted.map((w) => {
      const linked = this.known.get(w.key) as Linked;
      linked.refs++;
      return linked;
    });
  }
  private compile(group: readonly Wanted[], optimised: boolean): void {
    const types = typeTable();
    const functions = group.map((w) => {
      const type = w.write(types);
      return { type, body: bodyBytes(type) };
    });
    const slots = group.map(() => this.takeSlot());
    const bytes = encodeModule(
      {
        types,
        functions,
        exports: functions.map((_, i) => i),
        elements: slots.map((slot, fn) => ({ slot, fn })),
      },
      this.heap.maxPages,
    );
    this.onModule?.(bytes);
    const module = compileModule(bytes, optimised);
    const { exports } = new WebAssembly.Instance(module, { e: { m: this.heap.memory, t: this.table } });
    group.forEach(({ key }, i) => {
      this.known.set(key, {
        key,
        slot: slots[i] as number,
        call: exports[`f${i}`] as Linked["call"],
        nbytes: (functions[i] as { body: readonly number[] }).body.length,
        refs: 0,
      });
    });
  }
  private takeSlot(): number {
    const slot = this.free.pop() ?? this.next++;
    if (slot >= this.table.length) this.table.grow(GROWTH);
    return slot;
  }
  /** Gives functions back; those that nobody else uses are forgotten. */
  release(functions: readonly Linked[]): void {
    for (const linked of functions) {
      if (--linked.refs > 0) continue;
      this.known.delete(linked.key);
      this.table.set(linked.slot, null);
      this.free.push(linked.slot);
    }
  }
}
