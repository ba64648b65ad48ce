// The graph builder: names, initialisers, nested graphs, and the model around them.
// Every node is pure, so an equal node is written once in each scope.
import { create, toBinary } from "@bufbuild/protobuf";
import type { DType, Dim } from "tenon-plugin-api";
import { ONNX_TYPE, encode } from "./elements.ts";
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

/** A value of the ONNX graph. A symbolic dim stands where the size is known at run time only. */
export interface Val {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}
export interface Shaped {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}
/** An attribute: integers and integer lists as they are, floats tagged (JavaScript cannot tell 1 from 1.0). */
export type AttrValue = number | string | readonly number[] | { readonly float: number } | GraphProto;
export interface Attrs {
  readonly [name: string]: AttrValue;
}

interface Scope {
  readonly nodes: NodeProto[];
  readonly memo: Map<string, readonly Val[]>;
  readonly parent: Scope | undefined;
}

/** Builds one model. `opset` decides the form of the few ops that changed between 17 and 23. */
export class Writer {
  readonly opset: number;
  /** How many nodes of each ONNX op were written, nested graphs included. */
  readonly counts: { [op: string]: number } = {};
  readonly initializers: TensorProto[] = [];
  readonly #names: Set<string> = new Set();
  readonly #symbols: Map<string, Val> = new Map();
  readonly #constants: Map<string, Val[]> = new Map();
  readonly #root: Scope = { nodes: [], memo: new Map(), parent: undefined };
  #scope: Scope = this.#root;

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
    op: string,
    inputs: readonly (Val | undefined)[],
    outs: readonly Shaped[],
    attrs: Attrs = {},
  ): readonly Val[] {
    const names = inputs.map((v) => v?.name ?? "");
    const plain = Object.values(attrs).every(
      (v) => typeof v !== "object" || Array.isArray(v) || "float" in v,
    );
    const key = plain ? `${op}|${names.join()}|${JSON.stringify(attrs)}|${outs.length}` : "";
    const known = plain ? this.#find(key) : undefined;
    if (known) return known;
    const results = outs.map((o) => ({ ...o, name: this.#fresh(op) }));
    this.counts[op] = (this.counts[op] ?? 0) + 1;
    this.#scope.nodes.push(
      create(NodeProtoSchema, {
        opType: op,
        name: results[0]?.name ?? op,
        input: names,
        output: results.map((r) => r.name),
        attribute: Object.entries(attrs).map(([k, v]) => attribute(k, v)),
      }),
    );
    if (plain) this.#scope.memo.set(key, results);
    return results;
  }

  /** A node with one result. */
  one(
    op: string,
    inputs: readonly (Val | undefined)[],
    dtype: DType,
    shape: readonly Dim[],
    attrs?: Attrs,
  ): Val {
    return this.node(op, inputs, [{ dtype, shape }], attrs)[0] as Val;
  }

  #serial = 0;
  #fresh(op: string): string {
    this.#serial += 1;
    return this.name(`${op}_${this.#serial}`);
  }

  #find(key: string): readonly Val[] | undefined {
    for (let s: Scope | undefined = this.#scope; s; s = s.parent) {
      const found = s.memo.get(key);
      if (found) return found;
    }
    return undefined;
  }

  /** An initialiser of the outermost graph; equal ones are shared. */
  constant(dtype: DType, shape: readonly number[], bytes: Uint8Array, wish?: string): Val {
    const key = `${dtype}[${shape.join()}]${bytes.length}:${hash(bytes)}`;
    const peers = this.#constants.get(key) ?? [];
    const same = peers.find((p) => equal(this.#bytes.get(p.name), bytes));
    if (same && wish === undefined) return same;
    const val: Val = { name: this.name(wish ?? `const_${this.initializers.length}`), dtype, shape };
    this.initializers.push(tensor(val.name, dtype, shape, bytes));
    this.#bytes.set(val.name, bytes);
    this.#constants.set(key, [...peers, val]);
    return val;
  }
  readonly #bytes: Map<string, Uint8Array> = new Map();

  /** The bytes of a value that is an initialiser. */
  bytesOf(v: Val): Uint8Array | undefined {
    return this.#bytes.get(v.name);
  }

  scalar(dtype: DType, value: number | bigint): Val {
    return this.constant(dtype, [], encode(dtype, [value]));
  }
  vector(dtype: DType, values: readonly (number | bigint)[]): Val {
    return this.constant(dtype, [values.length], encode(dtype, values));
  }
  /** A list of integers as ONNX takes shapes, axes and positions. */
  ints(values: readonly (number | bigint)[]): Val {
    return this.vector("i64", values);
  }

  /** Tells which dimension of which input binds a symbol. */
  bindSymbol(name: string, input: Val, axis: number): void {
    if (this.#symbols.has(name)) return;
    const at = this.one("Shape", [input], "i64", [1], { start: axis, end: axis + 1 });
    this.#symbols.set(name, at);
  }

  /** The shape as an i64 vector: a constant, or computed from the inputs' shapes. */
  dims(shape: readonly Dim[]): Val {
    if (shape.every((d) => typeof d === "number")) return this.ints(shape);
    const parts = shape.map((d) => this.dim(d));
    return parts.length === 1
      ? (parts[0] as Val)
      : this.one("Concat", parts, "i64", [shape.length], { axis: 0 });
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
    const pair = [this.dim(l), this.dim(r)];
    const node = { add: "Add", mul: "Mul", floordiv: "Div", mod: "Mod", max: "Max", min: "Min" }[op];
    return this.one(node, pair, "i64", [1]); // sizes are never negative: Div and Mod round as floor does
  }

  /** A nested graph: what `build` writes goes into it; values of the graphs around it may be used by name. */
  nested(
    wish: string,
    inputs: readonly Shaped[],
    build: (inputs: readonly Val[]) => readonly Val[],
  ): GraphProto {
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
    this.counts["Identity"] = (this.counts["Identity"] ?? 0) + 1;
    this.#scope.nodes.push(
      create(NodeProtoSchema, { opType: "Identity", name: out.name, input: [v.name], output: [out.name] }),
    );
    return out;
  }

  /** The nodes of the outermost graph. */
  get nodes(): readonly NodeProto[] {
    return this.#root.nodes;
  }

  /** The finished model. Initialisers that nothing reads are left out, except those named in `keep`. */
  model(
    name: string,
    inputs: readonly Val[],
    outputs: readonly Val[],
    keep: ReadonlySet<string>,
  ): Uint8Array {
    const used = new Set<string>();
    collectInputs(this.#root.nodes, used);
    const graph = create(GraphProtoSchema, {
      name,
      node: this.#root.nodes,
      initializer: this.initializers.filter((t) => used.has(t.name) || keep.has(t.name)),
      input: inputs.map((v) => valueInfo(v)),
      output: outputs.map((v) => valueInfo(v)),
    });
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: "tenon",
      opsetImport: [{ domain: "", version: BigInt(this.opset) }],
      graph,
    });
    return toBinary(ModelProtoSchema, model);
  }
}

function collectInputs(nodes: readonly NodeProto[], into: Set<string>): void {
  for (const node of nodes) {
    for (const name of node.input) into.add(name);
    for (const a of node.attribute) if (a.g) collectInputs(a.g.node, into);
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

function tensor(name: string, dtype: DType, shape: readonly number[], rawData: Uint8Array): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: ONNX_TYPE[dtype] ?? 0,
    dims: shape.map(BigInt),
    rawData,
  });
}

/** Name, element type and shape, as a graph declares its inputs and results. Computed dims are left open. */
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

function hash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  const step = Math.max(1, Math.floor(bytes.length / 4096));
  for (let i = 0; i < bytes.length; i += step) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  return h >>> 0;
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  if (a === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
