// The graph as protobuf: names, initialisers, nested graphs, and the model around them. Every node is pure, so an equal
// node is written once in each scope, and a node whose results nobody reads is dropped at the end.
import { create, toBinary } from "@bufbuild/protobuf";
import { tenonError, type DType, type Dim } from "tenon-plugin-api";
import { encode, ONNX_TYPE, STORED_TYPE } from "./elements.ts";
import { PLUGIN } from "./name.ts";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as A,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "./proto/onnx_pb.ts";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from "./proto/onnx_pb.ts";

/** What a value is: a symbolic dim stands where the size is known at run time only. */
export interface Shaped {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}
/** A value of the ONNX graph. */
export interface Val extends Shaped {
  readonly name: string;
}

/** A nested graph, as the attribute of a Loop or an If. */
export type Nested = GraphProto;
/** An attribute: integers and lists of them as they are, floats tagged (JavaScript cannot tell 1 from 1.0). */
type AttrValue = number | string | readonly number[] | { readonly float: number } | Nested;
/** Attributes of a node. */
export interface Attrs {
  readonly [name: string]: AttrValue;
}

/** What was written. */
export interface ModelReport {
  readonly opset: number;
  readonly irVersion: number;
  /** How many nodes of each ONNX operator, nested graphs included. */
  readonly ops: { readonly [operator: string]: number };
  readonly initializers: { readonly count: number; readonly nbytes: number };
  readonly nbytes: number;
}

interface Scope {
  readonly nodes: NodeProto[];
  readonly memo: Map<string, readonly Val[]>;
  readonly parent: Scope | undefined;
}

/** The IR version that came with each opset (https://github.com/onnx/onnx/blob/main/docs/Versioning.md). */
const IR_VERSION: { readonly [opset: number]: number } = { 21: 10, 22: 10, 23: 11, 24: 12, 25: 13, 26: 13 };
/** Opsets that can be written: those in which every operator used here has the form used here, and onnxruntime loads. */
export const OPSETS: readonly number[] = Object.keys(IR_VERSION).map(Number);
/** @throws INVALID_ARGUMENT for an opset that can't be written */
export function checkOpset(opset: number): void {
  if (OPSETS.includes(opset)) return;
  throw tenonError("INVALID_ARGUMENT", `${PLUGIN}: opset ${opset} is not one of ${OPSETS.join(", ")}`, {
    plugin: PLUGIN,
    reason: "E_ONNX_OPSET",
    hint: "leave opset out for one that onnxruntime loads",
  });
}
/** protobuf's limit for one message. */
const MAX_BYTES = 2 ** 31 - 1;

/** Writes one model. */
export class Writer {
  readonly opset: number;
  readonly #initializers: TensorProto[] = [];
  readonly #names: Set<string> = new Set();
  readonly #symbols: Map<string, Val> = new Map();
  readonly #constants: Map<string, Val[]> = new Map();
  readonly #bytes: Map<string, Uint8Array> = new Map();
  readonly #root: Scope = { nodes: [], memo: new Map(), parent: undefined };
  #scope: Scope = this.#root;
  #serial = 0;

  constructor(opset: number) {
    this.opset = opset;
  }

  /** A name that is not taken, as near to `wish` as possible. */
  name(wish: string): string {
    const base = wish.replace(/[^A-Za-z0-9_./-]/g, "_") || "v";
    let name = base;
    for (let i = 1; this.#names.has(name); i++) name = `${base}_${i}`;
    this.#names.add(name);
    return name;
  }

  /** Writes a node and returns its results; an equal node that is visible from here is taken instead. */
  node(
    operator: string,
    inputs: readonly (Val | undefined)[],
    outs: readonly Shaped[],
    attrs: Attrs = {},
  ): readonly Val[] {
    const names = inputs.map((v) => v?.name ?? "");
    const pure = Object.values(attrs).every((v) => typeof v !== "object" || Array.isArray(v) || "float" in v);
    const key = pure ? `${operator}|${names.join()}|${JSON.stringify(attrs)}|${outs.length}` : "";
    const known = pure ? this.#find(key) : undefined;
    if (known) return known.map((v, i) => ({ ...v, ...(outs[i] as Shaped) }));
    const results = outs.map((o) => ({
      dtype: o.dtype,
      shape: o.shape,
      name: this.name(`${operator}_${++this.#serial}`),
    }));
    this.#scope.nodes.push(
      create(NodeProtoSchema, {
        opType: operator,
        name: results[0]?.name ?? operator,
        input: names,
        output: results.map((r) => r.name),
        attribute: Object.entries(attrs).map(([k, v]) => attribute(k, v)),
      }),
    );
    if (pure) this.#scope.memo.set(key, results);
    return results;
  }

