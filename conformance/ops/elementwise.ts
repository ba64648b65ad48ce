// Elementwise ops that compare and choose: compare, select, clamp.
import type { DType, OpAttrs } from "tenon-plugin-api";
import { type } from "../builder.ts";
import { opCase, type OpCase } from "../case.ts";
import { DTYPES, dtypesOf, edges, kindOf, randomElements, seedOf } from "../inputs.ts";
import { isComplex, toElement, type Element, type Elements } from "../values.ts";
import { allEdges, mapElements, oneOp, pairsOf, scalar, totalRank } from "./trials.ts";

type Direction = OpAttrs["compare"]["direction"];
type CompareType = OpAttrs["compare"]["compareType"];
const DIRECTIONS: readonly Direction[] = ["EQ", "NE", "GE", "GT", "LE", "LT"];

/** −1, 0 or 1, or NaN where the two have no order. */
function order(x: Element, y: Element, compareType: CompareType): number {
  const [a, b] = compareType === "TOTALORDER" ? [totalRank(Number(x)), totalRank(Number(y))] : [x, y];
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : NaN;
}
const HOLDS: { readonly [D in Direction]: (o: number) => boolean } = {
  EQ: (o) => o === 0,
  NE: (o) => o !== 0,
  GE: (o) => o >= 0,
  GT: (o) => o > 0,
  LE: (o) => o <= 0,
  LT: (o) => o < 0,
};
function compareTypesOf(dtype: DType): readonly CompareType[] {
  const kind = kindOf(dtype);
  if (kind === "f") return ["FLOAT", "TOTALORDER"];
  return [kind === "c" ? "FLOAT" : kind === "i" ? "SIGNED" : "UNSIGNED"];
}
const compareCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  compareTypesOf(dtype).flatMap((compareType) =>
    DIRECTIONS.filter((d) => !isComplex(dtype) || d === "EQ" || d === "NE").map((direction) =>
      opCase("compare", dtype, `direction=${direction},type=${compareType}`, () => {
        const [x, y] = isComplex(dtype) ? complexPairs : pairsOf(allEdges(dtype), allEdges(dtype));
        const parts = mapElements(dtype, [x, y], (p, q) =>
          p.map((v, i) => order(v, q[i] as Element, compareType)),
        );
        const want = parts.map((o) =>
          HOLDS[direction](o.length === 1 ? (o[0] as number) : o.every((n) => n === 0) ? 0 : 1) ? 1 : 0,
        );
        const t = type(dtype, want.length);
        return oneOp(
          "compare",
          [
            [t, x],
            [t, y],
          ],
          { direction, compareType },
          type("bool", want.length),
          want,
        );
      }),
    ),
  ),
);
/** Points that differ in no part, in one, in both, and NaN. */
const complexPairs: readonly [Elements, Elements] = [
  [1, 2, 1, 2, 1, 2, 0, -0, NaN, 1],
  [1, 2, 1, 3, 0, 2, -0, 0, NaN, 1],
];

const selectCases: readonly OpCase[] = DTYPES.flatMap((dtype) => {
  const data = (k: number): Elements => randomElements(dtype, 12, seedOf(`select${dtype}`) + k);
  const pick = (pred: (i: number) => boolean): Elements =>
    mapElements(dtype, [data(0), data(1)], (x, y) => [x, y]).flatMap(
      ([x, y], i) => (pred(i) ? x : y) as Elements,
    );
  const t = type(dtype, 3, 4);
  const mask = Array.from({ length: 12 }, (_, i) => (i % 3 === 1 ? 1 : 0));
  return [
    opCase("select", dtype, "pred=full", () =>
      oneOp(
        "select",
        [
          [type("bool", 3, 4), mask],
          [t, data(0)],
          [t, data(1)],
        ],
        {},
        t,
        pick((i) => mask[i] === 1),
      ),
    ),
    ...[1, 0].map((on) =>
      opCase("select", dtype, `pred=scalar,on=${on}`, () =>
        oneOp(
          "select",
          [
            [scalar("bool"), [on]],
            [t, data(0)],
            [t, data(1)],
          ],
          {},
          t,
          pick(() => on === 1),
        ),
      ),
    ),
    opCase("select", dtype, "shape=empty", () => {
      const none = type(dtype, 0);
      return oneOp(
        "select",
        [
          [type("bool", 0), []],
          [none, []],
          [none, []],
        ],
        {},
        none,
        [],
      );
    }),
  ];
});

/** min(max(x, low), high): high wins over low, NaN over both. */
function clamped(x: Element, low: Element, high: Element): Element {
  if ([x, low, high].some((v) => v !== v)) return NaN;
  const least = x < low ? low : x;
  return least > high ? high : least;
}
const clampCases: readonly OpCase[] = dtypesOf("iuf").flatMap((dtype) => {
  const x = (): Elements => [...edges(dtype, "finite"), ...edges(dtype, "inf")];
  const make = (params: string, low: Element, high: Element): OpCase =>
    opCase("clamp", dtype, params, () => {
      const t = type(dtype, x().length);
      const want = x().map((v) => clamped(v, toElement(dtype, low), toElement(dtype, high)));
      return oneOp(
        "clamp",
        [
          [scalar(dtype), [low]],
          [t, x()],
          [scalar(dtype), [high]],
        ],
        {},
        t,
        want,
      );
    });
  const full = opCase("clamp", dtype, "bounds=full", () => {
    const [a, b, c] = [0, 1, 2].map((k) => randomElements(dtype, 20, seedOf(`clamp${dtype}`) + k, [0, 100]));
    const t = type(dtype, 20);
    const want = (a as Elements).map((low, i) =>
      clamped((b as Elements)[i] as Element, low, (c as Elements)[i] as Element),
    );
    return oneOp(
      "clamp",
      [
        [t, a as Elements],
        [t, b as Elements],
        [t, c as Elements],
      ],
      {},
      t,
      want,
    );
  });
  const nan = opCase(
    "clamp",
    dtype,
    "values=nan",
    () => {
      const t = type(dtype, 3);
      const [low, v, high] = [
        [0, NaN, 0],
        [NaN, 1, 1],
        [2, 2, NaN],
      ] as const;
      return oneOp(
        "clamp",
        [
          [t, low],
          [t, v],
          [t, high],
        ],
        {},
        t,
        [NaN, NaN, NaN],
      );
    },
    ["nan"],
  );
  return [
    make("bounds=scalar", 1, 3),
    make("bounds=crossed", 3, 1),
    full,
    ...(kindOf(dtype) === "f" ? [nan] : []),
  ];
});

/** Cases of compare, select and clamp. */
export const ELEMENTWISE: readonly OpCase[] = [...compareCases, ...selectCases, ...clampCases];
