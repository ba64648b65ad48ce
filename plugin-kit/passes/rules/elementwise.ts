// Elementwise ops in smaller ones, to within the accuracy classes of the op table; signed zeros, infinities and NaN kept.
import type { BinaryOp, DType, OpName, UnaryOp } from "tenon-plugin-api";
import type { Builder, Draft, Ref } from "../../builder.ts";
import { BITS } from "./bits.ts";
import { one, two, type Rule, type Rules } from "./rule.ts";

const where = (b: Builder, p: Ref, x: Ref, y: Ref): Ref => b.apply("select", p, x, y);
const isZero = (b: Builder, x: Ref): Ref => b.compare("EQ", x, b.like(x, 0));
const isNegative = (b: Builder, x: Ref): Ref => b.compare("LT", x, b.like(x, 0));
const absNeeds = ["compare", "select", "subtract"] as const;
/** 0 − x where x ≤ 0: −0 becomes +0, NaN stays. */
function absolute(b: Builder, x: Ref): Ref {
  const zero = b.like(x, 0);
  return where(b, b.compare("LE", x, zero), b.apply("subtract", zero, x), x);
}

/** max by comparisons: NaN first, and of two zeros the sum, which is +0 unless both are −0. */
function maximumOf(b: Builder, x: Ref, y: Ref): Ref {
  const larger = where(b, b.compare("GE", x, y), x, y);
  const zeros = where(b, isZero(b, larger), b.apply("add", x, y), larger);
  const equal = where(b, b.compare("EQ", x, y), zeros, larger);
  return where(b, b.compare("NE", x, x), x, where(b, b.compare("NE", y, y), y, equal));
}

/** floor(x) where the fraction is below a half, else (or, on ties, by `up`) the next integer; the sign of x is kept. */
function nearest(b: Builder, x: Ref, up: (low: Ref, tie: Ref) => Ref): Ref {
  const size = absolute(b, x);
  const low = b.apply("floor", size);
  const rest = b.apply("subtract", size, low);
  const half = b.like(x, 0.5);
  const next = b.apply("add", low, b.like(x, 1));
  const tie = b.compare("EQ", rest, half);
  const rounded = where(b, b.compare("GT", rest, half), next, where(b, tie, up(low, next), low));
  const signed = where(b, isNegative(b, x), b.apply("negate", rounded), rounded);
  const kept = where(b, b.compare("EQ", size, low), x, signed); // integers, infinities, zeros as they are
  return where(b, b.compare("NE", x, x), x, kept);
}
function evenOf(b: Builder, low: Ref, next: Ref): Ref {
  const half = b.apply("floor", b.apply("multiply", low, b.like(low, 0.5)));
  const isEven = b.compare("EQ", b.apply("add", half, half), low);
  return where(b, isEven, low, next);
}

/** (e^x − 1) from e^x: W. Kahan's correction (Higham 2002, §1.14.1). */
function expm1(b: Builder, x: Ref): Ref {
  const u = b.apply("exponential", x);
  const v = b.apply("subtract", u, b.like(x, 1));
  const corrected = b.apply("divide", b.apply("multiply", v, x), b.apply("log", u));
  const tiny = b.compare("EQ", v, b.like(x, 0));
  const far = b.compare("GE", absolute(b, x), b.like(x, 16));
  return where(b, tiny, x, where(b, far, v, corrected));
}
/** log(1 + x) from log: the same correction. */
function log1p(b: Builder, x: Ref): Ref {
  const u = b.apply("add", x, b.like(x, 1));
  const v = b.apply("subtract", u, b.like(x, 1));
  const log = b.apply("log", u);
  const corrected = b.apply("divide", b.apply("multiply", log, x), v);
  const tiny = b.compare("EQ", v, b.like(x, 0));
  const far = b.compare("GE", x, b.like(x, 2 ** 20));
  return where(b, tiny, x, where(b, far, log, corrected));
}
/** −t / (t + 2) with t = e^(−2|x|) − 1, which neither cancels nor overflows. */
function tanh(b: Builder, x: Ref): Ref {
  const size = absolute(b, x);
  const t = b.apply("exponential_minus_one", b.apply("multiply", size, b.like(x, -2)));
  const r = b.apply("divide", b.apply("negate", t), b.apply("add", t, b.like(x, 2)));
  const signed = where(b, isNegative(b, x), b.apply("negate", r), r);
  return where(b, isZero(b, x), x, signed);
}
/** 1 / (1 + e^−|x|), and e^−|x| of it where x < 0. */
function logistic(b: Builder, x: Ref): Ref {
  const e = b.apply("exponential", b.apply("negate", absolute(b, x)));
  const one = b.like(x, 1);
  return b.apply("divide", where(b, isNegative(b, x), e, one), b.apply("add", one, e));
}
/** |x|^(1/3), one Newton step, the sign of x. */
function cbrt(b: Builder, x: Ref): Ref {
  const size = absolute(b, x);
  const r = b.apply("power", size, b.like(x, 1 / 3));
  const square = b.apply("multiply", r, r);
  const error = b.apply("subtract", r, b.apply("divide", size, square));
  const root = b.apply("subtract", r, b.apply("divide", error, b.like(x, 3)));
  const signed = where(b, isNegative(b, x), b.apply("negate", root), root);
  const kept = b.compare("EQ", b.apply("add", x, x), x); // ±0, ±∞
  return where(b, kept, x, signed);
}

