// while and case as compilers write and break them: scans over slices, carried predicates, state that is used again, branches
// in loops and loops in branches. What each program computes follows from small integers, exact in every dtype.
import type { DType, Program } from "tenon-plugin-api";
import { program, type, type Ref, type Scope } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { dtypesOf } from "../inputs.ts";
import { encode, type Elements } from "../values.ts";
import { scalar } from "./trials.ts";

const I32 = scalar("i32");
const BOOL = scalar("bool");
const int = (s: Scope, n: number): Ref => s.constant(I32, encode("i32", [n]));
const add = (s: Scope, x: Ref, y: Ref): Ref => s.one("add", [x, y], {}, x.type);
const compare = (s: Scope, direction: "LT" | "EQ" | "NE", x: Ref, y: Ref): Ref =>
  s.one("compare", [x, y], { direction, compareType: "SIGNED" }, BOOL);
const trial = (made: Program, inputs: readonly Elements[], want: readonly Elements[]): Trial => ({
  program: made,
  inputs,
  want,
});

type Body = (s: Scope, i: Ref, ...state: Ref[]) => readonly Ref[];
/** i counts up to n; the last state, the counter first. */
function counted(s: Scope, n: Ref, state: readonly Ref[], body: Body): readonly Ref[] {
  const types = [I32, ...state.map((r) => r.type)];
  const cond = s.block(types, (b, i) => [compare(b, "LT", i, n)]);
  const step = s.block(types, (b, i, ...rest) => {
    const results = body(b, i, ...rest);
    return [add(b, i, int(b, 1)), ...results];
  });
  return s.op("while", [int(s, 0), ...state], {}, types, [cond, step]);
}

/** The element of a vector at i, and the vector with an element put there. */
function elements(dtype: DType): {
  at: (s: Scope, x: Ref, i: Ref) => Ref;
  put: (s: Scope, x: Ref, v: Ref, i: Ref) => Ref;
} {
  const [one, none] = [type(dtype, 1), scalar(dtype)];
  return {
    at: (s, x, i) => s.one("reshape", [s.one("dynamic_slice", [x, i], { sliceSizes: [1] }, one)], {}, none),
    put: (s, x, v, i) => s.one("dynamic_update_slice", [x, s.one("reshape", [v], {}, one), i], {}, x.type),
  };
}

function scanCases(dtype: DType): OpCase[] {
  const [vector, one] = [type(dtype, 4), scalar(dtype)];
  const { at, put } = elements(dtype);
  const make = (params: string, build: () => Trial): OpCase => opCase("while", dtype, params, build);
  const prefixes = (reverse: boolean) => (s: Scope, xs: Ref, init: Ref, ys: Ref) =>
    counted(s, int(s, 4), [init, ys], (b, i, sum, out) => {
      const k = reverse ? b.one("subtract", [int(b, 3), i], {}, I32) : i;
      const next = add(b, sum, at(b, xs, k));
      return [next, put(b, out, next, k)];
    });
  return [
    make("scan", () =>
      trial(
        program("scan", [vector, one, vector], prefixes(false)),
        [[1, 2, 3, 4], [1], [0, 0, 0, 0]],
        [[4], [11], [2, 4, 7, 11]],
      ),
    ),
    make("scan,reverse", () =>
      trial(
        program("reverse", [vector, one, vector], prefixes(true)),
        [[1, 2, 3, 4], [1], [0, 0, 0, 0]],
        [[4], [11], [11, 10, 8, 5]],
      ),
    ),
    make("reads-what-it-wrote", () =>
      trial(
        program("fibonacci", [vector], (s, ys) =>
          counted(s, int(s, 2), [ys], (b, i, out) => {
            const next = add(b, at(b, out, i), at(b, out, add(b, i, int(b, 1))));
            return [put(b, out, next, add(b, i, int(b, 2)))];
          }),
        ),
        [[1, 2, 0, 0]],
        [[2], [1, 2, 3, 5]],
      ),
    ),
  ];
}

