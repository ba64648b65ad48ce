// The loop nest that code is being written into. What is needed is evaluated at the outermost level where its operands
// are known, once: asking for it deep inside writes it into the block in front of the loop (see Emitter.at).
import type { Atom, AxisId, Guard, Int, Ix, Kernel, Storage, Term, ValueId } from "tenon-plugin-kit";
import {
  I32,
  get,
  i32c,
  i32load,
  add,
  sub,
  mul,
  shl,
  divS,
  divU,
  remS,
  remU,
  shrS,
  and,
  ltS,
  ltU,
  geS,
  eqz,
  type Code,
} from "./assembler.ts";
import { storageBytes, type Address, type Lanes } from "./access.ts";
import type { Emitter } from "./emitter.ts";

/** One level of the nest: level 0 is the function's body, level k is inside k loops. */
interface Level {
  /** The emitter's depth of its block. */
  readonly depth: number;
  /** Locals of what was evaluated here, by canonical text. */
  readonly memo: Map<string, number>;
}
/** How the nest asks for values of the stage that is being written. */
export interface ValueSource {
  readonly stage: number;
  level(id: ValueId): number;
  /** Local of a value that all lanes share. */
  scalar(id: ValueId): number;
  /** Local of one lane of a value, counted through the units. */
  lane(id: ValueId, lane: number): number;
}

/** Largest offset that is left to the load instruction. */
const MAX_OFFSET = 1 << 20;

/** The nest of one kernel. */
export class Nest {
  readonly f: Emitter;
  readonly kernel: Kernel;
  readonly levels: Level[] = [];
  /** Local of each axis, and its level while its loop is open. */
  readonly axisLocal: number[] = [];
  readonly axisLevel: number[] = [];
  /** Axis that runs in lanes, if any; vectors have `units` locals of `lanes` lanes. */
  lanes: Lanes = 1;
  units = 1;
  laneAxis: AxisId = -1;
  /** Guards that are known to hold or to fail in the range being written. */
  readonly decided = new Map<Guard, boolean>();
  source: ValueSource | null = null;
  private readonly texts = new WeakMap<object, string>();

  constructor(f: Emitter, kernel: Kernel) {
    this.f = f;
    this.kernel = kernel;
    this.levels.push({ depth: f.depth, memo: new Map() });
  }
  get innermost(): number {
    return this.levels.length - 1;
  }
  /** Runs `body` as a block one level deeper; `axis` (if any) is known in it. */
  inside(axis: AxisId | null, body: () => void): Code {
    return this.f.scoped(() => {
      this.levels.push({ depth: this.f.depth, memo: new Map() });
      if (axis !== null) this.axisLevel[axis] = this.innermost;
      body();
      if (axis !== null) delete this.axisLevel[axis];
      this.levels.pop();
    });
  }
  /** Runs `make` in the block of a level, unless its result is there already. */
  once(level: number, key: string, make: () => number): number {
    const { depth, memo } = this.levels[level] as Level;
    let local = memo.get(key);
    if (local === undefined) {
      local = this.f.at(depth, make);
      memo.set(key, local);
    }
    return local;
  }
  /** Runs `make` in the block of a level. */
  atLevel<T>(level: number, make: () => T): T {
    return this.f.at((this.levels[level] as Level).depth, make);
  }
  /** Runs `body` with `lanes` neighbours along `axis` at once, in `units` vectors. */
  withLanes(axis: AxisId, lanes: Lanes, units: number, body: () => void): void {
    const before = { laneAxis: this.laneAxis, lanes: this.lanes, units: this.units };
    Object.assign(this, { laneAxis: axis, lanes, units });
    body();
    Object.assign(this, before);
  }
  private text(x: object): string {
    let text = this.texts.get(x);
    if (text === undefined) {
      text = JSON.stringify(x);
      this.texts.set(x, text);
    }
    // Values are numbered within their stage.
    return text.includes('"value"') ? `${this.source?.stage}:${text}` : text;
  }

  // --- integers -----------------------------------------------------------------------------------------------------

  private word(index: number): number {
    return this.once(0, `w${index}`, () => this.f.value(I32, i32load(get(0), 4 * index)));
  }
  /** Local of a parameter's address. */
  pointer(param: number): number {
    return this.word(param);
  }
  /** An integer that is baked in, or read from the launch's uniforms. */
  int(value: Int): Code {
    return typeof value === "number" ? i32c(value) : get(this.uniform(value.uniform));
  }
  private uniform(index: number): number {
    return this.word(this.kernel.params.length + index);
  }
  extent(axis: AxisId): Code {
    return this.int(this.extentInt(axis));
  }
  extentInt(axis: AxisId): Int {
    return (this.kernel.axes[axis] as { extent: Int }).extent;
  }

