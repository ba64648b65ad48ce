// Which stores and reductions share a kernel. Units come in program order; each joins an earlier kernel that it reads
// from, or reads the same array as, if everything else it reads is made before that kernel and the points fit:
// the same point of a common domain, or the same row of a common outer domain.
import type { AliasNode, Node, Position, ReduceWork, UpdateWork } from "../graph/node.ts";
import { axisOf } from "../loops/index-map.ts";

/** A store of a whole node, a reduction, or the changed part of a copy. `domain`: its axes, those of size 1 left out. */
export type Unit =
  | { readonly kind: "store"; readonly node: Node; readonly domain: readonly number[] }
  | { readonly kind: "reduce"; readonly work: ReduceWork; readonly domain: readonly number[] }
  | { readonly kind: "update"; readonly work: UpdateWork; readonly domain: readonly number[] };
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
  readonly updates: UpdateWork[];
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

/** A shape without its axes of size 1. */
export const long = (shape: readonly number[]): readonly number[] =>
  shape.includes(1) ? shape.filter((n) => n !== 1) : shape;
const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);
const startsWith = (a: readonly number[], b: readonly number[]): boolean => b.every((n, i) => a[i] === n);

/** Is a node read at the first `n` axes of the domain, in order (and at no more, if `exact`)? */
function isPrefix({ node, position }: Access, n: number, exact: boolean): boolean {
  if (position.guards.length > 0) return false;
  let k = 0;
  for (let i = 0; i < node.shape.length; i++) {
    if (node.shape[i] === 1) continue;
    if (k >= n) return !exact;
    if (axisOf(position.at[i] as Position["at"][number]) !== k++) return false;
  }
  return k === n;
}

/** What a unit does, for people. */
function nameOf(unit: Unit): string {
  if (unit.kind !== "store") return unit.kind;
  const { node } = unit;
  return node.kind === "map" ? node.site.op : node.kind;
}
const stageOver = (over: readonly number[]): GroupStage => ({ over, stores: [], reduces: [], updates: [] });

/** Groups as they form, and who made what. */
export class Grouping {
  /** Position in the sequence of kernels and steps that makes a node; −1 for what is there from the start. */
  private readonly made = new Map<Node, number>();
  private readonly groupOf = new Map<Node, Group>();
  private readonly lastReader = new Map<Node, Group>();
  private next = 0;
  /** Nodes read outside the stage that computes them: they must be stored. */
  readonly exposed = new Set<Node>();
  /** Why units didn't join the kernels that made what they read. */
  private readonly notes: string[];
  constructor(notes: string[]) {
    this.notes = notes;
  }

  /** A step of its own makes these nodes. */
  step(nodes: readonly Node[]): void {
    const order = this.next++;
    for (const node of nodes) this.made.set(node, order);
  }
  /** An alias is made with what it aliases, and reads all of it. */
  same(node: AliasNode): void {
    const { arg, isBarrier } = node;
    // What reads it joins no kernel that stands before the barrier, whatever else both read.
    this.made.set(node, isBarrier ? this.next - 1 : this.madeAt(arg));
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
      const stage = this.stageIn(group, unit, accesses, weight, after);
      if (typeof stage === "number") {
        this.enter(group, stage, unit, accesses, weight);
        return { group, isNew: false };
      }
      if (accesses.some((a) => group.member.has(a.node)))
        this.notes.push(
          `kernel ${this.next} (${nameOf(unit)}) reads kernel ${group.order} but is apart: ${stage}`,
        );
    }
    const group = this.create(unit);
    this.enter(group, 0, unit, accesses, weight);
    return { group, isNew: true };
  }

  /** The stage of a group that a unit may join, or why there is none. */
  private stageIn(
    group: Group,
    unit: Unit,
    accesses: readonly Access[],
    weight: number,
    after: number,
  ): number | string {
    if (group.weight + weight > MAX_WEIGHT) return "too much code for one kernel";
    const waits = accesses.some((a) => this.madeAt(a.node) >= group.order && !group.member.has(a.node));
    if (waits || after >= group.order) return "it reads what is made later";
    return this.join(group, unit, accesses);
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
    const shared = unit.kind === "reduce" ? long(unit.work.kept) : null;
    return {
      order: this.next++,
      shared,
      stages: [stageOver(unit.domain.slice(shared?.length ?? 0))],
      member: new Map(),
      weight: 0,
    };
  }

  private enter(group: Group, stage: number, unit: Unit, accesses: readonly Access[], weight: number): void {
    const nodes = unit.kind === "store" ? [unit.node] : unit.work.parts;
    const at = group.stages[stage] as GroupStage;
    if (unit.kind === "store") at.stores.push(unit.node);
    else if (unit.kind === "reduce") at.reduces.push(unit.work);
    else at.updates.push(unit.work);
    for (const node of nodes) {
      this.made.set(node, group.order);
      // The results of an update are whole afterwards only.
      if (unit.kind === "update") continue;
      group.member.set(node, stage);
      this.groupOf.set(node, group);
    }
    group.weight += weight;
    for (const access of accesses) {
      const { node } = access;
      this.lastReader.set(node, group);
      const inside = group.member.get(node);
      const isValue =
        node.kind === "part" || (inside === stage && isPrefix(access, unit.domain.length, true));
      if (inside === undefined || !isValue) this.exposed.add(node);
    }
  }

  /** The stage of `group` that a unit fits into, made if there is none; or why it doesn't fit. */
  private join(group: Group, unit: Unit, accesses: readonly Access[]): number | string {
    const inner = accesses.filter((a) => group.member.has(a.node));
    if (group.shared === null) return this.joinPointwise(group, unit, inner);
    const { shared } = group;
    if (unit.kind === "reduce" ? !same(long(unit.work.kept), shared) : !startsWith(unit.domain, shared))
      return "other rows";
    const over = unit.domain.slice(shared.length);
    const first = this.firstStage(group, shared.length, unit, over, inner);
    if (first === null) return "it reads other rows";
    const found = group.stages.findIndex((s, i) => i >= first && same(s.over, over));
    // In one pass with what it reads any length does; a second pass should find the row in the cache.
    if ((first > 0 || found < 0) && count(over) > MAX_ROW) return "its rows are too long";
    if (found >= 0) return found;
    if (group.stages.length >= MAX_STAGES) return "too many stages";
    return group.stages.push(stageOver(over)) - 1;
  }

  /** Into a kernel without rows: at the same point of the same domain. A reduction makes rows of it. */
  private joinPointwise(group: Group, unit: Unit, inner: readonly Access[]): number | string {
    const [only] = group.stages as [GroupStage];
    if (!same(only.over, unit.domain)) return "another shape";
    if (!inner.every((a) => isPrefix(a, unit.domain.length, true))) return "it reads other elements";
    if (unit.kind !== "reduce") return 0;
    const shared = long(unit.work.kept);
    group.shared = shared;
    group.stages = [{ ...only, over: unit.domain.slice(shared.length) }];
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
    for (const access of inner) {
      const { node } = access;
      const stage = group.member.get(node) as number;
      if (node.kind === "part") {
        if (!isPrefix(access, shared, true)) return null;
        first = Math.max(first, stage + 1);
        continue;
      }
      if (!isPrefix(access, shared, false)) return null;
      const samePoint =
        isPrefix(access, unit.domain.length, true) && same((group.stages[stage] as GroupStage).over, over);
      first = Math.max(first, samePoint ? stage : stage + 1);
    }
    return first;
  }
}
