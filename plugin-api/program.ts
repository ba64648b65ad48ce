// The Program: what crosses the boundary. A typed SSA graph whose ops, attributes and semantics are StableHLO's
// (https://github.com/openxla/stablehlo/blob/main/docs/spec.md is the specification of every op here).
// Types, and the three pure functions that a bare plugin needs: `mainOf`, `signatureOf`, `resultTypes`.
import { dimOf } from "./dims.ts";

/** Element types on the wire. */
export type DType =
  | "bool"
  | "i8"
  | "i16"
  | "i32"
  | "i64"
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "f16"
  | "bf16"
  | "f32"
  | "f64"
  | "c64"
  | "c128"
  | "i4"
  | "u4"
  | "f8e4m3fn"
  | "f8e5m2"; // storage only: host form is one element per byte

/** A dimension: a constant, a symbol, or arithmetic on them (prefix form, so that no parser is needed). */
export type Dim = number | string | DimExpr;
/** Arithmetic on dimensions, in prefix form. */
export type DimExpr = readonly [op: "add" | "mul" | "floordiv" | "mod" | "max" | "min", lhs: Dim, rhs: Dim];

/** Type of an array. */
export interface ArrayType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}
/** Type of a value that only orders effects. */
export interface TokenType {
  readonly dtype: "token";
}
/** Discriminate by `dtype`. There are no tuples: an op has any number of results. */
export type Type = ArrayType | TokenType;
/** An array type whose dims are all numbers: what a DeviceBuffer has. Interned by the host: compare with `===` first. */
export interface ConcreteType extends ArrayType {
  readonly shape: readonly number[];
}

/** Dense from 0 within one function, regions included: a plugin may keep values in a plain array. */
export type ValueId = number;
/** A value: its id, its type, where it is sharded. */
export interface Value {
  readonly id: ValueId;
  readonly type: Type;
  readonly sharding?: Sharding;
}

// --- attributes ---------------------------------------------------------------------------------------------------

/** JSON has no NaN, Infinity, -0 nor 64-bit integers, so a scalar that may be one of them is tagged. */
export interface ScalarAttr {
  readonly dtype: DType;
  readonly value: number | string | boolean | readonly [number | string, number | string];
}
/** Bytes of a constant: index into `Program.attachments`; `splat` = one element, repeated. Little-endian, row-major. */
export interface TensorAttr {
  readonly type: ArrayType;
  readonly bytes: number;
  readonly splat?: true;
}
/** Open attributes of `composite` and `custom_call`. A bare number is an integer with |n| ≤ 2^53−1. */
export type Attr =
  | boolean
  | number
  | string
  | { readonly scalar: ScalarAttr }
  | { readonly tensor: TensorAttr }
  | { readonly list: readonly Attr[] }
  | { readonly dict: { readonly [key: string]: Attr } };

/** Attributes of known ops are plain JSON in the shape of the op's own schema: integers, names, lists; never floats. */
export type Json = boolean | number | string | null | readonly Json[] | { readonly [key: string]: Json };

type Ints = readonly number[];
type Dims = readonly Dim[];
type Pairs = readonly (readonly [number, number])[];
/** No attributes. */
export interface None {
  readonly [key: string]: never;
}

/** StableHLO `dot_general`'s dimension numbers. */
export interface DotDims {
  readonly lhsContracting: Ints;
  readonly rhsContracting: Ints;
  readonly lhsBatching: Ints;
  readonly rhsBatching: Ints;
}
/** StableHLO `convolution`'s dimension numbers. */
export interface ConvDims {
  readonly inputBatch: number;
  readonly inputFeature: number;
  readonly inputSpatial: Ints;
  readonly kernelInputFeature: number;
  readonly kernelOutputFeature: number;
  readonly kernelSpatial: Ints;
  readonly outputBatch: number;
  readonly outputFeature: number;
  readonly outputSpatial: Ints;
}
/** StableHLO `gather`'s dimension numbers. */
export interface GatherDims {
  readonly offsetDims: Ints;
  readonly collapsedSliceDims: Ints;
  readonly operandBatchingDims: Ints;
  readonly startIndicesBatchingDims: Ints;
  readonly startIndexMap: Ints;
  readonly indexVectorDim: number;
}
/** StableHLO `scatter`'s dimension numbers. */
export interface ScatterDims {
  readonly updateWindowDims: Ints;
  readonly insertedWindowDims: Ints;
  readonly inputBatchingDims: Ints;
  readonly scatterIndicesBatchingDims: Ints;
  readonly scatterDimsToOperandDims: Ints;
  readonly indexVectorDim: number;
}
/** StableHLO's window attributes; all lists have the operand's rank (convolution: the number of spatial dims). */
export interface Window {
  readonly windowStrides: Ints;
  readonly padding: Pairs;
  readonly baseDilations: Ints;
  readonly windowDilations: Ints;
}

