// The kernel of a group of stores and reductions, and of an update.
import type { Shared } from "../graph/builder.ts";
import type { BufferId, Node, PartNode, Place, Position, ReduceWork, UpdateWork } from "../graph/node.ts";
import { splice } from "../graph/region.ts";
import { Body } from "../loops/body.ts";
import { canonicalKernel } from "../loops/canonical.ts";
import { axisIx, decideGuard, flatIx, rowMajor, sameIx } from "../loops/index-map.ts";
import type { Axis, AxisId, Guard, Ix, Kernel, KResult, KValue, Stage, ValueId } from "../loops/loop-ir.ts";
import { computeOf, settle } from "../loops/scalar-ops.ts";
import { scheduleKernel } from "../loops/schedule.ts";
import { storageOf } from "../loops/storage.ts";
import { ownPlace } from "./fuse.ts";
import type { Group, GroupStage } from "./groups.ts";
import { Puller } from "./pull.ts";
import type { RawStep } from "./steps.ts";

const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** The place of a node in memory. @throws Error if nothing has stored it */
export function placeOf(node: Node): Place {
  if (node.place === null && node.kind === "alias") {
    const arg = placeOf(node.arg);
    const storage = storageOf(node.dtype) as Place["storage"];
    node.place = { buffer: arg.buffer, storage, offset: 0, strides: rowMajor(node.shape) };
  }
  if (node.place === null) throw new Error(`internal: ${node.kind} ${node.id} is read before it is stored`);
  return node.place;
}

/** Parameters of a kernel while it is made. */
class Params {
  readonly buffers: BufferId[] = [];
  private readonly storages: Place["storage"][] = [];
  private readonly reads = new Set<number>();
  private readonly writes = new Set<number>();

  private find(place: Place): number {
    const at = this.buffers.findIndex((b, i) => b === place.buffer && this.storages[i] === place.storage);
    if (at >= 0) return at;
    this.storages.push(place.storage);
    return this.buffers.push(place.buffer) - 1;
  }
  read(place: Place): number {
    const at = this.find(place);
    this.reads.add(at);
    return at;
  }
  write(place: Place): number {
    const at = this.find(place);
    this.writes.add(at);
    return at;
  }
  list(): Kernel["params"] {
    return this.storages.map((dtype, i) => ({
      dtype,
      access: !this.writes.has(i) ? "read" : this.reads.has(i) ? "readwrite" : "write",
    }));
  }
}

/** A kernel without redundant axes, with its schedule. */
function step(kernel: Kernel, buffers: readonly BufferId[]): RawStep {
  const canonical = canonicalKernel({ ...kernel, name: nameOf(kernel) });
  return { do: "kernel", kernel: canonical, schedule: scheduleKernel(canonical), buffers };
}
/** "add, tanh, reduce add": for people. */
function nameOf(kernel: Kernel): string {
  const ops = new Set<string>();
  for (const stage of kernel.stages) {
    for (const v of stage.body) if ("args" in v) ops.add(v.op);
    for (const r of stage.results) {
      if (r.to !== "store") ops.add("monoid" in r.combine ? `${r.to} ${r.combine.monoid}` : `${r.to} region`);
    }
  }
  const names = [...ops];
  return names.length === 0 ? "copy" : names.slice(0, 6).join(",") + (names.length > 6 ? "…" : "");
}

class GroupEmitter {
  private readonly group: Group;
  private readonly exposed: ReadonlySet<Node>;
  private readonly shared: Shared;
  private readonly params = new Params();
  private readonly axes: Axis[] = [];
  private readonly outer: AxisId[];
  /** Index in the kernel of each stage of the group. */
  private readonly stageIndex: number[] = [];
  private readonly stages: Stage[] = [];

  constructor(group: Group, exposed: ReadonlySet<Node>, shared: Shared) {
    this.group = group;
    this.exposed = exposed;
    this.shared = shared;
    this.outer = (group.shared ?? []).map((extent) => this.axis(extent, "parallel"));
  }
  private axis(extent: number, role: Axis["role"]): AxisId {
    return this.axes.push({ extent, role }) - 1;
  }
  private isStored(node: Node): boolean {
    return node.required || this.exposed.has(node) || node.place !== null;
  }

