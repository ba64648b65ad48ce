// Symbols replaced by numbers: for plugins that don't claim symbolicDims, one program per shape.
import { dimOf } from "../dims.ts";
import { rowOf, type AttrRow } from "../opset.ts";
import type { Block, Dim, Op, Program, Type, Value } from "../program.ts";

type Bindings = ReadonlyMap<string, number>;

function bind(dim: Dim, bindings: Bindings): Dim {
  if (typeof dim === "number") return dim;
  if (typeof dim === "string") return bindings.get(dim) ?? dim;
  return dimOf(dim[0], bind(dim[1], bindings), bind(dim[2], bindings));
}
const bindType = (type: Type, b: Bindings): Type =>
  type.dtype === "token" ? type : { dtype: type.dtype, shape: type.shape.map((d) => bind(d, b)) };
const bindValue = <V extends Value>(v: V, b: Bindings): V => ({ ...v, type: bindType(v.type, b) });

/** Attributes that hold dimensions or types, by the op's row. */
function bindAttrs(op: Op, b: Bindings): Op["attrs"] {
  const rows = rowOf(op.op).attrs as { readonly [attr: string]: AttrRow };
  const entries = Object.entries(op.attrs).map(([key, value]) => {
    const kind = rows[key]?.kind;
    if (kind === "dims") return [key, (value as unknown as readonly Dim[]).map((d) => bind(d, b))];
    if (kind !== "tensor") return [key, value];
    const tensor = value as unknown as { type: Type };
    return [key, { ...tensor, type: bindType(tensor.type, b) }];
  });
  return Object.fromEntries(entries) as Op["attrs"];
}

function bindOp(op: Op, b: Bindings): Op {
  return {
    ...op,
    attrs: bindAttrs(op, b),
    results: op.results.map((r) => bindValue(r, b)),
    ...(op.regions === undefined ? {} : { regions: op.regions.map((r) => bindBlock(r, b)) }),
  } as Op;
}
function bindBlock(block: Block, b: Bindings): Block {
  return {
    params: block.params.map((p) => bindValue(p, b)),
    ops: block.ops.map((op) => bindOp(op, b)),
    results: block.results,
  };
}

/** The program with these symbols bound; symbols without a binding stay. */
export function specialise(program: Program, bindings: Bindings): Program {
  const { symbols, ...rest } = program;
  const left = (symbols ?? []).filter((s) => !bindings.has(s.name));
  const functions = program.functions.map((f) => ({
    ...f,
    params: f.params.map((p) => bindValue(p, bindings)),
    ops: f.ops.map((op) => bindOp(op, bindings)),
  }));
  return { ...rest, functions, ...(left.length === 0 ? {} : { symbols: left }) };
}
