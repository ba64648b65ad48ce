// Makes nodes and work, with the simplifications that need no look-around: identity views, views of constants, folding.
import { rowOf, unimplemented, type DType } from "tenon-plugin-api";
import { Body } from "../loops/body.ts";
import { rowMajor } from "../loops/index-map.ts";
import type { Combine, Region, Storage } from "../loops/loop-ir.ts";
import { computeOf, emitScalarOp, type ScalarWireOp } from "../loops/scalar-ops.ts";
import { identityOf, type Scalar } from "../loops/scalars.ts";
import { STORAGE, storageOf } from "../loops/storage.ts";
import { identityOperand } from "./identities.ts";
import type {
  AliasNode, AssembleWork, Buffer, BufferId, ConstantNode, DotWork, MapNode, MemoryNode, Node, PartNode, Piece, Place,
  Position, ReduceWork, Reader, SortWork, Source, SubGraph, UpdateWork, ViewNode, Work,
} from "./node.ts"; // prettier-ignore
import * as views from "./views.ts";

type Ints = readonly number[];
const sizeOf = (shape: Ints): number => shape.reduce((n, d) => n * d, 1);
const same = (a: Ints, b: Ints): boolean => a.length === b.length && a.every((n, i) => n === b[i]);
type Without<W, K extends PropertyKey> = W extends unknown ? Omit<W, K> : never;

/** What all graphs of one compilation share. */
export interface Shared {
  readonly plugin: string;
  readonly attachments: readonly Uint8Array[];
  readonly buffers: Buffer[];
  readonly notes: string[];
  nextId: number;
}

/** Text of a constant's value; −0 and 0 differ. */
const textOf = (x: Scalar): string => (Object.is(x, -0) ? "-0" : String(x));
/** Text of an op's attributes. */
const attrsKey = (attrs: unknown): string => {
  for (const _ in attrs as object) return JSON.stringify(attrs);
  return "";
};

/** One graph while it is built. Equal nodes are made once. */
export class GraphBuilder {
  readonly order: (Node | Work)[] = [];
  readonly shared: Shared;
  private readonly known = new Map<string, Node>();
  constructor(shared: Shared) {
    this.shared = shared;
  }

  private add<N extends Node>(
    node: Without<N, "id" | "size" | "required" | "place"> & { place?: Place | null },
  ): N {
    const made = {
      place: null,
      ...node,
      id: this.shared.nextId++,
      size: sizeOf(node.shape),
      required: false,
    } as unknown as N;
    this.order.push(made);
    return made;
  }
  private work<W extends Work>(
    work: Without<W, "id" | "parts">,
    results: readonly { dtype: DType; shape: Ints }[],
  ): PartNode[] {
    const made = { ...work, id: this.shared.nextId++, parts: [] } as unknown as W;
    this.order.push(made);
    const parts = results.map(({ dtype, shape }, index) =>
      this.add<PartNode>({ kind: "part", dtype, shape, work: made, index }),
    );
    made.parts = parts;
    return parts;
  }
  /** The node made before under this key, or a new one. */
  once(key: string, make: () => Node): Node {
    let node = this.known.get(key);
    if (node === undefined) this.known.set(key, (node = make()));
    return node;
  }
  buffer(buffer: Buffer): BufferId {
    return this.shared.buffers.push(buffer) - 1;
  }
  private storage(dtype: DType, op: string): Storage {
    const storage = storageOf(dtype);
    if (storage === null) throw unimplemented(op, dtype, this.shared.plugin);
    return storage;
  }

