// From a graph to the sequence of kernels and steps: chooses what is stored, finds what each store reads, and lets stores
// and reductions share kernels. Asks only what kind of node or work it sees; no op is named here.
import type { Shared } from "../graph/builder.ts";
import type {
  AssembleWork,
  ConcatNode,
  Node,
  PartNode,
  Piece,
  Place,
  SubGraph,
  ViewNode,
  Work,
} from "../graph/node.ts";
import { isNode } from "../graph/node.ts";
import { identityMap } from "../graph/views.ts";
import { Body } from "../loops/body.ts";
import { rowMajor } from "../loops/index-map.ts";
import { STORAGE, storageOf } from "../loops/storage.ts";
import { Grouping, long, type Access, type Group, type Unit } from "./groups.ts";
import { Puller, type Surroundings } from "./pull.ts";
import { chooseRoots } from "./roots.ts";

/**
 * Work that is a step of its own. Reductions and replacing updates are in groups, assembled arrays are stored by their
 * pieces.
 */
export type StepWork = Exclude<Work, { kind: "reduce" | "assemble" }>;
/** One kernel or step, in the order in which they run. */
export type Item = { readonly group: Group } | { readonly step: StepWork };

/** A graph's sequence. */
export interface Fused {
  readonly items: readonly Item[];
  /** Nodes read outside the stage that computes them. */
  readonly exposed: ReadonlySet<Node>;
}

/** A new place of a node's own. */
export function ownPlace(node: Node, shared: Shared): Place {
  const storage = storageOf(node.dtype);
  if (storage === null) throw new Error(`internal: ${node.dtype} is not stored`);
  const buffer = shared.buffers.push({ kind: "temp", bytes: node.size * STORAGE[storage].bytes }) - 1;
  return { buffer, storage, offset: 0, strides: rowMajor(node.shape) };
}
/** Does anything compute this kind of node in place? */
const isConstant = (x: Node | null): boolean =>
  x === null || x.kind === "constant" || (x.kind === "view" && isConstant(x.arg) && x.indices.length === 0);

const DUMMY: Place = { buffer: 0, storage: "u8", offset: 0, strides: [] };

class Fuser {
  private readonly graph: SubGraph;
  private readonly shared: Shared;
  private readonly grouping: Grouping;
  private readonly items: Item[] = [];
  private roots: ReadonlySet<Node> = new Set();
  /** Pieces that are computed right into the array they are part of. */
  private readonly direct = new Map<Node, AssembleWork>();
  private readonly backgrounds = new Map<AssembleWork, number>();

  constructor(graph: SubGraph, shared: Shared) {
    this.graph = graph;
    this.shared = shared;
    this.grouping = new Grouping(shared.notes);
  }

  run(): Fused {
    for (const x of this.graph.order) if (!isNode(x) && x.kind === "assemble") this.assign(x);
    this.roots = chooseRoots(this.graph, new Set(this.direct.keys()));
    for (const x of this.graph.order) {
      if (isNode(x)) this.visitNode(x);
      else this.visitWork(x);
    }
    for (const node of this.graph.results) this.grouping.expose(node);
    return { items: this.items, exposed: this.grouping.exposed };
  }

  /** The place of an assembled array, and of the pieces that only it wants. */
  private assign(work: AssembleWork): void {
    const [part] = work.parts as [PartNode];
    part.place = ownPlace(part, this.shared);
    if (!isConstant(work.background)) return;
    for (const piece of work.pieces) {
      const { node } = piece;
      const free = node.kind === "map" || node.kind === "concat";
      if (!free || node.required || node.place !== null) continue;
      node.place = placeOf(piece, part.place);
      this.direct.set(node, work);
    }
  }

  private visitNode(x: Node): void {
    if (x.kind === "alias") this.grouping.same(x);
    if (!this.roots.has(x)) return;
    const work = this.direct.get(x);
    const after = work === undefined ? -1 : this.background(work);
    if (x.kind === "concat") this.storePieces(x, after);
    else this.add({ kind: "store", node: x, domain: long(x.shape) }, after);
  }
  /** Each piece is stored by itself: no element asks where it belongs. */
  private storePieces(x: ConcatNode, after: number): void {
    const place = (x.place ??= ownPlace(x, this.shared));
    const stride = place.strides[x.dimension] as number;
    let { offset } = place;
    let order = after;
    for (const part of x.parts) {
      order = Math.max(order, this.copy(part, { ...place, offset }, after));
      offset += (part.shape[x.dimension] as number) * stride;
    }
    this.grouping.madeBy(x, order);
  }

