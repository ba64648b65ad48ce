// Error values: what checks found, as arrays that go through jit, vmap and loops. For each kind of error whether it happened,
// the number of the check that found the first one, and what its message needs.
import { fail } from "../../errors.ts";
import { sameShape, shaped, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { HostFunction } from "../../ir/primitive.ts";
import { bind } from "../../ir/trace.ts";
import { registerPytreeNode } from "../../ir/tree-registry.ts";
import { check_p, type CheckParams } from "../../primitives/check.ts";
import { valuesOf } from "../../runtime/array.ts";
import { fromHost } from "../arrays.ts";

/** What can be checked: `check` calls, NaN, indices, divisors. */
export type ErrorCategory = "user" | "nan" | "index" | "div";
/** What a check that failed has to say. */
export interface Failure {
  /** From the values of the payload to the message. */
  readonly text: (payload: readonly NDArray[]) => string;
  /** The line of the check. */
  readonly at: string | undefined;
}
/** A kind of error: those of one category whose messages need values of the same avals. */
export interface Slot {
  readonly key: string;
  readonly category: ErrorCategory;
  readonly payload: readonly ShapedArray[];
}
/** The slot of a category and payload. */
export function slotOf(category: ErrorCategory, payload: readonly ShapedArray[]): Slot {
  const strong = payload.map((a) => a.with({ weak: false }));
  return { key: `${category}:${strong.join()}`, category, payload: strong };
}

/** What the arrays of an error value mean. */
export class ErrorStructure {
  /** By key. */
  readonly slots: readonly Slot[];
  readonly failures: ReadonlyMap<number, Failure>;
  constructor(slots: readonly Slot[], failures: ReadonlyMap<number, Failure>) {
    this.slots = [...slots].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.failures = failures;
  }
  equals(other: unknown): boolean {
    if (!(other instanceof ErrorStructure)) return false;
    return (
      this.slots.length === other.slots.length &&
      this.slots.every((s, i) => s.key === other.slots[i]?.key) &&
      this.failures.size === other.failures.size &&
      [...this.failures].every(([code, f]) => other.failures.get(code) === f)
    );
  }
  /** Avals of the arrays. */
  get avals(): ShapedArray[] {
    return this.slots.flatMap((s) => [shaped([], "bool"), shaped([], "int32"), ...s.payload]);
  }
  /** With the failures of others, too. */
  with(...others: readonly ErrorStructure[]): ErrorStructure {
    return new ErrorStructure(this.slots, new Map([this, ...others].flatMap((s) => [...s.failures])));
  }
}

/** What one slot holds. */
interface Entry {
  readonly pred: NDArray;
  readonly code: NDArray;
  readonly payload: readonly NDArray[];
}
let nextCode = 1;

/** The errors that a checkified function found: an array-valued result like others, also mapped or traced. */
export class ErrorValue {
  /** @internal What `values` mean. */
  readonly structure: ErrorStructure;
  /** @internal For each slot: did it happen, the check's number, the payload. */
  readonly values: readonly NDArray[];
  constructor(structure: ErrorStructure, values: readonly NDArray[]) {
    this.structure = structure;
    this.values = values;
  }

  private entry(k: number): Entry {
    let at = 0;
    for (let i = 0; i < k; i++) at += 2 + (this.structure.slots[i] as Slot).payload.length;
    const n = (this.structure.slots[k] as Slot).payload.length;
    const [pred, code, ...rest] = this.values.slice(at, at + 2 + n) as [NDArray, NDArray, ...NDArray[]];
    return { pred, code, payload: rest };
  }
  private entries(): Map<string, Entry> {
    return new Map(this.structure.slots.map((s, k) => [s.key, this.entry(k)]));
  }

  /** @internal The error with another one, if `pred` holds and none of its kind came before. */
  update(
    slot: Slot,
    pred: NDArray,
    code: NDArray,
    payload: readonly NDArray[],
    structure: ErrorStructure,
  ): ErrorValue {
    const { lax } = context();
    const entries = this.entries();
    const old = entries.get(slot.key);
    const first = (before: NDArray, now: NDArray): NDArray =>
      lax.select(lax.broadcastInDim((old as Entry).pred, now.shape, []), before, now);
    entries.set(
      slot.key,
      old === undefined
        ? { pred, code, payload }
        : {
            pred: lax.bitwiseOr(old.pred, pred),
            code: first(old.code, code),
            payload: payload.map((x, i) => first(old.payload[i] as NDArray, x)),
          },
    );
    const slots = old === undefined ? [...this.structure.slots, slot] : this.structure.slots;
    return assemble(new ErrorStructure(slots, this.structure.failures).with(structure), entries);
  }
  /** @internal A new check: it fails where `pred` holds. */
  add(category: ErrorCategory, pred: NDArray, payload: readonly NDArray[], failure: Failure): ErrorValue {
    const { lax } = context();
    const code = nextCode++;
    const strong = payload.map((x) => lax.convertElementType(x, x.dtype, { weakType: false }));
    const slot = slotOf(
      category,
      strong.map((x) => x.aval),
    );
    const structure = new ErrorStructure([], new Map([[code, failure]]));
    return this.update(
      slot,
      pred,
      lax.convertElementType(code, "int32", { weakType: false }),
      strong,
      structure,
    );
  }
  /** @internal The error with places for these kinds, in which nothing has happened. */
  withSlots(slots: readonly Slot[]): ErrorValue {
    const { lax } = context();
    const entries = this.entries();
    const missing = new Map(slots.filter((s) => !entries.has(s.key)).map((s) => [s.key, s]));
    for (const [key, s] of missing)
      entries.set(key, {
        pred: lax.zeros(shaped([], "bool")),
        code: lax.zeros(shaped([], "int32")),
        payload: s.payload.map((a) => lax.zeros(a)),
      });
    const all = [...this.structure.slots, ...missing.values()];
    return assemble(new ErrorStructure(all, this.structure.failures), entries);
  }
  /** @internal Visits what each slot holds. */
  eachSlot(visit: (slot: Slot, entry: Entry) => void): void {
    this.structure.slots.forEach((s, k) => visit(s, this.entry(k)));
  }
  /** @internal The error with other arrays in its slots. */
  mapEntries(f: (entry: Entry) => Entry): ErrorValue {
    const entries = new Map([...this.entries()].map(([key, e]) => [key, f(e)]));
    return assemble(this.structure, entries);
  }

  /** The message of the first error, null if there is none. For a mapped error: one line for each example. */
  get(): string | null {
    return this.first()?.text ?? null;
  }
  /** Throws the first error, if there is one. In a traced function it is a check that checkify sees. @throws E_CHECK */
  throw(): void {
    bindCheck(this, false);
  }
  toString(): string {
    return `ErrorValue(${String(this.get())})`;
  }

  /** @internal The first error, and the line of its check. */
  first(): { readonly text: string; readonly at: string | undefined } | null {
    const [lead] = this.structure.slots.map((_, k) => this.entry(k).pred);
    if (lead === undefined) return null;
    const { shape } = lead;
    const size = shape.reduce((n, d) => n * d, 1);
    const lanes = this.readLanes(size);
    if (shape.length === 0) return lanes[0] ?? null;
    const found = lanes.flatMap((l, i) =>
      l === null ? [] : [{ ...l, place: unravel(i, shape).join(", ") }],
    );
    const [one] = found;
    if (one === undefined) return null;
    return { text: found.map((f) => `at mapped index ${f.place}: ${f.text}`).join("\n"), at: one.at };
  }
  private readLanes(size: number): ({ text: string; at: string | undefined } | null)[] {
    const slots = this.structure.slots.map((_, k) => {
      const e = this.entry(k);
      return { ...e, preds: valuesOf(e.pred, "err.get()"), codes: valuesOf(e.code, "err.get()") };
    });
    return Array.from({ length: size }, (_, i) => {
      const failed = slots.filter((s) => s.preds[i] !== 0);
      const [least] = failed.sort((a, b) => Number(a.codes[i]) - Number(b.codes[i]));
      if (least === undefined) return null;
      const failure = this.structure.failures.get(Number(least.codes[i])) as Failure;
      const payload = least.payload.map((x) => lane(x, i, least.pred.ndim));
      return { text: failure.text(payload), at: failure.at };
    });
  }
}
function assemble(structure: ErrorStructure, entries: ReadonlyMap<string, Entry>): ErrorValue {
  const values = structure.slots.flatMap((s) => {
    const { pred, code, payload } = entries.get(s.key) as Entry;
    return [pred, code, ...payload];
  });
  return new ErrorValue(structure, values);
}
/** No error, and no place for one. */
export const NO_ERROR = new ErrorValue(new ErrorStructure([], new Map()), []);

let registered = false;
/** Makes error values tree nodes, when the first one is made. */
export function registerErrors(): void {
  if (registered) return;
  registered = true;
  registerPytreeNode(ErrorValue, {
    flatten: (e) => [e.values, e.structure],
    unflatten: (structure: ErrorStructure, values) => new ErrorValue(structure, values as readonly NDArray[]),
  });
}

/** Element i of an array over mapped axes, on the host. */
function lane(x: NDArray, i: number, mapped: number): NDArray {
  if (mapped === 0) return x;
  const shape = x.shape.slice(mapped);
  const n = shape.reduce((a, d) => a * d, 1);
  const data = valuesOf(x, "err.get()");
  return fromHost(data.slice(i * n, (i + 1) * n), shape, x.dtype);
}
function unravel(i: number, shape: readonly number[]): number[] {
  const out: number[] = [];
  for (let [k, rest] = [shape.length - 1, i]; k >= 0; k--) {
    const d = shape[k] as number;
    out.unshift(rest % d);
    rest = Math.floor(rest / d);
  }
  return out;
}

// --- checks ------------------------------------------------------------------------------------------------------------------

const throwing = (structure: ErrorStructure, debug: boolean): HostFunction => ({
  name: "checkify.check",
  call: (args) => {
    const found = debug ? null : new ErrorValue(structure, args).first();
    if (found === null) return [];
    const at = found.at === undefined ? "" : `\n  checked at ${found.at}`;
    throw fail("E_CHECK", `${found.text}${at}`);
  },
});
/** A check that the error is none. A mapped error counts as its last example that failed. */
export function bindCheck(error: ErrorValue, debug: boolean): null {
  const one = error.values.some(
    (x, i) => !sameShape(x.shape, (error.structure.avals[i] as ShapedArray).shape),
  )
    ? lastOf(error)
    : error;
  const { structure } = one;
  const params: CheckParams = {
    fn: throwing(structure, debug),
    structure,
    debug,
    reduce: (args) => lastOf(new ErrorValue(structure, args)).values,
  };
  bind(check_p, one.values, params);
  return null;
}
/** Of an error over mapped axes, for each kind that of the last example that failed. Source: jax's _reduce_any_error. */
function lastOf(error: ErrorValue): ErrorValue {
  const { lax } = context();
  return error.mapEntries((e) => {
    const mapped = e.pred.ndim;
    if (mapped === 0) return e;
    const size = e.pred.size;
    const flat = (x: NDArray): NDArray => lax.reshape(x, [size, ...x.shape.slice(mapped)]);
    const reversed = lax.rev(lax.convertElementType(flat(e.pred), "int32"), [0]);
    const at = lax.sub(size - 1, lax.argmax(reversed, 0, "int32"));
    const pick = (x: NDArray): NDArray => lax.dynamicIndexInDim(flat(x), at, 0, false);
    return { pred: pick(e.pred), code: pick(e.code), payload: e.payload.map(pick) };
  });
}
