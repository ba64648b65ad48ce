// A module of functions in WebAssembly's binary format.
// Specification: https://webassembly.github.io/spec/core/binary/modules.html
import { sleb, uleb, type Code, type Fn, type ValType } from "./assembler.ts";

/** The types of a module, numbered on first use. */
export interface TypeTable {
  readonly keys: Map<string, number>;
  readonly list: number[][];
}
/** An empty table. */
export const typeTable = (): TypeTable => ({ keys: new Map(), list: [] });
/** Number of a function type. */
export function typeIndex(table: TypeTable, params: readonly ValType[], results: readonly ValType[]): number {
  const key = `${params.join(",")}>${results.join(",")}`;
  let i = table.keys.get(key);
  if (i === undefined) {
    i = table.list.push([0x60, ...uleb(params.length), ...params, ...uleb(results.length), ...results]) - 1;
    table.keys.set(key, i);
  }
  return i;
}

/** What a module holds. Memory comes from ("e", "m"), the table from ("e", "t"). */
export interface ModuleSpec {
  readonly functions: readonly Fn[];
  /** Exported under "f0", "f1", …: indices into `functions`. */
  readonly exports?: readonly number[];
  /** Table slots filled at instantiation. */
  readonly elements?: readonly { readonly slot: number; readonly fn: number }[];
  /** Types that the code mentions by number; those of the functions are added. */
  readonly types: TypeTable;
}

/** Bytes that grow. */
class Bytes {
  private bytes = new Uint8Array(4096);
  private length = 0;
  get size(): number {
    return this.length;
  }
  private reserve(n: number): void {
    if (this.length + n <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + n));
    larger.set(this.bytes);
    this.bytes = larger;
  }
  /** Appends code, however deep it is nested. */
  put(code: Code): void {
    if (typeof code === "number") {
      if (this.length === this.bytes.length) this.reserve(1);
      this.bytes[this.length++] = code;
    } else for (let i = 0; i < code.length; i++) this.put(code[i] as Code);
  }
  append(other: Bytes): void {
    this.reserve(other.length);
    this.bytes.set(other.bytes.subarray(0, other.length), this.length);
    this.length += other.length;
  }
  /** A length, then what `write` appends. */
  sized(write: (part: Bytes) => void): void {
    const part = new Bytes();
    write(part);
    this.put(uleb(part.size));
    this.append(part);
  }
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }
}

/** Locals of a function as runs of equal types. */
function localRuns(f: Fn): Code {
  const runs: [number, ValType][] = [];
  for (const type of f.locals) {
    const last = runs[runs.length - 1];
    if (last !== undefined && last[1] === type) last[0]++;
    else runs.push([1, type]);
  }
  return [uleb(runs.length), runs.map(([n, type]) => [uleb(n), type])];
}
const name = (text: string): Code => [uleb(text.length), Array.from(text, (c) => c.charCodeAt(0))];
const END = 0x0b;

/** The bytes of a module. `maxPages`: that of the memory it will import. */
export function encodeModule(spec: ModuleSpec, maxPages: number): Uint8Array<ArrayBuffer> {
  const { types, functions, exports = [], elements = [] } = spec;
  const functionTypes = functions.map((f) => typeIndex(types, f.params, f.results));
  const out = new Bytes();
  const section = (id: number, parts: readonly Code[]): void => {
    if (parts.length === 0) return;
    out.put(id);
    out.sized((s) => s.put([uleb(parts.length), parts]));
  };
  out.put([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(1, types.list);
  section(2, [
    [name("e"), name("m"), 2, 1, uleb(0), uleb(maxPages)],
    [name("e"), name("t"), 1, 0x70, 0, uleb(0)],
  ]);
  section(3, functionTypes.map(uleb));
  section(7, exports.map((f, i) => [name(`f${i}`), 0, uleb(f)])); // prettier-ignore
  section(9, elements.map((e) => [0, 0x41, sleb(e.slot), END, 1, uleb(e.fn)])); // prettier-ignore
  out.put(10);
  out.sized((code) => {
    code.put(uleb(functions.length));
    for (const f of functions) code.sized((body) => body.put([localRuns(f), f.body, END]));
  });
  return out.finish();
}