  // --- index expressions --------------------------------------------------------------------------------------------

  /** Level at which the expression is known. */
  levelOfIx(ix: Ix): number {
    let level = 0;
    for (const t of ix.terms) level = Math.max(level, this.levelOfAtom(t.atom));
    return level;
  }
  private levelOfAtom(atom: Atom): number {
    if (atom.k === "axis") return this.axisLevel[atom.axis] as number;
    if (atom.k === "value") return (this.source as ValueSource).level(atom.value);
    return this.levelOfIx(atom.x);
  }
  /** Is the atom known here? */
  isOpen(atom: Atom): boolean {
    if (atom.k === "axis") return this.axisLevel[atom.axis] !== undefined;
    if (atom.k === "value") return this.source !== null && this.source.level(atom.value) <= this.innermost;
    return atom.x.terms.every((t) => this.isOpen(t.atom));
  }
  /** Local of an expression that all lanes share (for the lane axis: of the first lane). */
  ix(ix: Ix): number {
    return this.sum(null, "", ix, ix.c, 1);
  }
  /** start + (c + Σ terms) · scale, term by term at the level where each is known. */
  private sum(start: number | null, startKey: string, ix: Ix, c: Int, scale: number): number {
    const byLevel: Term[][] = [];
    for (const t of ix.terms) (byLevel[this.levelOfAtom(t.atom)] ??= []).push(t);
    let acc = start;
    let key = `${startKey}*${scale}`;
    if (c !== 0) {
      key += `+${this.text({ c })}`;
      const before = acc;
      acc = this.once(0, key, () => {
        const product = typeof c === "number" ? i32c(c * scale) : this.times(this.int(c), scale);
        return this.f.value(I32, before === null ? product : add(get(before), product));
      });
    }
    byLevel.forEach((terms, level) => {
      for (const t of terms) key += `+${this.text(t)}`;
      const before = acc;
      acc =
        before === null && terms.length === 1
          ? this.product(terms[0] as Term, scale, level)
          : this.once(level, key, () => {
              const codes = terms.map((t) => get(this.product(t, scale, level)));
              return this.f.value(I32, (before === null ? codes : [get(before), ...codes]).reduce(add));
            });
    });
    return acc ?? this.f.constant("i32", 0);
  }
  private times(x: Code, n: number): Code {
    if (n === 1) return x;
    return n > 0 && (n & (n - 1)) === 0 ? shl(x, i32c(31 - Math.clz32(n))) : mul(x, i32c(n));
  }
  /** Local of coef · atom · scale. */
  private product(t: Term, scale: number, level: number): number {
    if (t.coef === 1 && scale === 1) return this.atom(t.atom);
    return this.once(level, `p${scale}${this.text(t)}`, () => {
      const atom = get(this.atom(t.atom));
      if (typeof t.coef === "number") return this.f.value(I32, this.times(atom, t.coef * scale));
      return this.f.value(I32, mul(atom, get(this.stride(t.coef, scale))));
    });
  }
  /** Local of a run-time stride in bytes. */
  private stride(coef: { readonly uniform: number }, scale: number): number {
    return this.once(0, `s${coef.uniform}*${scale}`, () =>
      this.f.value(I32, this.times(get(this.uniform(coef.uniform)), scale)),
    );
  }
  private atom(atom: Atom): number {
    if (atom.k === "axis") return this.axisLocal[atom.axis] as number;
    if (atom.k === "value") return (this.source as ValueSource).scalar(atom.value);
    return this.once(this.levelOfIx(atom.x), this.text(atom), () =>
      this.f.value(I32, this.divide(atom.k, this.ix(atom.x), atom.d, isNatural(atom.x))),
    );
  }
  /** Floor division or its remainder. */
  private divide(kind: "div" | "mod", x: number, d: Int, natural: boolean): Code {
    if (typeof d === "number" && d > 0 && (d & (d - 1)) === 0)
      return kind === "div" ? shrS(get(x), i32c(31 - Math.clz32(d))) : and(get(x), i32c(d - 1));
    if (natural) return (kind === "div" ? divU : remU)(get(x), this.int(d));
    const rest = this.f.value(I32, remS(get(x), this.int(d)));
    const negative = shrS(get(rest), i32c(31));
    if (kind === "mod") return add(get(rest), and(negative, this.int(d)));
    return add(divS(get(x), this.int(d)), negative);
  }

