// Computes an element of a node inside a kernel's body: follows views by rewriting the index, computes maps in place,
// and loads what lies in memory.
import type { ConcatNode, Node, Place, Position, Reader, ViewNode } from "../graph/node.ts";
import type { Body } from "../loops/body.ts";
import { guardKey } from "../loops/body.ts";
import {
  axisIx,
  constIx,
  decideGuard,
  flatIx,
  keyOf,
  plus,
  valueIx,
  type Bounds,
  type IxScope,
} from "../loops/index-map.ts";
import type { Guard, Ix, ValueId } from "../loops/loop-ir.ts";
import { computeOf, convertDType, emitScalarOp } from "../loops/scalar-ops.ts";
import type { Scalar } from "../loops/scalars.ts";

/** What a stage knows about nodes that aren't computed in its own body. */
export interface Surroundings {
  /** Where a node that is read from memory lies; null: it is computed here, or reduced in an earlier stage. */
  stored(node: Node, position: Position): Place | null;
  /** A reduction of an earlier stage. */
  reduced(node: Node, position: Position, body: Body): ValueId | undefined;
  /** The parameter of a place. */
  param(place: Place): number;
  extent(axis: number): number;
  readonly plugin: string;
}

const NO_GUARDS: readonly Guard[] = [];

/** Pulls values into one body. */
export class Puller implements Reader {
  readonly body: Body;
  readonly scope: IxScope;
  private readonly around: Surroundings;
  private readonly positions = new Map<string, Position>();
  private readonly known = new Map<Node, Map<Position, ValueId>>();
  constructor(body: Body, around: Surroundings) {
    this.body = body;
    this.around = around;
    this.scope = { extent: (a) => around.extent(a), value: (id) => body.boundsOf(id) };
  }

  /** The one object of a position. */
  position(at: readonly Ix[], guards: readonly Guard[] = NO_GUARDS): Position {
    const key = `${at.map(keyOf).join(";")}|${guards.map(guardKey).join(";")}`;
    let position = this.positions.get(key);
    if (position === undefined) this.positions.set(key, (position = { at, guards }));
    return position;
  }
  /** The point of a shape at a list of axes; axes of size 1 have none. */
  point(shape: readonly number[], axes: readonly number[]): Position {
    let k = 0;
    return this.position(shape.map((n) => (n === 1 ? constIx(0) : axisIx(axes[k++] as number))));
  }

  /** The element of a node at a position. */
  pull(node: Node, p: Position): ValueId {
    let values = this.known.get(node);
    if (values === undefined) this.known.set(node, (values = new Map()));
    let id = values.get(p);
    if (id === undefined) values.set(p, (id = this.find(node, p)));
    return id;
  }
  /** The scalar of a rank-0 node. */
  scalar(node: Node): ValueId {
    return this.pull(node, this.position([]));
  }

  private find(node: Node, p: Position): ValueId {
    const place = this.around.stored(node, p);
    if (place !== null) return this.load(node, place, p);
    return this.around.reduced(node, p, this.body) ?? this.compute(node, p);
  }
  private compute(node: Node, p: Position): ValueId {
    switch (node.kind) {
      case "constant":
        return this.constant(node, node.value);
      case "iota":
        return convertDType(this.body, this.body.index(p.at[node.dimension] as Ix), "i32", node.dtype, this.around.plugin); // prettier-ignore
      case "map":
        return emitScalarOp(this.body, node.args.map((a) => this.pull(a, p)), node.site); // prettier-ignore
      case "view":
        return this.view(node, p);
      case "concat":
        return this.concat(node, p);
      default:
        throw new Error(`internal: ${node.kind} ${node.id} is not in memory where it is read`);
    }
  }
  private constant(node: Node, value: Scalar): ValueId {
    return this.body.constant(computeOf(node.dtype, "constant", this.around.plugin), value);
  }
  private zero(node: Node): ValueId {
    return this.constant(node, node.dtype === "i64" || node.dtype === "u64" ? 0n : 0);
  }

