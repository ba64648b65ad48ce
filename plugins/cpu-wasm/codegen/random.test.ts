// Kernels nobody would write: random axes, index expressions, guards, types and stages, against the interpreter.
import {
  STORAGE,
  type Axis,
  type Compute,
  type Guard,
  type Ix,
  type Kernel,
  type KResult,
  type KValue,
  type Monoid,
  type ScalarOp,
  type Stage,
  type Storage,
  type Term,
} from "tenon-plugin-kit";
import fc from "fast-check";
import { expect, it } from "vitest";
import { modeOf } from "./analysis.ts";
import { expectedKernel, runKernel } from "../testing/run-kernel.ts";

const STORED: { readonly [C in Compute]: readonly Storage[] } = {
  bool: ["bool"], i32: ["i32", "i8", "i16"], u32: ["u32", "u8", "u16"], i64: ["i64"], u64: ["u64"],
  f32: ["f32", "f32", "f16", "bf16"], f64: ["f64"],
}; // prettier-ignore
const NUMBERS: readonly Compute[] = ["f32", "f32", "i32", "u32", "f64", "i64", "u64"];

/** Random choices from one seed. */
class Dice {
  private state: number;
  constructor(seed: number) {
    this.state = seed;
  }
  /** Mulberry32. */
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % Math.max(1, n);
  }
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

/** Range of an expression over the axes. */
function rangeOf(ix: Ix, extents: readonly number[]): [number, number] {
  let [lo, hi] = [ix.c as number, ix.c as number];
  for (const { coef, atom } of ix.terms) {
    let [a, b] = [0, 0];
    if (atom.k === "axis") b = Math.max(0, (extents[atom.axis] as number) - 1);
    else if (atom.k !== "value") {
      const [p, q] = rangeOf(atom.x, extents);
      const d = atom.d as number;
      [a, b] = atom.k === "div" ? [Math.floor(p / d), Math.floor(q / d)] : [0, d - 1];
    }
    const ends = [(coef as number) * a, (coef as number) * b];
    lo += Math.min(...ends);
    hi += Math.max(...ends);
  }
  return [lo, hi];
}

class Writer {
  readonly params: { dtype: Storage; access: "read" | "write" | "readwrite"; size: number }[] = [];
  readonly axes: Axis[] = [];
  readonly extents: number[] = [];
  readonly dice: Dice;
  constructor(dice: Dice) {
    this.dice = dice;
  }
  axis(role: Axis["role"]): number {
    const extent = this.dice.of([1, 2, 3, 5, 8, 13, 0]);
    this.extents.push(extent);
    return this.axes.push({ extent, role }) - 1;
  }
  /** Any expression over the axes, or a slice-like one. */
  ix(axes: readonly number[]): Ix {
    const { dice } = this;
    const terms: Term[] = [];
    for (const axis of axes) {
      if (dice.chance(25)) continue;
      const plain: Ix = {
        c: dice.below(3),
        terms: [{ coef: dice.of([1, 2, -1]), atom: { k: "axis", axis } }],
      };
      const d = dice.of([2, 3, 4]);
      if (dice.chance(8))
        terms.push({ coef: dice.of([1, 3]), atom: { k: dice.of(["div", "mod"] as const), x: plain, d } }); // prettier-ignore
      else terms.push({ coef: dice.of([1, 1, 1, 2, 5, -1, 13]), atom: { k: "axis", axis } });
    }
    return { c: dice.below(4) - 1, terms };
  }
  guards(axes: readonly number[]): Guard[] {
    return Array.from({ length: 1 + this.dice.below(2) }, () => {
      const x = this.ix(axes);
      const [lo, hi] = rangeOf(x, this.extents);
      const from = lo + this.dice.below(4) - 1;
      const guard = { x, lo: from, hi: Math.max(from, hi + 1 - this.dice.below(4)) };
      return this.dice.chance(10) ? { ...guard, every: 2 } : guard;
    });
  }
  /** A parameter that holds all elements that the expression reaches; the expression, moved to start at 0. */
  param(dtype: Storage, access: "read" | "write", ix: Ix): [number, Ix] {
    const [lo, hi] = rangeOf(ix, this.extents);
    this.params.push({ dtype, access, size: hi - lo + 1 });
    return [this.params.length - 1, { ...ix, c: (ix.c as number) - lo }];
  }
}