function stateCases(dtype: DType): OpCase[] {
  const t = type(dtype, 3);
  const [x, y, z] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]] as const; // prettier-ignore
  const make = (params: string, build: () => Trial): OpCase => opCase("while", dtype, params, build);
  return [
    make("permutes", () =>
      trial(
        program("permutes", [I32, t, t, t], (s, n, ...state) =>
          counted(s, n, state, (_b, _i, p, q, r) => [q, r, p]),
        ),
        [[4], x, y, z],
        [[4], y, z, x],
      ),
    ),
    make("one-value-twice", () =>
      trial(
        program("twice", [I32, t, t], (s, n, p, q) => [
          ...counted(s, n, [p, p], (b, _i, a, c) => [add(b, a, q), c]),
          p,
          add(s, p, q),
        ]),
        [[3], [1, 1, 1], [2, 3, 4]],
        [[3], [7, 10, 13], [1, 1, 1], [1, 1, 1], [3, 4, 5]],
      ),
    ),
    make("carries-its-predicate", () =>
      trial(
        program("predicate", [I32, t], (s, n, p) => {
          const types = [BOOL, I32, t];
          const cond = s.block(types, (_b, go) => [go]);
          const step = s.block(types, (b, _go, i, v) => {
            const next = add(b, i, int(b, 1));
            return [compare(b, "NE", next, n), next, add(b, v, v)];
          });
          return s.op("while", [compare(s, "NE", int(s, 0), n), int(s, 0), p], {}, types, [cond, step]);
        }),
        [[3], x],
        [[0], [3], [8, 16, 24]],
      ),
    ),
    make("empty", () =>
      trial(
        program("empty", [I32, type(dtype, 0, 3)], (s, n, p) =>
          counted(s, n, [p], (b, _i, v) => [add(b, v, v)]),
        ),
        [[3], []],
        [[3], []],
      ),
    ),
    make("case-inside", () =>
      trial(
        program("branches", [I32, t, t], (s, n, p, q) =>
          counted(s, n, [p], (b, i, v) => {
            const odd = b.one("and", [i, int(b, 1)], {}, I32);
            const grown = b.block([], (c) => [add(c, v, q)]);
            return b.op("case", [odd], {}, [t], [grown, b.block([], () => [v])]);
          }),
        ),
        [[5], x, [1, 1, 1]],
        [[5], [4, 5, 6]],
      ),
    ),
  ];
}
/** The counter of an outer loop bounds an inner one, in one branch of two. */
const nested = (dtype: DType): OpCase =>
  opCase("case", dtype, "loops-inside", () => {
    const t = type(dtype, 2);
    const made = program("nested", [I32, t], (s, n, p) =>
      counted(s, n, [p], (b, i, v) => {
        const first = compare(b, "EQ", i, int(b, 0));
        const index = b.one("convert", [first], {}, I32);
        const inner = b.block([], (c) => [counted(c, i, [v], (d, _j, w) => [add(d, w, p)])[1] as Ref]);
        return b.op("case", [index], {}, [t], [inner, b.block([], (c) => [add(c, v, v)])]);
      }),
    );
    // 2·p, then 1 + 2 + 3 more of p.
    return trial(made, [[4], [1, 2]], [[4], [8, 16]]);
  });

const TRIPS = 20_000;
/** As many trips as a loop that leaves its module could not afford; the sum of all counters wraps. */
const manyTrips: OpCase = opCase("while", "i32", "trips=20000", () =>
  trial(
    program("many", [I32, I32], (s, n, p) => counted(s, n, [p], (b, i, sum) => [add(b, sum, i)])),
    [[TRIPS], [0]],
    [[TRIPS], [((TRIPS * (TRIPS - 1)) / 2) | 0]],
  ),
);

/** Cases of loops over slices, states and branches. */
export const LOOPS: readonly OpCase[] = [
  ...dtypesOf("iuf").flatMap((dtype) => [...scanCases(dtype), ...stateCases(dtype), nested(dtype)]),
  manyTrips,
];