/** A narrow type computed in a wider one, where that gives the same: f32 has more than twice the digits of the half types. */
function widened(op: OpName, dtypes: readonly DType[]): Rule {
  const wide = (d: DType): DType => (d.includes("f") ? "f32" : d.startsWith("i") ? "i32" : "u32");
  return {
    needs: (d) => ["convert", `convert:${wide(d)}`, `${op}:${wide(d)}`],
    dtypes,
    build: (b, operands, draft: Draft) => {
      const { dtype } = (operands[0] as Ref).type;
      const result = b.one(
        draft.op,
        operands.map((x) => b.convert(x, wide(dtype))),
        draft.attrs,
      );
      return [result.type.dtype === wide(dtype) ? b.convert(result, dtype) : result];
    },
  };
}
const HALVES: readonly DType[] = ["f16", "bf16"];
const NARROW_INTS: readonly DType[] = ["i8", "i16", "u8", "u16"];
/** Ops on floats whose narrow form is the rounded wide one. */
const OF_HALVES: readonly (UnaryOp | BinaryOp | "compare" | "clamp")[] = [
  ...([
    "abs",
    "cbrt",
    "ceil",
    "cosine",
    "exponential",
    "exponential_minus_one",
    "floor",
    "is_finite",
  ] as const),
  ...(["log", "log_plus_one", "logistic", "negate", "round_nearest_afz", "round_nearest_even"] as const),
  ...([
    "rsqrt",
    "sign",
    "sine",
    "sqrt",
    "tan",
    "tanh",
    "add",
    "atan2",
    "divide",
    "maximum",
    "minimum",
  ] as const),
  ...(["multiply", "power", "remainder", "subtract", "compare", "clamp"] as const),
];
/** Ops on integers whose narrow form is the wide one, wrapped. */
const OF_INTS: readonly (UnaryOp | BinaryOp | "compare" | "clamp")[] = [
  ...(["abs", "negate", "not", "sign", "add", "and", "divide", "maximum", "minimum", "multiply"] as const),
  ...(["or", "remainder", "subtract", "xor", "compare", "clamp"] as const),
];