/** The body of one stage. */
class Body {
  readonly values: KValue[] = [];
  private readonly w: Writer;
  private readonly axes: readonly number[];
  constructor(w: Writer, axes: readonly number[]) {
    this.w = w;
    this.axes = axes;
  }
  push(value: KValue): number {
    return this.values.push(value) - 1;
  }
  /** A value of a type that costs nothing. */
  leaf(dtype: Compute, axes = this.axes): number {
    const { dice } = this.w;
    if (dice.chance(15)) return this.constant(dtype);
    if (dtype === "i32" && dice.chance(25)) return this.push({ op: "index", dtype, at: this.w.ix(axes) });
    const isGuarded = dice.chance(25);
    const [param, at] = this.w.param(dice.of(STORED[dtype]), "read", this.w.ix(axes));
    const load = { op: "load", dtype, param, at } as const;
    if (!isGuarded) return this.push(load);
    const otherwise = this.constant(dtype);
    return this.push({ ...load, guard: this.w.guards(axes), otherwise });
  }
  /** An element at a place that is itself loaded. */
  gathered(dtype: Compute): number {
    const size = 1 + this.w.dice.below(9);
    const at = (value: number): number => this.push({ op: "const", dtype: "i32", value });
    const low = this.push({ op: "max", dtype: "i32", args: [this.leaf("i32"), at(0)] });
    const value = this.push({ op: "min", dtype: "i32", args: [low, at(size - 1)] });
    const [param] = this.w.param(this.w.dice.of(STORED[dtype]), "read", { c: size - 1, terms: [] });
    (this.w.params[param] as { size: number }).size = size;
    return this.push({
      op: "load",
      dtype,
      param,
      at: { c: 0, terms: [{ coef: 1, atom: { k: "value", value } }] },
    });
  }
  constant(dtype: Compute): number {
    const n = this.w.dice.below(5) - (dtype === "i32" || dtype === "f32" ? 2 : 0);
    const big = dtype === "i64" || dtype === "u64";
    return this.push({ op: "const", dtype, value: dtype === "bool" ? n & 1 : big ? BigInt(n) : n });
  }
  existing(dtype: Compute): number {
    const ids = this.values.flatMap((v, id) => (v.dtype === dtype ? [id] : []));
    if (this.w.dice.chance(8)) return this.gathered(dtype);
    return ids.length === 0 || this.w.dice.chance(40) ? this.leaf(dtype) : this.w.dice.of(ids);
  }
  /** Operations whose results are exact, so that any order of additions gives the same bits. */
  operation(dtype: Compute): number {
    const { dice } = this.w;
    const of = (op: ScalarOp, to: Compute, ...args: number[]): number => this.push({ op, dtype: to, args });
    switch (dice.below(6)) {
      case 0:
        return of(
          dice.of(["add", "sub", "min", "max"] as const),
          dtype,
          this.existing(dtype),
          this.existing(dtype),
        );
      case 1:
        return of("mul", dtype, this.leaf(dtype), this.leaf(dtype));
      case 2: {
        const from = dice.chance(70) ? dtype : dice.of(NUMBERS);
        const test = of(
          dice.of(["lt", "eq", "ge"] as const),
          "bool",
          this.existing(from),
          this.existing(from),
        );
        return of("select", dtype, test, this.existing(dtype), this.existing(dtype));
      }
      case 3:
        return of("convert", dtype, this.existing(dice.of([...NUMBERS, "bool"] as const)));
      case 4:
        return of("select", dtype, this.leaf("bool"), this.existing(dtype), this.existing(dtype));
      default:
        return of(dtype === "u32" || dtype === "u64" ? "not" : "neg", dtype, this.existing(dtype));
    }
  }
}

