// What the packed product does with one tile of C. The micro-kernel does not unroll k: V8 would hoist all loads of the block
// and spill its registers.
import {
  I32,
  V128,
  tee,
  i32c,
  v128load,
  v128store,
  add,
  sub,
  shl,
  ltS,
  loop,
  brIf,
  ifThen,
  ifValue,
  type Code,
  type Fn,
} from "../codegen/assembler.ts";
import { define, type Vars } from "./define.ts";
import { multiplyAdd, type Element } from "./element.ts";

/** Rows of a tile. */
export const MR = 4;
/** Its width in vectors. */
const NV = 2;
/** Columns of a tile. */
export const tileWidth = (e: Element): number => (16 / e.bytes) * NV;

/**
 * For each of `count` panels of A (one after the other), tile := A panel · B panel, k ≥ 1 deep; added to C if
 * `accumulate`. Strides in bytes.
 */
export function microKernel(e: Element, relaxed: boolean): Fn {
  const tile = Array.from({ length: MR }, (_, i) => Array.from({ length: NV }, (_, j) => `c${i}${j}`));
  const locals = Object.fromEntries([...tile.flat(), "b0", "b1", "splat"].map((name) => [name, V128]));
  return define(
    ["pa", "pb", "pc", "ldc", "k", "count", "accumulate"],
    { ...locals, q: I32, b: I32, c: I32 },
    (v: Vars<string>) => {
      const step = [
        v.set("b0", v128load(v.get("b"))),
        v.set("b1", v128load(v.get("b"), 16)),
        tile.map((row, i) => [
          v.set("splat", [v.get("pa"), e.loadSplat, e.shift, i * e.bytes]),
          row.map((c, j) => v.set(c, multiplyAdd(e, relaxed, v.get("splat"), v.get(`b${j}`), v.get(c)))),
        ]),
        v.inc("pa", i32c(MR * e.bytes)),
        v.inc("b", i32c(NV * 16)),
        brIf(0, tee(v.at["q"] as number, sub(v.get("q"), i32c(1)))),
      ];
      const rows = (each: (c: string, offset: number) => Code): Code => [
        v.set("c", v.get("pc")),
        tile.map((row) => [row.map((c, j) => each(c, 16 * j)), v.inc("c", v.get("ldc"))]),
      ];
      return loop([
        v.set("b", v.get("pb")),
        v.set("q", v.get("k")),
        tile.flat().map((c) => v.set(c, [0xfd, 12, Array<number>(16).fill(0)])),
        loop(step),
        ifThen(
          v.get("accumulate"),
          rows((c, offset) => v.set(c, [v.get(c), v128load(v.get("c"), offset), e.vadd])),
        ),
        rows((c, offset) => v128store(v.get("c"), v.get(c), offset)),
        v.set("pc", v.get("c")),
        brIf(0, tee(v.at["count"] as number, sub(v.get("count"), i32c(1)))),
      ]);
    },
  );
}

/** Copies the valid part of a tile to C, adding if `accumulate`. */
export function copyTile(e: Element): Fn {
  return define(
    ["tile", "pc", "ldc", "rows", "cols", "accumulate"],
    { i: I32, j: I32, at: I32 },
    (v: Vars<"tile" | "pc" | "ldc" | "rows" | "cols" | "accumulate" | "i" | "j" | "at">) => {
      const source = (): Code => [add(v.get("tile"), shl(v.get("j"), i32c(e.shift))), e.load, e.shift, 0];
      const added: Code = [source(), [v.get("at"), e.load, e.shift, 0], e.add];
      const sum = ifValue(e.type, v.get("accumulate"), added, source());
      const row = [
        v.set("j", i32c(0)),
        loop([
          v.set("at", add(v.get("pc"), shl(v.get("j"), i32c(e.shift)))),
          [v.get("at"), sum, e.store, e.shift, 0],
          v.inc("j", i32c(1)),
          brIf(0, ltS(v.get("j"), v.get("cols"))),
        ]),
        v.inc("tile", i32c(tileWidth(e) * e.bytes)),
        v.inc("pc", v.get("ldc")),
        v.inc("i", i32c(1)),
      ];
      return [v.set("i", i32c(0)), loop([row, brIf(0, ltS(v.get("i"), v.get("rows")))])];
    },
  );
}