  /** The expression for one lane (counted through the units), with the values and the axis of that lane. */
  private ixAtLane(ix: Ix, lane: number): Code {
    let code: Code = this.int(ix.c);
    for (const { coef, atom } of ix.terms)
      code = add(
        code,
        coef === 1 ? this.atomAtLane(atom, lane) : mul(this.atomAtLane(atom, lane), this.int(coef)),
      );
    return code;
  }
  private atomAtLane(atom: Atom, lane: number): Code {
    if (atom.k === "axis") {
      const local = get(this.axisLocal[atom.axis] as number);
      return atom.axis === this.laneAxis && lane > 0 ? add(local, i32c(lane)) : local;
    }
    if (atom.k === "value") return get((this.source as ValueSource).lane(atom.value, lane));
    const x = this.f.value(I32, this.ixAtLane(atom.x, lane));
    return this.divide(atom.k, x, atom.d, isNatural(atom.x));
  }
  /** Local of the expression for one lane. */
  indexAtLane(ix: Ix, lane: number): number {
    return this.f.value(I32, this.ixAtLane(ix, lane));
  }

  // --- addresses ----------------------------------------------------------------------------------------------------

  /** Address of an element that all lanes share, or of the first lane's. `isGuarded`: it may lie outside the array. */
  address(param: number, ix: Ix, isGuarded: boolean): Address {
    const bytes = this.bytesOf(param);
    const c = ix.c;
    // An offset of the instruction must not bridge a negative base: 33-bit sums do not wrap.
    const isFoldable =
      !isGuarded &&
      typeof c === "number" &&
      c >= 0 &&
      c * bytes < MAX_OFFSET &&
      ix.terms.every(isNaturalTerm);
    const base = this.sum(this.pointer(param), `a${param}`, ix, isFoldable ? 0 : c, bytes);
    return { base: get(base), offset: isFoldable ? c * bytes : 0 };
  }
  /** The address `n` elements of stride `stride` further. */
  shifted(param: number, from: Address, stride: Int, n: number): Address {
    const bytes = this.bytesOf(param);
    if (n === 0) return from;
    if (typeof stride === "number") {
      const distance = stride * n * bytes;
      if (distance >= 0 && from.offset + distance < MAX_OFFSET)
        return { base: from.base, offset: from.offset + distance };
      return { base: add(from.base, i32c(distance)), offset: from.offset };
    }
    return { base: add(from.base, mul(get(this.stride(stride, bytes)), i32c(n))), offset: from.offset };
  }
  /** Address of one lane's element, where neighbours have no constant distance. */
  addressAtLane(param: number, ix: Ix, lane: number): Address {
    const element = this.times(this.ixAtLane(ix, lane), this.bytesOf(param));
    return { base: add(get(this.pointer(param)), element), offset: 0 };
  }
  private bytesOf(param: number): number {
    return storageBytes((this.kernel.params[param] as { dtype: Storage }).dtype);
  }

  // --- guards -------------------------------------------------------------------------------------------------------

  /** Do all guards hold? true or false if that is known here, else a local. */
  holds(guards: readonly Guard[] | undefined): boolean | number {
    const open: number[] = [];
    for (const g of guards ?? []) {
      const known = this.decided.get(g);
      if (known === false) return false;
      if (known === undefined) open.push(this.guard(g));
    }
    if (open.length === 0) return true;
    return open.length === 1 ? (open[0] as number) : this.f.value(I32, open.map(get).reduce(and));
  }
  private guard(g: Guard): number {
    return this.once(this.levelOfIx(g.x), this.text(g), () =>
      this.f.value(I32, this.guardCode(g, this.ix(g.x))),
    );
  }
  private guardCode(g: Guard, x: number): Code {
    const { lo, hi, every } = g;
    const from = lo === 0 ? get(x) : sub(get(x), this.int(lo));
    const inside =
      typeof lo === "number" && typeof hi === "number"
        ? ltU(from, i32c(Math.max(0, hi - lo)))
        : and(geS(get(x), this.int(lo)), ltS(get(x), this.int(hi)));
    if (every === undefined || every === 1) return inside;
    const d = this.f.value(I32, from);
    return and(inside, eqz(remU(get(d), this.int(every))));
  }
  /** Level at which it is known whether the guards hold. */
  levelOfGuards(guards: readonly Guard[] | undefined): number {
    return (guards ?? []).reduce((level, g) => Math.max(level, this.levelOfIx(g.x)), 0);
  }
}

/** Surely ≥ 0: no negative part. */
const isNatural = (ix: Ix): boolean => typeof ix.c === "number" && ix.c >= 0 && ix.terms.every(isNaturalTerm);
const isNaturalTerm = ({ coef, atom }: Term): boolean =>
  typeof coef === "number" && coef >= 0 && (atom.k === "axis" || (atom.k !== "value" && isNatural(atom.x)));
