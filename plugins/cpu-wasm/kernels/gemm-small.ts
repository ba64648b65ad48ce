// Products too thin to pack: a few rows against a row-major matrix, and dot products along contiguous k.
import {
  I32,
  V128,
  simd,
  i32c,
  v128load,
  v128store,
  add,
  sub,
  shl,
  ltS,
  block,
  loop,
  br,
  brIf,
  type Code,
  type Fn,
} from "../codegen/assembler.ts";
import { define, type Vars } from "./define.ts";
import { multiplyAdd, type Element } from "./element.ts";

const ZERO: Code = [0xfd, 12, Array<number>(16).fill(0)];

/** out[i, j] = Σ_k lhs[i, k] · rhs[k, j] for m rows, rhs contiguous along j. lr, lc, rr in bytes; k ≥ 1. */
export function directRows(e: Element, relaxed: boolean): Fn {
  const lanes = 16 / e.bytes;
  const locals = {
    i: I32,
    j: I32,
    q: I32,
    a: I32,
    b: I32,
    to: I32,
    s0: V128,
    s1: V128,
    s2: V128,
    s3: V128,
    x: V128,
    sum: e.type,
  } as const;
  type Name = "lhs" | "rhs" | "out" | "m" | "n" | "k" | "lr" | "lc" | "rr" | keyof typeof locals;
  return define(["lhs", "rhs", "out", "m", "n", "k", "lr", "lc", "rr"], locals, (v: Vars<Name>) => {
    const begin = [
      v.set("q", v.get("k")),
      v.set("a", v.get("lhs")),
      v.set("b", add(v.get("rhs"), shl(v.get("j"), i32c(e.shift)))),
      v.set("to", add(v.get("out"), shl(v.get("j"), i32c(e.shift)))),
    ];
    const next = [
      v.inc("a", v.get("lc")),
      v.inc("b", v.get("rr")),
      v.set("q", sub(v.get("q"), i32c(1))),
      brIf(0, v.get("q")),
    ];
    const vectors = (names: readonly ("s0" | "s1" | "s2" | "s3")[]): Code => [
      begin,
      names.map((s) => v.set(s, ZERO)),
      loop([
        v.set("x", [v.get("a"), e.loadSplat, e.shift, 0]),
        names.map((s, i) =>
          v.set(s, multiplyAdd(e, relaxed, v.get("x"), v128load(v.get("b"), 16 * i), v.get(s))),
        ),
        next,
      ]),
      names.map((s, i) => v128store(v.get("to"), v.get(s), 16 * i)),
      v.inc("j", i32c(lanes * names.length)),
    ];
    const single = [
      begin,
      v.set("sum", e.zero),
      loop([
        v.set("sum", [
          v.get("sum"),
          [[v.get("a"), e.load, e.shift, 0], [v.get("b"), e.load, e.shift, 0], e.mul],
          e.add,
        ]),
        next,
      ]),
      [v.get("to"), v.get("sum"), e.store, e.shift, 0],
      v.inc("j", i32c(1)),
    ];
    /** While at least `columns` are left. */
    const during = (columns: number, body: Code): Code =>
      block(loop([brIf(1, ltS(sub(v.get("n"), v.get("j")), i32c(columns))), body, br(0)]));
    const row = [
      v.set("j", i32c(0)),
      during(4 * lanes, vectors(["s0", "s1", "s2", "s3"])),
      during(lanes, vectors(["s0"])),
      during(1, single),
      v.inc("lhs", v.get("lr")),
      v.inc("out", shl(v.get("n"), i32c(e.shift))),
      v.inc("i", i32c(1)),
    ];
    return [v.set("i", i32c(0)), loop([row, brIf(0, ltS(v.get("i"), v.get("m")))])];
  });
}

/** out[i, j] = Σ_k lhs[i, k] · rhs[k, j], both contiguous along k. lr, rc in bytes; k ≥ 1. Four vectors of partial sums. */
export function dotRows(e: Element, relaxed: boolean): Fn {
  const lanes = 16 / e.bytes;
  const locals = {
    i: I32,
    j: I32,
    q: I32,
    a: I32,
    b: I32,
    right: I32,
    s0: V128,
    s1: V128,
    s2: V128,
    s3: V128,
    sum: e.type,
  } as const;
  type Name = "lhs" | "rhs" | "out" | "m" | "n" | "k" | "lr" | "rc" | keyof typeof locals;
  return define(["lhs", "rhs", "out", "m", "n", "k", "lr", "rc"], locals, (v: Vars<Name>) => {
    const names = ["s0", "s1", "s2", "s3"] as const;
    const vectors = (some: readonly (typeof names)[number][]): Code => [
      some.map((s, i) =>
        v.set(
          s,
          multiplyAdd(e, relaxed, v128load(v.get("a"), 16 * i), v128load(v.get("b"), 16 * i), v.get(s)),
        ),
      ),
      v.inc("a", i32c(16 * some.length)),
      v.inc("b", i32c(16 * some.length)),
      v.set("q", sub(v.get("q"), i32c(lanes * some.length))),
    ];
    const during = (least: number, body: Code): Code =>
      block(loop([brIf(1, ltS(v.get("q"), i32c(least))), body, br(0)]));
    const extract = (lane: number): Code => [v.get("s0"), simd(e.bytes === 4 ? 31 : 33), lane];
    const vadd = (x: Code, y: Code): Code => [x, y, e.vadd];
    const total =
      e.bytes === 4
        ? [[extract(0), extract(1), e.add], [extract(2), extract(3), e.add], e.add]
        : [extract(0), extract(1), e.add];
    const dot = [
      v.set("a", v.get("lhs")),
      v.set("b", v.get("right")),
      v.set("q", v.get("k")),
      names.map((s) => v.set(s, ZERO)),
      during(4 * lanes, vectors(names)),
      during(lanes, vectors(["s0"])),
      v.set("s0", vadd(vadd(v.get("s0"), v.get("s1")), vadd(v.get("s2"), v.get("s3")))),
      v.set("sum", total),
      during(1, [
        v.set("sum", [
          v.get("sum"),
          [[v.get("a"), e.load, e.shift, 0], [v.get("b"), e.load, e.shift, 0], e.mul],
          e.add,
        ]),
        v.inc("a", i32c(e.bytes)),
        v.inc("b", i32c(e.bytes)),
        v.set("q", sub(v.get("q"), i32c(1))),
      ]),
      [v.get("out"), v.get("sum"), e.store, e.shift, 0],
      v.inc("out", i32c(e.bytes)),
      v.inc("right", v.get("rc")),
      v.inc("j", i32c(1)),
    ];
    const row = [
      v.set("j", i32c(0)),
      v.set("right", v.get("rhs")),
      loop([dot, brIf(0, ltS(v.get("j"), v.get("n")))]),
      v.inc("lhs", v.get("lr")),
      v.inc("i", i32c(1)),
    ];
    return [v.set("i", i32c(0)), loop([row, brIf(0, ltS(v.get("i"), v.get("m")))])];
  });
}
