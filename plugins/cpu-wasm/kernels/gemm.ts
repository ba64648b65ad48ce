// The packed matrix product, one module per element type. After Goto & van de Geijn, "Anatomy of high-performance matrix
// multiplication", ACM TOMS 34(3), 2008: B in panels of NR columns, A in panels of 4 rows, blocks that fit the caches. Each
// sum is taken in order of k within blocks of KC, and the blocks in order: a function of the shape alone.
import type { Gemm } from "tenon-plugin-kit";
import {
  I32,
  i32c,
  i32load,
  add,
  sub,
  mul,
  shl,
  shrU,
  divU,
  or,
  eq,
  and,
  ltS,
  geS,
  eqz,
  select,
  block,
  loop,
  br,
  brIf,
  ifThen,
  call,
  memoryFill,
  type Code,
  type Fn,
} from "../codegen/assembler.ts";
import { encodeModule, typeTable } from "../codegen/module.ts";
import { define, type Vars } from "./define.ts";
import { ELEMENTS, type Element } from "./element.ts";
import { directRows, dotRows } from "./gemm-small.ts";
import { copyTile, MR, microKernel, tileWidth } from "./gemm-tile.ts";
import { LEVEL_WORDS, levelWords, packPanel } from "./pack.ts";

/**
 * Greatest depth of a block (a panel of B is 20 KB), rows of a block of A (160 KB of L2), columns of a block of B. Blocks
 * are equally deep: each costs a pass over C.
 */
const KC = 640;
const MC = 64;
const NC = 1024;

/**
 * Words of the argument block, in order: addresses of element [0, 0, 0], extents, strides of the batch in elements, whether
 * all else has one stride. Then come the levels of the sides.
 */
const ARGS = ["lhs", "rhs", "out", "work", "batch", "m", "n", "k", "lb", "rb", "even"] as const;
const SIDES = ["lr", "lc", "rr", "rc"] as const;
/** Of a side that has one level, its stride; else that of the first. */
type Side = (typeof SIDES)[number];
/** How many of the words are addresses. */
export const GEMM_SLOTS = 4;
/** The constant words of the block, from `batch` on. */
export function gemmWords({ batch, m, n, k, lhs, rhs }: Gemm): readonly number[] {
  const sides = [lhs.row, lhs.col, rhs.row, rhs.col];
  const even = sides.every((levels) => levels.length === 1);
  return [batch, m, n, k, lhs.batch, rhs.batch, Number(even), ...sides.flatMap(levelWords)];
}
/** Where a side's words begin in the block. */
const sideAt = (side: Side): number => ARGS.length + LEVEL_WORDS * SIDES.indexOf(side);

const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;
/** Bytes of workspace that a product needs: a block of B, a block of A, one tile. */
export function gemmWorkspaceBytes({ dtype, m, n, k }: Gemm): number {
  const e = ELEMENTS[dtype];
  const depth = Math.ceil(k / Math.ceil(k / KC));
  const columns = Math.min(roundUp(n, tileWidth(e)), NC);
  return e.bytes * (depth * columns + depth * Math.min(roundUp(m, MR), MC) + MR * tileWidth(e));
}

/** Indices of the module's functions. */
const FN = { gemm: 0, micro: 1, copyTile: 2, packA: 3, packB: 4, direct: 5, dots: 6 } as const;

/** Locals besides the words of the argument block. */
const SCRATCH = [
  "jc", "pc", "ic", "jr", "ir", "nc", "kc", "mc", "panels", "tile", "packedA", "packedB", "ldc", "b", "left",
  "to", "cols", "depth",
] as const; // prettier-ignore
type Local = (typeof ARGS)[number] | Side | "args" | (typeof SCRATCH)[number];
type V = Vars<Local>;
const min = (x: Code, y: Code): Code => select(ltS(x, y), x, y);

