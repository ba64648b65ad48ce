// The loop IR: what a kernel computes, over which axes, reading and writing which elements. The one language between
// the fuser (fuse.ts) and the emitters (wasm, WGSL …); interpret.ts gives it its meaning and is their oracle.

/** Element types in memory. A complex array is seen as its real type with twice the elements (re, im, re, im …). */
export type Storage =
  | "bool" | "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f16" | "bf16" | "f32" | "f64"; // prettier-ignore
/** Types of scalars in a kernel. i8, i16 compute in i32 (u8, u16 in u32), f16 and bf16 in f32; see `ScalarOp`. */
export type Compute = "bool" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64";

/** Index into `Kernel.axes`. */
export type AxisId = number;
/** Index into `Stage.body`, or into `Region.body`. */
export type ValueId = number;

/** An integer: baked into the code, or read from the launch's uniforms (`generalise` makes one from the other). */
export type Int = number | { readonly uniform: number };

/** An integer expression Σ coef · atom + c. Normal form: no zero coefficient, no atom twice. Units: elements. */
export interface Ix {
  readonly c: Int;
  readonly terms: readonly Term[];
}
/** A multiple of an atom. */
export interface Term {
  readonly coef: Int;
  readonly atom: Atom;
}
/** What an index expression is made of. */
export type Atom =
  | { readonly k: "axis"; readonly axis: AxisId }
  /** floor(x / d), d > 0. */
  | { readonly k: "div"; readonly x: Ix; readonly d: Int }
  /** x − d · floor(x / d), d > 0. */
  | { readonly k: "mod"; readonly x: Ix; readonly d: Int }
  /** An i32 of the same stage's body: a gather index, a dynamic slice's start (clamped by the body). */
  | { readonly k: "value"; readonly value: ValueId };

/** Holds iff lo ≤ x < hi and (x − lo) mod every = 0. */
export interface Guard {
  readonly x: Ix;
  readonly lo: Int;
  readonly hi: Int;
  readonly every?: Int;
}

/**
 * Operations on scalars. `dtype` of the value is the result's; operands have equal types unless said.
 * Integers wrap. Program semantics that differ are spelled out by the fuser: a narrow integer is followed by
 * `extend*`, an f16 or bf16 by `round_*`, so that fused and separate runs give the same bits.
 */
export type ScalarOp =
  // any number. div, rem of integers truncate; x/0 = −1 (all ones), x%0 = x, MIN/−1 = MIN, MIN%−1 = 0
  | "add" | "sub" | "mul" | "div" | "rem" | "neg" | "abs" | "sign"
  // NaN if either is NaN; −0 < +0
  | "min" | "max"
  // integers and bool
  | "and" | "or" | "xor" | "not"
  // integers; a shift by ≥ width gives 0 (shl, shr_u) or the sign (shr_s). rhs is unsigned
  | "shl" | "shr_s" | "shr_u" | "popcnt" | "clz"
  // floats
  | "floor" | "ceil" | "round_even" | "round_afz" | "sqrt" | "rsqrt" | "cbrt" | "exp" | "expm1" | "log" | "log1p"
  | "logistic" | "tanh" | "sin" | "cos" | "tan" | "pow" | "atan2"
  | "is_finite" // → bool
  // → bool; floats as IEEE (NaN is unequal to all)
  | "eq" | "ne" | "lt" | "le" | "gt" | "ge"
  // (bool, x, x) → x
  | "select"
  // any → any. float → int truncates and saturates, NaN → 0; → bool is ≠ 0 (NaN is true); bool → 0 or 1; int → int wraps
  | "convert"
  // same width: i32, u32, f32 or i64, u64, f64
  | "bitcast"
  // i32/u32: low 8 or 16 bits, sign- or zero-extended
  | "extend8_s" | "extend8_u" | "extend16_s" | "extend16_u"
  // f32: to the nearest f16 or bf16, ties to even
  | "round_f16" | "round_bf16"
  // bits of an f16 / bf16 in the low half of a u32 ⇄ its value as f32 (which must be rounded)
  | "f16_bits" | "f16_from_bits" | "bf16_bits" | "bf16_from_bits"; // prettier-ignore

