// What a primitive is: one frozen record holding its mathematics. Found by the object, never through a table.
import type { Block, OpAttrs, OpName, Type, ValueId } from "tenon-plugin-api";
import type { Lax } from "../primitives/lax.ts";
import type { ShapedArray } from "./aval.ts";
import type { Jaxpr, JaxprEqn, Var } from "./jaxpr.ts";
import type { NDArray } from "./ndarray.ts";
import type { Trace } from "./trace.ts";

/** Parameters of one application: plain data, interned objects or functions; see `paramsKey`. */
export interface Params {
  readonly [name: string]: unknown;
}
/** The params of a primitive that has none. */
export const NO_PARAMS: Params = Object.freeze({});

/** An effect of an equation, kept by dce and respected by hoisting and remat. */
export interface Effect {
  readonly kind: "ordered" | "unordered" | "axis" | "collective" | "state";
  readonly key: string;
}

/** null = symbolic zero. */
export type Tangent = NDArray | null;
/** What a jvp rule gives. */
export interface JvpResult {
  readonly outs: readonly NDArray[];
  readonly tangents: readonly Tangent[];
}
/** bdim: the mapped axis of a value, null if it isn't mapped. */
export type BatchDim = number | null;
/** What a batching rule gives. */
export interface BatchResult {
  readonly outs: readonly NDArray[];
  readonly bdims: readonly BatchDim[];
}

/** Where the cotangent of one linear operand is gathered. */
export interface Accum {
  readonly aval: ShapedArray;
  /** Nothing has been added yet. */
  readonly isEmpty: boolean;
  /** Adds a whole cotangent. */
  add(ct: NDArray): void;
  /** Replaces the sum so far (zeros at first) by `f(sum)`: for transposes that touch a part of it. */
  update(f: (sum: NDArray) => NDArray): void;
}

/** A value of the Program being built. */
export interface WireValue {
  readonly id: ValueId;
  readonly type: Type;
}

/** The builder that `lower` rules write to (runtime/lower.ts). Types and attributes are physical. */
export interface Lowering {
  /** Appends an op. `results`: avals (made physical) or wire types. */
  emit<N extends OpName>(
    op: N,
    operands: readonly WireValue[],
    attrs: OpAttrs[N],
    results: readonly (ShapedArray | Type)[],
    regions?: readonly Block[],
  ): readonly WireValue[];
  /** A rank-0 constant, or a splat of `shape`. */
  constant(value: number | bigint | boolean | { re: number; im: number }, aval: ShapedArray): WireValue;
  /** A closed region: its own parameters, no captures (reducers, comparators). */
  closedRegion(
    params: readonly ShapedArray[],
    body: (b: Lowering, params: readonly WireValue[]) => readonly WireValue[],
  ): Block;
  /** A capturing region (while, case). */
  region(
    params: readonly (ShapedArray | Type)[],
    body: (b: Lowering, params: readonly WireValue[]) => readonly WireValue[],
  ): Block;
  /** Inlines a jaxpr. */
  inline(jaxpr: Jaxpr, args: readonly WireValue[]): readonly WireValue[];
  /** broadcast_in_dim of a rank-0 value to the shape of `aval` (a value that has it already is returned as it is). */
  splat(value: WireValue, aval: ShapedArray): WireValue;
  /** The physical wire type of an aval: keys get a trailing dimension of 2. */
  typeOf(aval: ShapedArray): Type;
  /** A call of the host, of operands of these avals. `isBound`: each run counts, in program order. */
  hostCall(
    call: HostCall,
    operands: readonly WireValue[],
    avals: readonly ShapedArray[],
    isBound: boolean,
  ): readonly WireValue[];
}

/** A function of the host that programs call. Its identity is part of the program's key: equal calls share one object. */
export interface HostFunction {
  /** For errors: `debug.callback(log)`. */
  readonly name: string;
  /** From arrays that can be read to the bytes of results of these avals. */
  readonly call: (args: readonly NDArray[], outs: readonly ShapedArray[]) => readonly Uint8Array[];
}
/** A call of the host as primitives have it in their params. */
export interface HostCall {
  readonly fn: HostFunction;
  readonly outs: readonly ShapedArray[];
  /** It stands in no program: always called as it is. */
  readonly direct?: true;
}

/** What passes may ask of a primitive instead of its name. */
export interface Traits {
  /** One output element from the elements at the same place (rank-0 operands broadcast). */
  readonly elementwise?: true;
  /** Moves elements and accepts any dtype, extended ones included. */
  readonly structural?: true;
  /** Linear in all of its non-literal operands. */
  readonly linear?: true;
  /** Carries jaxprs in its params. */
  readonly higherOrder?: true;
  /** Its transpose runs a user's function, which may keep the cotangents that it gets. */
  readonly userRule?: true;
  /** A contraction: what the dots_saveable policies save. */
  readonly dot?: true;
}

/**
 * A primitive. Rules get `lax` first, so that primitives don't import each other. `shape` is the only mandatory rule;
 * a missing one is an error naming primitive and transformation when it is needed.
 * Exactly one of `lower` (to wire ops) and `decompose` (to other primitives) is given.
 */
