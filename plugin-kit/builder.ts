// Builds ops of a function: what passes and decompositions write in. Result types come from the op table. An op is appended
// as it is, or handed to a rewriter, which may put smaller ones in its place.
import {
  OPSET,
  tenonError,
  type Block,
  type ConcreteType,
  type DType,
  type Op,
  roundBf16,
  roundF16,
  type OpAttrs,
  type OpName,
  type Type,
  type ValueId,
} from "tenon-plugin-api";
import { sizeOf } from "./host/tensor.ts";
import { storageOf, STORAGE, writeElement } from "./loops/storage.ts";

/** A value while a program is built. */
export interface Ref {
  readonly id: ValueId;
  readonly type: ConcreteType;
}
/** An op on its way into the program: operands are refs, regions are whole. */
export interface Draft<N extends OpName = OpName> {
  readonly op: N;
  readonly operands: readonly Ref[];
  readonly attrs: OpAttrs[N];
  readonly results: readonly ConcreteType[];
  readonly regions?: readonly Block[];
  readonly loc?: number;
}
/** How ops are rewritten on their way into the program. */
export interface Rewriter {
  /** Is the op kept as it is? */
  readonly isNative: (draft: Draft) => boolean;
  /** Ops that take the place of one that isn't. */
  readonly expand: (draft: Draft, b: Builder) => readonly Ref[];
}
/** What one function's builders share. */
interface Shared {
  next: ValueId;
  readonly attachments: Uint8Array[];
  readonly rewriter: Rewriter | undefined;
}
/** Optional parts of an op. */
interface Parts {
  /** Declared type, where operands and attributes leave the result open: iota, reshape, convert … */
  readonly to?: ConcreteType;
  readonly regions?: readonly Block[];
}

/** Appends ops to one block. */
export class Builder {
  readonly ops: Op[] = [];
  private readonly shared: Shared;
  private constructor(shared: Shared) {
    this.shared = shared;
  }
  /** A builder of a new function; `attachments` grows by the constants it makes. */
  static of(attachments: Uint8Array[], rewriter?: Rewriter): Builder {
    return new Builder({ next: 0, attachments, rewriter });
  }

  /** A new value. */
  value(type: ConcreteType): Ref {
    return { id: this.shared.next++, type };
  }

  /** A region: its parameters, then ops by `body`, whose refs are its results. */
  block(params: readonly ConcreteType[], body: (b: Builder, ...params: Ref[]) => readonly Ref[]): Block {
    const refs = params.map((t) => this.value(t));
    const inner = new Builder(this.shared);
    const results = body(inner, ...refs);
    return { params: refs, ops: inner.ops, results: results.map((r) => r.id) };
  }

  /** A builder that goes on where a region's ops end. */
  resume(block: Block): Builder {
    const inner = new Builder(this.shared);
    inner.ops.push(...block.ops);
    return inner;
  }

  /** Would the op be kept as it is? */
  isNative(draft: Draft): boolean {
    return this.shared.rewriter?.isNative(draft) ?? true;
  }
  /** Appends the draft, or what the rewriter makes of it. */
  emit(draft: Draft): readonly Ref[] {
    const { rewriter } = this.shared;
    return rewriter === undefined || rewriter.isNative(draft)
      ? this.append(draft)
      : rewriter.expand(draft, this);
  }

  /** Appends the draft as it is. */
  append(draft: Draft): readonly Ref[] {
    const { op, attrs, regions, loc } = draft;
    const results = draft.results.map((t) => this.value(t));
    const operands = draft.operands.map((r) => r.id);
    this.ops.push({
      op,
      operands,
      results,
      attrs,
      ...(regions === undefined ? {} : { regions }),
      ...(loc === undefined ? {} : { loc }),
    } as Op);
    return results;
  }

  /** Adds an op; the op table gives its result types. */
  op<N extends OpName>(
    op: N,
    operands: readonly Ref[],
    attrs: OpAttrs[N],
    parts: Parts = {},
  ): readonly Ref[] {
    const { to, regions } = parts;
    const types = OPSET[op].types({
      op,
      operands: operands.map((r) => r.type),
      attrs,
      regions: (regions ?? []).map(regionType),
      declared: to === undefined ? [] : [to],
      callee: () => undefined,
    });
    const results = types as readonly ConcreteType[];
    return this.emit({
      op,
      operands,
      attrs,
      results,
      ...(regions === undefined ? {} : { regions }),
    });
  }
  /** Adds an op of one result. */
  one<N extends OpName>(op: N, operands: readonly Ref[], attrs: OpAttrs[N], parts: Parts = {}): Ref {
    return this.op(op, operands, attrs, parts)[0] as Ref;
  }

