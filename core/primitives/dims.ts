// Lists of axes, and what the primitives that move elements share.
import type { ShapedArray } from "../ir/aval.ts";
import { DTYPES } from "../ir/dtype.ts";
import type { Params, Traits } from "../ir/primitive.ts";

/** Traits of primitives that move elements: all accept any dtype, and keys have trailing physical dims (`trailing`). */
export const MOVES: Traits = { structural: true, linear: true };
/** A parameter that is a list of integers. */
export const ints = (params: Params, name: string): readonly number[] => params[name] as readonly number[];
/** Physical dims of an extended dtype; lower rules append them. */
export const trailing = (aval: ShapedArray): readonly number[] => DTYPES[aval.dtype].physicalShape;
/** Axes behind one new leading axis. */
export const up = (axes: readonly number[]): number[] => axes.map((i) => i + 1);
/** 0 … n − 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
