// Which stores and reductions share a kernel. Units come in program order; each joins an earlier kernel that it reads
// from, or reads the same array as, if everything else it reads is made before that kernel and the points fit:
// the same point of a common domain, or the same row of a common outer domain.
import type { Node, Position, ReduceWork } from "../graph/node.ts";
import { axisOf } from "../loops/index-map.ts";

/** A store of a whole node, or a reduction. */
export type Unit =
  | { readonly kind: "store"; readonly node: Node; readonly domain: readonly number[] }
  | { readonly kind: "reduce"; readonly work: ReduceWork; readonly domain: readonly number[] };
/** A read of something that another kernel or step made. */
export interface Access {
  readonly node: Node;
  readonly position: Position;
}

/** One loop nest of a kernel. */
export interface GroupStage {
  readonly over: readonly number[];
  readonly stores: Node[];
  readonly reduces: ReduceWork[];
}
/** Units that become one kernel. */
export interface Group {
  readonly order: number;
  /** null: one stage over the whole domain of its stores. */
  shared: readonly number[] | null;
  stages: GroupStage[];
  /** Stage of each store, and of each reduction's results. */
  readonly member: Map<Node, number>;
  weight: number;
}

/** Rows longer than this stay in separate kernels: between the stages they would leave the cache. */
const MAX_ROW = 16384;
const MAX_STAGES = 8;
/** Scalar operations of one kernel, about 16 KB of code. */
const MAX_WEIGHT = 1200;
const MAX_CANDIDATES = 4;

const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);
const startsWith = (a: readonly number[], b: readonly number[]): boolean => b.every((n, i) => a[i] === n);

/** Is the position the first `n` axes, in order? */
function isPrefix(p: Position, n: number, exact: boolean): boolean {
  if (p.guards.length > 0 || (exact ? p.at.length !== n : p.at.length < n)) return false;
  for (let i = 0; i < n; i++) if (axisOf(p.at[i] as Position["at"][number]) !== i) return false;
  return true;
}

/** Groups as they form, and who made what. */
export class Grouping {
  /** Position in the sequence of kernels and steps that makes a node; −1 for what is there from the start. */
  private readonly made = new Map<Node, number>();
  private readonly groupOf = new Map<Node, Group>();
  private readonly lastReader = new Map<Node, Group>();
  private next = 0;
  /** Nodes read outside the stage that computes them: they must be stored. */
  readonly exposed = new Set<Node>();

  /** A step of its own makes these nodes. */
  step(nodes: readonly Node[]): void {
    const order = this.next++;
    for (const node of nodes) this.made.set(node, order);
  }
  /** An alias is made with what it aliases, and reads all of it. */
  same(node: Node, arg: Node): void {
    this.made.set(node, this.madeAt(arg));
    this.exposed.add(arg);
  }
  /** Position of the kernel or step that makes a node. */
  madeAt(node: Node): number {
    return this.made.get(node) ?? -1;
  }
  /** A node that several kernels make: complete after the last. */
  madeBy(node: Node, order: number): void {
    this.made.set(node, order);
  }
  /** Nodes that a step reads are exposed. */
  expose(node: Node): void {
    this.exposed.add(node);
  }

  /** The group that a unit joins, or a new one. `weight`: about the number of its scalar operations. */
  place(
    unit: Unit,
    accesses: readonly Access[],
    weight: number,
    after = -1,
  ): { group: Group; isNew: boolean } {
    const newest = accesses.reduce((n, a) => Math.max(n, this.madeAt(a.node)), after);
    for (const group of this.candidates(accesses, newest)) {
      if (group.weight + weight > MAX_WEIGHT) continue;
      if (accesses.some((a) => this.madeAt(a.node) >= group.order && !group.member.has(a.node))) continue;
      if (after >= group.order) continue;
      const stage = this.join(group, unit, accesses);
      if (stage === null) continue;
      this.enter(group, stage, unit, accesses, weight);
      return { group, isNew: false };
    }
    const group = this.create(unit);
    this.enter(group, 0, unit, accesses, weight);
    return { group, isNew: true };
  }