  /** An op without attributes. */
  apply(op: Plain, ...operands: Ref[]): Ref {
    return this.one(op, operands, {});
  }
  compare(direction: OpAttrs["compare"]["direction"], x: Ref, y: Ref): Ref {
    return this.one("compare", [x, y], { direction, compareType: compareTypeOf(x.type.dtype) });
  }
  convert(x: Ref, dtype: DType): Ref {
    return x.type.dtype === dtype ? x : this.one("convert", [x], {}, { to: { dtype, shape: x.type.shape } });
  }
  bitcast(x: Ref, dtype: DType): Ref {
    return this.one("bitcast_convert", [x], {}, { to: { dtype, shape: x.type.shape } });
  }
  reshape(x: Ref, shape: readonly number[]): Ref {
    return sameShape(x.type.shape, shape)
      ? x
      : this.one("reshape", [x], {}, { to: { dtype: x.type.dtype, shape } });
  }
  transpose(x: Ref, permutation: readonly number[]): Ref {
    return permutation.every((d, i) => d === i) ? x : this.one("transpose", [x], { permutation });
  }
  broadcast(x: Ref, shape: readonly number[], dimensions: readonly number[] = []): Ref {
    return sameShape(x.type.shape, shape)
      ? x
      : this.one("broadcast_in_dim", [x], { dimensions }, { to: { dtype: x.type.dtype, shape } });
  }
  iota(type: ConcreteType, dimension: number): Ref {
    return this.one("iota", [], { dimension }, { to: type });
  }

  /** A constant of these elements (row-major), or one repeated. */
  constant(type: ConcreteType, elements: readonly (number | bigint)[] | number | bigint): Ref {
    const splat = typeof elements === "object" ? undefined : elements;
    const list = splat === undefined ? (elements as readonly (number | bigint)[]) : [splat];
    const bytes = this.shared.attachments.push(encode(type.dtype, list)) - 1;
    const whole = splat === undefined || sizeOf(type.shape) === 1;
    const value = { type, bytes, ...(whole ? {} : { splat: true as const }) };
    return this.one("constant", [], { value });
  }
  /** A number in x's dtype and shape. */
  like(x: Ref, element: number | bigint): Ref {
    return this.constant(x.type, element);
  }
}

/** Ops that take no attributes and give one result. */
export type Plain = {
  [N in OpName]: OpAttrs[N] extends { readonly [key: string]: never } ? N : never;
}[OpName];

const regionType = (block: Block): { params: readonly Type[]; results: readonly Type[] } => {
  const types = new Map<ValueId, Type>();
  for (const p of block.params) types.set(p.id, p.type);
  for (const op of block.ops) for (const r of op.results) types.set(r.id, r.type);
  return {
    params: block.params.map((p) => p.type),
    results: block.results.map((id) => types.get(id) as Type),
  };
};

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** The compare type of a dtype's usual order. */
export function compareTypeOf(dtype: DType): OpAttrs["compare"]["compareType"] {
  if (dtype === "bool" || dtype.startsWith("u")) return "UNSIGNED";
  return dtype.startsWith("i") ? "SIGNED" : "FLOAT";
}

function encode(dtype: DType, elements: readonly (number | bigint)[]): Uint8Array {
  const storage = storageOf(dtype);
  if (storage === null)
    throw tenonError("INTERNAL", `the kit writes no constants of ${dtype}`, { reason: "E_CONSTANT" });
  const parts = storage === dtype ? 1 : 2; // of a complex element the imaginary one is 0
  const bytes = new Uint8Array(elements.length * parts * STORAGE[storage].bytes);
  const view = new DataView(bytes.buffer);
  const big = dtype === "i64" || dtype === "u64";
  const round = dtype === "f16" ? roundF16 : dtype === "bf16" ? roundBf16 : Number;
  elements.forEach((x, i) => {
    writeElement(storage, view, parts * i, big ? BigInt(x) : round(Number(x)));
  });
  return bytes;
}