/** Ops of one operand that compute each element from the element at its place. */
export type UnaryOp =
  | "abs"
  | "cbrt"
  | "ceil"
  | "cosine"
  | "count_leading_zeros"
  | "exponential"
  | "exponential_minus_one"
  | "floor"
  | "imag"
  | "is_finite"
  | "log"
  | "log_plus_one"
  | "logistic"
  | "negate"
  | "not"
  | "popcnt"
  | "real"
  | "round_nearest_afz"
  | "round_nearest_even"
  | "rsqrt"
  | "sign"
  | "sine"
  | "sqrt"
  | "tan"
  | "tanh";
/** Ops of two operands that compute each element from the elements at its place. */
export type BinaryOp =
  | "add"
  | "and"
  | "atan2"
  | "complex"
  | "divide"
  | "maximum"
  | "minimum"
  | "multiply"
  | "or"
  | "power"
  | "remainder"
  | "shift_left"
  | "shift_right_arithmetic"
  | "shift_right_logical"
  | "subtract"
  | "xor";

/** One row per wire op: the attribute type here; schema, arity, type rule, `since` and traits in opset.ts. */
export interface OpAttrs extends Record<UnaryOp | BinaryOp, None> {
  compare: {
    readonly direction: "EQ" | "NE" | "GE" | "GT" | "LE" | "LT";
    readonly compareType: "FLOAT" | "TOTALORDER" | "SIGNED" | "UNSIGNED";
  };
  select: None; // pred (rank 0 or the result's shape), on_true, on_false
  clamp: None; // min (rank 0 or full), operand, max (rank 0 or full)
  convert: None;
  bitcast_convert: None;
  reduce_precision: { readonly exponentBits: number; readonly mantissaBits: number };
  constant: { readonly value: TensorAttr };
  iota: { readonly dimension: number };
  broadcast_in_dim: { readonly dimensions: Ints }; // result dims stand in the result type
  reshape: None;
  transpose: { readonly permutation: Ints };
  slice: { readonly start: Dims; readonly limit: Dims; readonly strides: Ints };
  reverse: { readonly dimensions: Ints };
  pad: { readonly low: Ints; readonly high: Ints; readonly interior: Ints }; // operand, padding value (rank 0)
  concatenate: { readonly dimension: number };
  dynamic_slice: { readonly sliceSizes: Ints }; // operand, one rank-0 start per axis
  dynamic_update_slice: None; // operand, update, one rank-0 start per axis
  gather: GatherDims & { readonly sliceSizes: Ints; readonly indicesAreSorted: boolean }; // operand, start indices (clamped)
  scatter: ScatterDims & { readonly indicesAreSorted: boolean; readonly uniqueIndices: boolean }; // inputs…, indices, updates…; region 0: update computation; out-of-range windows are skipped
  reduce: { readonly dimensions: Ints }; // n operands, n inits (rank 0); region 0: reducer
  reduce_window: Window & { readonly windowDimensions: Ints }; // n operands, n inits; region 0: reducer
  select_and_scatter: {
    readonly windowDimensions: Ints;
    readonly windowStrides: Ints;
    readonly padding: Pairs;
  }; // operand, source, init; regions: select, scatter
  sort: { readonly dimension: number; readonly isStable: boolean }; // n operands; region 0: comparator (2n rank-0 params → bool)
  dot_general: DotDims & { readonly precision: "DEFAULT" | "HIGH" | "HIGHEST" }; // accumulates in the result's dtype
  convolution: ConvDims & {
    readonly windowStrides: Ints;
    readonly padding: Pairs;
    readonly lhsDilation: Ints;
    readonly rhsDilation: Ints;
    readonly windowReversal: readonly boolean[];
    readonly featureGroupCount: number;
    readonly batchGroupCount: number;
    readonly precision: "DEFAULT" | "HIGH" | "HIGHEST";
  };
  while: None; // regions: cond, body; may capture values of the enclosing function
  case: None; // operand: rank-0 i32 index (out of range → last); one region per branch, no params, may capture
  optimization_barrier: None; // n operands → n results, unchanged; no pass may look or move through it
  call: { readonly callee: string };
  composite: {
    readonly name: string;
    readonly version: number;
    readonly attributes: { readonly [k: string]: Attr };
    readonly decomposition: string;
  };
  custom_call: {
    readonly target: string;
    readonly version: number;
    readonly attributes: { readonly [k: string]: Attr };
    readonly sideEffect: "none" | "ordered";
    readonly aliases?: readonly { readonly result: number; readonly operand: number }[];
    readonly fallback?: string;
  };
}
/** Names of the wire ops. */
export type OpName = keyof OpAttrs;

/** An op of one name. */
export interface OpOf<N extends OpName> {
  readonly op: N;
  readonly operands: readonly ValueId[];
  readonly results: readonly Value[];
  readonly attrs: OpAttrs[N];
  readonly regions?: readonly Block[];
  readonly loc?: number; // index into Program.locations
}
/** A discriminated union over `op`: `switch (op.op)` narrows `op.attrs`. */
export type Op = { [N in OpName]: OpOf<N> }[OpName];