/** for (name = 0; name < limit; name += step) body; the limit is positive. */
const count = (v: V, name: Local, limit: Code, step: Code, body: Code): Code => [
  v.set(name, i32c(0)),
  loop([body, v.inc(name, step), brIf(0, ltS(v.get(name), limit))]),
];

/** One column panel of C against the block of A in panels: whole tiles in one call, edges through the scratch tile. */
function columnPanel(v: V, e: Element): Code {
  const width = tileWidth(e);
  const accumulate = v.get("pc"); // the first block of k overwrites
  const panelB = add(v.get("packedB"), mul(v.get("jr"), shl(v.get("kc"), i32c(e.shift))));
  const element = (row: Code, col: Code): Code =>
    add(v.get("out"), shl(add(mul(row, v.get("n")), col), i32c(e.shift)));
  const col = add(v.get("jc"), v.get("jr"));
  const edge = (rows: Code, ir: Code): Code => [
    call(
      FN.micro,
      add(v.get("packedA"), mul(ir, shl(v.get("kc"), i32c(e.shift)))),
      panelB,
      v.get("tile"),
      i32c(width * e.bytes),
      v.get("kc"),
      i32c(1),
      i32c(0),
    ),
    call(
      FN.copyTile,
      v.get("tile"),
      element(add(v.get("ic"), ir), col),
      v.get("ldc"),
      rows,
      v.get("cols"),
      accumulate,
    ),
  ];
  const whole = v.get("panels");
  return [
    v.set("cols", min(i32c(width), sub(v.get("nc"), v.get("jr")))),
    v.set("panels", shrU(v.get("mc"), i32c(2))),
    ifThen(
      eq(v.get("cols"), i32c(width)),
      [
        ifThen(
          whole,
          call(
            FN.micro,
            v.get("packedA"),
            panelB,
            element(v.get("ic"), col),
            v.get("ldc"),
            v.get("kc"),
            whole,
            accumulate,
          ),
        ),
        v.set("ir", shl(whole, i32c(2))),
      ],
      v.set("ir", i32c(0)),
    ),
    block(
      loop([
        brIf(1, geS(v.get("ir"), v.get("mc"))),
        edge(min(i32c(MR), sub(v.get("mc"), v.get("ir"))), v.get("ir")),
        v.inc("ir", i32c(MR)),
        br(0),
      ]),
    ),
  ];
}

/** Packs panels of `width` along one side of a block. */
function packBlock(v: V, e: Element, side: "A" | "B"): Code {
  const [width, to, minor, deep, extent, first, source] =
    side === "A"
      ? ([MR, "packedA", "lr", "lc", "mc", "ic", "lhs"] as const)
      : ([tileWidth(e), "packedB", "rc", "rr", "nc", "jc", "rhs"] as const);
  const levels = (name: Side): Code => add(v.get("args"), i32c(4 * sideAt(name)));
  return [
    v.set("to", v.get(to)),
    count(v, "left", v.get(extent), i32c(width), [
      call(
        side === "A" ? FN.packA : FN.packB,
        v.get(source),
        v.get("to"),
        levels(minor),
        add(v.get(first), v.get("left")),
        levels(deep),
        v.get("pc"),
        v.get("kc"),
        min(i32c(width), sub(v.get(extent), v.get("left"))),
      ),
      v.inc("to", mul(i32c(width * e.bytes), v.get("kc"))),
    ]),
  ];
}