/** What a stage stored for each point of the shared axes: its part of the index, and how many elements follow it. */
interface Stored {
  readonly param: number;
  readonly dtype: Compute;
  readonly base: Ix;
  readonly size: number;
}
/** An element that an earlier stage stored at this point of the shared axes. */
function storedElement(w: Writer, body: Body, stored: Stored, over: readonly number[]): number {
  (w.params[stored.param] as { access: string }).access = "readwrite";
  const { base, size, param, dtype } = stored;
  const axis = over.find((a) => (w.extents[a] as number) <= size);
  const at: Ix =
    axis !== undefined && w.dice.chance(70)
      ? { c: base.c, terms: [...base.terms, { coef: 1, atom: { k: "axis", axis } }] }
      : { c: (base.c as number) + w.dice.below(size), terms: base.terms };
  return body.push({ op: "load", dtype, param, at });
}

/** Row-major over the axes, some of them backwards. */
function everywhere(w: Writer, axes: readonly number[], isPlain = false): Ix {
  let stride = 1;
  const terms: Term[] = [];
  const order = isPlain || w.dice.chance(60) ? [...axes].reverse() : axes;
  for (const axis of order) {
    terms.push({ coef: !isPlain && w.dice.chance(15) ? -stride : stride, atom: { k: "axis", axis } });
    stride *= Math.max(1, w.extents[axis] as number);
  }
  return { c: 0, terms: terms.reverse() };
}

interface Case {
  readonly kernel: Kernel;
  readonly sizes: readonly number[];
}
/** The same kernel with some of its integers given at launch. */
function withUniforms(dice: Dice, kernel: Kernel): { kernel: Kernel; uniforms: number[] } {
  const uniforms: number[] = [];
  const moved = new Set(["extent", "coef", "c", "d", "lo", "hi", "every"]);
  const text = JSON.stringify(kernel, (key, v: unknown) => {
    if (typeof v === "bigint") return { big: String(v) };
    if (typeof v === "number" && moved.has(key) && dice.chance(30)) return { uniform: uniforms.push(v) - 1 };
    return v;
  });
  const copy = JSON.parse(text, (_, v: unknown) =>
    typeof v === "object" && v !== null && "big" in v ? BigInt(v.big as string) : v,
  ) as Kernel;
  return { kernel: { ...copy, uniforms: uniforms.length }, uniforms };
}
function randomKernel(dice: Dice): Case {
  const w = new Writer(dice);
  const shared = Array.from({ length: dice.below(3) }, () => w.axis("parallel"));
  const stages: Stage[] = [];
  const reduced: { stage: number; result: number; dtype: Compute }[] = [];
  const main = dice.of(NUMBERS);
  const stored: Stored[] = [];
  const pick = (): Compute => (dice.chance(85) ? main : dice.of(NUMBERS));
  for (let s = 0, n = 1 + dice.below(3); s < n; s++) {
    const reduces = dice.chance(45);
    const over = Array.from({ length: dice.below(3) }, () => w.axis(reduces ? "reduce" : "parallel"));
    const axes = [...shared, ...over];
    const body = new Body(w, axes);
    for (const r of reduced)
      if (dice.chance(60))
        body.push({ op: "stage", dtype: r.dtype, stage: r.stage, result: r.result, part: 0 });
    const results: KResult[] = [];
    const fresh: Stored[] = [];
    for (let i = 0, k = 1 + dice.below(2); i < k; i++) {
      const dtype = pick();
      for (let o = dice.below(3); o > 0; o--) body.operation(dtype);
      let value = body.operation(dtype);
      const before = stored.filter((p) => p.dtype === dtype);
      if (before.length > 0 && dice.chance(60))
        value = body.push({ op: "add", dtype, args: [value, storedElement(w, body, dice.of(before), over)] });
      if (reduces) {
        const first = before.length > 0 && dice.chance(50);
        const init = first
          ? storedElement(w, body, dice.of(before), [])
          : dice.chance(50)
            ? body.constant(dtype)
            : body.leaf(dtype, shared);
        const bits: Monoid[] = dtype.startsWith("f") ? [] : ["and", "or", "xor"];
        results.push({
          to: "reduce",
          values: [value],
          init: [init],
          combine: { monoid: dice.of<Monoid>(["add", "min", "max", ...bits]) },
        });
        reduced.push({ stage: s, result: results.length - 1, dtype });
      } else {
        const [param, at] = w.param(dice.of(STORED[dtype]), "write", everywhere(w, axes));
        const guard = dice.chance(20) ? { guard: w.guards(axes) } : {};
        if (dice.chance(25)) {
          // In place: each element is read where it is written.
          (w.params[param] as { access: string }).access = "readwrite";
          const old = body.push({ op: "load", dtype, param, at });
          value = body.push({ op: "sub", dtype, args: [value, old] });
        }
        results.push({ to: "store", param, at, value, ...guard });
      }
      if (dice.chance(30) && over.every((a) => (w.extents[a] as number) > 0)) {
        // Stored for the stages after this one; a stage that reduces may store, too.
        const [param, at] = w.param(dtype, "write", everywhere(w, axes, true));
        results.push({ to: "store", param, at, value });
        const size = over.reduce((n, a) => n * (w.extents[a] as number), 1);
        fresh.push({
          param,
          dtype,
          base: { c: at.c, terms: at.terms.slice(0, at.terms.length - over.length) },
          size,
        });
      }
    }
    stored.push(...fresh);
    stages.push({ over, body: body.values, results });
  }
  const last = new Body(w, shared);
  const results = reduced.map((r): KResult => {
    const value = last.push({ op: "stage", dtype: r.dtype, stage: r.stage, result: r.result, part: 0 });
    const [param, at] = w.param(r.dtype, "write", everywhere(w, shared));
    return { to: "store", param, at, value };
  });
  if (results.length > 0) stages.push({ over: [], body: last.values, results });
  const params = w.params.map(({ dtype, access }) => ({ dtype, access }));
  return {
    kernel: { name: "random", params, axes: w.axes, shared, stages, uniforms: 0 },
    sizes: w.params.map((p) => p.size),
  };
}
/** Small integers, so that sums and products are exact. */
function fill(dice: Dice, storage: Storage, size: number): Uint8Array {
  const bytes = new Uint8Array(size * STORAGE[storage].bytes);
  const view = new DataView(bytes.buffer);
  const { compute, set } = STORAGE[storage];
  for (let i = 0; i < size; i++) {
    const n = compute === "bool" ? dice.below(2) : dice.below(9) - (compute.startsWith("u") ? 0 : 4);
    set(
      view,
      i * STORAGE[storage].bytes,
      (compute.endsWith("64") && compute !== "f64" ? BigInt(n) : n) as never,
    );
  }
  return bytes;
}

