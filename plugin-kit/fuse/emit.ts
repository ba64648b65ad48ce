// The kernel of a group of stores and reductions, and of an update.
import type { Shared } from "../graph/builder.ts";
import type { BufferId, Node, PartNode, Place, Position, ReduceWork, UpdateWork } from "../graph/node.ts";
import { splice } from "../graph/region.ts";
import { Body } from "../loops/body.ts";
import { canonicalKernel } from "../loops/canonical.ts";
import { decideGuard, flatIx, rowMajor, sameIx } from "../loops/index-map.ts";
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

  emit(): RawStep | null {
    for (const node of this.group.member.keys())
      if (this.isStored(node)) node.place ??= ownPlace(node, this.shared);
    if (count(this.group.shared ?? []) === 0) return null;
    this.group.stages.forEach((stage, i) => {
      this.stage(stage, i);
    });
    this.reductions();
    if (this.stages.length === 0) return null;
    const kernel: Kernel = {
      name: "",
      params: this.params.list(),
      axes: this.axes,
      shared: this.outer,
      stages: this.stages,
      uniforms: 0,
    };
    return step(kernel, this.params.buffers);
  }

  private puller(index: number, own: readonly AxisId[]): { puller: Puller; point: Position } {
    const { member } = this.group;
    let point: Position | null = null;
    const puller = new Puller(new Body(), {
      plugin: this.shared.plugin,
      param: (place) => this.params.read(place),
      extent: (a) => (this.axes[a] as Axis).extent as number,
      stored: (node, p) => {
        if (node.kind === "constant") return null;
        const stage = member.get(node);
        if (stage === undefined) return node.place ?? (node.kind === "alias" ? placeOf(node) : null);
        if (node.kind === "part" || (stage === index && p === point)) return null;
        return placeOf(node);
      },
      reduced: (node, _p, body) => (node.kind === "part" ? this.reduction(node, body) : undefined),
    });
    point = puller.axes(own);
    return { puller, point };
  }

  private stage(stage: GroupStage, index: number): void {
    const stores = stage.stores.filter((x) => this.isStored(x));
    if (stores.length + stage.reduces.length === 0 || (stage.reduces.length === 0 && count(stage.over) === 0))
      return;
    const role = stage.reduces.length > 0 ? "reduce" : "parallel";
    const over = stage.over.map((extent) => this.axis(extent, role));
    const { puller, point } = this.puller(index, [...this.outer, ...over]);
    const results = stage.reduces.map((work) => this.fold(work, puller, point));
    for (const node of stores) {
      const value = puller.pull(node, point);
      const place = placeOf(node);
      results.push({
        to: "store",
        param: this.params.write(place),
        at: flatIx(point.at, place.strides, place.offset),
        value,
      });
    }
    this.stageIndex[index] = this.stages.push({ over, body: puller.body.values, results }) - 1;
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
    const { puller, point } = this.puller(this.group.stages.length, this.outer);
    const results = parts.map((part): KResult => {
      const place = placeOf(part);
      const at = flatIx(point.at, place.strides, place.offset);
      return { to: "store", param: this.params.write(place), at, value: puller.pull(part, point) };
    });
    this.stages.push({ over: [], body: puller.body.values, results });
  }
}

/** The kernel of a group; null if there is nothing to do. Sets the places of what it stores. */
export function emitGroup(group: Group, exposed: ReadonlySet<Node>, shared: Shared): RawStep | null {
  return new GroupEmitter(group, exposed, shared).emit();
}

// --- updates ----------------------------------------------------------------------------------------------------------

/** Copies of the targets, changed in place. */
export function emitUpdate(work: UpdateWork, shared: Shared): RawStep[] {
  const places = work.parts.map((part) => (part.place = ownPlace(part, shared)));
  const copies = work.targets.map((target, i): RawStep => {
    return { do: "copy", from: placeOf(target).buffer, to: (places[i] as Place).buffer };
  });
  const kernel = count(work.over) === 0 ? null : updateKernel(work, places, shared);
  return kernel === null ? copies : [...copies, kernel];
}

