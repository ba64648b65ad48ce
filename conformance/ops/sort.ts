// sort: stable, by a comparator of the first array, carrying a second one along.
import type { DType } from "tenon-plugin-api";
import { program, single, type, type Scope } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { dtypesOf, kindOf, randomElements, seedOf } from "../inputs.ts";
import { sizeOf, toElement, type Element, type Elements } from "../values.ts";
import { indicesOf, scalar, totalRank } from "./trials.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

/** A comparator of the first operand's elements. */
function comparator(s: Scope, dtypes: readonly DType[], direction: "LT" | "GT"): ReturnType<Scope["block"]> {
  const [first] = dtypes as [DType, ...DType[]];
  const kind = kindOf(first);
  const compareType = kind === "f" ? "TOTALORDER" : kind === "i" ? "SIGNED" : "UNSIGNED";
  return s.block(
    dtypes.flatMap((d) => [scalar(d), scalar(d)]),
    (b, p, q) => [b.one("compare", [p, q], { direction, compareType }, scalar("bool"))],
  );
}
function sortTrial(
  dtype: DType,
  shape: readonly number[],
  dimension: number,
  direction: "LT" | "GT",
  x: Elements,
): Trial {
  const axis = dimension < 0 ? dimension + shape.length : dimension;
  const n = sizeOf(shape);
  const place = Array.from({ length: n }, (_, i) => i);
  const sign = direction === "LT" ? 1 : -1;
  const rank = (v: Element): bigint => (kindOf(dtype) === "f" ? totalRank(Number(v)) : BigInt(v));
  const order = (p: number, q: number): number => {
    const [a, b] = [rank(x[p] as Element), rank(x[q] as Element)];
    return a === b ? 0 : sign * (a < b ? -1 : 1);
  };
  const key = (i: readonly number[]): string => i.map((v, d) => (d === axis ? "*" : v)).join();
  const lines = new Map<string, number[]>();
  indicesOf(shape).forEach((i, p) => lines.set(key(i), [...(lines.get(key(i)) ?? []), p]));
  for (const [k, line] of lines) lines.set(k, [...line].sort(order));
  const from = indicesOf(shape).map((i) => at(lines.get(key(i)) as number[], at(i, axis)));
  const [t, u] = [type(dtype, ...shape), type("i32", ...shape)];
  const made = program("sort", [t, u], (b, ...refs) =>
    b.op("sort", refs, { dimension, isStable: true }, [t, u], [comparator(b, [dtype, "i32"], direction)]),
  );
  return { program: made, inputs: [x, place], want: [from.map((p) => x[p] as Element), from] };
}
const sortCases: readonly OpCase[] = dtypesOf("biuf").flatMap((dtype) => {
  const ties = (n: number): Elements => Array.from({ length: n }, (_, i) => toElement(dtype, (i * 7) % 5));
  const make = (
    params: string,
    shape: readonly number[],
    dimension: number,
    direction: "LT" | "GT",
    x: () => Elements,
  ): OpCase => opCase("sort", dtype, params, () => sortTrial(dtype, shape, dimension, direction, x()));
  const random = (n: number) => (): Elements =>
    randomElements(dtype, n, seedOf(`sort${dtype}`), kindOf(dtype) === "f" ? [-50, 50] : undefined);
  return [
    make("shape=7,stable", [7], 0, "LT", () => ties(7)),
    make("shape=3x5,dim=1", [3, 5], 1, "LT", random(15)),
    make("shape=5x3,dim=0,descending", [5, 3], 0, "GT", random(15)),
    make("shape=2x4,dim=-1", [2, 4], -1, "LT", random(8)),
    make("shape=100", [100], 0, "LT", random(100)),
    make("shape=0", [0], 0, "LT", () => []),
    make("shape=1", [1], 0, "LT", () => ties(1)),
    ...(kindOf(dtype) !== "f"
      ? []
      : [
          opCase(
            "sort",
            dtype,
            "values=special",
            () => sortTrial(dtype, [8], 0, "LT", [NaN, 1, Infinity, -0, 0, -Infinity, -1, NaN]),
            ["nan", "inf", "signedZero"],
          ),
        ]),
  ];
});
/** One operand, no payload. */
const sortAlone: readonly OpCase[] = dtypesOf("iuf").map((dtype) =>
  opCase("sort", dtype, "operands=1", (): Trial => {
    const t = type(dtype, 6);
    const made = single("sort", [t], { dimension: 0, isStable: false }, [t], (s) => [
      comparator(s, [dtype], "LT"),
    ]);
    return { program: made, inputs: [[5, 3, 6, 1, 2, 4]], want: [[1, 2, 3, 4, 5, 6]] };
  }),
);

/** Cases of sort. */
export const SORT: readonly OpCase[] = [...sortCases, ...sortAlone];
