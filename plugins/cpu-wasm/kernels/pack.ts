// Packing: a block's panel of `width` rows (or columns), k after k, so that the micro-kernel reads it in order.
import {
  I32,
  V128,
  i32c,
  v128load,
  v128store,
  add,
  shl,
  eq,
  ltS,
  loop,
  brIf,
  ifThen,
  shuffle,
  type Code,
  type Fn,
} from "../codegen/assembler.ts";
import { define, type Vars } from "./define.ts";
import type { Element } from "./element.ts";

type Name = "src" | "dst" | "k" | "minor" | "deep" | "count" | "q" | "w" | "p" | "x0" | "x1" | "x2" | "x3";
type V = Vars<Name>;

/**
 * dst[q · width + w] = src[q · deep + w · minor] for q < k, w < width; zero from w = `count` on. Strides in bytes;
 * k ≥ 1. Contiguous along either side: by vectors.
 */
export function packPanel(e: Element, width: number): Fn {
  const locals = { q: I32, w: I32, p: I32, x0: V128, x1: V128, x2: V128, x3: V128 } as const;
  return define(["src", "dst", "k", "minor", "deep", "count"], locals, (v: V) => {
    const whole = eq(v.get("count"), i32c(width));
    const contiguous = (side: "minor" | "deep"): Code => eq(v.get(side), i32c(e.bytes));
    const slow = scalars(v, e, width);
    const transposed = e.bytes === 4 ? ifThen(contiguous("deep"), [transposes(v, width), slow], slow) : slow;
    return [
      v.set("q", i32c(0)),
      ifThen(whole, ifThen(contiguous("minor"), copies(v, e, width), transposed), slow),
    ];
  });
}

/** Whole vectors along the panel's side. */
function copies(v: V, e: Element, width: number): Code {
  const vectors = (width * e.bytes) / 16;
  return loop([
    Array.from({ length: vectors }, (_, i) =>
      v128store(v.get("dst"), v128load(v.get("src"), 16 * i), 16 * i),
    ),
    v.inc("src", v.get("deep")),
    v.inc("dst", i32c(width * e.bytes)),
    v.inc("q", i32c(1)),
    brIf(0, ltS(v.get("q"), v.get("k"))),
  ]);
}

/** f32, contiguous along k: 4 × 4 transposes while four k are left; `q` counts on. */
function transposes(v: V, width: number): Code {
  const low = (x: Code, y: Code): Code =>
    shuffle([0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23], x, y);
  const high = (x: Code, y: Code): Code =>
    shuffle([8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31], x, y);
  const first = (x: Code, y: Code): Code =>
    shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23], x, y);
  const second = (x: Code, y: Code): Code =>
    shuffle([8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31], x, y);
  const [x0, x1, x2, x3] = [v.get("x0"), v.get("x1"), v.get("x2"), v.get("x3")];
  const four = (group: number): Code => [
    (["x0", "x1", "x2", "x3"] as const).map((x) => [
      v.set(x, v128load(v.get("p"))),
      v.inc("p", v.get("minor")),
    ]),
    v128store(v.get("dst"), first(low(x0, x1), low(x2, x3)), 16 * group),
    v128store(v.get("dst"), second(low(x0, x1), low(x2, x3)), 16 * group + 4 * width),
    v128store(v.get("dst"), first(high(x0, x1), high(x2, x3)), 16 * group + 8 * width),
    v128store(v.get("dst"), second(high(x0, x1), high(x2, x3)), 16 * group + 12 * width),
  ];
  const step = [
    v.set("p", v.get("src")),
    Array.from({ length: width / 4 }, (_, group) => four(group)),
    v.inc("src", i32c(16)),
    v.inc("dst", i32c(16 * width)),
    v.inc("q", i32c(4)),
  ];
  const more = ltS(add(v.get("q"), i32c(3)), v.get("k"));
  return ifThen(more, loop([step, brIf(0, more)]));
}

/** Element by element, from `q` on. */
function scalars(v: V, e: Element, width: number): Code {
  const load: Code = [v.get("p"), e.load, e.shift, 0];
  const to = add(v.get("dst"), shl(v.get("w"), i32c(e.shift)));
  const put = (value: Code): Code => [to, value, e.store, e.shift, 0];
  const columns = [
    v.set("p", v.get("src")),
    v.set("w", i32c(0)),
    loop([
      ifThen(ltS(v.get("w"), v.get("count")), [put(load), v.inc("p", v.get("minor"))], put(e.zero)),
      v.inc("w", i32c(1)),
      brIf(0, ltS(v.get("w"), i32c(width))),
    ]),
    v.inc("src", v.get("deep")),
    v.inc("dst", i32c(width * e.bytes)),
    v.inc("q", i32c(1)),
  ];
  const more = ltS(v.get("q"), v.get("k"));
  return ifThen(more, loop([columns, brIf(0, more)]));
}
