// Every scalar op on every type: lanes give the bits of scalars, and both are what the interpreter says: exactly, or within
// the ulp bound of a transcendental function.
import { evalScalar, type Compute, type Scalar, type ScalarOp } from "tenon-plugin-kit";
import { describe, expect, it } from "vitest";
import { hasVector } from "./ops.ts";
import { enableRelaxedSimd } from "../platform.ts";
import { HOST, runOp, type HostArray } from "../testing/run-op.ts";

/** mulberry32: a seeded generator. */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const random = generator(20261124);
const bits = new DataView(new ArrayBuffer(8));
const anyBits = (d: "f32" | "f64"): number => {
  bits.setUint32(0, Math.floor(random() * 2 ** 32));
  bits.setUint32(4, Math.floor(random() * 2 ** 32));
  return d === "f32" ? bits.getFloat32(0) : bits.getFloat64(0);
};
const EDGES = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  3,
  -3,
  2.5,
  0.49999997,
  1.5,
  Infinity,
  -Infinity,
  NaN,
  1e-40,
  -1e-40,
  65504,
  65520,
  1e-8,
  88.7,
  -87.3,
  88.9,
  -103.9,
  700,
  -745,
  8388609,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 63,
  1e20,
  3e38,
  Math.PI,
  Math.PI / 2,
];

function samples(d: Compute, n: number): Scalar[] {
  if (d === "bool") return Array.from({ length: n }, () => Math.floor(random() * 2));
  if (d === "f32" || d === "f64") {
    const round = d === "f32" ? Math.fround : (x: number) => x;
    const draws = [
      () => anyBits(d),
      () => round((random() - 0.5) * 4),
      () => round((random() - 0.5) * 200),
      () => round(10 ** (random() * 12 - 6)),
    ];
    return Array.from({ length: n }, (_, i) =>
      i < EDGES.length ? round(EDGES[i] as number) : (draws[i % 4] as () => number)(),
    );
  }
  const wide = d === "i64" || d === "u64";
  const view = new HOST[d](n) as BigInt64Array;
  const edges = [
    0n,
    1n,
    -1n,
    2n,
    7n,
    31n,
    32n,
    33n,
    63n,
    64n,
    -(2n ** 31n),
    2n ** 31n - 1n,
    127n,
    128n,
    32768n,
    -(2n ** 63n),
  ];
  for (let i = 0; i < n; i++) {
    const whole = BigInt(Math.floor(random() * 2 ** 32)) * 2n ** 32n + BigInt(Math.floor(random() * 2 ** 32));
    const x =
      i < edges.length
        ? (edges[i] as bigint)
        : i % 3 === 0
          ? whole % 100n
          : whole >> BigInt(Math.floor(random() * 40));
    (view as unknown as (bigint | number)[])[i] = wide ? x : Number(BigInt.asIntN(32, x));
  }
  return [...view] as Scalar[];
}

/** Distance in units of the last place of the wanted value. */
function ulps(d: "f32" | "f64", got: number, want: number): number {
  if (Object.is(got, want) || (Number.isNaN(got) && Number.isNaN(want))) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(want)) return got === want ? 0 : Infinity;
  const [mantissa, least] = d === "f32" ? [23, -149] : [52, -1074];
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(want) || 1e-320)), least + mantissa);
  return Math.abs(got - want) / 2 ** (exponent - mantissa);
}

const FLOATS: readonly Compute[] = ["f32", "f64"];
const INTS: readonly Compute[] = ["i32", "u32", "i64", "u64"];
const NUMBERS: readonly Compute[] = [...INTS, ...FLOATS];
const ALL: readonly Compute[] = [...NUMBERS, "bool"];
interface Case {
  readonly op: ScalarOp;
  readonly dtype: Compute;
  readonly from: readonly Compute[];
  readonly ulp: number;
}
const CASES: Case[] = [];
const same = (ops: readonly ScalarOp[], types: readonly Compute[], arity: number): void => {
  for (const op of ops)
    for (const d of types) CASES.push({ op, dtype: d, from: Array<Compute>(arity).fill(d), ulp: 0 });
};
same(["add", "mul", "div", "rem", "min", "max", "sub"], NUMBERS, 2);
same(["min", "max", "and", "or", "xor"], ["bool"], 2);
same(["neg", "abs", "sign"], NUMBERS, 1);
same(["and", "or", "xor"], INTS, 2);
same(["not"], [...INTS, "bool"], 1);
same(["shl", "shr_s", "shr_u"], INTS, 2);
same(["popcnt", "clz"], INTS, 1);
same(["floor", "ceil", "round_even", "round_afz", "sqrt"], FLOATS, 1);
for (const d of ALL) {
  for (const op of ["eq", "ne", "lt", "le", "gt", "ge"] as const)
    CASES.push({ op, dtype: "bool", from: [d, d], ulp: 0 });
  CASES.push({ op: "select", dtype: d, from: ["bool", d, d], ulp: 0 });
  for (const to of ALL) CASES.push({ op: "convert", dtype: to, from: [d], ulp: 0 });
}
for (const d of FLOATS) CASES.push({ op: "is_finite", dtype: "bool", from: [d], ulp: 0 });
for (const [a, b] of [
  ["i32", "f32"],
  ["u32", "f32"],
  ["i32", "u32"],
  ["i64", "f64"],
  ["u64", "f64"],
] as const)
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    CASES.push({ op: "bitcast", dtype: to, from: [from], ulp: 0 });
for (const d of ["i32", "u32"] as const)
  for (const op of ["extend8_s", "extend8_u", "extend16_s", "extend16_u"] as const)
    CASES.push({ op, dtype: d, from: [d], ulp: 0 });
