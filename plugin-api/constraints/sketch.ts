// Programs of one op, in short: what the cases of constraints are written in.
import type { ArrayType, Block, DType, Func, Op, OpName, Program, Type, Value } from "../program.ts";
import { IR } from "../version.ts";

/** `t("f32", 2, 3)`. */
export const t = (dtype: DType, ...shape: (number | string)[]): ArrayType => ({ dtype, shape });

/** An op before its ids are given: operands by type. */
export interface Sketch {
  readonly op: OpName;
  readonly operands: readonly Type[];
  readonly attrs?: object;
  readonly results: readonly Type[];
  readonly regions?: readonly RegionSketch[];
}
/** A region of one op on its parameters (or none: it returns `give` of them). */
export interface RegionSketch {
  readonly params: readonly Type[];
  /** The op applied to the parameters at `on`; absent: parameters are returned. */
  readonly apply?: {
    readonly op: OpName;
    readonly attrs?: object;
    readonly result: Type;
    readonly on: readonly number[];
  };
  /** Parameters returned when there is no op. */
  readonly give?: readonly number[];
}

/** (E, E) → E by one binary op. */
export const reducer = (dtype: DType, op: OpName = "add"): RegionSketch => ({
  params: [t(dtype), t(dtype)],
  apply: { op, result: t(dtype), on: [0, 1] },
});
/** (E, E) → bool. */
export const comparator = (dtype: DType, compareType: string, n = 1): RegionSketch => ({
  params: Array.from({ length: 2 * n }, () => t(dtype)),
  apply: { op: "compare", attrs: { direction: "LT", compareType }, result: t("bool"), on: [0, 1] },
});

/** A program whose main applies one op to its parameters. */
export function programOf(sketch: Sketch, more: Partial<Program> = {}): Program {
  let next = 0;
  const value = (type: Type): Value => ({ id: next++, type });
  const params = sketch.operands.map(value);
  const regions = sketch.regions?.map((r): Block => {
    const own = r.params.map(value);
    if (r.apply === undefined)
      return { params: own, ops: [], results: (r.give ?? []).map((i) => (own[i] as Value).id) };
    const { op, attrs = {}, result, on } = r.apply;
    const out = value(result);
    const inner = {
      op,
      operands: on.map((i) => (own[i] as Value).id),
      attrs,
      results: [out],
    } as unknown as Op;
    return { params: own, ops: [inner], results: [out.id] };
  });
  const results = sketch.results.map(value);
  const op = {
    op: sketch.op,
    operands: params.map((p) => p.id),
    attrs: sketch.attrs ?? {},
    results,
    ...(regions === undefined ? {} : { regions }),
  } as unknown as Op;
  const main: Func = { name: "main", params, ops: [op], results: results.map((r) => ({ value: r.id })) };
  return { ir: IR, name: "test", main: "main", functions: [main], attachments: [], ...more };
}

/** double(x) = x + x: what calls in CASES name. */
const DOUBLE: Func = {
  name: "double",
  params: [{ id: 0, type: t("f32", 3) }],
  ops: [{ op: "add", operands: [0, 0], attrs: {}, results: [{ id: 1, type: t("f32", 3) }] }],
  results: [{ value: 1 }],
};
/** The program of one of CASES, as it is or with a constraint broken. */
export function caseProgram(sketch: Sketch): Program {
  const program = programOf(sketch);
  return { ...program, functions: [DOUBLE, ...program.functions] };
}
