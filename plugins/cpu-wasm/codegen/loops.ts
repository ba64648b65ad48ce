// Loops over one axis: plain, or in lanes with what is left over in scalars, split where guards change their answer.
import type { AxisId, Guard, Term } from "tenon-plugin-kit";
import type { Lanes } from "./access.ts";
import {
  I32,
  get,
  set,
  tee,
  i32c,
  add,
  sub,
  mul,
  divS,
  remS,
  shrS,
  and,
  ltS,
  geS,
  select,
  block,
  loop,
  brIf,
  type Code,
} from "./assembler.ts";
import type { Nest } from "./nest.ts";

/** while (axis < to) { body; axis += step }, from where the axis stands. */
function advance(nest: Nest, axis: AxisId, to: Code, step: number, body: () => void): void {
  const i = nest.axisLocal[axis] as number;
  const code = nest.inside(axis, body);
  nest.f.emit(
    block([brIf(0, geS(get(i), to)), loop([code, brIf(0, ltS(tee(i, add(get(i), i32c(step))), to))])]),
  );
}
/** The same in blocks of `steps` iterations, with something to do after each. */
function advanceInBlocks(
  nest: Nest,
  axis: AxisId,
  to: Code,
  step: number,
  blocks: Blocks,
  body: () => void,
): void {
  const i = nest.axisLocal[axis] as number;
  const { f } = nest;
  const limit = f.value(I32, to);
  const code = nest.inside(null, () => {
    const next = f.value(I32, add(get(i), i32c(blocks.steps * step)));
    advance(nest, axis, smaller(next, limit), step, body);
    blocks.flush();
  });
  f.emit(block([brIf(0, geS(get(i), get(limit))), loop([code, brIf(0, ltS(get(i), get(limit)))])]));
}
/** What a loop does after every so many iterations. */
export interface Blocks {
  readonly steps: number;
  readonly flush: () => void;
}
/** The iterations of a loop. */
export interface Range {
  readonly from: Code;
  readonly to: Code;
  /** Their number, if it is baked in. */
  readonly length: number | null;
  readonly blocks?: Blocks | undefined;
}
/** A loop in scalar code. */
export function plainLoop(nest: Nest, axis: AxisId, range: Range, body: () => void): void {
  nest.axisLocal[axis] = nest.f.value(I32, range.from);
  if (range.blocks === undefined) advance(nest, axis, range.to, 1, body);
  else advanceInBlocks(nest, axis, range.to, 1, range.blocks, body);
}
/** Runs `body` for one piece of a range after the other. */
export function tileLoop(
  nest: Nest,
  range: { readonly from: Code; readonly to: Code; readonly size: number },
  body: (tile: { readonly from: Code; readonly to: Code }) => void,
): void {
  const { f } = nest;
  const [start, limit] = [f.value(I32, range.from), f.value(I32, range.to)];
  const code = nest.inside(null, () => {
    const next = f.value(I32, add(get(start), i32c(range.size)));
    const end = f.value(I32, smaller(next, limit));
    body({ from: get(start), to: get(end) });
    f.emit(set(start, get(end)));
  });
  f.emit(block([brIf(0, geS(get(start), get(limit))), loop([code, brIf(0, ltS(get(start), get(limit)))])]));
}

/** How the loop over lanes runs. */
export interface LaneLoop extends Range {
  readonly axis: AxisId;
  readonly lanes: Lanes;
  readonly units: number;
  /** Guards that vary with the axis. */
  readonly guards: readonly Guard[];
}

/** Largest multiple of `step` iterations from where the axis stands. */
const wholeSteps = (i: number, to: Code, step: number): Code =>
  add(get(i), and(sub(to, get(i)), i32c(-step)));

/** A loop in lanes. `body` is written once for each way in which it runs; the nest says in which. */
export function laneLoop(nest: Nest, spec: LaneLoop, body: () => void): void {
  const { axis, length } = spec;
  nest.axisLocal[axis] = nest.f.value(I32, spec.from);
  if (spec.guards.length === 0) {
    range(nest, spec, spec.to, length, body);
    return;
  }
  const pieces = fixedPieces(nest, spec);
  if (pieces !== null) {
    for (const { end, holds } of pieces) {
      const to =
        end === null
          ? spec.to
          : get(nest.f.value(I32, smaller(nest.f.value(I32, i32c(end)), nest.f.value(I32, spec.to))));
      spec.guards.forEach((g, i) => nest.decided.set(g, holds[i] as boolean));
      range(nest, spec, to, null, body);
    }
  } else {
    const { first, last } = interior(nest, spec);
    advance(nest, axis, get(first), 1, () => nest.withLanes(axis, 1, 1, body));
    for (const g of spec.guards) nest.decided.set(g, true);
    range(nest, { ...spec, guards: [] }, get(last), null, body, true);
    for (const g of spec.guards) nest.decided.delete(g);
    advance(nest, axis, spec.to, 1, () => nest.withLanes(axis, 1, 1, body));
  }
  for (const g of spec.guards) nest.decided.delete(g);
}
/** Vectors as far as they go, then scalars (unless a later loop takes them: `isOpen`). */
function range(
  nest: Nest,
  spec: LaneLoop,
  to: Code,
  length: number | null,
  body: () => void,
  isOpen = false,
): void {
  const { axis, lanes, units } = spec;
  const i = nest.axisLocal[axis] as number;
  const ways: (readonly [Lanes, number])[] = [[lanes, 1], [1, 1]]; // prettier-ignore
  if (units > 1) ways.unshift([lanes, units]);
  if (isOpen) ways.pop();
  let left = length;
  for (const [l, u] of ways) {
    const step = l * u;
    if (left !== null) {
      if (left < step) continue;
      left %= step;
    }
    const end = step === 1 ? to : get(nest.f.value(I32, wholeSteps(i, to, step)));
    const run = (): void => nest.withLanes(axis, l, u, body);
    if (l > 1 && spec.blocks !== undefined) advanceInBlocks(nest, axis, end, step, spec.blocks, run);
    else advance(nest, axis, end, step, run);
  }
}