for (const op of ["round_f16", "round_bf16"] as const)
  CASES.push({ op, dtype: "f32", from: ["f32"], ulp: 0 });
for (const op of ["f16_bits", "bf16_bits"] as const) CASES.push({ op, dtype: "u32", from: ["f32"], ulp: 0 });
for (const op of ["f16_from_bits", "bf16_from_bits"] as const)
  CASES.push({ op, dtype: "f32", from: ["u32"], ulp: 0 });
// Half an ulp more than the functions' own bound: the oracle is rounded, too.
const ULP = {
  exp: 1.5,
  expm1: 2.5,
  log: 1.5,
  log1p: 2.5,
  logistic: 3.5,
  tanh: 3.5,
  sin: 2.5,
  cos: 2.5,
  tan: 3.5,
  cbrt: 1.5,
  rsqrt: 1.6,
} as const;
for (const d of FLOATS) {
  for (const [op, ulp] of Object.entries(ULP)) CASES.push({ op: op as ScalarOp, dtype: d, from: [d], ulp });
  CASES.push(
    { op: "pow", dtype: d, from: [d, d], ulp: 12.5 },
    { op: "atan2", dtype: d, from: [d, d], ulp: 2.5 },
  );
}

const N = 1024;
/** A typed array of a compute type. */
const hostArray = (dtype: Compute, values: readonly unknown[]): HostArray =>
  (HOST[dtype] as unknown as { from(values: readonly unknown[]): HostArray }).from(values);

/** With fused multiply-add and without, where an op uses it. */
const MODES = CASES.flatMap((c) => [
  { ...c, how: "", relaxed: false },
  ...(c.ulp > 0 && c.dtype === "f32" && enableRelaxedSimd() ? [{ ...c, how: ", fused", relaxed: true }] : []),
]);
describe.each(MODES)("$op: $from to $dtype$how", ({ op, dtype, from, ulp, relaxed }) => {
  const args = from.map((d) => samples(d, N));
  if (op.endsWith("from_bits")) args[0] = (args[0] as number[]).map((x) => x & 0xffff);
  // The bits of halves are asked of rounded numbers only.
  if (op === "f16_bits" || op === "bf16_bits")
    args[0] = (args[0] as number[]).map((x) =>
      evalScalar(op === "f16_bits" ? "round_f16" : "round_bf16", "f32", "f32", [x]),
    );
  const host = args.map((x, i) => hostArray(from[i] as Compute, x));
  if (args.length > 1 && op !== "select") (host[1] as Int32Array).reverse();
  const scalar = runOp(op, dtype, from, host, { isVector: false, relaxed });

  it("is what the interpreter says", () => {
    let worst = 0;
    for (let i = 0; i < N; i++) {
      const xs = host.map((h) => h[i] as Scalar);
      const want = evalScalar(op, dtype, from[op === "select" ? 1 : 0] as Compute, xs);
      const got = scalar[i] as Scalar;
      if (dtype === "f32" || dtype === "f64") {
        const distance = ulps(dtype, got as number, want as number);
        if (distance > ulp || (want === 0 && !Object.is(got, want)))
          expect.fail(`${op}(${xs.join(", ")}) = ${String(got)}, expected ${String(want)} (${distance} ulp)`);
        worst = Math.max(worst, distance);
      } else if (got !== want)
        expect.fail(`${op}(${xs.join(", ")}) = ${String(got)}, expected ${String(want)}`);
    }
    expect(worst).toBeLessThanOrEqual(ulp);
  });
  it.runIf(hasVector(op, dtype, from))("gives the same bits in lanes", () => {
    const vector = runOp(op, dtype, from, host, { isVector: true, relaxed });
    for (let i = 0; i < N; i++)
      if (!Object.is(vector[i], scalar[i]))
        expect.fail(
          `lanes ${String(vector[i])}, scalar ${String(scalar[i])} for ${host.map((h) => String(h[i])).join(", ")}`,
        );
    expect(vector.length).toBe(scalar.length);
  });
});
