// Functions of one client: compiled in modules that share one memory and one table, kept by key while someone uses them.
import type { Fn } from "./codegen/assembler.ts";
import { encodeModule, typeTable, type TypeTable } from "./codegen/module.ts";
import { gemmModule } from "./kernels/gemm.ts";
import type { Heap } from "./memory.ts";
import { compileModule, enableRelaxedSimd } from "./platform.ts";

/** A linked function: its place in the table, and itself. */
export interface Linked {
  readonly key: string;
  readonly slot: number;
  readonly call: (args: number, begin: number, end: number) => void;
  refs: number;
}
/** A function that is wanted. */
export interface Wanted {
  /** Equal keys mean equal code. */
  readonly key: string;
  /** Should it be compiled by the optimising compiler at once? */
  readonly optimised: boolean;
  /** `slotOf`: the table slot of another function wanted together with this one. */
  readonly write: (types: TypeTable, slotOf: (key: string) => number) => Fn;
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
  private readonly gemms = new Map<string, number>();
  /** Called with the bytes of every module: tests validate them. */
  onModule: ((bytes: Uint8Array) => void) | undefined;

  constructor(heap: Heap) {
    this.heap = heap;
    this.relaxed = enableRelaxedSimd();
    this.table = new WebAssembly.Table({ initial: GROWTH, element: "anyfunc" });
  }
  /** Number of functions that are linked. */
  get size(): number {
    return this.known.size;
  }
  /** Links the functions; those that are known already are taken from the cache. Each must be released once. */
  link(wanted: readonly Wanted[]): Linked[] {
    const missing = new Map<string, Wanted & { slot: number }>();
    for (const w of wanted)
      if (!this.known.has(w.key) && !missing.has(w.key)) missing.set(w.key, { ...w, slot: this.takeSlot() });
    const slotOf = (key: string): number =>
      (this.known.get(key) ?? (missing.get(key) as { slot: number })).slot;
    try {
      for (const optimised of [false, true]) {
        const group = [...missing.values()].filter((w) => w.optimised === optimised);
        if (group.length > 0) this.compile(group, optimised, slotOf);
      }
    } catch (error) {
      for (const { key, slot } of missing.values()) this.forget(key, slot);
      throw error;
    }
    return wanted.map((w) => {
      const linked = this.known.get(w.key) as Linked;
      linked.refs++;
      return linked;
    });
  }
  private compile(
    group: readonly (Wanted & { readonly slot: number })[],
    optimised: boolean,
    slotOf: (key: string) => number,
  ): void {
    const types = typeTable();
    const functions = group.map((w) => w.write(types, slotOf));
    const elements = group.map(({ slot }, fn) => ({ slot, fn }));
    const spec = { types, functions, exports: functions.map((_, i) => i), elements };
    const exports = this.instantiate(encodeModule(spec, this.heap.maxPages), optimised);
    group.forEach(({ key, slot }, i) => {
      this.known.set(key, { key, slot, call: exports[`f${i}`] as Linked["call"], refs: 0 });
    });
  }
  private instantiate(bytes: Uint8Array<ArrayBuffer>, optimised: boolean): WebAssembly.Exports {
    this.onModule?.(bytes);
    const imports = { e: { m: this.heap.memory, t: this.table } };
    return new WebAssembly.Instance(compileModule(bytes, optimised), imports).exports;
  }
  /** Table slot of the matrix product, (args: i32) → (); linked on first use, for good. */
  gemm(dtype: "f32" | "f64"): number {
    let slot = this.gemms.get(dtype);
    if (slot === undefined) {
      const { f0 } = this.instantiate(gemmModule(dtype, this.relaxed, this.heap.maxPages), true);
      slot = this.takeSlot();
      this.table.set(slot, f0);
      this.gemms.set(dtype, slot);
    }
    return slot;
  }
  private takeSlot(): number {
    const slot = this.free.pop() ?? this.next++;
    if (slot >= this.table.length) this.table.grow(GROWTH);
    return slot;
  }
  /** Gives functions back; those that nobody else uses are forgotten. */
  release(functions: readonly Linked[]): void {
    for (const linked of functions) {
      if (--linked.refs === 0) this.forget(linked.key, linked.slot);
    }
  }
  private forget(key: string, slot: number): void {
    this.known.delete(key);
    this.table.set(slot, null);
    this.free.push(slot);
  }
}
