// Canonical text of plain data: equal texts mean equal data. JSON, but for numbers that JSON can't tell apart.

/** The text of a kernel, a region, a schedule. */
export function keyOf(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
      return Object.is(value, -0) ? "-0" : String(value);
    return value;
  });
}