  /** The kernel that made what is newest among the reads, and kernels that read the same arrays. */
  private candidates(accesses: readonly Access[], newest: number): Group[] {
    const found = new Set<Group>();
    for (const { node } of accesses) {
      const maker = this.groupOf.get(node);
      if (maker !== undefined && maker.order >= newest) found.add(maker);
    }
    for (const { node } of accesses) {
      const reader = node.size > 1 ? this.lastReader.get(node) : undefined;
      if (reader !== undefined && reader.order >= newest) found.add(reader);
      if (found.size >= MAX_CANDIDATES) break;
    }
    return [...found];
  }

  private create(unit: Unit): Group {
    const over = unit.kind === "reduce" ? unit.work.over : unit.domain;
    return {
      order: this.next++,
      shared: unit.kind === "reduce" ? unit.work.kept : null,
      stages: [{ over, stores: [], reduces: [] }],
      member: new Map(),
      weight: 0,
    };
  }

  private enter(group: Group, stage: number, unit: Unit, accesses: readonly Access[], weight: number): void {
    const nodes = unit.kind === "store" ? [unit.node] : unit.work.parts;
    const at = group.stages[stage] as GroupStage;
    if (unit.kind === "store") at.stores.push(unit.node);
    else at.reduces.push(unit.work);
    for (const node of nodes) {
      group.member.set(node, stage);
      this.made.set(node, group.order);
      this.groupOf.set(node, group);
    }
    group.weight += weight;
    for (const { node, position } of accesses) {
      this.lastReader.set(node, group);
      const inside = group.member.get(node);
      const isValue =
        node.kind === "part" || (inside === stage && isPrefix(position, unit.domain.length, true));
      if (inside === undefined || !isValue) this.exposed.add(node);
    }
  }

  /** The stage of `group` that a unit fits into, made if there is none; null if it doesn't fit. */
  private join(group: Group, unit: Unit, accesses: readonly Access[]): number | null {
    const inner = accesses.filter((a) => group.member.has(a.node));
    if (group.shared === null) return this.joinPointwise(group, unit, inner);
    const { shared } = group;
    if (unit.kind === "reduce" ? !same(unit.work.kept, shared) : !startsWith(unit.domain, shared))
      return null;
    const over = unit.domain.slice(shared.length);
    if (count(over) > MAX_ROW) return null;
    const first = this.firstStage(group, shared.length, unit, over, inner);
    if (first === null) return null;
    for (let i = first; i < group.stages.length; i++)
      if (same((group.stages[i] as GroupStage).over, over)) return i;
    if (group.stages.length >= MAX_STAGES) return null;
    return group.stages.push({ over, stores: [], reduces: [] }) - 1;
  }

  /** Into a kernel without rows: at the same point of the same domain. A reduction makes rows of it. */
  private joinPointwise(group: Group, unit: Unit, inner: readonly Access[]): number | null {
    const [only] = group.stages as [GroupStage];
    if (!same(only.over, unit.domain)) return null;
    if (!inner.every((a) => isPrefix(a.position, unit.domain.length, true))) return null;
    if (unit.kind === "store") return 0;
    if (count(unit.work.over) > MAX_ROW) return null;
    group.shared = unit.work.kept;
    group.stages = [{ ...only, over: unit.work.over }];
    return 0;
  }

  /** The first stage in which all that the unit reads of its kernel is there; null if it reads other rows. */
  private firstStage(
    group: Group,
    shared: number,
    unit: Unit,
    over: readonly number[],
    inner: readonly Access[],
  ): number | null {
    let first = 0;
    for (const { node, position } of inner) {
      const stage = group.member.get(node) as number;
      if (node.kind === "part") {
        if (!isPrefix(position, shared, true)) return null;
        first = Math.max(first, stage + 1);
        continue;
      }
      if (!isPrefix(position, shared, false)) return null;
      const samePoint =
        isPrefix(position, unit.domain.length, true) && same((group.stages[stage] as GroupStage).over, over);
      first = Math.max(first, samePoint ? stage : stage + 1);
    }
    return first;
  }
}
