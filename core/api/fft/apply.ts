// fft: one program per transform: crops and pads, moves axes, transforms.
import { fail } from "../../errors.ts";
import { DTYPES, complexDType, isComplex, realDType, type DType } from "../../ir/dtype.ts";
import { CONCRETE, type NDArray } from "../../ir/ndarray.ts";
import { literal } from "../../primitives/operand.ts";
import type { ConcreteArray } from "../../runtime/array.ts";
import { currentDevice } from "../../runtime/registry.ts";
import { composite } from "../composite.ts";
import { L } from "../numpy/define.ts";
import { inexactDType } from "../promotion.ts";
import { tableNames, tablesOf } from "./tables.ts";
import { half, transform, type Kind } from "./transform.ts";

/** What to do with an array. */
export interface Plan {
  readonly kind: Kind;
  /** Sizes of the transformed axes: of the result for IRFFT, else of the operand. */
  readonly lengths: readonly number[];
  /** The transformed axes; sizes that differ from `lengths` are cropped or filled with zeros. */
  readonly axes: readonly number[];
  /** Factor of the result; inverses divide by nothing. */
  readonly scale: number;
  /** Conjugate the spectrum: the operand of IRFFT, else the result. */
  readonly conjugate: boolean;
}

const run = composite("fft", ([x, ...tables]: readonly [NDArray, ...NDArray[]], plan: Plan) => {
  const lax = L();
  const { kind, lengths, axes } = plan;
  const others = [...x.shape.keys()].filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  const moved = permuted(x, order);
  const sizes = kind === "IRFFT" ? [...lengths.slice(0, -1), half(lengths)] : lengths;
  const fitted = fit(moved, [...moved.shape.slice(0, others.length), ...sizes]);
  const converted = lax.convertElementType(fitted, operandDType(kind, x.dtype));
  const names = tableNames(lengths);
  const y = transform(converted, kind, lengths, plan, (name) => tables[names.indexOf(name)] as NDArray);
  return permuted(
    y,
    [...order.keys()].map((i) => order.indexOf(i)),
  );
});

/** The transform of an array. @throws E_DTYPE, E_SHAPE for an operand that has none */
export function applyFft(name: string, x: NDArray, plan: Plan): NDArray {
  const dtype = operandDType(plan.kind, x.dtype);
  if (plan.kind === "RFFT") checkReal(name, x, dtype);
  if (plan.axes.length === 0) return L().convertElementType(x, dtype);
  const sizes = plan.kind === "RFFT" ? [...plan.lengths.slice(0, -1), half(plan.lengths)] : plan.lengths;
  const shape = x.shape.map((n, i) => (plan.axes.includes(i) ? (sizes[plan.axes.indexOf(i)] as number) : n));
  if (shape.includes(0)) {
    const to = plan.kind === "IRFFT" ? realDType(dtype) : complexDType(dtype);
    return L().full(shape, literal(0, to));
  }
  const real = realDType(dtype) as "float32" | "float64";
  const device = x.kind === CONCRETE ? (x as ConcreteArray).home : currentDevice();
  return run([x, ...tablesOf(tableNames(plan.lengths), real, device)], plan);
}
/** The dtype that a transform works on: floats for RFFT, else complex numbers of at least 32 bits. */
function operandDType(kind: Kind, dtype: DType): DType {
  const to = inexactDType(dtype);
  return kind === "RFFT" || isComplex(to) ? to : complexDType(DTYPES[to].itemsize === 8 ? to : "float32");
}
function checkReal(name: string, x: NDArray, dtype: DType): void {
  if (isComplex(dtype))
    throw fail("E_DTYPE", `${name}: got ${x.aval}, expected real values`, {
      hint: "np.fft.fft transforms complex values; np.real(x) drops the imaginary part",
    });
  if (dtype !== "float32" && dtype !== "float64")
    throw fail("E_DTYPE", `${name}: got ${x.aval}, expected float32, float64 or integers`, {
      hint: "convert with astype(np.float32)",
    });
}

function permuted(x: NDArray, order: readonly number[]): NDArray {
  return order.every((from, to) => from === to) ? x : L().transpose(x, order);
}
/** Cropped or filled with zeros at the ends of axes. */
function fit(x: NDArray, shape: readonly number[]): NDArray {
  const lax = L();
  if (x.shape.every((n, i) => n === shape[i])) return x;
  const kept = x.shape.map((n, i) => Math.min(n, shape[i] as number));
  const cropped = lax.slice(
    x,
    kept.map(() => 0),
    kept,
  );
  return lax.pad(
    cropped,
    literal(0, x.dtype),
    kept.map((n, i) => [0, (shape[i] as number) - n, 0] as const),
  );
}
