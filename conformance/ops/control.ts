// Ops that run regions or functions: while, case, call, composite, custom_call; and optimization_barrier.
import type { ConcreteType, DType, Program } from "tenon-plugin-api";
import { program, type, type Ref, type Scope } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { DTYPES, distinct, dtypesOf } from "../inputs.ts";
import { encode, toElement, type Elements } from "../values.ts";
import { scalar } from "./trials.ts";

const I32 = scalar("i32");
const BOOL = scalar("bool");
const constant = (s: Scope, t: ConcreteType, ...elements: number[]): Ref =>
  s.constant(t, encode(t.dtype, elements));
const add = (s: Scope, x: Ref, y: Ref): Ref => s.one("add", [x, y], {}, x.type);
const multiply = (s: Scope, x: Ref, y: Ref): Ref => s.one("multiply", [x, y], {}, x.type);
const less = (s: Scope, x: Ref, y: Ref): Ref =>
  s.one("compare", [x, y], { direction: "LT", compareType: "SIGNED" }, BOOL);
const trial = (made: Program, inputs: readonly Elements[], want: readonly Elements[]): Trial => ({
  program: made,
  inputs,
  want,
});

/** i counts up to n; the rest of the state is what `body` makes of it. */
function loop(
  s: Scope,
  n: Ref,
  state: readonly Ref[],
  body: (s: Scope, i: Ref, ...state: Ref[]) => readonly Ref[],
): readonly Ref[] {
  const types = [I32, ...state.map((r) => r.type)];
  const cond = s.block(types, (b, i) => [less(b, i, n)]);
  const step = s.block(types, (b, i, ...rest) => {
    const results = body(b, i, ...rest);
    return [add(b, i, constant(b, I32, 1)), ...results];
  });
  return s.op("while", [constant(s, I32, 0), ...state], {}, types, [cond, step]).slice(1);
}

