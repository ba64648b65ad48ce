// One WebAssembly.Memory and its allocator: best fit over free blocks, blocks of one size reused at once.
import { tenonError } from "tenon-plugin-api";
import { writeTables } from "./math/tables.ts";

const PAGE = 65536;
/** 4 GiB: the end of 32-bit addresses. */
export const MAX_PAGES = 65536;
const ALIGN = 64;

/** A memory with views that are replaced when it grows. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  readonly maxPages: number;
  u8: Uint8Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  view: DataView;
  /** First byte never handed out. */
  top: number;
  readonly limit: number;
  /** Free blocks by size, last freed first. */
  readonly free: Map<number, number[]>;
  /** Sizes that occur in `free`, sorted. */
  sizes: number[];
  colour: number;
  /** Bytes released since free blocks were last joined. */
  released: number;
  live: number;
  peak: number;
  /** False once its client is disposed: buffers then count as disposed. */
  isOpen: boolean;
}

/** A fresh heap. Tries 4 GiB of address space, then 2, then 1: phones refuse the larger ones. */
export function createHeap(limitBytes = MAX_PAGES * PAGE): Heap {
  let memory: WebAssembly.Memory | undefined;
  let maxPages = Math.min(MAX_PAGES, Math.ceil(limitBytes / PAGE));
  for (; memory === undefined; maxPages = maxPages / 2) {
    try {
      memory = new WebAssembly.Memory({ initial: Math.min(16, maxPages), maximum: maxPages });
      break;
    } catch (cause) {
      if (maxPages <= 16384)
        throw tenonError("RESOURCE_EXHAUSTED", "cpu-wasm: no WebAssembly memory could be reserved", {
          plugin: "cpu-wasm",
          reason: "E_NO_MEMORY",
          cause,
        });
    }
  }
  const heap: Heap = {
    memory,
    maxPages,
    u8: new Uint8Array(0),
    i32: new Int32Array(0),
    f32: new Float32Array(0),
    f64: new Float64Array(0),
    view: new DataView(new ArrayBuffer(0)),
    top: 1024, // address 0 stays unused, and a page's start has room for scalars
    limit: Math.min(limitBytes, maxPages * PAGE),
    free: new Map(),
    sizes: [],
    colour: 0,
    released: 0,
    live: 0,
    peak: 0,
    isOpen: true,
  };
  refresh(heap);
  writeTables(heap.view);
  return heap;
}
function refresh(heap: Heap): void {
  const { buffer } = heap.memory;
  heap.u8 = new Uint8Array(buffer);
  heap.i32 = new Int32Array(buffer);
  heap.f32 = new Float32Array(buffer);
  heap.f64 = new Float64Array(buffer);
  heap.view = new DataView(buffer);
}

/** Size of the block that holds `nbytes`: ≤ 12.5 % waste, so that near sizes share free blocks; 64 spare bytes never read past. */
export function blockSize(nbytes: number): number {
  const n = Math.max(ALIGN, Math.ceil(nbytes / ALIGN) * ALIGN);
  if (n <= 1024) return n;
  const step = 2 ** (Math.floor(Math.log2(n)) - 3);
  return Math.ceil(n / step) * step + (n >= 4096 ? ALIGN : 0);
}

