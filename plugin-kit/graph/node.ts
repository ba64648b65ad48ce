// The graph between Program and kernels: every array is a node of one of a few kinds, told apart by what they let the
// fuser do: read it from memory, compute an element in place, follow a view, or wait for a piece of work.
import type { DType } from "tenon-plugin-api";
import type { Bounds, IxScope } from "../loops/index-map.ts";
import type { Combine, Guard, Ix, Region, Storage } from "../loops/loop-ir.ts";
import type { ScalarSite } from "../loops/scalar-ops.ts";
import type { Scalar } from "../loops/scalars.ts";

/** Index into `Buffers.list`. */
export type BufferId = number;
/** A run of bytes that some step reads or writes. */
export type Buffer =
  | { readonly kind: "arg"; readonly index: number; readonly bytes: number }
  | { readonly kind: "const"; readonly data: Uint8Array; readonly bytes: number }
  | { readonly kind: "temp"; readonly bytes: number };
/** Where the elements of a node lie. */
export interface Place {
  readonly buffer: BufferId;
  readonly storage: Storage;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** The point at which a node is read: an index per axis, and the guards under which that index is valid. */
export interface Position {
  readonly at: readonly Ix[];
  readonly guards: readonly Guard[];
}
/** What a view's map may ask for. */
export interface Reader {
  readonly scope: IxScope;
  /** An element of an integer array as an index, clamped to the bounds. */
  index(node: Node, position: Position, bounds: Bounds): Ix;
}
/** Where a view reads its operand; `guards`: only where they hold, else the view's `otherwise`. */
export interface Source {
  readonly at: readonly Ix[];
  readonly guards?: readonly Guard[];
}

interface NodeBase {
  /** Nodes are made in an order in which operands come first. */
  readonly id: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly size: number;
  /** Must be in memory, row-major and by itself: a result, or an operand of work that addresses it. */
  required: boolean;
  /** Set as soon as the node is, or is going to be, in memory. */
  place: Place | null;
}
/** In memory from the start: a parameter, a carry, a constant array. */
export interface MemoryNode extends NodeBase {
  readonly kind: "memory";
}
/** One scalar everywhere. */
export interface ConstantNode extends NodeBase {
  readonly kind: "constant";
  readonly value: Scalar;
}
/** The index along an axis. */
export interface IotaNode extends NodeBase {
  readonly kind: "iota";
  readonly dimension: number;
}
/** A function of the elements at its place; operands have its shape. */
export interface MapNode extends NodeBase {
  readonly kind: "map";
  readonly args: readonly Node[];
  readonly site: ScalarSite;
  /** Cost of one evaluation; a load is 1. */
  readonly weight: number;
}
/** Elements of `arg` elsewhere. */
export interface ViewNode extends NodeBase {
  readonly kind: "view";
  readonly arg: Node;
  readonly map: (position: Position, reader: Reader) => Source;
  /** Rank 0: the element where a guard fails. */
  readonly otherwise: Node | null;
  /** Integer arrays that the map reads. */
  readonly indices: readonly Node[];
  /** Evaluations of `arg` for one of each element of the view: < 1 where neighbours share it. */
  readonly spread: number;
}
/** Pieces side by side. */
export interface ConcatNode extends NodeBase {
  readonly kind: "concat";
  readonly parts: readonly Node[];
  readonly dimension: number;
}
/** A result of work. */
export interface PartNode extends NodeBase {
  readonly kind: "part";
  readonly work: Work;
  readonly index: number;
}
/** The bytes of `arg` read as another type, or not to be looked through. */
export interface AliasNode extends NodeBase {
  readonly kind: "alias";
  readonly arg: Node;
  /** A barrier: what reads it runs after everything that stands before it. */
  readonly isBarrier: boolean;
}
/** An array. */
export type Node =
  MemoryNode | ConstantNode | IotaNode | MapNode | ViewNode | ConcatNode | PartNode | AliasNode;

/** Folds the trailing `over` axes of its operands. */
export interface ReduceWork {
  readonly kind: "reduce";
  readonly id: number;
  readonly operands: readonly Node[];
  readonly inits: readonly Node[];
  /** Extents of the result, and of the folded axes. */
  readonly kept: readonly number[];
  readonly over: readonly number[];
  readonly combine: Combine;
  parts: readonly PartNode[];
}
/** An axis of a matrix product's operand: of `node`, or −1 for one along which it repeats. */
export interface MatrixAxis {
  readonly axis: number;
  readonly size: number;
}
/** An operand of a matrix product: a strided piece of something in memory. */
export interface MatrixOperand {
  readonly node: Node;
  readonly batch: readonly MatrixAxis[];
  readonly rows: readonly MatrixAxis[];
  readonly cols: readonly MatrixAxis[];
}
/** A batched matrix product of f32 or f64. */
export interface DotWork {
  readonly kind: "dot";
  readonly id: number;
  readonly dtype: "f32" | "f64";
  readonly lhs: MatrixOperand;
  readonly rhs: MatrixOperand;
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  parts: readonly PartNode[];
}
/** A stable sort along one axis. */
export interface SortWork {
  readonly kind: "sort";
  readonly id: number;
  readonly operands: readonly Node[];
  readonly dimension: number;
  readonly comparator: Region;
  parts: readonly PartNode[];
}
/**
 * A copy of each target, changed at the points that `map` gives for the points of `over`: replaced, or combined one
 * after the other.
 */
export interface UpdateWork {
  readonly kind: "update";
  readonly id: number;
  readonly targets: readonly Node[];
  /** Read at the points of `over`. */
  readonly values: readonly Node[];
  readonly over: readonly number[];
  readonly indices: readonly Node[];
  readonly map: (position: Position, reader: Reader) => Source;
  /** null: the value replaces the element, and no element is written twice. */
  readonly combine: Combine | null;
  parts: readonly PartNode[];
}
/** A piece of an assembled array: its elements lie at Σ index · strides + offset. */
export interface Piece {
  readonly node: Node;
  readonly strides: readonly number[];
  readonly offset: number;
}
/** An array put together from pieces, over a background. */
export interface AssembleWork {
  readonly kind: "assemble";
  readonly id: number;
  readonly background: Node | null;
  readonly pieces: readonly Piece[];
  parts: readonly PartNode[];
}
/** The body of a loop, a condition, a branch. */
export interface SubGraph {
  readonly order: readonly (Node | Work)[];
  readonly results: readonly Node[];
}
/** while: the carries start as `inits`, and are `carries` inside. */
export interface WhileWork {
  readonly kind: "while";
  readonly id: number;
  readonly inits: readonly Node[];
  readonly carries: readonly MemoryNode[];
  readonly cond: SubGraph;
  readonly body: SubGraph;
  parts: readonly PartNode[];
}
/** case: one branch by index. */
export interface CaseWork {
  readonly kind: "case";
  readonly id: number;
  readonly index: Node;
  readonly branches: readonly SubGraph[];
  parts: readonly PartNode[];
}
/** A step of its own, with results in memory. */
export type Work = ReduceWork | DotWork | SortWork | UpdateWork | AssembleWork | WhileWork | CaseWork;

/** Is it an array (not work)? */
export const isNode = (x: Node | Work): x is Node => "shape" in x;
