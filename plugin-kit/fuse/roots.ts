// Which arrays are stored: results, operands that work addresses, and what it would cost more to compute again than to
// write and read. One pass forwards for what an element costs, one backwards for how often it is wanted.
import type { SubGraph, Node, Work } from "../graph/node.ts";
import { operandsOf } from "../graph/finish.ts";
import { isNode } from "../graph/node.ts";

/** Longer chains are cut: a kernel's code stays small, and recursion shallow. */
const MAX_DEPTH = 300;
/** A node wanted at more places than this is stored. */
const MAX_CONTEXTS = 16;
const [LOAD, STORE] = [1, 2];

/** Is the node computed where it is wanted, unless it is stored? */
const isComputed = (x: Node): boolean => x.kind === "map" || x.kind === "concat" || x.kind === "view";

class Chooser {
  private readonly graph: SubGraph;
  /** Cost of one element, stored operands as loads. */
  private readonly weight = new Map<Node, number>();
  private readonly depth = new Map<Node, number>();
  /** Where a node is wanted: elements to compute, by context. Equal contexts are the same elements of one kernel. */
  private readonly wanted = new Map<Node, Map<number, number>>();
  private readonly derived = new Map<string, number>();
  private nextContext = 0;
  private readonly forced: ReadonlySet<Node>;
  readonly roots = new Set<Node>();
  constructor(graph: SubGraph, forced: ReadonlySet<Node>) {
    this.graph = graph;
    this.forced = forced;
  }

  run(): ReadonlySet<Node> {
    for (const x of this.graph.order) if (isNode(x)) this.weigh(x);
    for (let i = this.graph.order.length - 1; i >= 0; i--) {
      const x = this.graph.order[i] as Node | Work;
      if (isNode(x)) this.visit(x);
      else this.visitWork(x);
    }
    return this.roots;
  }

  private mustStore(x: Node): boolean {
    return x.required || this.forced.has(x);
  }
  private weightOf(x: Node): number {
    return this.mustStore(x) ? LOAD : (this.weight.get(x) ?? LOAD);
  }
  private weigh(x: Node): void {
    const operands = operandsOf(x);
    const depth = 1 + Math.max(0, ...operands.map((o) => (this.mustStore(o) ? 0 : (this.depth.get(o) ?? 0))));
    if (depth > MAX_DEPTH && isComputed(x)) x.required = true;
    this.depth.set(x, isComputed(x) ? depth : 0);
    const sum = operands.reduce((n, o) => n + this.weightOf(o), 0);
    this.weight.set(x, Math.min(own(x) + (isComputed(x) ? sum : 0), 1e6));
  }

  private visitWork(x: Work): void {
    for (const [node, elements] of pulled(x)) this.want(node, this.nextContext++, elements);
  }

  private visit(x: Node): void {
    const contexts = this.wanted.get(x);
    if (contexts === undefined && !this.mustStore(x)) return;
    if (!isComputed(x)) {
      if (x.required && (x.kind === "constant" || x.kind === "iota")) this.roots.add(x);
      return;
    }
    const inner = contexts ?? new Map<number, number>();
    if (this.mustStore(x) || this.isStored(x, inner)) {
      this.roots.add(x);
      this.pass(x, new Map([[this.nextContext++, x.size]]));
    } else this.pass(x, inner);
  }

  /** Computing again against writing once and reading. */
  private isStored(x: Node, contexts: ReadonlyMap<number, number>): boolean {
    if (x.kind === "view") return false;
    if (contexts.size > MAX_CONTEXTS) return true;
    let elements = 0;
    for (const n of contexts.values()) elements += n;
    const weight = this.weightOf(x);
    const once =
      x.kind === "concat" ? x.parts.reduce((n, p) => n + this.weightOf(p) * p.size, 0) : weight * x.size;
    return weight * elements > once + STORE * x.size + LOAD * elements;
  }

  /** Hands the places where a node is wanted to its operands. */
  private pass(x: Node, contexts: ReadonlyMap<number, number>): void {
    if (x.kind === "map") for (const a of new Set(x.args)) contexts.forEach((n, c) => this.want(a, c, n));
    else
      for (const o of new Set(operandsOf(x)))
        contexts.forEach((n, c) => this.want(o, this.derive(c, x), n * (x.kind === "view" ? x.spread : 1)));
  }
  private derive(context: number, view: Node): number {
    const key = `${context}:${view.id}`;
    let id = this.derived.get(key);
    if (id === undefined) this.derived.set(key, (id = this.nextContext++));
    return id;
  }
  private want(x: Node, context: number, elements: number): void {
    let contexts = this.wanted.get(x);
    if (contexts === undefined) this.wanted.set(x, (contexts = new Map()));
    if (contexts.size <= MAX_CONTEXTS) contexts.set(context, Math.max(elements, contexts.get(context) ?? 0));
  }
}

/** Cost of one evaluation beside its operands'. */
function own(x: Node): number {
  switch (x.kind) {
    case "map":
      return x.weight;
    case "constant":
      return 0;
    case "view":
      return x.indices.length > 0 ? 2 : x.otherwise === null ? 0 : 1;
    case "concat":
      return x.parts.length;
    default:
      return LOAD;
  }
}
const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
/** Nodes that work computes in its own kernel, and how many elements of each. */
function pulled(x: Work): [Node, number][] {
  switch (x.kind) {
    case "reduce": {
      const n = count(x.kept) * count(x.over);
      return [
        ...x.operands.map((o): [Node, number] => [o, n]),
        ...x.inits.map((o): [Node, number] => [o, 1]),
      ];
    }
    case "update":
      return [...x.values, ...x.indices].map((o): [Node, number] => [o, count(x.over)]);
    case "assemble":
      return [...(x.background === null ? [] : [x.background]), ...x.pieces.map((p) => p.node)].map(
        (o): [Node, number] => [o, o.size],
      );
    default:
      return [];
  }
}

/** The nodes to store, beside work's results and what is in memory already; `forced` ones in any case. */
export function chooseRoots(graph: SubGraph, forced: ReadonlySet<Node>): ReadonlySet<Node> {
  return new Chooser(graph, forced).run();
}
