// Lists of axes.
/** Axes behind one new leading axis. */
export const up = (axes: readonly number[]): number[] => axes.map((i) => i + 1);
/** 0 … n − 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