/** Code of the smaller and of the larger of two integers. */
const smaller = (x: number, y: number): Code => select(ltS(get(x), get(y)), get(x), get(y));
const larger = (x: number, y: number): Code => select(ltS(get(x), get(y)), get(y), get(x));

/** A range of the axis in which the answer of every guard is the same. `end` null: where the loop ends. */
interface Piece {
  readonly end: number | null;
  readonly holds: readonly boolean[];
}
const MAX_PIECES = 6;
/** Pieces of the whole axis, if all bounds are baked in: the operands of a concatenation. */
function fixedPieces(nest: Nest, { axis, guards }: LaneLoop): Piece[] | null {
  const extent = nest.extentInt(axis);
  if (typeof extent !== "number") return null;
  const bounds: (readonly [number, number])[] = [];
  for (const { x, lo, hi } of guards) {
    const [term, ...others] = x.terms;
    if (term === undefined || others.length > 0 || typeof term.coef !== "number") return null;
    if (typeof x.c !== "number" || typeof lo !== "number" || typeof hi !== "number") return null;
    bounds.push(solve(term.coef, lo - x.c, hi - x.c));
  }
  const ends = [...new Set([...bounds.flat(), extent])]
    .filter((n) => n > 0 && n <= extent)
    .sort((p, q) => p - q);
  if (ends.length > MAX_PIECES) return null;
  return ends.map((end, i) => {
    const start = ends[i - 1] ?? 0;
    return { end: end === extent ? null : end, holds: bounds.map(([p, q]) => p <= start && start < q) };
  });
}
/** The integers v with lo ≤ coef · v < hi, as [first, last + 1). */
function solve(coef: number, lo: number, hi: number): readonly [number, number] {
  if (coef > 0) return [Math.ceil(lo / coef), Math.ceil(hi / coef)];
  return [Math.floor(-hi / -coef) + 1, Math.floor(-lo / -coef) + 1];
}

/** The range in which all guards surely hold, inside [axis, to): locals of its first iteration and of its end. */
function interior(nest: Nest, spec: LaneLoop): { first: number; last: number } {
  const { f } = nest;
  let first = nest.axisLocal[spec.axis] as number;
  const to = f.value(I32, spec.to);
  let last = to;
  for (const g of spec.guards) {
    const found = bounds(nest, spec.axis, g);
    if (found === null) {
      last = first; // nothing is sure
      continue;
    }
    first = f.value(I32, larger(first, found.from));
    last = f.value(I32, smaller(last, found.end));
  }
  const start = f.value(I32, smaller(first, to));
  return { first: start, last: f.value(I32, larger(start, last)) };
}
function bounds(nest: Nest, axis: AxisId, g: Guard): { from: number; end: number } | null {
  const { f } = nest;
  const open: Term[] = [];
  let coef = 0;
  let [least, most]: [Code, Code] = [i32c(0), i32c(0)];
  for (const term of g.x.terms) {
    if (term.atom.k === "axis" && term.atom.axis === axis) coef = term.coef as number;
    else if (nest.isOpen(term.atom)) open.push(term);
    else if (term.atom.k !== "axis") return null;
    else {
      const reach = f.value(I32, mul(nest.int(term.coef), sub(nest.extent(term.atom.axis), i32c(1))));
      const zero = f.constant("i32", 0);
      least = add(least, smaller(reach, zero));
      most = add(most, larger(reach, zero));
    }
  }
  const rest = get(nest.ix({ c: g.x.c, terms: open }));
  const [low, high] = [f.value(I32, add(rest, least)), f.value(I32, add(rest, most))];
  // lo ≤ coef · v + rest < hi for all values that the rest can take
  if (coef > 0)
    return {
      from: f.value(I32, floorDiv(nest, add(sub(nest.int(g.lo), get(low)), i32c(coef - 1)), coef)),
      end: f.value(I32, floorDiv(nest, add(sub(nest.int(g.hi), get(high)), i32c(coef - 1)), coef)),
    };
  return {
    from: f.value(I32, add(floorDiv(nest, sub(get(high), nest.int(g.hi)), -coef), i32c(1))),
    end: f.value(I32, add(floorDiv(nest, sub(get(low), nest.int(g.lo)), -coef), i32c(1))),
  };
}
function floorDiv(nest: Nest, x: Code, d: number): Code {
  if (d === 1) return x;
  const n = nest.f.value(I32, x);
  const rest = remS(get(n), i32c(d));
  return add(divS(get(n), i32c(d)), shrS(rest, i32c(31)));
}