  /** An element in memory. Where a guard fails nothing is read. */
  private load(node: Node, place: Place, p: Position, otherwise?: ValueId): ValueId {
    const dtype = computeOf(node.dtype, "load", this.around.plugin);
    const at = flatIx(p.at, place.strides, place.offset);
    const param = this.around.param(place);
    if (p.guards.length === 0) return this.body.load(dtype, param, at);
    return this.body.load(dtype, param, at, p.guards, otherwise ?? this.zero(node));
  }

  private view(v: ViewNode, p: Position): ValueId {
    const source = v.map(p, this);
    const open = this.undecided(source.guards ?? NO_GUARDS);
    if (open === null) return this.scalar(v.otherwise as Node);
    const q = this.position(source.at, open.length === 0 ? p.guards : [...p.guards, ...open]);
    if (open.length === 0) return this.pull(v.arg, q);
    return this.guarded(v.arg, q, open, p.guards, this.scalar(v.otherwise as Node));
  }
  /** Guards that bounds don't decide; null if one never holds. */
  private undecided(guards: readonly Guard[]): readonly Guard[] | null {
    const open: Guard[] = [];
    for (const g of guards) {
      const decided = decideGuard(g, this.scope);
      if (decided === false) return null;
      if (decided === undefined) open.push(g);
    }
    return open;
  }
  /** The element of a node at a position that is valid where `guards` hold, else a fallback. */
  private guarded(
    node: Node,
    p: Position,
    guards: readonly Guard[],
    outer: readonly Guard[],
    fallback: ValueId,
  ): ValueId {
    const [base, q] = this.follow(node, p);
    const place =
      outer.length === 0 && q.guards.length === guards.length ? this.around.stored(base, q) : null;
    if (place !== null) return this.load(base, place, q, fallback);
    const value = this.pull(node, p);
    const dtype = this.body.dtype(value);
    return this.body.op("select", dtype, this.body.holds(guards) as ValueId, value, fallback);
  }
  /** Down through views that add no guard. */
  private follow(node: Node, p: Position): [Node, Position] {
    let [base, position] = [node, p];
    while (base.kind === "view" && this.around.stored(base, position) === null) {
      const source = base.map(position, this);
      const open = this.undecided(source.guards ?? NO_GUARDS);
      if (open === null || open.length > 0) break;
      position = this.position(source.at, position.guards);
      base = base.arg;
    }
    return [base, position];
  }

  private concat(node: ConcatNode, p: Position): ValueId {
    const x = p.at[node.dimension] as Ix;
    const pieces: { part: Node; guard: Guard; at: readonly Ix[] }[] = [];
    let start = 0;
    for (const part of node.parts) {
      const size = part.shape[node.dimension] as number;
      const guard = { x, lo: start, hi: start + size };
      const decided = decideGuard(guard, this.scope);
      const at = p.at.map((ix, i) => (i === node.dimension ? plus(ix, -start) : ix));
      if (decided === true) return this.pull(part, this.position(at, p.guards));
      if (decided === undefined) pieces.push({ part, guard, at });
      start += size;
    }
    const last = pieces.pop() as (typeof pieces)[number];
    if (pieces.length === 0) return this.pull(last.part, this.position(last.at, p.guards));
    let value = this.pull(last.part, this.position(last.at, [...p.guards, last.guard]));
    for (const { part, guard, at } of pieces.reverse())
      value = this.guarded(part, this.position(at, [...p.guards, guard]), [guard], p.guards, value);
    return value;
  }

  index(node: Node, position: Position, [lo, hi]: Bounds): Ix {
    const value = this.pull(node, this.position(position.at, position.guards));
    const id = this.body.clampIndex(value, lo, hi);
    const v = this.body.values[id];
    return v?.op === "const" ? constIx(v.value as number) : valueIx(id);
  }
}
