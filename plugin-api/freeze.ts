// Freezing what crosses the boundary: neither side can change what the other keeps.

/** Freezes plain data to its leaves, views of bytes excepted (they can't be frozen). */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