function packedProduct(v: V, e: Element): Code {
  const width = tileWidth(e);
  const blockOfA = [
    v.set("mc", min(i32c(MC), sub(v.get("m"), v.get("ic")))),
    packBlock(v, e, "A"),
    count(v, "jr", v.get("nc"), i32c(width), columnPanel(v, e)),
  ];
  const blockOfB = [
    v.set("kc", min(v.get("depth"), sub(v.get("k"), v.get("pc")))),
    packBlock(v, e, "B"),
    count(v, "ic", v.get("m"), i32c(MC), blockOfA),
  ];
  const paddedN = min(i32c(NC), and(add(v.get("n"), i32c(width - 1)), i32c(-width)));
  const paddedM = min(i32c(MC), and(add(v.get("m"), i32c(MR - 1)), i32c(-MR)));
  const bytes = (x: Code): Code => shl(mul(v.get("depth"), x), i32c(e.shift));
  const blocks = divU(add(v.get("k"), i32c(KC - 1)), i32c(KC));
  return [
    v.set("depth", divU(sub(add(v.get("k"), blocks), i32c(1)), blocks)),
    v.set("packedB", v.get("work")),
    v.set("packedA", add(v.get("packedB"), bytes(paddedN))),
    v.set("tile", add(v.get("packedA"), bytes(paddedM))),
    count(v, "jc", v.get("n"), i32c(NC), [
      v.set("nc", min(i32c(NC), sub(v.get("n"), v.get("jc")))),
      count(v, "pc", v.get("k"), v.get("depth"), blockOfB),
    ]),
  ];
}

/** The entry: (args) → (). Chooses a route per shape; loops over the batch. */
function entry(e: Element): Fn {
  const locals = Object.fromEntries([...ARGS, ...SIDES, ...SCRATCH].map((name) => [name, I32])) as Record<
    Exclude<Local, "args">,
    typeof I32
  >;
  return define(["args"], locals, (v: V) => {
    const bytes = (x: Code): Code => shl(x, i32c(e.shift));
    const one = (name: Local): Code => eq(v.get(name), i32c(1));
    const few = ltS(v.get("m"), i32c(MR + 1));
    const pass: readonly Local[] = ["lhs", "rhs", "out", "m", "n", "k", "lr", "lc", "rr"];
    const direct = call(
      FN.direct,
      ...pass.map((name) => (["lr", "lc", "rr"].includes(name) ? bytes(v.get(name)) : v.get(name))),
    );
    const dots = call(
      FN.dots,
      v.get("lhs"),
      v.get("rhs"),
      v.get("out"),
      v.get("m"),
      v.get("n"),
      v.get("k"),
      bytes(v.get("lr")),
      bytes(v.get("rc")),
    );
    // Few rows against a row-major B, or few results along contiguous k: packing would cost as much as the product.
    const product = ifThen(
      and(and(few, one("rc")), v.get("even")),
      direct,
      ifThen(
        and(and(or(few, ltS(v.get("n"), i32c(3))), and(one("lc"), one("rr"))), v.get("even")),
        dots,
        packedProduct(v, e),
      ),
    );
    const each = [
      ifThen(eqz(v.get("k")), memoryFill(v.get("out"), i32c(0), mul(v.get("m"), v.get("ldc"))), product),
      v.inc("lhs", bytes(v.get("lb"))),
      v.inc("rhs", bytes(v.get("rb"))),
      v.inc("out", mul(v.get("m"), v.get("ldc"))),
    ];
    const empty: Code = eqz(mul(mul(v.get("m"), v.get("n")), v.get("batch")));
    return [
      ARGS.map((name, i) => v.set(name, i32load(v.get("args"), 4 * i))),
      SIDES.map((name) => v.set(name, i32load(v.get("args"), 4 * sideAt(name)))),
      v.set("ldc", bytes(v.get("n"))),
      ifThen(empty, [], count(v, "b", v.get("batch"), i32c(1), each)),
    ];
  });
}

/** Bytes of the module of one element type. Exports f0: (address of the argument block) → (). */
export function gemmModule(
  dtype: Gemm["dtype"],
  relaxed: boolean,
  maxPages: number,
): Uint8Array<ArrayBuffer> {
  const e = ELEMENTS[dtype];
  const functions = [
    entry(e),
    microKernel(e, relaxed),
    copyTile(e),
    packPanel(e, MR),
    packPanel(e, tileWidth(e)),
    directRows(e, relaxed),
    dotRows(e, relaxed),
  ];
  return encodeModule(
    {
      functions,
      exports: [FN.gemm],
      types: typeTable(),
    },
    maxPages,
  );
}
