// Every elementwise op on every dtype, shape ops, reductions, contractions and random graphs: the plan's interpretation
// equals the reference plugin.
import { DTYPES, OPSET, type DType, type OpName } from "tenon-plugin-api";
import { describe, it } from "vitest";
import { check, programOf, type, type Tolerance } from "./testing/run.ts";

const REAL: DType[] = [
  "bool",
  "i8",
  "i16",
  "i32",
  "i64",
  "u8",
  "u16",
  "u32",
  "u64",
  "f16",
  "bf16",
  "f32",
  "f64",
];
const LOOSE: { readonly [D in DType]?: Tolerance } = {
  f16: { relative: 2e-3 },
  bf16: { relative: 2e-2 },
  f32: { relative: 1e-6 },
  f64: { relative: 1e-12 },
};
type Plain1 = Parameters<Parameters<Parameters<typeof programOf>[1]>[0]["apply"]>[0];

const accepts = (op: OpName, dtype: DType): boolean => {
  try {
    const site = { op, operands: Array.from({ length: OPSET[op].arity[0] }, () => type(dtype, 7)), attrs: {}, regions: [], declared: [type(dtype, 7)], callee: () => undefined }; // prettier-ignore
    (OPSET[op].types as (s: unknown) => unknown)(site);
    return true;
  } catch {
    return false;
  }
};
const plain = (Object.keys(OPSET) as OpName[]).filter(
  (op) =>
    OPSET[op].traits.elementwise === true &&
    !["compare", "convert", "bitcast_convert", "reduce_precision", "clamp", "select", "complex"].includes(op),
) as Plain1[];

describe("elementwise ops", () => {
  for (const op of plain)
    for (const dtype of REAL)
      if (accepts(op, dtype))
        it(`${op} of ${dtype}`, async () => {
          const n = OPSET[op].arity[0];
          const p = programOf(
            Array.from({ length: n }, () => type(dtype, 40)),
            (b, ...xs) => [b.apply(op, ...xs)],
          );
          const exact = OPSET[op].accuracy === "exact" || DTYPES[dtype].kind !== "f";
          await check(p, 1, { edges: true, ...(exact ? {} : { tolerance: LOOSE[dtype] as Tolerance }) });
        });
  for (const dtype of REAL) {
    it(`compare of ${dtype}`, async () => {
      for (const direction of ["EQ", "NE", "LT", "LE", "GT", "GE"] as const)
        await check(
          programOf([type(dtype, 40), type(dtype, 40)], (b, x, y) => [b.compare(direction, x, y)]),
          2,
          { edges: true },
        );
    });
    it(`convert of ${dtype}`, async () => {
      for (const to of REAL)
        await check(
          programOf([type(dtype, 40)], (b, x) => [b.convert(x, to)]),
          3,
          { edges: true },
        );
    });
    it(`select and clamp of ${dtype}`, async () => {
      await check(
        programOf([type("bool", 40), type(dtype, 40), type(dtype, 40)], (b, c, x, y) => [
          b.one("select", [c, x, y], {}),
          b.one("clamp", [x, y, x], {}),
        ]),
        4,
        { edges: true },
      );
      await check(
        programOf([type("bool"), type(dtype, 40), type(dtype)], (b, c, x, y) => [
          b.one("select", [c, x, x], {}),
          b.one("clamp", [y, x, y], {}),
        ]),
        5,
        { edges: true },
      );
    });
  }
});