  /** An array that lies in a buffer, row-major. */
  memory(dtype: DType, shape: Ints, buffer: BufferId): MemoryNode {
    const place = { buffer, storage: this.storage(dtype, "parameter"), offset: 0, strides: rowMajor(shape) };
    return this.add({ kind: "memory", dtype, shape, place });
  }
  /** A new array that lies in a temporary buffer of its own. */
  carry(dtype: DType, shape: Ints): MemoryNode {
    const bytes = sizeOf(shape) * STORAGE[this.storage(dtype, "carry")].bytes;
    return this.memory(dtype, shape, this.buffer({ kind: "temp", bytes }));
  }
  constant(dtype: DType, shape: Ints, value: Scalar): ConstantNode {
    const key = `constant:${dtype}:${shape.join(",")}:${textOf(value)}`;
    return this.once(key, () => this.add<ConstantNode>({ kind: "constant", dtype, shape, value })) as ConstantNode; // prettier-ignore
  }
  /** A constant of any real dtype from a small integer. */
  number(dtype: DType, shape: Ints, value: number): ConstantNode {
    const big = dtype === "i64" || dtype === "u64";
    return this.constant(dtype, shape, big ? BigInt(value) : value);
  }
  iota(dtype: DType, shape: Ints, dimension: number): Node {
    const key = `iota:${dtype}:${shape.join(",")}:${dimension}`;
    return this.once(key, () => this.add({ kind: "iota", dtype, shape, dimension }));
  }

  /** An elementwise op. Rank-0 operands of larger results repeat. */
  map(op: ScalarWireOp, operands: readonly Node[], to: DType, shape: Ints, attrs: unknown = {}): Node {
    const args = operands.map((x) => (same(x.shape, shape) ? x : this.broadcast(x, shape, [])));
    const site = { op, from: (args[0] as Node).dtype, to, attrs, plugin: this.shared.plugin };
    const folded = this.fold(args, site);
    if (folded !== null) return this.constant(to, shape, folded);
    if (op === "convert" && site.from === to) return args[0] as Node;
    const operand = identityOperand(op, args);
    if (operand !== null) return operand;
    const ids = args.map((x) => x.id);
    if (rowOf(op).traits.commutative === true) ids.sort((a, b) => a - b);
    const key = `${op}:${to}:${ids.join(",")}:${attrsKey(attrs)}`;
    return this.once(key, () =>
      this.add({ kind: "map", dtype: to, shape, args, site, weight: weightOf(op) }),
    );
  }
  /** The scalar of an op on constants; null if it isn't one, or not exactly. */
  private fold(args: readonly Node[], site: MapNode["site"]): Scalar | null {
    if (!args.every((x) => x.kind === "constant")) return null;
    const b = new Body();
    const ids = args.map((x) => b.constant(computeOf(x.dtype, site.op, site.plugin), x.value));
    const v = b.values[emitScalarOp(b, ids, site)];
    return v?.op === "const" ? v.value : null;
  }