  /** A node with one result. */
  one(operator: string, inputs: readonly (Val | undefined)[], out: Shaped, attrs?: Attrs): Val {
    return this.node(operator, inputs, [out], attrs)[0] as Val;
  }

  #find(key: string): readonly Val[] | undefined {
    for (let s: Scope | undefined = this.#scope; s; s = s.parent) {
      const found = s.memo.get(key);
      if (found) return found;
    }
    return undefined;
  }

  /** An initialiser of the outermost graph; equal ones are shared. With `wish` it keeps a name of its own. */
  constant(dtype: DType, shape: readonly number[], bytes: Uint8Array, wish?: string): Val {
    const key = `${dtype}[${shape.join()}]${bytes.length}:${hash(bytes)}`;
    const peers = this.#constants.get(key) ?? [];
    const same = peers.find((p) => equal(this.#bytes.get(p.name), bytes));
    if (same && wish === undefined) return same;
    const name = this.name(wish ?? `const_${this.#initializers.length}`);
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: STORED_TYPE[dtype] ?? 0,
        dims: shape.map(BigInt),
        rawData: bytes,
      }),
    );
    const val = this.#widened({ name, dtype, shape });
    this.#bytes.set(val.name, bytes);
    this.#constants.set(key, [...peers, val]);
    return val;
  }

  /** A stored bf16 as it lives in the graph; in the outermost one, since constants are shared by all. */
  #widened(stored: Val): Val {
    if (stored.dtype !== "bf16") return stored;
    const scope = this.#scope;
    this.#scope = this.#root;
    const val = this.one("Cast", [stored], stored, { to: ONNX_TYPE.f32 as number });
    this.#scope = scope;
    return val;
  }

  /** The bytes of a value that is an initialiser. */
  bytesOf(v: Val): Uint8Array | undefined {
    return this.#bytes.get(v.name);
  }

  /** A list of integers as ONNX takes shapes, axes and positions. */
  ints(values: readonly (number | bigint)[]): Val {
    return this.constant("i64", [values.length], encode("i64", values));
  }

  /** Tells which dimension of which input binds a symbol. */
  bindSymbol(name: string, input: Val, axis: number): void {
    if (this.#symbols.has(name)) return;
    const out: Shaped = { dtype: "i64", shape: [1] };
    this.#symbols.set(name, this.one("Shape", [input], out, { start: axis, end: axis + 1 }));
  }

  /** The shape as an i64 vector: a constant, or computed from the inputs' shapes. */
  dims(shape: readonly Dim[]): Val {
    if (shape.every((d) => typeof d === "number")) return this.ints(shape);
    const parts = shape.map((d) => this.dim(d));
    const out: Shaped = { dtype: "i64", shape: [shape.length] };
    return parts.length === 1 ? (parts[0] as Val) : this.one("Concat", parts, out, { axis: 0 });
  }

  /** One dimension as an i64 vector of one element. */
  dim(d: Dim): Val {
    if (typeof d === "number") return this.ints([d]);
    if (typeof d === "string") {
      const bound = this.#symbols.get(d);
      if (!bound) throw new Error(`internal: symbol ${d} is not bound by a parameter`);
      return bound;
    }
    const [op, l, r] = d;
    // Sizes are never negative: Div and Mod round as floor does.
    const operator = { add: "Add", mul: "Mul", floordiv: "Div", mod: "Mod", max: "Max", min: "Min" }[op];
    return this.one(operator, [this.dim(l), this.dim(r)], { dtype: "i64", shape: [1] });
  }

  /** A nested graph: what `build` writes goes into it; values of the graphs around it may be used by name. */
  nested(wish: string, inputs: readonly Shaped[], build: (inputs: readonly Val[]) => readonly Val[]): Nested {
    const outer = this.#scope;
    const params = inputs.map((p, i) => ({ ...p, name: this.name(`${wish}_in${i}`) }));
    this.#scope = { nodes: [], memo: new Map(), parent: outer };
    try {
      // A result must be made in the graph that returns it, and once: so each goes through an Identity of its own.
      const results = build(params).map((r) => this.identity(r, `${wish}_out`));
      return create(GraphProtoSchema, {
        name: this.name(wish),
        node: this.#scope.nodes,
        input: params.map((p) => valueInfo(p)),
        output: results.map((r) => valueInfo(r)),
      });
    } finally {
      this.#scope = outer;
    }
  }

  /** The value under another name, never shared. */
  identity(v: Val, wish: string): Val {
    const out: Val = { ...v, name: this.name(wish) };
    this.#scope.nodes.push(
      create(NodeProtoSchema, { opType: "Identity", name: out.name, input: [v.name], output: [out.name] }),
    );
    return out;
  }

  /** The finished model. */
  model(
    name: string,
    inputs: readonly Val[],
    outputs: readonly Val[],
  ): { readonly bytes: Uint8Array; readonly report: ModelReport } {
    const live = new Set(outputs.map((v) => v.name));
    const node = prune(this.#root.nodes, live);
    const initializer = this.#initializers.filter((t) => live.has(t.name));
    const nbytes = initializer.reduce((n, t) => n + t.rawData.length, 0);
    if (nbytes > MAX_BYTES)
      throw tenonError(
        "RESOURCE_EXHAUSTED",
        `exportOnnx: ${name} holds ${nbytes} bytes of constants, a file 2 GiB at most`,
        {
          plugin: PLUGIN,
          hint: "pass large arrays as arguments instead of capturing them",
        },
      );
    const irVersion = IR_VERSION[this.opset] as number;
    const info = { input: inputs.map((v) => valueInfo(v)), output: outputs.map((v) => valueInfo(v)) };
    const model = create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      producerName: "tenon",
      opsetImport: [{ domain: "", version: BigInt(this.opset) }],
      graph: create(GraphProtoSchema, { name, node, initializer, ...info }),
    });
    const bytes = toBinary(ModelProtoSchema, model);
    const ops: { [operator: string]: number } = {};
    count(node, ops);
    const initializers = { count: initializer.length, nbytes };
    return { bytes, report: { opset: this.opset, irVersion, ops, initializers, nbytes: bytes.length } };
  }
}

