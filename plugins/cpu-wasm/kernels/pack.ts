// Packing: a block's panel of `width` rows (or columns), k after k, so that the micro-kernel reads it in order.
import { MAX_LEVELS, type Levels } from "tenon-plugin-kit";
import {
  I32,
  V128,
  tee,
  i32c,
  i32load,
  v128load,
  v128store,
  add,
  sub,
  mul,
  shl,
  divU,
  remU,
  and,
  eq,
  ltS,
  ltU,
  leS,
  geS,
  or,
  eqz,
  loop,
  block,
  br,
  brIf,
  ifThen,
  select,
  shuffle,
  type Code,
  type Fn,
} from "../codegen/assembler.ts";
import { define, type Vars } from "./define.ts";
import type { Element } from "./element.ts";

/** Words that describe how an index leads through memory: stride, size, stride, size, stride from the first level on. */
export const LEVEL_WORDS = 2 * MAX_LEVELS - 1;
/** The words of a side. Levels that it lacks are never reached: the size before them is as good as infinite. */
export function levelWords(levels: Levels): number[] {
  const words: number[] = [];
  for (let i = 0; i < MAX_LEVELS; i++) {
    words.push(levels[i]?.[1] ?? 0);
    if (i < MAX_LEVELS - 1) words.push(i < levels.length - 1 ? (levels[i] as Levels[0])[0] : ENDLESS);
  }
  return words;
}
const ENDLESS = 2 ** 30;

const POINTERS = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"] as const;
type Pointer = (typeof POINTERS)[number];
type Name =
  | "src" | "dst" | "minor" | "first" | "deep" | "from" | "k" | "count" | Pointer
  | "q" | "rest" | "base" | "digit" | "at" | "left" | "to" | "x0" | "x1" | "x2" | "x3"; // prettier-ignore
type V = Vars<Name>;
type SideName = "minor" | "deep";

/** Stride and size of a level of a side. */
const stride = (v: V, side: SideName, level: number): Code => i32load(v.get(side), 8 * level);
const size = (v: V, side: SideName, level: number): Code => i32load(v.get(side), 8 * level + 4);

/** to := bytes from element [0, 0] to the one at an index of a side. */
function position(v: V, e: Element, side: SideName, index: Code, to: Name): Code {
  const digit = (level: number): Code =>
    mul(remU(v.get("rest"), size(v, side, level)), stride(v, side, level));
  const next = (level: number): Code => v.set("rest", divU(v.get("rest"), size(v, side, level)));
  const far = [
    v.set(to, digit(0)),
    next(0),
    v.inc(to, digit(1)),
    next(1),
    v.inc(to, mul(v.get("rest"), stride(v, side, 2))),
  ];
  return [
    v.set("rest", index),
    ifThen(ltU(v.get("rest"), size(v, side, 0)), v.set(to, mul(v.get("rest"), stride(v, side, 0))), far),
    v.set(to, shl(v.get(to), i32c(e.shift))),
  ];
}
/**
 * Runs `body` for each piece of the depth that has one stride: `left` elements, `at` bytes from where the panel's side
 * begins. From piece to piece the digits of the index count on.
 */
function pieces(v: V, e: Element, body: Code): Code {
  const bytes = (x: Code): Code => shl(x, i32c(e.shift));
  const deep = {
    stride: (l: number): Code => stride(v, "deep", l),
    size: (l: number): Code => size(v, "deep", l),
  };
  const smaller = select(ltS(v.get("left"), v.get("rest")), v.get("left"), v.get("rest"));
  return [
    v.set("q", i32c(0)),
    position(v, e, "deep", v.get("from"), "at"),
    v.set("left", remU(v.get("from"), deep.size(0))),
    v.set("base", sub(v.get("at"), bytes(mul(v.get("left"), deep.stride(0))))),
    v.set("left", sub(deep.size(0), v.get("left"))),
    v.set("digit", remU(divU(v.get("from"), deep.size(0)), deep.size(1))),
    loop([
      v.set("rest", sub(v.get("k"), v.get("q"))),
      v.set("left", smaller),
      v.inc("q", v.get("left")),
      body,
      v.inc("digit", i32c(1)),
      v.inc("base", bytes(deep.stride(1))),
      ifThen(eq(v.get("digit"), deep.size(1)), [
        v.set("digit", i32c(0)),
        v.inc("base", bytes(sub(deep.stride(2), mul(deep.size(1), deep.stride(1))))),
      ]),
      v.set("at", v.get("base")),
      v.set("left", deep.size(0)),
      brIf(0, ltS(v.get("q"), v.get("k"))),
    ]),
  ];
}
/** loop { body } while another element of the piece is left. */
const each = (v: V, body: Code): Code => loop([body, brIf(0, tee(v.at.left, sub(v.get("left"), i32c(1))))]);
/** The pointer := where a row of the panel's side begins. */
const begin = (v: V, e: Element, to: Pointer, row: Code): Code => [
  position(v, e, "minor", add(v.get("first"), row), to),
  v.inc(to, v.get("src")),
];
const from = (v: V, p: Pointer): Code => add(v.get(p), v.get("at"));

