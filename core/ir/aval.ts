// Abstract values: what tracing knows about an array. Interned: equality is ===, the cache key is the integer id.
import { INSPECT, INSPECT_DENO } from "./inspect.ts";
import { DTYPES, isInexact, type AvalDType } from "./dtype.ts";

/** Sharding of an aval in explicit mode; one shared EMPTY value until that mode exists. */
export interface AvalSharding {
  readonly mesh: null;
  readonly spec: readonly never[];
}
/** Mesh axes over which a value varies inside shardMap; one shared EMPTY value outside it. */
export interface ManualAxes {
  readonly varying: readonly string[];
  readonly unreduced: readonly string[];
  readonly reduced: readonly string[];
}
/** The sharding of every aval until explicit mode exists. */
export const EMPTY_SHARDING: AvalSharding = Object.freeze({ mesh: null, spec: Object.freeze([]) });
/** Varies over no mesh axis. */
export const EMPTY_VMA: ManualAxes = Object.freeze({
  varying: Object.freeze([]),
  unreduced: Object.freeze([]),
  reduced: Object.freeze([]),
});

/** Sizes of the axes. */
export type Shape = readonly number[];
/** The six fields of an abstract value. */
export interface AvalFields {
  readonly shape: Shape;
  readonly dtype: AvalDType;
  readonly weak: boolean;
  readonly sharding: AvalSharding;
  readonly vma: ManualAxes;
  readonly memory: "device" | "host";
}

/** An interned abstract value. Rules never build one by hand: `aval.with({ shape })` keeps the other fields. */
export class ShapedArray implements AvalFields {
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: AvalDType;
  readonly weak: boolean;
  readonly sharding: AvalSharding;
  readonly vma: ManualAxes;
  readonly memory: "device" | "host";
  readonly size: number;
  constructor(id: number, f: AvalFields) {
    this.id = id;
    this.shape = f.shape;
    this.dtype = f.dtype;
    this.weak = f.weak;
    this.sharding = f.sharding;
    this.vma = f.vma;
    this.memory = f.memory;
    this.size = f.shape.reduce((n, d) => n * d, 1);
  }
  get ndim(): number {
    return this.shape.length;
  }
  /** Bytes of the stored value. */
  get nbytes(): number {
    const row = DTYPES[this.dtype];
    return this.size * row.itemsize * row.physicalShape.reduce((n, d) => n * d, 1);
  }
  with(change: Partial<AvalFields>): ShapedArray {
    return intern({
      shape: this.shape,
      dtype: this.dtype,
      weak: this.weak,
      sharding: this.sharding,
      vma: this.vma,
      memory: this.memory,
      ...change,
    });
  }
  /** `f32[8,128]`; a weak type has a leading `~`. */
  [INSPECT](): string {
    return String(this);
  }
  [INSPECT_DENO](): string {
    return String(this);
  }
  toString(): string {
    return `${this.weak ? "~" : ""}${DTYPES[this.dtype].short}[${this.shape.join(",")}]`;
  }
}

const table = new Map<string, ShapedArray>();

function intern(f: AvalFields): ShapedArray {
  const key = `${f.dtype}|${f.shape.join(",")}|${f.weak ? 1 : 0}|${f.memory}|${f.vma === EMPTY_VMA ? "" : JSON.stringify(f.vma)}`;
  let aval = table.get(key);
  if (aval === undefined)
    table.set(key, (aval = new ShapedArray(table.size, { ...f, shape: Object.freeze([...f.shape]) })));
  return aval;
}

/** The aval of an unsharded device array. */
export function shaped(shape: Shape, dtype: AvalDType, weak = false): ShapedArray {
  if (shape.length > 0) return make(shape, dtype, weak);
  // Each number in eager code makes a literal, so scalars have a table without text keys.
  const table = weak ? weakScalars : scalars;
  let aval = table.get(dtype);
  if (aval === undefined) table.set(dtype, (aval = make(shape, dtype, weak)));
  return aval;
}
const scalars = new Map<AvalDType, ShapedArray>();
const weakScalars = new Map<AvalDType, ShapedArray>();
const make = (shape: Shape, dtype: AvalDType, weak: boolean): ShapedArray =>
  intern({ shape, dtype, weak, sharding: EMPTY_SHARDING, vma: EMPTY_VMA, memory: "device" });

/** Aval of a tangent: itself for floats, `float0` (no storage, always the symbolic zero) for the rest. */
export function tangentAval(a: ShapedArray): ShapedArray {
  if (a.dtype === "number") return a.with({ dtype: "float32" });
  return isInexact(a.dtype) ? a : a.with({ dtype: "float0", weak: false });
}

/** Aval of a cotangent: the tangent's, with reduced and unreduced mesh axes swapped. */
export function ctAval(a: ShapedArray): ShapedArray {
  const t = tangentAval(a);
  return t.vma === EMPTY_VMA
    ? t
    : t.with({ vma: { ...t.vma, reduced: t.vma.unreduced, unreduced: t.vma.reduced } });
}

/** Equal but for weakness. */
export const sameType = (a: ShapedArray, b: ShapedArray): boolean =>
  a === b || a.with({ weak: false }) === b.with({ weak: false });
/** Are the shapes equal? */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);
/** Number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);