/** One scalar of a body. Args come earlier in the same body. */
export type KValue =
  /** bool as 0 or 1. */
  | { readonly op: "const"; readonly dtype: Compute; readonly value: number | bigint }
  | { readonly op: "index"; readonly dtype: "i32"; readonly at: Ix }
  /** An element, widened to compute type; where a guard fails, `otherwise`. Nothing is read then. */
  | {
      readonly op: "load"; readonly dtype: Compute; readonly param: number; readonly at: Ix;
      readonly guard?: readonly Guard[]; readonly otherwise?: ValueId;
    } // prettier-ignore
  /** Part `part` of the reduction that is result `result` of an earlier stage. */
  | {
      readonly op: "stage";
      readonly dtype: Compute;
      readonly stage: number;
      readonly result: number;
      readonly part: number;
    }
  /** Argument of a region: the left operands 0 … n−1, then the right ones n … 2n−1. */
  | { readonly op: "arg"; readonly dtype: Compute; readonly index: number }
  | { readonly op: ScalarOp; readonly dtype: Compute; readonly args: readonly ValueId[] };

/** A function of scalars without loads: reducers and comparators that are no monoid. */
export interface Region {
  readonly body: readonly KValue[];
  readonly results: readonly ValueId[];
}
/** Associative folds with an identity. */
export type Monoid = "add" | "mul" | "min" | "max" | "and" | "or" | "xor";
/** How two elements become one. */
export type Combine = { readonly monoid: Monoid } | { readonly region: Region };

/** What a stage leaves behind. */
export type KResult =
  /** Writes one element. With a guard: only where it holds. */
  | { readonly to: "store"; readonly param: number; readonly at: Ix; readonly guard?: readonly Guard[]; readonly value: ValueId }
  /** Element := combine(element, value), one after the other in the order of the loops: scatter. */
  | { readonly to: "update"; readonly param: number; readonly at: Ix; readonly guard?: readonly Guard[]; readonly value: ValueId; readonly combine: Combine }
  /**
   * Folds `values` over all axes of the stage, from `init` (values of the same body that depend on shared axes only).
   * A monoid takes one value and may be re-associated (a fixed function of the extents); a region folds in index order.
   */
  | { readonly to: "reduce"; readonly values: readonly ValueId[]; readonly init: readonly ValueId[]; readonly combine: Combine }; // prettier-ignore

/**
 * One loop nest inside the shared axes. `over`: its own axes, outer to inner; each axis belongs to one stage, or is
 * shared. Axes of a stage that reduces are all "reduce" (it may store as well: softmax stores e and sums it); of one
 * that updates, or that reads what its own earlier iterations stored, "ordered"; else "parallel". `over` may be empty.
 */
export interface Stage {
  readonly over: readonly AxisId[];
  readonly body: readonly KValue[];
  readonly results: readonly KResult[];
}

/** A loop. */
export interface Axis {
  readonly extent: Int;
  readonly role: "parallel" | "reduce" | "ordered";
}
/** An array that a kernel reads or writes. */
export interface KernelParam {
  readonly dtype: Storage;
  readonly access: "read" | "write" | "readwrite";
}

/**
 * The algorithm, without its schedule. For each point of the `shared` axes (outer to inner, all parallel) the stages
 * run one after the other: reduce, use the scalar, write. Parameters never overlap, except that one param may be
 * "readwrite" where the result takes an operand's place, or where a later stage reads what an earlier one stored
 * (at the same point of the shared axes). In one iteration of a stage all loads come before all stores.
 */
export interface Kernel {
  readonly name: string; // for people: "fused(add, tanh)"
  readonly params: readonly KernelParam[];
  readonly axes: readonly Axis[];
  readonly shared: readonly AxisId[];
  readonly stages: readonly Stage[];
  /** How many integers `{ uniform }` refers to. */
  readonly uniforms: number;
}

/** How a kernel runs, per target. */
export interface Schedule {
  /**
   * The axes whose neighbours run in lanes: one shared axis (all stages inside it), or the innermost `over` axis of
   * some stages (one each; stages without run scalar). Empty: scalar code.
   */
  readonly vector: readonly AxisId[];
  /** Axis whose range [begin, end) a launch takes: the first shared axis, or the first of a lone parallel stage; null = one launch. */
  readonly chunk: AxisId | null;
  /** Independent vector chains per iteration, where latency binds. */
  readonly interleave: 1 | 2 | 4;
  /** Are there sums so long that partial ones should be kept apart, so that rounding errors grow more slowly? */
  readonly longSums: boolean;
}
