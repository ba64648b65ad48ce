// What a comparator does to each element alone is done once per element, not once per comparison: a comparator is cut
// into columns (functions of one element: its key in a form that compares well) and what compares them.
import type { Compute, KValue, Region, ValueId } from "tenon-plugin-kit";

/** A value that depends on one element only. */
export interface Column {
  readonly dtype: Compute;
  readonly value: ValueId;
}
/** A comparator, cut. */
export interface Columns {
  readonly columns: readonly Column[];
  /** For a value on the cut: its column, and the side whose element it is of. */
  readonly cut: ReadonlyMap<ValueId, { readonly column: number; readonly side: "left" | "right" }>;
  /** If the whole comparison is one column's < or >, of 32-bit integers: can be sorted by digits. */
  readonly digits: { readonly isSigned: boolean; readonly isDescending: boolean } | null;
}

type Side = "none" | "left" | "right" | "both";
const join = (a: Side, b: Side): Side => (a === "none" || a === b ? b : b === "none" ? a : "both");

/** Cuts the comparator of `operands` arrays. */
export function cutComparator(region: Region, operands: number): Columns {
  const { body } = region;
  const sides: Side[] = [];
  const texts: string[] = [];
  body.forEach((v) => {
    const args = "args" in v ? v.args : [];
    sides.push(
      v.op === "arg"
        ? v.index < operands
          ? "left"
          : "right"
        : args.map((a) => sides[a] as Side).reduce(join, "none"),
    );
    // Equal texts: the same function of an element, of whichever side.
    if (v.op === "arg") texts.push(`a${v.index % operands}`);
    else if (v.op === "const") texts.push(`${v.dtype}${Object.is(v.value, -0) ? "-0" : String(v.value)}`);
    else texts.push(`${v.op}:${v.dtype}(${args.map((a) => texts[a]).join(",")})`);
  });
  const columns: Column[] = [];
  const byText = new Map<string, number>();
  const cut = new Map<ValueId, { column: number; side: "left" | "right" }>();
  const visit = (id: ValueId): void => {
    const [v, side] = [body[id] as KValue, sides[id] as Side];
    if (side === "both") (v as { readonly args: readonly ValueId[] }).args.forEach(visit);
    else if (side !== "none" && !cut.has(id)) {
      const text = texts[id] as string;
      let column = byText.get(text);
      if (column === undefined) byText.set(text, (column = columns.push({ dtype: v.dtype, value: id }) - 1));
      cut.set(id, { column, side });
    }
  };
  const [result] = region.results as [ValueId];
  visit(result);
  return { columns, cut, digits: digitsOf(body[result] as KValue, columns, cut) };
}
function digitsOf(result: KValue, columns: readonly Column[], cut: Columns["cut"]): Columns["digits"] {
  const [only, ...others] = columns;
  if (only === undefined || others.length > 0 || (result.op !== "lt" && result.op !== "gt")) return null;
  if (only.dtype !== "i32" && only.dtype !== "u32") return null;
  const [x, y] = result.args.map((id) => cut.get(id)?.side);
  if (x === undefined || y === undefined || x === y) return null;
  return { isSigned: only.dtype === "i32", isDescending: (result.op === "lt") !== (x === "left") };
}