function updateKernel(work: UpdateWork, places: readonly Place[], shared: Shared): RawStep | null {
  const params = new Params();
  const role = work.combine === null ? "parallel" : "ordered";
  const axes = work.over.map((extent): Axis => ({ extent, role }));
  const body = new Body();
  const puller = new Puller(body, {
    plugin: shared.plugin,
    param: (place) => params.read(place),
    extent: (a) => (axes[a] as Axis).extent as number,
    stored: (node) => {
      if (node.kind === "constant") return null;
      return node.place ?? (node.kind === "alias" ? placeOf(node) : null);
    },
    reduced: () => undefined,
  });
  const over = axes.map((_, i) => i);
  const point = puller.axes(over);
  const source = work.map(point, puller);
  const guard: Guard[] = [];
  for (const g of source.guards ?? []) {
    const decided = decideGuard(g, puller.scope);
    if (decided === false) return null;
    if (decided === undefined) guard.push(g);
  }
  const values = work.values.map((x) => puller.pull(x, point));
  const site = { guard, at: places.map((p) => flatIx(source.at, p.strides, p.offset)) };
  const results = updateResults(work, values, site, puller, params, places);
  const stage: Stage = { over, body: body.values, results };
  const kernel: Kernel = { name: "", params: params.list(), axes, shared: [], stages: [stage], uniforms: 0 };
  const whole = work.combine === null ? inPlace(kernel, params.buffers, work, places) : kernel;
  return step(whole, params.buffers);
}

function updateResults(
  work: UpdateWork,
  values: readonly ValueId[],
  site: { readonly guard: readonly Guard[]; readonly at: readonly Ix[] },
  puller: Puller,
  params: Params,
  places: readonly Place[],
): KResult[] {
  const guard = site.guard.length === 0 ? {} : { guard: site.guard };
  const at = (i: number): Ix => site.at[i] as Ix;
  const { combine } = work;
  const single = values.length === 1;
  if (combine === null || single)
    return values.map((value, i): KResult => {
      const param = params.write(places[i] as Place);
      if (combine === null) return { to: "store", param, at: at(i), value, ...guard };
      params.read(places[i] as Place);
      return { to: "update", param, at: at(i), value, combine, ...guard };
    });
  // Several arrays under one region: read, combine and write the elements one point after the other.
  const { body } = puller;
  const old = values.map((value, i) => {
    const otherwise = site.guard.length === 0 ? undefined : value;
    return body.load(body.dtype(value), params.read(places[i] as Place), at(i), site.guard, otherwise);
  });
  const next = splice(body, (combine as Extract<typeof combine, { region: unknown }>).region, [
    ...old,
    ...values,
  ]);
  return next.map((value, i) => ({
    to: "store",
    param: params.write(places[i] as Place),
    at: at(i),
    value,
    ...guard,
  }));
}

/** A target read only where its copy is written is read from the copy: then the target may give its memory. */
function inPlace(
  kernel: Kernel,
  buffers: readonly BufferId[],
  work: UpdateWork,
  places: readonly Place[],
): Kernel {
  const [stage] = kernel.stages as [Stage];
  let { params } = kernel;
  let body = stage.body;
  work.targets.forEach((target, i) => {
    const own = buffers.indexOf((places[i] as Place).buffer);
    const old = buffers.indexOf(placeOf(target).buffer);
    const store = stage.results[i] as Extract<KResult, { to: "store" }>;
    const loads = body.filter((v) => v.op === "load" && v.param === old) as Extract<KValue, { op: "load" }>[];
    if (old < 0 || loads.length === 0 || !loads.every((v) => sameIx(v.at, store.at))) return;
    body = body.map((v) => (v.op === "load" && v.param === old ? { ...v, param: own } : v));
    params = params.map((p, k) => (k === own ? { ...p, access: "readwrite" } : p));
  });
  return { ...kernel, params, stages: [{ ...stage, body }] };
}
