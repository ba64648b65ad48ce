// A last look at a whole graph before its kernels are made: matrix products are turned to the order in which they are
// wanted, and a view that must be in memory but is all of something that lies there anyway shares its memory.
import { rowMajor } from "../loops/index-map.ts";
import { addressOf, sameElements } from "./address.ts";
import type { DotWork, MatrixOperand, Node, PartNode, SubGraph, ViewNode, Work } from "./node.ts";
import { isNode } from "./node.ts";
import { identityMap } from "./views.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Nodes that computing a node reads. */
export function operandsOf(x: Node): readonly Node[] {
  switch (x.kind) {
    case "map":
      return x.args;
    case "view":
      return [x.arg, ...x.indices, ...(x.otherwise === null ? [] : [x.otherwise])];
    case "concat":
      return x.parts;
    case "alias":
      return [x.arg];
    default:
      return [];
  }
}
/** Nodes that work reads. */
function operandsOfWork(x: Work): readonly Node[] {
  switch (x.kind) {
    case "reduce":
      return [...x.operands, ...x.inits];
    case "dot":
      return [x.lhs.node, x.rhs.node];
    case "sort":
      return x.operands;
    case "update":
      return [...x.targets, ...x.values, ...x.indices];
    case "assemble":
      return [...(x.background === null ? [] : [x.background]), ...x.pieces.map((p) => p.node)];
    case "while":
      return x.inits;
    case "case":
      return [x.index];
  }
}

/** The one view that reads a product, or null if others do, or if it must be in memory itself. */
function onlyViews(graph: SubGraph): Map<PartNode, ViewNode | null> {
  const readers = new Map<PartNode, ViewNode | null>();
  for (const x of graph.order) {
    const isView = isNode(x) && x.kind === "view";
    for (const o of isNode(x) ? operandsOf(x) : operandsOfWork(x)) {
      if (o.kind !== "part" || o.work.kind !== "dot") continue;
      const known = readers.get(o);
      readers.set(o, isView && (known === undefined || known === x) ? x : null);
    }
  }
  for (const part of readers.keys()) if (part.required) readers.set(part, null);
  return readers;
}

/** Is the view the product's elements with rows and columns exchanged, row-major? */
function isTransposed(view: ViewNode, part: PartNode, work: DotWork): boolean {
  const address = view.required ? addressOf({ ...view, required: false }) : addressOf(view);
  if (address?.base !== part || address.offset !== 0 || view.size !== part.size) return false;
  const { m, n } = work;
  const wanted = rowMajor(view.shape);
  return view.shape.every((size, i) => {
    if (size === 1) return true;
    const stride = address.strides[i] as number;
    // A step in the batch, along a column, along a row.
    if (stride >= m * n) return wanted[i] === stride;
    if (stride < 0) return false;
    return wanted[i] === (stride >= n ? stride / n : stride * m) && (stride < n || stride % n === 0);
  });
}
const turned = (x: MatrixOperand): MatrixOperand => ({ ...x, rows: x.cols, cols: x.rows });

/** Products of which only the transpose is wanted are computed as that: (A·B)ᵀ = Bᵀ·Aᵀ. */
function turnProducts(graph: SubGraph): void {
  for (const [part, view] of onlyViews(graph)) {
    const work = part.work as Mutable<DotWork>;
    if (view === null || work.m === 1 || work.n === 1 || !isTransposed(view, part, work)) continue;
    [work.lhs, work.rhs] = [turned(work.rhs), turned(work.lhs)];
    [work.m, work.n] = [work.n, work.m];
    (part as Mutable<PartNode>).shape = view.shape;
    (view as Mutable<ViewNode>).map = identityMap;
  }
}

/** A required view of all of a node, in its order, becomes another name of its memory. */
function shareMemory(graph: SubGraph): void {
  for (const x of graph.order) {
    if (!isNode(x) || x.kind !== "view" || !x.required || x.place !== null) continue;
    const base = sameElements({ ...x, required: false });
    if (base === null || base.kind === "constant" || base.kind === "iota") continue;
    base.required = true;
    Object.assign(x, { kind: "alias", arg: base, isBarrier: false });
  }
}

/** Prepares a graph for fusion. */
export function finishGraph(graph: SubGraph): void {
  turnProducts(graph);
  shareMemory(graph);
}
