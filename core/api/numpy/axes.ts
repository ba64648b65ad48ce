// Axes and option words shared by the functions of np.
import { fail } from "../../errors.ts";
import type { Shape, ShapedArray } from "../../ir/aval.ts";
import { numberList } from "../../primitives/operand.ts";
import type { Axis } from "../keywords.ts";

export { range } from "../../primitives/dims.ts";

/** A position from 0 of an axis that may count from the end. */
export function oneAxis(
  name: string,
  axis: number,
  aval: { readonly ndim: number } & object,
  rank: number = aval.ndim,
): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw fail(
      "E_AXIS_RANGE",
      `${name}: axis ${axis} is out of range for ${String((aval as { aval?: ShapedArray }).aval ?? `rank ${rank}`)}`,
    );
  return axis < 0 ? axis + rank : axis;
}
/** Distinct positions of axes; null stands for all of them. */
export function axesOf(
  name: string,
  axis: Axis | undefined,
  x: { readonly ndim: number; readonly shape: Shape },
): number[] {
  if (axis == null) return x.shape.map((_, i) => i);
  const list = numberList(name, "axis", axis).map((a) => oneAxis(name, a, x));
  if (new Set(list).size !== list.length)
    throw fail("E_AXIS_RANGE", `${name}: an axis occurs twice in [${list.join(",")}]`, {
      hint: "name each axis once",
    });
  return list;
}