/** Address of a new block of at least `nbytes`. @throws RESOURCE_EXHAUSTED when the heap is full. */
export function allocate(heap: Heap, nbytes: number): number {
  const size = blockSize(nbytes);
  const ptr = heap.free.get(size)?.pop() ?? split(heap, size) ?? gather(heap, size) ?? extend(heap, size);
  heap.live += size;
  if (heap.live > heap.peak) heap.peak = heap.live;
  return ptr;
}
/** Gives a block back; it is reusable at once. `nbytes` as asked for. */
export function release(heap: Heap, ptr: number, nbytes: number): void {
  const size = blockSize(nbytes);
  heap.live -= size;
  heap.released += size;
  put(heap, ptr, size);
}
function put(heap: Heap, ptr: number, size: number): void {
  const list = heap.free.get(size);
  if (list !== undefined) list.push(ptr);
  else {
    heap.free.set(size, [ptr]);
    heap.sizes.splice(firstAtLeast(heap.sizes, size), 0, size);
  }
}
/** Index of the first size that is not below `size`. */
function firstAtLeast(sizes: readonly number[], size: number): number {
  let [low, high] = [0, sizes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sizes[middle] as number) < size) low = middle + 1;
    else high = middle;
  }
  return low;
}
/** Cuts the smallest larger free block; small blocks are not cut from huge ones unless much is free. */
function split(heap: Heap, size: number): number | undefined {
  const isScarce = heap.limit - heap.top <= heap.limit / 4;
  const largest = isScarce || heap.top - heap.live > heap.top / 4 ? Number.POSITIVE_INFINITY : size * 2;
  for (let i = firstAtLeast(heap.sizes, size); i < heap.sizes.length; i++) {
    const s = heap.sizes[i] as number;
    if (s > largest) return undefined;
    const list = heap.free.get(s) as number[];
    const ptr = list.pop();
    if (ptr === undefined) continue;
    // Sizes that nobody asks for (what was left of a cut) are not kept as empty lists.
    if (list.length === 0 && blockSize(s) !== s) {
      heap.free.delete(s);
      heap.sizes.splice(i, 1);
    }
    if (s - size >= ALIGN) put(heap, ptr + size, s - size);
    return ptr;
  }
  return undefined;
}
/** Before the memory grows: joins free neighbours, if much is free and has changed since the last time. */
function gather(heap: Heap, size: number): number | undefined {
  const idle = heap.top - heap.live;
  if (idle < size || idle < heap.top / 4 || heap.released < idle / 2) return undefined;
  return coalesce(heap, size);
}
/** Takes fresh memory. Large blocks start at odd multiples of a line, so that equal indices of two arrays differ mod 4096. */
function extend(heap: Heap, size: number): number {
  if (size >= 4096) {
    heap.colour = (heap.colour + 5) & 15;
    const skip = (heap.colour * 2 + 1) * ALIGN;
    if (heap.top + skip + size <= heap.limit) {
      put(heap, heap.top, skip);
      heap.top += skip;
    }
  }
  if (heap.top + size + ALIGN > heap.limit) {
    const merged = coalesce(heap, size);
    if (merged !== undefined) return merged;
    if (heap.top + size + ALIGN > heap.limit) throw exhausted(heap, size);
  }
  const end = heap.top + size;
  const have = heap.memory.buffer.byteLength;
  if (end + ALIGN > have) grow(heap, end + ALIGN, have, size);
  const ptr = heap.top;
  heap.top = end;
  return ptr;
}
function grow(heap: Heap, need: number, have: number, size: number): void {
  const wanted = Math.min(heap.limit, Math.max(need, have + Math.min(have, 256 << 20)));
  for (const target of [wanted, need]) {
    try {
      heap.memory.grow(Math.ceil((target - have) / PAGE));
      refresh(heap);
      return;
    } catch {
      // The smaller step is tried next; the throw below says what was live.
    }
  }
  throw exhausted(heap, size);
}
/** Joins neighbouring free blocks; returns a block of `size` if one came out. What is free at the end lowers the top. */
function coalesce(heap: Heap, size: number): number | undefined {
  const blocks: [number, number][] = [];
  for (const [s, list] of heap.free) for (const p of list) blocks.push([p, s]);
  blocks.sort((a, b) => a[0] - b[0]);
  heap.free.clear();
  heap.sizes = [];
  heap.released = 0;
  let found: number | undefined;
  for (let i = 0; i < blocks.length;) {
    const [start, first] = blocks[i] as [number, number];
    let end = start + first;
    for (i++; i < blocks.length && (blocks[i] as [number, number])[0] === end; i++)
      end += (blocks[i] as [number, number])[1];
    if (found === undefined && end - start >= size) {
      found = start;
      if (end - start > size) put(heap, start + size, end - start - size);
    } else if (end === heap.top) heap.top = start;
    else put(heap, start, end - start);
  }
  return found;
}
function exhausted(heap: Heap, size: number): Error {
  return tenonError(
    "RESOURCE_EXHAUSTED",
    `cpu-wasm: no room for ${size} bytes: ${heap.live} bytes are live of ${heap.limit}`,
    { plugin: "cpu-wasm", reason: "E_OUT_OF_MEMORY", hint: "dispose arrays that are no longer needed" },
  );
}

/** A block shared by the buffers that show it. */
export interface Storage {
  readonly ptr: number;
  readonly nbytes: number;
  refs: number;
}
/** A fresh block with one reference. */
export const newStorage = (heap: Heap, nbytes: number): Storage => ({
  ptr: allocate(heap, nbytes),
  nbytes,
  refs: 1,
});
/** Gives up a reference; the last one frees the block. */
export function dropStorage(heap: Heap, storage: Storage): void {
  if (--storage.refs === 0) release(heap, storage.ptr, storage.nbytes);
}