/** A region: its own parameters, ops and results. */
export interface Block {
  readonly params: readonly Value[];
  readonly ops: readonly Op[];
  readonly results: readonly ValueId[];
}

/** A parameter of a function. */
export interface Param extends Value {
  readonly name?: string; // pytree path, "params/conv1/kernel": names in ONNX, errors, inspectors
  /** The caller gives its buffer away. `alias`: the result that must take its memory; without it the plugin chooses. */
  readonly donate?: { readonly alias?: number };
  readonly memoryKind?: string;
}
/** A result of a function. */
export interface Result {
  readonly value: ValueId;
  readonly name?: string;
  readonly memoryKind?: string;
  readonly sharding?: Sharding;
}
/** A function: parameters, ops in order, results. */
export interface Func {
  readonly name: string;
  readonly params: readonly Param[];
  readonly ops: readonly Op[];
  readonly results: readonly Result[];
}

// --- sharding (Shardy's model) --------------------------------------------------------------------------------------

/** A mesh of devices with named axes. */
export interface Mesh {
  readonly name: string;
  readonly axes: readonly { readonly name: string; readonly size: number }[];
  readonly deviceIds?: readonly number[];
}
/** An axis, or a sub-axis of it (`pre` = product of the sizes before it). */
export type AxisRef = string | { readonly axis: string; readonly pre: number; readonly size: number };
/** How one dimension is split. */
export interface DimSharding {
  readonly axes: readonly AxisRef[];
  readonly open?: true;
  readonly priority?: number;
}
/** An annotation of a value, never a part of its Type: type equality does not see it. */
export interface Sharding {
  readonly mesh: string;
  readonly dims: readonly DimSharding[];
  readonly replicated?: readonly AxisRef[];
  readonly unreduced?: readonly AxisRef[];
}

// --- the whole --------------------------------------------------------------------------------------------------------

/** Where in the user's source an op comes from. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  readonly scope?: string;
  readonly caller?: number;
}
/** A symbolic dimension and what is known about it. */
export interface SymbolDecl {
  readonly name: string;
  readonly min: number;
  readonly max?: number;
  readonly multipleOf?: number;
}
/** What a client compiles. */
export interface Program {
  readonly ir: string; // "0.9": the lowest version whose op table holds all that is used
  readonly name: string;
  readonly main: string; // entry function; params in call order
  readonly functions: readonly Func[]; // callees before callers; no recursion
  readonly symbols?: readonly SymbolDecl[]; // each occurs as a whole dim of some param of main: that binds it
  readonly meshes?: readonly Mesh[];
  readonly partitions?: number; // devices one run takes (default 1)
  readonly locations?: readonly Location[]; // not part of the fingerprint
  readonly attachments: readonly Uint8Array[]; // constants; outside the JSON
}

/** Params and results without the body: enough to make the result buffers before the run, here or beyond a port. */
export interface Signature {
  readonly params: readonly Param[];
  readonly results: readonly {
    readonly type: ArrayType;
    readonly memoryKind?: string;
    readonly name?: string;
  }[];
}

/** The entry function. @throws Error if the program names none (an unverified program). */
export function mainOf(program: Program): Func {
  const main = program.functions.find((f) => f.name === program.main);
  if (!main) throw new Error(`internal: program ${program.name} has no function ${program.main}`);
  return main;
}

/** Parameter and result types of `main`. */
export function signatureOf(program: Program): Signature {
  const main = mainOf(program);
  const types = new Map<ValueId, Type>();
  for (const p of main.params) types.set(p.id, p.type);
  for (const op of main.ops) for (const r of op.results) types.set(r.id, r.type);
  return {
    params: main.params,
    results: main.results.map((r) => ({ ...r, type: types.get(r.value) as ArrayType })),
  };
}

/** Value of a dimension under symbol bindings. @throws Error on an unbound symbol. */
export function evalDim(dim: Dim, bindings: ReadonlyMap<string, number>): number {
  if (typeof dim === "number") return dim;
  if (typeof dim === "string") {
    const n = bindings.get(dim);
    if (n === undefined) throw new Error(`symbol ${dim} is not bound by any parameter dimension`);
    return n;
  }
  const [op, l, r] = dim;
  return dimOf(op, evalDim(l, bindings), evalDim(r, bindings)) as number;
}

/** Result types for given argument types: binds each symbol at the param dimension that is exactly it. */
export function resultTypes(signature: Signature, args: readonly ConcreteType[]): readonly ConcreteType[] {
  const bindings = new Map<string, number>();
  signature.params.forEach((p, i) => {
    if (p.type.dtype === "token") return;
    p.type.shape.forEach((d, axis) => {
      if (typeof d === "string") bindings.set(d, args[i]?.shape[axis] ?? 0);
    });
  });
  return signature.results.map((r) => ({
    dtype: r.type.dtype,
    shape: r.type.shape.map((d) => evalDim(d, bindings)),
  }));
}
