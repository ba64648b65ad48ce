// Follows views down to what they read: for work that addresses its operands by strides instead of loading elements.
import { axisIx, coefOf, decideGuard, flatIx, num, rowMajor, type IxScope } from "../loops/index-map.ts";
import type { Ix } from "../loops/loop-ir.ts";
import type { Levels } from "../loops/plan.ts";
import type { MatrixAxis, Node, Position, Reader } from "./node.ts";

/** A strided piece of a node: element [i…] lies at Σ iₖ · strides[k] + offset of the base's elements. */
export interface Address {
  readonly base: Node;
  readonly offset: number;
  readonly strides: readonly number[];
}

class Dynamic extends Error {}
/** A reader for views whose map is known at compile time. */
function staticReader(shape: readonly number[]): Reader {
  const scope: IxScope = {
    extent: (a) => shape[a] as number,
    value: () => {
      throw new Dynamic();
    },
  };
  return {
    scope,
    index: () => {
      throw new Dynamic();
    },
  };
}

/** The node below all views, and the index there for an index of `node`; null if it depends on values or guards. */
function descend(node: Node): { base: Node; at: readonly Ix[] } | null {
  const reader = staticReader(node.shape);
  let position: Position = { at: node.shape.map((_, i) => axisIx(i)), guards: [] };
  let base = node;
  while (base.kind === "view" && !base.required) {
    let source;
    try {
      source = base.map(position, reader);
    } catch (error) {
      if (error instanceof Dynamic) return null;
      throw error;
    }
    if ((source.guards ?? []).some((g) => decideGuard(g, reader.scope) !== true)) return null;
    position = { at: source.at, guards: [] };
    base = base.arg;
  }
  return { base, at: position.at };
}

/** Where the elements of a node lie, if it is a strided piece of some node. */
export function addressOf(node: Node): Address | null {
  const found = descend(node);
  if (found === null) return null;
  const { base, at } = found;
  const flat = flatIx(at, base.place?.strides ?? rowMajor(base.shape), base.place?.offset ?? 0);
  if (flat.terms.some((t) => t.atom.k !== "axis")) return null;
  return { base, offset: num(flat.c), strides: node.shape.map((n, i) => (n === 1 ? 0 : coefOf(flat, i))) };
}

/** Several axes, outer to inner, as one index: axes that lie evenly are one level. An axis that isn't there has any stride. */
export function levelsOf(axes: readonly MatrixAxis[], strides: readonly number[]): Levels {
  const levels: [size: number, stride: number][] = [];
  for (const { axis, size } of [...axes].reverse()) {
    if (size === 1) continue;
    const stride = axis < 0 ? 0 : (strides[axis] as number);
    const last = levels[levels.length - 1];
    if (last !== undefined && stride === last[0] * last[1]) last[0] *= size;
    else levels.push([size, stride]);
  }
  return levels.length === 0 ? [[1, 0]] : levels;
}

/** Is every element of `node` the one at the same row-major position of `base`? Then they share memory. */
export function sameElements(node: Node): Node | null {
  const found = descend(node);
  if (found === null || found.base.size !== node.size) return null;
  const { base, at } = found;
  if (base.place !== null && !isRowMajor(base)) return null;
  const position = flatIx(at, rowMajor(base.shape), 0);
  const wanted = rowMajor(node.shape);
  const same =
    num(position.c) === 0 &&
    position.terms.every((t) => t.atom.k === "axis") &&
    node.shape.every((n, i) => n === 1 || coefOf(position, i) === wanted[i]);
  return same ? base : null;
}
function isRowMajor(node: Node): boolean {
  const place = node.place as NonNullable<Node["place"]>;
  const wanted = rowMajor(node.shape);
  return place.offset === 0 && node.shape.every((n, i) => n === 1 || place.strides[i] === wanted[i]);
}