it("random kernels give the interpreter's bits under every schedule", () => {
  const modes = { scalar: 0, columns: 0, rows: 0 };
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const dice = new Dice(seed);
      const { kernel: fixed, sizes } = randomKernel(dice);
      const { kernel, uniforms } = dice.chance(30)
        ? withUniforms(dice, fixed)
        : { kernel: fixed, uniforms: [] };
      const memory = kernel.params.map((p, i) => fill(dice, p.dtype, sizes[i] as number));
      const expected = expectedKernel(kernel, memory, uniforms);
      const inner = kernel.stages.flatMap((s) => s.over.slice(-1));
      for (const vector of [[], inner, ...kernel.shared.map((a) => [a])]) {
        modes[modeOf(kernel, vector).kind]++;
        const schedule = {
          vector,
          chunk: null,
          interleave: dice.of([1, 2, 4] as const),
          longSums: dice.of([true, false]),
        };
        const got = runKernel(kernel, schedule, memory, uniforms);
        expected.forEach((bytes, i) =>
          expect(
            got[i],
            `param ${i} of ${JSON.stringify([kernel, schedule, uniforms], (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v))}`,
          ).toEqual(bytes),
        );
      }
    }),
    { seed: Number(process.env["TENON_SEED"] ?? 11), numRuns: Number(process.env["TENON_RUNS"] ?? 200) },
  );
  expect(Math.min(modes.scalar, modes.columns, modes.rows), JSON.stringify(modes)).toBeGreaterThan(50);
});