/** Programs with a while, for arithmetic in one dtype. */
function whileCases(dtype: DType): OpCase[] {
  const t = type(dtype, 3);
  const make = (params: string, build: () => Trial): OpCase => opCase("while", dtype, params, build);
  const doubling = (s: Scope, n: Ref, x: Ref): readonly Ref[] =>
    loop(s, n, [x], (b, _i, y) => [add(b, y, y)]);
  return [
    ...[0, 1, 5].map((n) =>
      make(`trips=${n}`, () =>
        trial(
          program("double", [I32, t], (s, k, x) => doubling(s, k, x)),
          [[n], [1, 2, 3]],
          [[1, 2, 3].map((v) => v * 2 ** n)],
        ),
      ),
    ),
    make("captures", () =>
      trial(
        program("captures", [I32, t, t], (s, n, x, y) => loop(s, n, [x], (b, _i, z) => [add(b, z, y)])),
        [[4], [0, 1, 2], [1, 2, 3]],
        [[4, 9, 14]],
      ),
    ),
    make("captures-computed", () =>
      trial(
        program("computed", [I32, t], (s, n, x) => {
          const twice = add(s, x, x);
          return [twice, ...loop(s, n, [x], (b, _i, z) => [add(b, z, twice)])];
        }),
        [[3], [1, 2, 3]],
        [
          [2, 4, 6],
          [7, 14, 21],
        ],
      ),
    ),
    make("swap", () =>
      trial(
        program("swap", [I32, t, t], (s, n, x, y) => loop(s, n, [x, y], (_b, _i, p, q) => [q, p])),
        [[3], [1, 2, 3], [4, 5, 6]],
        [
          [4, 5, 6],
          [1, 2, 3],
        ],
      ),
    ),
    make("fibonacci", () =>
      trial(
        program("fibonacci", [I32, t, t], (s, n, x, y) =>
          loop(s, n, [x, y], (b, _i, p, q) => [q, add(b, p, q)]),
        ),
        [[7], [0, 1, 1], [1, 1, 2]],
        [
          [13, 21, 34],
          [21, 34, 55],
        ],
      ),
    ),
    make("nested", () =>
      trial(
        program("nested", [I32, t, t], (s, n, x, y) =>
          loop(s, n, [x], (outer, i, z) => loop(outer, i, [z], (inner, _j, w) => [add(inner, w, y)])),
        ),
        [[4], [0, 0, 1], [1, 2, 3]], // 0 + 1 + 2 + 3 = 6 inner steps
        [[6, 12, 19]],
      ),
    ),
    make("in-reach-of-its-own-result", () =>
      trial(
        program("twice", [I32, t], (s, n, x) => {
          const [once] = doubling(s, n, x);
          return [once as Ref, ...doubling(s, n, once as Ref)];
        }),
        [[2], [1, 2, 3]],
        [
          [4, 8, 12],
          [16, 32, 48],
        ],
      ),
    ),
  ];
}
/** A state of any dtype goes through unchanged. */
const carryCases: readonly OpCase[] = DTYPES.map((dtype) =>
  opCase("while", dtype, "carry", () => {
    const t = type(dtype, 2, 3);
    const x = distinct(dtype, 6);
    const made = program("carry", [I32, t], (s, n, y) => loop(s, n, [y], (_b, _i, z) => [z]));
    return trial(made, [[3], x], [x]);
  }),
);
/** Ends by what it computes, not by a count: Collatz steps from 27 are 111. */
const collatz: OpCase = opCase("while", "i32", "trips=by-data", () => {
  const one = (s: Scope): Ref => constant(s, I32, 1);
  const made = program("collatz", [I32], (s, n) => {
    const types = [I32, I32];
    const cond = s.block(types, (b, x) => [less(b, one(b), x)]);
    const body = s.block(types, (b, x, count) => {
      const odd = b.one("and", [x, one(b)], {}, I32);
      const half = b.one("shift_right_logical", [x, one(b)], {}, I32);
      const triple = add(b, multiply(b, x, constant(b, I32, 3)), one(b));
      const isOdd = b.one("compare", [odd, one(b)], { direction: "EQ", compareType: "SIGNED" }, BOOL);
      return [b.one("select", [isOdd, triple, half], {}, I32), add(b, count, one(b))];
    });
    return s.op("while", [n, constant(s, I32, 0)], {}, types, [cond, body]);
  });
  return trial(made, [[27]], [[1], [111]]);
});

function caseCases(dtype: DType): OpCase[] {
  const t = type(dtype, 3);
  const three = (s: Scope, index: Ref, x: Ref, y: Ref): readonly Ref[] =>
    s.op(
      "case",
      [index],
      {},
      [t],
      [s.block([], (b) => [add(b, x, y)]), s.block([], () => [x]), s.block([], (b) => [multiply(b, x, y)])],
    );
  const [x, y] = [
    [1, 2, 3],
    [3, 4, 5],
  ] as const;
  const branches = [
    [4, 6, 8],
    [1, 2, 3],
    [3, 8, 15],
  ] as const;
  return [
    ...[0, 1, 2, 3, 100, -1, -(2 ** 31)].map((index) =>
      opCase("case", dtype, `branches=3,index=${index}`, () =>
        trial(
          program("case", [I32, t, t], (s, i, p, q) => three(s, i, p, q)),
          [[index], x, y],
          [branches[index < 0 || index > 2 ? 2 : index] as Elements],
        ),
      ),
    ),
    opCase("case", dtype, "branches=1", () =>
      trial(
        program("one", [I32, t], (s, i, p) =>
          s.op("case", [i], {}, [t], [s.block([], (b) => [add(b, p, p)])]),
        ),
        [[7], x],
        [[2, 4, 6]],
      ),
    ),
    opCase("case", dtype, "results=2", () =>
      trial(
        program("two", [I32, t, t], (s, i, p, q) =>
          s.op("case", [i], {}, [t, t], [s.block([], () => [p, q]), s.block([], () => [q, p])]),
        ),
        [[1], x, y],
        [y, x],
      ),
    ),
    ...[0, 1].map((index) =>
      opCase("case", dtype, `nested,index=${index}`, () =>
        trial(
          program("nested", [I32, I32, t, t], (s, i, j, p, q) =>
            s.op(
              "case",
              [i],
              {},
              [t],
              [
                s.block([], (b) => three(b, j, p, q)),
                s.block([], (b) => loop(b, j, [p], (inner, _k, z) => [add(inner, z, q)])),
              ],
            ),
          ),
          [[index], [2], x, y],
          [index === 0 ? branches[2] : [7, 10, 13]],
        ),
      ),
    ),
  ];
}