export interface Primitive {
  readonly name: string;
  readonly id: number;
  readonly traits: Traits;
  /** Output avals; checks ranks, sizes, dtypes and throws a coded error naming the public function. */
  readonly shape: (avals: readonly ShapedArray[], params: Params) => readonly ShapedArray[];
  readonly jvp?: (
    lax: Lax,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
    params: Params,
  ) => JvpResult;
  /** `accums[i]` is null for operands that aren't linear here (then `args[i]` is their value, else null). */
  readonly transpose?: (
    lax: Lax,
    cts: readonly Tangent[],
    args: readonly (NDArray | null)[],
    accums: readonly (Accum | null)[],
    params: Params,
    avals: readonly ShapedArray[],
  ) => void;
  /** `ownAxis`: the name of the mapped axis when the primitive uses it (`usesAxis`), else null. */
  readonly batch?: (
    lax: Lax,
    axisSize: number,
    args: readonly NDArray[],
    bdims: readonly BatchDim[],
    params: Params,
    ownAxis: string | null,
  ) => BatchResult;
  /** Higher-order primitives with known and unknown operands. Returns known values and values of the tape. */
  readonly partialEval?: (
    tape: TapeLike,
    args: readonly NDArray[],
    unknown: readonly boolean[],
    params: Params,
  ) => readonly NDArray[];
  /**
   * An equation of known operands in two, when checkpoint computes the wanted outputs again: `cut` divides the jaxprs
   * within by the policy. Without a rule the equation is kept or computed again as a whole.
   */
  readonly remat?: (eqn: JaxprEqn, wanted: readonly boolean[], cut: CutJaxpr) => CutEqn;
  /** The equation without the outputs that nothing uses. */
  readonly prune?: (eqn: JaxprEqn, used: readonly boolean[]) => JaxprEqn;
  /** What an application is nothing but a call of: passes may write it out in its place. */
  readonly body?: (params: Params) => Jaxpr;
  /** Is it linear in the operands of this mask? Default: traits.linear. */
  readonly linearIn?: (mask: readonly boolean[], params: Params) => boolean;
  /** Re-applies an equation whose primitive every trace answers in final style (custom_jvp), when a jaxpr is run. */
  readonly rebind?: (args: readonly NDArray[], params: Params) => readonly NDArray[];
  readonly usesAxis?: (axisName: string, params: Params) => boolean;
  readonly effects?: (params: Params) => readonly Effect[];
  /** Loops and branches equation by equation, on values that can be read: where debugNans looks for the one at fault. */
  readonly steps?: (args: readonly NDArray[], params: Params) => readonly NDArray[];
  /** The host's function that an application is a call of: outside of programs it is called as it is. */
  readonly host?: (params: Params) => HostCall;
  readonly lower?: (
    b: Lowering,
    operands: readonly WireValue[],
    params: Params,
    avals: readonly ShapedArray[],
    outs: readonly ShapedArray[],
  ) => readonly WireValue[];
  readonly decompose?: (lax: Lax, args: readonly NDArray[], params: Params) => readonly NDArray[];
}

/** A jaxpr in two: what runs first and saves some values, and what computes outputs again from these. */
export interface CutParts {
  /** inputs → (outs, saved values) */
  readonly known: Jaxpr;
  /** (saved values, inputs) → the wanted outs */
  readonly unknown: Jaxpr;
  readonly numResiduals: number;
}
/** Whether the outputs of an equation are saved for the derivative, rather than computed again. */
export interface Saves {
  /** Equal for equal answers. */
  readonly key: string;
  of(eqn: JaxprEqn): boolean;
}
/** Cuts a jaxpr for some of its outputs. */
export type CutJaxpr = (jaxpr: Jaxpr, wanted: readonly boolean[]) => CutParts;
/** An equation in two. */
export interface CutEqn {
  /** The equation, with what it saves from within as further outputs. */
  readonly known: JaxprEqn;
  /** Outputs of `known` that are saved. */
  readonly saved: readonly Var[];
  /** What computes the wanted outputs that aren't saved; null if all are. */
  readonly again: JaxprEqn | null;
}

/** What `partialEval` rules may ask of the tape (transforms/tape.ts). */
export interface TapeLike extends Trace {
  /** Only what is linear in unknown operands may be recorded. */
  readonly linear: boolean;
  /** It takes what doesn't vary out of a loop: nothing is differentiated, and effects stay in the loop. */
  readonly hoists: boolean;
  /** Inside of checkpoint: what its policy saves, also within what has a policy of its own. */
  readonly saves: Saves | null;
  owns(x: NDArray): boolean;
  record(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[];
}

let nextId = 0;
/** Freezes a record and gives it its id. */
export function definePrimitive(record: Omit<Primitive, "id">): Primitive {
  return Object.freeze({ ...record, id: nextId++ });
}

const objectIds = new WeakMap<object, number>();
let nextObjectId = 1;
/** A process-wide id of an object or function, by identity. */
export function identityOf(object: object): number {
  let id = objectIds.get(object);
  if (id === undefined) objectIds.set(object, (id = nextObjectId++));
  return id;
}

/** Structural key of plain params; interned objects (jaxprs, avals) and functions go by identity. */
export function paramsKey(params: Params): string {
  if (params === NO_PARAMS) return "";
  let key = "";
  for (const name in params) key += `${name}=${valueKey(params[name])};`;
  return key;
}

function valueKey(value: unknown): string {
  switch (typeof value) {
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "string":
      return JSON.stringify(value);
    case "boolean":
    case "undefined":
      return String(value);
    case "function":
      return `@${identityOf(value)}`;
    default:
      break;
  }
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(valueKey).join(",")}]`;
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype === Object.prototype || prototype === null) return `{${paramsKey(value as Params)}}`;
  return `@${identityOf(value as object)}`;
}