  private visitWork(x: Work): void {
    if (x.kind === "reduce")
      return void this.add({ kind: "reduce", work: x, domain: long([...x.kept, ...x.over]) }, -1);
    if (x.kind === "assemble") return this.assemble(x);
    if (x.kind === "update") {
      const unit: Unit = { kind: "update", work: x, domain: long(x.over) };
      for (const target of x.targets) this.grouping.expose(target);
      // Kernels before the targets are whole can't hold it.
      const after = Math.max(...x.targets.map((t) => this.grouping.madeAt(t)));
      if (x.combine === null) return void this.add(unit, after);
      for (const { node } of this.reads(unit).accesses) this.grouping.expose(node);
    }
    this.items.push({ step: x });
    this.grouping.step(x.parts);
  }

  /** Order of the kernel that fills an assembled array's background; −1 without. */
  private background(work: AssembleWork): number {
    let order = this.backgrounds.get(work);
    if (order === undefined) {
      const { background } = work;
      const place = (work.parts[0] as PartNode).place as Place;
      order = background === null || background.size === 0 ? -1 : this.copy(background, place, -1);
      this.backgrounds.set(work, order);
    }
    return order;
  }
  private assemble(work: AssembleWork): void {
    const [part] = work.parts as [PartNode];
    const filled = this.background(work);
    let order = filled;
    for (const piece of work.pieces) {
      const own = this.direct.get(piece.node) === work && samePlace(piece, part.place as Place);
      const made = own
        ? this.grouping.madeAt(piece.node)
        : this.copy(piece.node, placeOf(piece, part.place as Place), filled);
      order = Math.max(order, made);
    }
    this.grouping.madeBy(part, order);
  }
  /** Stores a node's elements at a place of another array. */
  private copy(node: Node, place: Place, after: number): number {
    const { dtype, shape, size } = node;
    const view: ViewNode = {
      kind: "view", id: this.shared.nextId++, dtype, shape, size, required: true, place,
      arg: node, map: identityMap, otherwise: null, indices: [], spread: 1,
    }; // prettier-ignore
    return this.add({ kind: "store", node: view, domain: long(shape) }, after).order;
  }

  private add(unit: Unit, after: number): Group {
    const { accesses, weight } = this.reads(unit);
    const { group, isNew } = this.grouping.place(unit, accesses, weight, after);
    if (isNew) this.items.push({ group });
    return group;
  }

  /** What a unit reads of other kernels and steps, at which points of its domain. */
  private reads(unit: Unit): { accesses: Access[]; weight: number } {
    if (unit.kind === "store") {
      const { node } = unit;
      return this.accesses(unit.domain, (at) => at.puller.pull(node, at.point(node.shape)), node);
    }
    if (unit.kind === "reduce") {
      const { operands, inits, kept, over } = unit.work;
      return this.accesses(unit.domain, ({ puller, point }) => {
        for (const node of operands) puller.pull(node, point([...kept, ...over]));
        for (const node of inits) puller.scalar(node);
      });
    }
    const { values, over, map } = unit.work;
    return this.accesses(unit.domain, ({ puller, point }) => {
      for (const node of values) puller.pull(node, point(over));
      map(point(over), puller);
    });
  }
  /** What pulling at the points of a domain reads; `own` is computed there, even if it is stored. */
  private accesses(
    domain: readonly number[],
    pull: (at: { puller: Puller; point: (shape: readonly number[]) => Position }) => void,
    own?: Node,
  ): { accesses: Access[]; weight: number } {
    const accesses: Access[] = [];
    const seen = new Map<Node, Set<Position>>();
    const around: Surroundings = {
      plugin: this.shared.plugin,
      param: () => 0,
      extent: (a) => domain[a] as number,
      reduced: () => undefined,
      stored: (node, position) => {
        if (node === own || !this.isStored(node)) return null;
        let positions = seen.get(node);
        if (positions === undefined) seen.set(node, (positions = new Set()));
        if (!positions.has(position)) {
          positions.add(position);
          accesses.push({ node, position });
        }
        return DUMMY;
      },
    };
    const puller = new Puller(new Body(), around);
    const axes = domain.map((_, i) => i);
    pull({ puller, point: (shape) => puller.point(shape, axes) });
    return { accesses, weight: puller.body.values.length };
  }
  private isStored(node: Node): boolean {
    // A constant is part of the code, even where it is stored as well.
    if (node.kind === "constant") return false;
    return node.place !== null || node.kind === "part" || node.kind === "alias" || this.roots.has(node);
  }
}
type Position = Access["position"];

const placeOf = (piece: Piece, whole: Place): Place => ({
  ...whole,
  offset: piece.offset,
  strides: piece.strides,
});
const samePlace = (piece: Piece, whole: Place): boolean =>
  piece.node.place?.buffer === whole.buffer && piece.node.place.offset === piece.offset;

/** The kernels and steps of a graph. Places of assembled arrays and of their pieces are set. */
export function fuse(graph: SubGraph, shared: Shared): Fused {
  return new Fuser(graph, shared).run();
}