  /** A view; a constant's is a constant. `key`: text of the map, of equal text for equal maps. */
  view(
    arg: Node,
    shape: Ints,
    map: (p: Position, r: Reader) => Source,
    key: string,
    more: { otherwise?: Node; indices?: readonly Node[]; spread?: number } = {},
  ): Node {
    const { otherwise = null, indices = [], spread = 1 } = more;
    const value = arg.kind === "constant" ? arg.value : undefined;
    const edge = otherwise === null ? value : otherwise.kind === "constant" ? otherwise.value : undefined;
    if (value !== undefined && Object.is(value, edge)) return this.constant(arg.dtype, shape, value);
    const nodes = [arg, ...indices, ...(otherwise === null ? [] : [otherwise])].map((x) => x.id).join(",");
    return this.once(`${key}:${nodes}:${shape.join(",")}`, () =>
      this.add<ViewNode>({ kind: "view", dtype: arg.dtype, shape, arg, map, otherwise, indices, spread }),
    );
  }
  broadcast(x: Node, shape: Ints, dimensions: Ints): Node {
    if (same(x.shape, shape) && dimensions.every((d, i) => d === i)) return x;
    const leading = dimensions.every((d, i) => d === i);
    const spread = leading || x.size === 1 ? x.size / Math.max(sizeOf(shape), 1) : 1;
    return this.view(x, shape, views.broadcastMap(x.shape, dimensions), `broadcast ${dimensions.join(",")}`, {
      spread,
    });
  }
  reshape(x: Node, shape: Ints): Node {
    return same(x.shape, shape) ? x : this.view(x, shape, views.reshapeMap(shape, x.shape), "reshape");
  }
  transpose(x: Node, permutation: Ints): Node {
    if (permutation.every((d, i) => d === i)) return x;
    return this.view(x, permutation.map((d) => x.shape[d] as number), views.transposeMap(permutation), `transpose ${permutation.join(",")}`); // prettier-ignore
  }
  /** From `start` in steps of `strides`. */
  slice(x: Node, shape: Ints, start: Ints, strides: Ints): Node {
    if (same(x.shape, shape)) return x;
    const key = `slice ${start.join(",")}/${strides.join(",")}`;
    return this.view(x, shape, views.sliceMap(start, strides), key);
  }
  reverse(x: Node, dimensions: Ints): Node {
    if (dimensions.every((d) => x.shape[d] === 1)) return x;
    return this.view(x, x.shape, views.reverseMap(x.shape, dimensions), `reverse ${dimensions.join(",")}`);
  }
  pad(x: Node, value: Node, low: Ints, interior: Ints, shape: Ints): Node {
    const apart = interior.some((n, i) => n > 0 && (x.shape[i] as number) > 1);
    if (!apart && same(x.shape, shape) && low.every((n) => n === 0)) return x;
    if (!apart)
      return this.view(x, shape, views.padMap(x.shape, low), `pad ${low.join(",")}`, { otherwise: value });
    // Strided stores over a background beat a division for every element.
    const crop = this.cropped(x, low, interior, shape);
    return this.assemble(value.dtype, shape, this.broadcast(value, shape, []), [crop]);
  }
  /** The piece of a padded array that the operand is, without what negative padding cuts off. */
  private cropped(x: Node, low: Ints, interior: Ints, shape: Ints): Piece {
    const strides = rowMajor(shape);
    const start = x.shape.map((n, i) => {
      const every = (interior[i] as number) + 1;
      return Math.min(Math.max(Math.ceil(-(low[i] as number) / every), 0), n);
    });
    const stop = x.shape.map((n, i) => {
      const every = (interior[i] as number) + 1;
      return Math.min(n, Math.max(Math.ceil(((shape[i] as number) - (low[i] as number)) / every), 0));
    });
    const sizes = start.map((s, i) => Math.max((stop[i] as number) - s, 0));
    const node = same(sizes, x.shape) ? x : this.slice(x, sizes, start, start.map(() => 1)); // prettier-ignore
    const offset = start.reduce(
      (n, s, i) => n + ((low[i] as number) + s * ((interior[i] as number) + 1)) * (strides[i] as number),
      0,
    );
    return { node, offset, strides: strides.map((s, i) => s * ((interior[i] as number) + 1)) };
  }
  concat(parts: readonly Node[], dimension: number, shape: Ints): Node {
    const long = parts.filter((x) => x.size > 0);
    const dtype = (parts[0] as Node).dtype;
    if (long.length === 0) return this.number(dtype, shape, 0);
    if (long.length === 1) return long[0] as Node;
    // Computed pieces go right to their places; a few that lie in memory may be read where the whole is wanted.
    if (long.length > 4 || !long.every(isAtHand)) return this.concatPieces(long, dimension, shape);
    return this.add({ kind: "concat", dtype, shape, parts: long, dimension });
  }
  private concatPieces(parts: readonly Node[], dimension: number, shape: Ints): Node {
    const strides = rowMajor(shape);
    let start = 0;
    const pieces = parts.map((node) => {
      const piece = { node, strides, offset: start * (strides[dimension] as number) };
      start += node.shape[dimension] as number;
      return piece;
    });
    return this.assemble((parts[0] as Node).dtype, shape, null, pieces);
  }
  assemble(dtype: DType, shape: Ints, background: Node | null, pieces: readonly Piece[]): Node {
    return this.work<AssembleWork>({ kind: "assemble", background, pieces }, [{ dtype, shape }])[0] as Node;
  }
  /** The bytes of `arg` as another type. */
  alias(arg: Node, dtype: DType, shape: Ints): Node {
    arg.required = true;
    return this.add<AliasNode>({ kind: "alias", dtype, shape, arg, isBarrier: false });
  }
  /** The same arrays, through which nothing is merged, fused or moved. */
  barrier(args: readonly Node[]): Node[] {
    for (const arg of args) arg.required = true;
    return args.map((arg) =>
      this.add<AliasNode>({ kind: "alias", dtype: arg.dtype, shape: arg.shape, arg, isBarrier: true }),
    );
  }
  /** The node itself, as an array that nothing else reads. */
  fresh(x: Node): Node {
    return this.add<ViewNode>({ kind: "view", dtype: x.dtype, shape: x.shape, arg: x, map: views.identityMap, otherwise: null, indices: [], spread: 1 }); // prettier-ignore
  }