/** Functions: called twice, by each other, with several results; as a decomposition and as a fallback. */
function callCases(dtype: DType): OpCase[] {
  const t = type(dtype, 3);
  const twice = { name: "twice", params: [t], body: (s: Scope, x?: Ref) => [add(s, x as Ref, x as Ref)] };
  const four = {
    name: "four",
    params: [t],
    body: (s: Scope, x?: Ref) => {
      const y = s.op("call", [x as Ref], { callee: "twice" }, [t]);
      return s.op("call", y, { callee: "twice" }, [t]);
    },
  };
  const swap = { name: "swap", params: [t, t], body: (_s: Scope, x?: Ref, y?: Ref) => [y as Ref, x as Ref] };
  const callees = [twice, four, swap];
  const x = [1, 2, 3];
  return [
    opCase("call", dtype, "nested", () =>
      trial(
        program("calls", [t], (s, a) => s.op("call", [a], { callee: "four" }, [t]), { callees }),
        [x],
        [[4, 8, 12]],
      ),
    ),
    opCase("call", dtype, "results=2", () =>
      trial(
        program("calls", [t, t], (s, ...refs) => s.op("call", refs, { callee: "swap" }, [t, t]), { callees }),
        [x, [4, 5, 6]],
        [[4, 5, 6], x],
      ),
    ),
    opCase("call", dtype, "in=while", () =>
      trial(
        program(
          "calls",
          [I32, t],
          (s, n, a) => loop(s, n, [a], (b, _i, z) => b.op("call", [z], { callee: "twice" }, [t])),
          { callees },
        ),
        [[3], x],
        [[8, 16, 24]],
      ),
    ),
    opCase("composite", dtype, "unknown", () => {
      const attrs = {
        name: "conformance.twice",
        version: 1,
        attributes: { scale: 2 },
        decomposition: "twice",
      };
      return trial(
        program("composite", [t], (s, a) => s.op("composite", [a], attrs, [t]), { callees }),
        [x],
        [[2, 4, 6]],
      );
    }),
    opCase("custom_call", dtype, "fallback", () => {
      const attrs = {
        target: "conformance.twice",
        version: 1,
        attributes: {},
        sideEffect: "none",
        fallback: "twice",
      } as const;
      return trial(
        program("custom", [t], (s, a) => s.op("custom_call", [a], attrs, [t]), { callees }),
        [x],
        [[2, 4, 6]],
      );
    }),
  ];
}

const barrierCases: readonly OpCase[] = DTYPES.map((dtype) =>
  opCase("optimization_barrier", dtype, "operands=2", () => {
    const [t, u] = [type(dtype, 4), I32];
    const x = distinct(dtype, 4).map((v) => toElement(dtype, v));
    const made = program("barrier", [t, u], (s, ...refs) => s.op("optimization_barrier", refs, {}, [t, u]));
    return trial(made, [x, [7]], [x, [7]]);
  }),
);

/** Cases of control flow. */
export const CONTROL: readonly OpCase[] = [
  ...dtypesOf("iuf").flatMap((dtype) => [...whileCases(dtype), ...caseCases(dtype), ...callCases(dtype)]),
  ...carryCases,
  collatz,
  ...barrierCases,
];
