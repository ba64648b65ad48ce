// What a kernel returned, against what its op gives. Only comparisons: it runs after every op.
import type { ConcreteType } from "tenon-plugin-api";
import { elementsOf, partsOf, sizeOf, type Tensor } from "./tensor.ts";

const text = (type: ConcreteType): string => `${type.dtype}[${type.shape.join(",")}]`;

/** What the results are instead of those expected; undefined if they are as expected. */
export function mistakeIn<V>(
  results: readonly V[],
  types: readonly ConcreteType[],
  mistakeOf: (value: V, type: ConcreteType) => string | undefined = notAnObject,
): string | undefined {
  if (results.length !== types.length)
    return `returned ${results.length} values, expected ${types.length}: ${types.map(text).join(", ")}`;
  for (let i = 0; i < types.length; i++) {
    const what = mistakeOf(results[i] as V, types[i] as ConcreteType);
    if (what === undefined) continue;
    return `returned ${what}${types.length > 1 ? ` as result ${i}` : ""}, expected ${text(types[i] as ConcreteType)}`;
  }
  return undefined;
}

/** What a value is instead of a tensor of the type. */
export function tensorMistake(value: Tensor, type: ConcreteType): string | undefined {
  if (typeof value !== "object" || (value as Tensor | null) === null) return described(value);
  const { dtype, shape, data } = value;
  if (dtype !== type.dtype || !sameShape(shape, type.shape)) return described(value);
  const elements = elementsOf(dtype);
  const length = sizeOf(shape) * partsOf(dtype);
  if (data instanceof elements && data.length === length) return undefined;
  return `${described(value)} whose data is ${described(data)}, not ${elements.name}(${length})`;
}

const notAnObject = (value: unknown): string | undefined =>
  typeof value === "object" && value !== null && !(value instanceof Promise) ? undefined : described(value);
function sameShape(a: unknown, b: readonly number[]): boolean {
  if (!Array.isArray(a) || a.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
function described(value: unknown): string {
  if (typeof value !== "object" || value === null)
    return value === null || value === undefined ? String(value) : `the ${typeof value} ${String(value)}`;
  if (value instanceof Promise) return "a promise (a kernel is synchronous)";
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Uint8Array).length})`;
  const { dtype, shape } = value as Partial<Tensor>;
  if (typeof dtype === "string" && Array.isArray(shape)) return text({ dtype, shape: shape as number[] });
  return "an object that is no tensor { dtype, shape, data }";
}