  /** Folds trailing axes. Operands have shape kept ++ over. */
  reduce(operands: readonly Node[], inits: readonly Node[], kept: Ints, combine: Combine): PartNode[] {
    const over = (operands[0] as Node).shape.slice(kept.length);
    const results = operands.map((x) => ({ dtype: x.dtype, shape: kept }));
    const make = (): PartNode[] =>
      this.work<ReduceWork>({ kind: "reduce", operands, inits, kept, over, combine }, results);
    if ("region" in combine) return make();
    const ids = [...operands, ...inits].map((x) => x.id).join(",");
    return [this.once(`reduce ${combine.monoid}:${ids}:${kept.length}`, () => make()[0] as Node) as PartNode];
  }
  /** Σ over the trailing axes, from zero; bool is "or". */
  sum(x: Node, kept: Ints): Node {
    const monoid = x.dtype === "bool" ? "or" : "add";
    const init = this.constant(
      x.dtype,
      [],
      identityOf(monoid, computeOf(x.dtype, "reduce", this.shared.plugin)),
    );
    return this.reduce([x], [init], kept, { monoid })[0] as Node;
  }
  dot(work: Omit<DotWork, "id" | "parts" | "kind">, shape: Ints): Node {
    return this.work<DotWork>({ kind: "dot", ...work }, [{ dtype: work.dtype, shape }])[0] as Node;
  }
  sort(operands: readonly Node[], dimension: number, comparator: Region): PartNode[] {
    for (const x of operands) x.required = true;
    return this.work<SortWork>({ kind: "sort", operands, dimension, comparator }, operands);
  }
  update(work: Omit<UpdateWork, "id" | "parts" | "kind">): PartNode[] {
    // A target that costs nothing to make again is made for this work alone, so that it is changed in place.
    const targets = work.targets.map((t) => (t.kind === "constant" ? this.fresh(t) : t));
    for (const t of targets) t.required = true;
    return this.work<UpdateWork>({ kind: "update", ...work, targets }, targets);
  }
  loop(inits: readonly Node[], carries: readonly MemoryNode[], cond: SubGraph, body: SubGraph): PartNode[] {
    const own = inits.map((x) => (x.kind === "constant" || x.kind === "iota" ? this.fresh(x) : x));
    for (const x of own) x.required = true;
    return this.work({ kind: "while", inits: own, carries, cond, body }, carries);
  }
  choose(index: Node, branches: readonly SubGraph[]): PartNode[] {
    index.required = true;
    return this.work({ kind: "case", index, branches }, (branches[0] as SubGraph).results);
  }
}

/** Is an element of the node read, not computed? */
const isAtHand = (x: Node): boolean =>
  x.kind === "view" ? isAtHand(x.arg) : x.kind !== "map" && x.kind !== "concat";

/** Cost of one evaluation, from the op's accuracy: what isn't exact is a polynomial. */
function weightOf(op: ScalarWireOp): number {
  const { accuracy } = rowOf(op);
  return typeof accuracy === "object" ? (accuracy.ulp <= 1 ? 4 : 12) : 1;
}
