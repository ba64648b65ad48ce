// Random programs of many ops, judged by the reference plugin: what fusing, folding and planning memory must not change.
// Only ops that are exact in every order, so that the bits must be equal.
import type { BinaryOp, DType } from "tenon-plugin-api";
import { program, type, type Ref, type Scope } from "../builder.ts";
import type { OpCase, Trial } from "../case.ts";
import { kindOf, random, randomElements } from "../inputs.ts";
import { sizeOf } from "../values.ts";
import { combiner } from "./indexing.ts";
import { scalar } from "./trials.ts";

const DTYPES: readonly DType[] = ["i32", "u32", "f32", "i64", "u8"];
const SEEDS = 20;
const LENGTH = 14;
/** Sums of a few small integers are exact in f32 in any order; products soon aren't. */
const BINARY: readonly BinaryOp[] = ["add", "subtract", "maximum", "minimum"];
const BINARY_INTS: readonly BinaryOp[] = [...BINARY, "multiply", "and", "or", "xor"];

type Next = () => number;
const below = (next: Next, n: number): number => Math.floor(next() * n);
const oneOf = <T>(next: Next, list: readonly T[]): T => list[below(next, list.length)] as T;

/** One more op on x, and sometimes on another value of its shape. */
function step(s: Scope, next: Next, x: Ref, values: readonly Ref[]): Ref {
  const { dtype, shape } = x.type;
  const like = values.filter((v) => v.type.shape.join() === shape.join());
  const other = oneOf(next, like);
  const rank = shape.length;
  switch (below(next, 9)) {
    case 0:
    case 1:
      return s.one(oneOf(next, kindOf(dtype) === "f" ? BINARY : BINARY_INTS), [x, other], {}, x.type);
    case 2: {
      const compareType = kindOf(dtype) === "f" ? "FLOAT" : kindOf(dtype) === "i" ? "SIGNED" : "UNSIGNED";
      const p = s.one("compare", [x, other], { direction: "LT", compareType }, type("bool", ...shape));
      return s.one("select", [p, other, x], {}, x.type);
    }
    case 3: {
      const permutation = shape.map((_, i) => (i + 1) % rank);
      return s.one(
        "transpose",
        [x],
        { permutation },
        type(dtype, ...permutation.map((d) => shape[d] as number)),
      );
    }
    case 4:
      return s.one("reshape", [x], {}, type(dtype, sizeOf(shape)));
    case 5: {
      const to = shape.map((n) => Math.ceil(n / 2));
      const attrs = { start: shape.map(() => 0), limit: shape, strides: shape.map(() => 2) };
      return s.one("slice", [x], attrs, type(dtype, ...to));
    }
    case 6:
      return s.one("reverse", [x], { dimensions: [below(next, rank)] }, x.type);
    case 7: {
      const d = below(next, rank);
      const to = shape.map((n, i) => (i === d ? 2 * n : n));
      return sizeOf(to) > 200 ? x : s.one("concatenate", [x, other], { dimension: d }, type(dtype, ...to));
    }
    default:
      return spreadMaximum(s, x, below(next, rank));
  }
}
/** The largest along an axis, spread out again. */
function spreadMaximum(s: Scope, x: Ref, axis: number): Ref {
  const { dtype, shape } = x.type;
  const kept = shape.map((_, d) => d).filter((d) => d !== axis);
  const zero = s.one("broadcast_in_dim", [corner(s, x)], { dimensions: [] }, scalar(dtype));
  const reduced = type(dtype, ...kept.map((d) => shape[d] as number));
  const most = s.one("reduce", [x, zero], { dimensions: [axis] }, reduced, combiner(dtype, "maximum")(s));
  return s.one("broadcast_in_dim", [most], { dimensions: kept }, x.type);
}
/** x's first element, an init that changes no maximum of its row … and shows in others. */
function corner(s: Scope, x: Ref): Ref {
  const { dtype, shape } = x.type;
  const first = s.one(
    "slice",
    [x],
    { start: shape.map(() => 0), limit: shape.map(() => 1), strides: shape.map(() => 1) },
    type(dtype, ...shape.map(() => 1)),
  );
  return s.one("reshape", [first], {}, scalar(dtype));
}

function trial(dtype: DType, seed: number): Trial {
  const next = random(seed);
  const shape = oneOf(next, [[4, 6], [3, 4, 2], [17], [8, 8]]);
  const t = type(dtype, ...shape);
  const made = program(`random${seed}`, [t, t, t], (s, ...params) => {
    const values: Ref[] = [...params];
    for (let i = 0; i < LENGTH; i++) values.push(step(s, next, oneOf(next, values.slice(-4)), values));
    return values.slice(-3);
  });
  const inputs = [0, 1, 2].map((k) => {
    const drawn = randomElements(
      dtype,
      sizeOf(shape),
      seed * 3 + k,
      kindOf(dtype) === "f" ? [-9, 9] : undefined,
    );
    return kindOf(dtype) === "f" ? drawn.map((x) => Math.round(Number(x)) + 0) : drawn;
  });
  return { program: made, inputs };
}

/** Cases of random programs. */
export const RANDOM_PROGRAMS: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  Array.from({ length: SEEDS }, (_, seed): OpCase => ({
    kind: "op",
    id: `programs/random:${dtype}:seed=${seed}`,
    level: 6,
    dtype,
    about: [],
    build: () => trial(dtype, seed),
  })),
);
