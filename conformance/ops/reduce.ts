// reduce: along every axis, with folds of one and of several ops, of one array and of two.
import type { DType } from "tenon-plugin-api";
import { program, single, type, type Ref, type Scope } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { DTYPES, dtypesOf, edges, kindOf } from "../inputs.ts";
import { sizeOf, toElement } from "../values.ts";
import {
  boundOf,
  folded,
  foldTolerance,
  identity,
  initOf,
  inputOf,
  monoidsOf,
  type Monoid,
} from "./folds.ts";
import { combiner } from "./indexing.ts";
import { flatOf, indicesOf, scalar } from "./trials.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

/** [shape, dimensions] */
const REDUCES = [
  [[5], [0]],
  [[3, 4], [1]],
  [[3, 4], [0]],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [[2, 3], []],
  [[100], [0]],
  [[33, 3], [0]],
  [[1033], [0]],
  [[9, 67], [1]],
  [[67, 9], [0]],
  [[0], [0]],
  [[2, 0, 3], [1]],
  [[0, 3], [1]],
  [[], []],
] as const;

function reduceTrial(
  monoid: Monoid,
  dtype: DType,
  shape: readonly number[],
  dimensions: readonly number[],
): Trial {
  const x = inputOf(dtype, sizeOf(shape), `reduce${dtype}${shape.join()}`);
  const kept = shape.map((_, d) => d).filter((d) => !dimensions.includes(d));
  const to = kept.map((d) => at(shape, d));
  const init = identity(monoid, dtype);
  const all = indicesOf(shape);
  const want = indicesOf(to).flatMap((index) => {
    const here = all
      .filter((i) => kept.every((d, k) => at(i, d) === at(index, k)))
      .map((i) => flatOf(shape, i));
    return folded(monoid, dtype, init, x, here);
  });
  return {
    program: single(
      "reduce",
      [type(dtype, ...shape), scalar(dtype)],
      { dimensions },
      [type(dtype, ...to)],
      combiner(dtype, monoid),
    ),
    inputs: [x, initOf(dtype, init)],
    want: [want.map((v) => toElement(dtype, v))],
    tolerance: foldTolerance(monoid, dtype, all.length, boundOf(x)),
  };
}
const reduceCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  monoidsOf(dtype).flatMap((monoid) =>
    REDUCES.map(([shape, dimensions]) =>
      opCase(
        "reduce",
        dtype,
        `fold=${monoid},shape=${shape.join("x") || "scalar"},dims=${dimensions.join("-")}`,
        () => reduceTrial(monoid, dtype, shape, dimensions),
      ),
    ),
  ),
);

/** A sum that starts elsewhere, NaN in a maximum, integers that wrap. */
const reduceEdges: readonly OpCase[] = [
  ...dtypesOf("iuf").map((dtype) =>
    opCase("reduce", dtype, "fold=add,init=100", (): Trial => {
      const t = type(dtype, 3);
      const made = single(
        "reduce",
        [t, scalar(dtype)],
        { dimensions: [0] },
        [scalar(dtype)],
        combiner(dtype, "add"),
      );
      return { program: made, inputs: [[1, 2, 3], [100]], want: [[106]] };
    }),
  ),
  ...dtypesOf("f").flatMap((dtype) =>
    (["maximum", "minimum", "add"] as const).map((fold) =>
      opCase(
        "reduce",
        dtype,
        `fold=${fold},values=nan`,
        (): Trial => {
          const made = single(
            "reduce",
            [type(dtype, 2, 9), scalar(dtype)],
            { dimensions: [1] },
            [type(dtype, 2)],
            combiner(dtype, fold),
          );
          const x = Array.from({ length: 18 }, (_, i) => (i === 7 ? NaN : i));
          const rest = { maximum: 17, minimum: 9, add: 117 }[fold];
          const init = fold === "add" ? 0 : identity(fold, dtype);
          return { program: made, inputs: [x, [init]], want: [[NaN, rest]] };
        },
        ["nan"],
      ),
    ),
  ),
  ...dtypesOf("iu").map((dtype) =>
    opCase("reduce", dtype, "fold=add,values=wrap", (): Trial => {
      const top = edges(dtype, "finite").reduce((a, b) => (a > b ? a : b));
      const made = single(
        "reduce",
        [type(dtype, 3), scalar(dtype)],
        { dimensions: [0] },
        [scalar(dtype)],
        combiner(dtype, "add"),
      );
      const sum = toElement(dtype, 3n * BigInt(top));
      return { program: made, inputs: [[top, top, top], [0]], want: [[sum]] };
    }),
  ),
];

/** The larger value with its index, the first of equals: two arrays, one region of compare and select. */
function argmax(s: Scope, dtype: DType): ReturnType<Scope["block"]> {
  const [v, i, p] = [scalar(dtype), scalar("i32"), scalar("bool")];
  const compareType = kindOf(dtype) === "f" ? "FLOAT" : kindOf(dtype) === "i" ? "SIGNED" : "UNSIGNED";
  return s.block([v, i, v, i], (b, ...refs) => {
    const [x, xi, y, yi] = refs as [Ref, Ref, Ref, Ref];
    const above = b.one("compare", [x, y], { direction: "GT", compareType }, p);
    const equal = b.one("compare", [x, y], { direction: "EQ", compareType }, p);
    const before = b.one("compare", [xi, yi], { direction: "LT", compareType: "SIGNED" }, p);
    const first = b.one("and", [equal, before], {}, p);
    const keep = b.one("or", [above, first], {}, p);
    return [b.one("select", [keep, x, y], {}, v), b.one("select", [keep, xi, yi], {}, i)];
  });
}
const reduceRegions: readonly OpCase[] = [
  ...dtypesOf("iuf").map((dtype) =>
    opCase("reduce", dtype, "operands=2,fold=argmax", (): Trial => {
      const [t, s] = [type(dtype, 2, 5), type("i32", 2, 5)];
      const made = program("argmax", [t, s, scalar(dtype), scalar("i32")], (b, ...refs) =>
        b.op("reduce", refs, { dimensions: [1] }, [type(dtype, 2), type("i32", 2)], [argmax(b, dtype)]),
      );
      const index = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4];
      const bottom = identity("maximum", dtype);
      const inputs = [[3, 9, 2, 9, 1, 7, 7, 7, 0, 7], index, [bottom], [2 ** 31 - 1]];
      return {
        program: made,
        inputs,
        want: [
          [9, 7],
          [1, 0],
        ],
      };
    }),
  ),
  ...dtypesOf("if").map((dtype) =>
    opCase("reduce", dtype, "fold=two-ops", (): Trial => {
      const s = scalar(dtype);
      // max(a, b) written as −min(−a, −b)
      const made = single("reduce", [type(dtype, 2, 4), s], { dimensions: [1] }, [type(dtype, 2)], (b) => [
        b.block([s, s], (inner, x, y) => {
          const minus = (r: Ref): Ref => inner.one("negate", [r], {}, s);
          return [minus(inner.one("minimum", [minus(x), minus(y)], {}, s))];
        }),
      ]);
      return { program: made, inputs: [[1, 5, -2, 3, -7, -1, -9, -4], [-100]], want: [[5, -1]] };
    }),
  ),
];

/** Cases of reduce. */
export const REDUCE: readonly OpCase[] = [...reduceCases, ...reduceEdges, ...reduceRegions];