  emit(): RawStep[] {
    for (const node of this.group.member.keys())
      if (this.isStored(node)) node.place ??= ownPlace(node, this.shared);
    const copies = this.group.stages.flatMap((s) => s.updates.flatMap((work) => copiesOf(work, this.shared)));
    if (count(this.group.shared ?? []) === 0) return copies;
    this.group.stages.forEach((stage, i) => {
      this.stage(stage, i);
    });
    this.reductions();
    if (this.stages.length === 0) return copies;
    const kernel: Kernel = {
      name: "",
      params: this.params.list(),
      axes: this.axes,
      shared: this.outer,
      stages: this.stages,
      uniforms: 0,
    };
    const { buffers } = this.params;
    const updates = this.group.stages.flatMap((s) => s.updates);
    return [
      ...copies,
      step(
        updates.reduce((k, work) => inPlace(k, buffers, work), kernel),
        buffers,
      ),
    ];
  }

  private puller(index: number, own: readonly AxisId[]): { puller: Puller; at: (shape: Shape) => Position } {
    const { member } = this.group;
    const at = (shape: Shape): Position => puller.point(shape, own);
    const puller: Puller = new Puller(new Body(), {
      plugin: this.shared.plugin,
      param: (place) => this.params.read(place),
      extent: (a) => (this.axes[a] as Axis).extent as number,
      stored: (node, p) => {
        if (node.kind === "constant") return null;
        const stage = member.get(node);
        if (stage === undefined) return node.place ?? (node.kind === "alias" ? placeOf(node) : null);
        if (node.kind === "part" || (stage === index && p === at(node.shape))) return null;
        return placeOf(node);
      },
      reduced: (node, _p, body) => (node.kind === "part" ? this.reduction(node, body) : undefined),
    });
    return { puller, at };
  }

  private stage(stage: GroupStage, index: number): void {
    const stores = stage.stores.filter((x) => this.isStored(x));
    const stays = stage.reduces.length > 0;
    if (!stays && (stores.length + stage.updates.length === 0 || count(stage.over) === 0)) return;
    const over = stage.over.map((extent) => this.axis(extent, stays ? "reduce" : "parallel"));
    const { puller, at } = this.puller(index, [...this.outer, ...over]);
    const results = stage.reduces.map((work) => this.fold(work, puller, at([...work.kept, ...work.over])));
    for (const node of stores) results.push(this.store(node, puller, at(node.shape)));
    for (const work of stage.updates)
      results.push(...updateResults(work, puller, at(work.over), this.params));
    this.stageIndex[index] = this.stages.push({ over, body: puller.body.values, results }) - 1;
  }
  private store(node: Node, puller: Puller, point: Position): KResult {
    const place = placeOf(node);
    const at = flatIx(point.at, place.strides, place.offset);
    return { to: "store", value: puller.pull(node, point), param: this.params.write(place), at };
  }
  private fold(work: ReduceWork, puller: Puller, point: Position): KResult {
    return {
      to: "reduce",
      values: work.operands.map((x) => puller.pull(x, point)),
      init: work.inits.map((x) => puller.scalar(x)),
      combine: work.combine,
    };
  }
  /** The value of a reduction of an earlier stage. */
  private reduction(part: PartNode, body: Body): ValueId {
    const stage = this.group.member.get(part) as number;
    const result = (this.group.stages[stage] as GroupStage).reduces.indexOf(part.work as ReduceWork);
    const dtype = computeOf(part.dtype, "reduce", this.shared.plugin);
    return settle(body, part.dtype, body.stage(dtype, this.stageIndex[stage] as number, result, part.index));
  }
  /** Stores reductions that are read elsewhere. */
  private reductions(): void {
    const parts = [...this.group.member.keys()].filter((x) => x.kind === "part" && this.isStored(x));
    if (parts.length === 0) return;
    const { puller, at } = this.puller(this.group.stages.length, this.outer);
    const results = parts.map((part) => this.store(part, puller, at(part.shape)));
    this.stages.push({ over: [], body: puller.body.values, results });
  }
}
type Shape = readonly number[];

/** The kernel of a group, after copies for what it changes in place. Sets the places of what it stores. */
export function emitGroup(group: Group, exposed: ReadonlySet<Node>, shared: Shared): RawStep[] {
  return new GroupEmitter(group, exposed, shared).emit();
}

// --- updates ----------------------------------------------------------------------------------------------------------