/**
 * dst[q · width + w] = the element at first + w of the side `minor` and from + q of `deep`, for q < k, w < width; from
 * w = `count` on anything. `src` is element [0, 0]; k ≥ 1; `first` is a multiple of the width. Contiguous along either
 * side: by vectors.
 */
export function packPanel(e: Element, width: number): Fn {
  const pointers = Object.fromEntries(POINTERS.map((p) => [p, I32])) as Record<Pointer, typeof I32>;
  const locals = {
    q: I32, rest: I32, base: I32, digit: I32, at: I32, left: I32, to: I32, ...pointers,
    x0: V128, x1: V128, x2: V128, x3: V128,
  } as const; // prettier-ignore
  return define(["src", "dst", "minor", "first", "deep", "from", "k", "count"], locals, (v: V) => {
    const whole = eq(v.get("count"), i32c(width));
    const isUnit = (side: SideName): Code => eq(stride(v, side, 0), i32c(1));
    const run = size(v, "minor", 0);
    const inRun = leS(add(remU(v.get("first"), run), i32c(width)), run);
    const inRuns = or(inRun, eqz(remU(run, i32c(16 / e.bytes))));
    const slow = scalars(v, e, width);
    const longRuns = geS(size(v, "deep", 0), i32c(4));
    const transposed =
      e.bytes === 4 ? ifThen(and(and(whole, isUnit("deep")), longRuns), transposes(v, e, width), slow) : slow;
    return ifThen(and(and(whole, isUnit("minor")), inRuns), copies(v, e, width), transposed);
  });
}

/** Whole vectors along the panel's side. */
function copies(v: V, e: Element, width: number): Code {
  const lanes = 16 / e.bytes;
  const vectors = POINTERS.slice(0, width / lanes);
  const copy = [
    vectors.map((p, i) => v128store(v.get("dst"), v128load(from(v, p)), 16 * i)),
    v.inc("at", shl(stride(v, "deep", 0), i32c(e.shift))),
    v.inc("dst", i32c(width * e.bytes)),
  ];
  return [vectors.map((p, i) => begin(v, e, p, i32c(lanes * i))), pieces(v, e, each(v, copy))];
}

/** f32, contiguous along k: four rows at a time, by 4 × 4 transposes while four k are left in a piece. */
function transposes(v: V, e: Element, width: number): Code {
  const low = (x: Code, y: Code): Code =>
    shuffle([0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23], x, y);
  const high = (x: Code, y: Code): Code =>
    shuffle([8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31], x, y);
  const first = (x: Code, y: Code): Code =>
    shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23], x, y);
  const second = (x: Code, y: Code): Code =>
    shuffle([8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31], x, y);
  const [x0, x1, x2, x3] = [v.get("x0"), v.get("x1"), v.get("x2"), v.get("x3")];
  const rows = POINTERS.slice(0, 4);
  const four = [
    (["x0", "x1", "x2", "x3"] as const).map((x, i) => v.set(x, v128load(from(v, rows[i] as Pointer)))),
    v128store(v.get("to"), first(low(x0, x1), low(x2, x3))),
    v128store(v.get("to"), second(low(x0, x1), low(x2, x3)), 4 * width),
    v128store(v.get("to"), first(high(x0, x1), high(x2, x3)), 8 * width),
    v128store(v.get("to"), second(high(x0, x1), high(x2, x3)), 12 * width),
    v.inc("at", i32c(16)),
    v.inc("to", i32c(16 * width)),
    v.inc("left", i32c(-4)),
  ];
  const one = [
    rows.map((p, i) => [v.get("to"), [from(v, p), e.load, e.shift, 0], e.store, e.shift, 4 * i]),
    v.inc("at", i32c(4)),
    v.inc("to", i32c(4 * width)),
  ];
  const piece = [
    block(loop([brIf(1, ltS(v.get("left"), i32c(4))), four, br(0)])),
    ifThen(v.get("left"), each(v, one)),
  ];
  return Array.from({ length: width / 4 }, (_, group) => [
    rows.map((p, i) => begin(v, e, p, i32c(4 * group + i))),
    v.set("to", add(v.get("dst"), i32c(16 * group))),
    pieces(v, e, piece),
  ]);
}

/** Element by element. Rows that the panel lacks repeat its last one. */
function scalars(v: V, e: Element, width: number): Code {
  const rows = POINTERS.slice(0, width);
  const last = sub(v.get("count"), i32c(1));
  const copy = [
    rows.map((p, i) => [v.get("dst"), [from(v, p), e.load, e.shift, 0], e.store, e.shift, i * e.bytes]),
    v.inc("at", shl(stride(v, "deep", 0), i32c(e.shift))),
    v.inc("dst", i32c(width * e.bytes)),
  ];
  return [
    rows.map((p, i) => begin(v, e, p, select(ltS(last, i32c(i)), last, i32c(i)))),
    pieces(v, e, each(v, copy)),
  ];
}