/** The nodes that `live` names need, nested graphs included; adds to `live` what they read. */
function prune(nodes: readonly NodeProto[], live: Set<string>): NodeProto[] {
  const kept: NodeProto[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.output.some((name) => live.has(name))) continue;
    kept.push(node);
    for (const name of node.input) live.add(name);
    for (const { g } of node.attribute) {
      if (!g) continue;
      const inner = new Set(g.output.map((v) => v.name));
      g.node = prune(g.node, inner);
      for (const name of inner) live.add(name);
    }
  }
  return kept.reverse();
}

function count(nodes: readonly NodeProto[], ops: { [operator: string]: number }): void {
  for (const node of nodes) {
    ops[node.opType] = (ops[node.opType] ?? 0) + 1;
    for (const { g } of node.attribute) if (g) count(g.node, ops);
  }
}

function attribute(name: string, value: AttrValue): AttributeProto {
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: A.INT, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: A.STRING, s: new TextEncoder().encode(value) });
  if (isInts(value)) return create(AttributeProtoSchema, { name, type: A.INTS, ints: value.map(BigInt) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: A.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: A.GRAPH, g: value });
}
const isInts = (v: AttrValue): v is readonly number[] => Array.isArray(v);

/** Name, element type and shape, as a graph declares its inputs and results. */
function valueInfo(v: Val): ValueInfoProto {
  const dim = v.shape.map((d) => ({
    value:
      typeof d === "number"
        ? { case: "dimValue" as const, value: BigInt(d) }
        : { case: "dimParam" as const, value: typeof d === "string" ? d : JSON.stringify(d) },
  }));
  return create(ValueInfoProtoSchema, {
    name: v.name,
    type: { value: { case: "tensorType", value: { elemType: ONNX_TYPE[v.dtype] ?? 0, shape: { dim } } } },
  });
}

/** FNV-1a over at most 4096 of the bytes; equality is checked after. */
function hash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  const step = Math.max(1, Math.floor(bytes.length / 4096));
  for (let i = 0; i < bytes.length; i += step) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  return h >>> 0;
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((x, i) => x === b[i]);
}