/** Copies of the targets, for the work to change. */
function copiesOf(work: UpdateWork, shared: Shared): RawStep[] {
  return work.parts.map((part, i): RawStep => {
    part.place = ownPlace(part, shared);
    return { do: "copy", from: placeOf(work.targets[i] as Node).buffer, to: part.place.buffer };
  });
}

/** Copies of the targets, changed one point after the other. */
export function emitUpdate(work: UpdateWork, shared: Shared): RawStep[] {
  const copies = copiesOf(work, shared);
  if (count(work.over) === 0) return copies;
  const params = new Params();
  const axes = work.over.map((extent): Axis => ({ extent, role: "ordered" }));
  const over = axes.map((_, i) => i);
  const puller = new Puller(new Body(), {
    plugin: shared.plugin,
    param: (place) => params.read(place),
    extent: (a) => (axes[a] as Axis).extent as number,
    stored: (node) => {
      if (node.kind === "constant") return null;
      return node.place ?? (node.kind === "alias" ? placeOf(node) : null);
    },
    reduced: () => undefined,
  });
  // One axis each, also for those of size 1.
  const results = updateResults(work, puller, puller.position(over.map(axisIx)), params);
  if (results.length === 0) return copies;
  const stages: Stage[] = [{ over, body: puller.body.values, results }];
  const kernel: Kernel = { name: "", params: params.list(), axes, shared: [], stages, uniforms: 0 };
  return [...copies, step(kernel, params.buffers)];
}

/** Writes of an update at a point; none if it is always outside. */
function updateResults(work: UpdateWork, puller: Puller, point: Position, params: Params): KResult[] {
  const { combine } = work;
  const source = work.map(point, puller);
  const guards: Guard[] = [];
  for (const g of source.guards ?? []) {
    const decided = decideGuard(g, puller.scope);
    if (decided === false) return [];
    if (decided === undefined) guards.push(g);
  }
  const guard = guards.length === 0 ? {} : { guard: guards };
  const values = work.values.map((x) => puller.pull(x, point));
  const places = work.parts.map(placeOf);
  const at = places.map((p) => flatIx(source.at, p.strides, p.offset));
  const store = (value: ValueId, i: number): KResult => {
    return { to: "store", param: params.write(places[i] as Place), at: at[i] as Ix, value, ...guard };
  };
  if (combine === null) return values.map(store);
  if (values.length === 1) {
    params.read(places[0] as Place);
    return values.map((value, i): KResult => ({ ...store(value, i), to: "update", combine }) as KResult);
  }
  // Several arrays under one region: read, combine and write the elements one point after the other.
  const { body } = puller;
  const old = values.map((value, i) => {
    const otherwise = guards.length === 0 ? undefined : value;
    return body.load(body.dtype(value), params.read(places[i] as Place), at[i] as Ix, guards, otherwise);
  });
  const { region } = combine as Extract<typeof combine, { region: unknown }>;
  return splice(body, region, [...old, ...values]).map(store);
}

/** A target read only where its copy is written is read from the copy: then the target may give its memory. */
function inPlace(kernel: Kernel, buffers: readonly BufferId[], work: UpdateWork): Kernel {
  let { params, stages } = kernel;
  work.targets.forEach((target, i) => {
    const own = buffers.indexOf(placeOf(work.parts[i] as Node).buffer);
    const old = buffers.indexOf(placeOf(target).buffer);
    if (old < 0 || own < 0) return;
    const stage = stages.find((s) => s.results.some((r) => r.to === "store" && r.param === own));
    const store = stage?.results.find((r) => r.to === "store" && r.param === own);
    const reads = stages
      .flatMap((s) => s.body.map((v) => ({ s, v })))
      .filter(({ v }) => v.op === "load" && v.param === old);
    const inside = reads.every(
      ({ s, v }) => s === stage && store?.to === "store" && v.op === "load" && sameIx(v.at, store.at),
    );
    if (reads.length === 0 || !inside) return;
    const moved = (v: KValue): KValue => (v.op === "load" && v.param === old ? { ...v, param: own } : v);
    stages = stages.map((s) => (s === stage ? { ...s, body: s.body.map(moved) } : s));
    params = params.map((p, k) => (k === own ? { ...p, access: "readwrite" } : p));
  });
  return { ...kernel, params, stages };
}