const OWN: Rules = {
  negate: [
    one(["subtract"], "f", (b, x) => b.apply("subtract", b.like(x, -0), x)),
    one(["subtract"], "iu", (b, x) => b.apply("subtract", b.like(x, 0), x)),
    one(["multiply"], "iuf", (b, x) => b.apply("multiply", x, b.like(x, -1))),
  ],
  subtract: [two(["add", "negate"], "iufc", (b, x, y) => b.apply("add", x, b.apply("negate", y)))],
  add: [two(["or"], "b", (b, x, y) => b.apply("or", x, y))],
  multiply: [two(["and"], "b", (b, x, y) => b.apply("and", x, y))],
  abs: [one(absNeeds, "if", absolute)],
  sign: [
    one(["compare", "select"], "iuf", (b, x) => {
      const negative = where(b, isNegative(b, x), b.like(x, -1), x);
      return where(b, b.compare("GT", x, b.like(x, 0)), b.like(x, 1), negative);
    }),
  ],
  maximum: [
    two(["compare", "select", "add"], "f", maximumOf),
    two(["compare", "select"], "iu", (b, x, y) => where(b, b.compare("GT", x, y), x, y)),
    two(["or"], "b", (b, x, y) => b.apply("or", x, y)),
  ],
  minimum: [
    two(["maximum", "negate"], "f", (b, x, y) =>
      b.apply("negate", b.apply("maximum", b.apply("negate", x), b.apply("negate", y))),
    ),
    two(["compare", "select"], "iu", (b, x, y) => where(b, b.compare("LT", x, y), x, y)),
    two(["and"], "b", (b, x, y) => b.apply("and", x, y)),
  ],
  clamp: [
    {
      needs: ["maximum", "minimum", "broadcast_in_dim"],
      build: (b, [low, x, high]) => {
        const { shape } = (x as Ref).type;
        const least = b.apply("maximum", x as Ref, b.broadcast(low as Ref, shape));
        return [b.apply("minimum", least, b.broadcast(high as Ref, shape))];
      },
    },
  ],
  remainder: [
    // x / 0 = −1 and x · 0 = 0: the remainder by zero is x, as it must be.
    two(["divide", "multiply", "subtract"], "iu", (b, x, y) =>
      b.apply("subtract", x, b.apply("multiply", b.apply("divide", x, y), y)),
    ),
  ],
  ceil: [one(["floor", "negate"], "f", (b, x) => b.apply("negate", b.apply("floor", b.apply("negate", x))))],
  floor: [one(["ceil", "negate"], "f", (b, x) => b.apply("negate", b.apply("ceil", b.apply("negate", x))))],
  round_nearest_afz: [
    one([...absNeeds, "floor", "add", "negate"], "f", (b, x) => nearest(b, x, (_low, next) => next)),
  ],
  round_nearest_even: [
    one([...absNeeds, "floor", "add", "negate", "multiply"], "f", (b, x) =>
      nearest(b, x, (low, next) => evenOf(b, low, next)),
    ),
  ],
  is_finite: [
    one(["subtract", "compare"], "f", (b, x) => b.compare("EQ", b.apply("subtract", x, x), b.like(x, 0))),
  ],
  logistic: [one([...absNeeds, "exponential", "negate", "add", "divide"], "f", logistic)],
  tanh: [one([...absNeeds, "exponential_minus_one", "multiply", "divide", "add", "negate"], "f", tanh)],
  tan: [
    one(["sine", "cosine", "divide"], "f", (b, x) =>
      b.apply("divide", b.apply("sine", x), b.apply("cosine", x)),
    ),
  ],
  exponential_minus_one: [one([...absNeeds, "exponential", "log", "multiply", "divide"], "f", expm1)],
  log_plus_one: [one([...absNeeds, "add", "log", "multiply", "divide"], "f", log1p)],
  rsqrt: [one(["sqrt", "divide"], "f", (b, x) => b.apply("divide", b.like(x, 1), b.apply("sqrt", x)))],
  cbrt: [one([...absNeeds, "power", "multiply", "divide", "negate", "add"], "f", cbrt)],
  not: [
    one(["xor"], "iu", (b, x) => b.apply("xor", x, b.like(x, -1))),
    one(["subtract"], "iu", (b, x) => b.apply("subtract", b.like(x, -1), x)),
    one(["compare"], "b", (b, x) => b.compare("EQ", x, b.like(x, 0))),
  ],
  xor: [two(["compare"], "b", (b, x, y) => b.compare("NE", x, y))],
  ...BITS,
};

/** Rules of elementwise ops. A narrow dtype is widened before anything else is tried. */
export const ELEMENTWISE: Rules = Object.fromEntries(
  [...new Set([...(Object.keys(OWN) as OpName[]), ...OF_HALVES, ...OF_INTS])].map((op) => {
    const narrow = [
      ...((OF_HALVES as readonly OpName[]).includes(op) ? [widened(op, HALVES)] : []),
      ...((OF_INTS as readonly OpName[]).includes(op) ? [widened(op, NARROW_INTS)] : []),
    ];
    return [op, [...narrow, ...(OWN[op] ?? [])]];
  }),
);
