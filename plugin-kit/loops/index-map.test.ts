// Index expressions against brute force: every rewrite keeps the value at every point, and bounds hold.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addIx,
  axisIx,
  boundsOf,
  constIx,
  decideGuard,
  divIx,
  keyOf,
  modIx,
  plus,
  reshapeIx,
  sameIx,
  scaleIx,
  substitute,
  valueIx,
  type IxScope,
} from "./index-map.ts";
import type { Atom, Ix } from "./loop-ir.ts";

const EXTENTS = [3, 4, 2, 6];
const scope: IxScope = { extent: (a) => EXTENTS[a] as number, value: () => [-2, 5] };

/** An expression as it is built, before any rewriting. */
type Tree =
  | { readonly t: "axis"; readonly axis: number }
  | { readonly t: "value" }
  | { readonly t: "const"; readonly c: number }
  | { readonly t: "add"; readonly x: Tree; readonly y: Tree }
  | { readonly t: "scale" | "div" | "mod"; readonly x: Tree; readonly k: number };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthIdentifier: "ix" },
    fc.nat({ max: 3 }).map((axis): Tree => ({ t: "axis", axis })),
    fc.constant<Tree>({ t: "value" }),
    fc.integer({ min: -9, max: 9 }).map((c): Tree => ({ t: "const", c })),
    fc.tuple(tie("tree"), tie("tree")).map(([x, y]): Tree => ({ t: "add", x, y })),
    fc.tuple(tie("tree"), fc.integer({ min: -6, max: 12 })).map(([x, k]): Tree => ({ t: "scale", x, k })),
    fc.tuple(tie("tree"), fc.integer({ min: 1, max: 12 })).map(([x, k]): Tree => ({ t: "div", x, k })),
    fc.tuple(tie("tree"), fc.integer({ min: 1, max: 12 })).map(([x, k]): Tree => ({ t: "mod", x, k })),
  ),
}));

function build(x: Tree): Ix {
  switch (x.t) {
    case "axis":
      return axisIx(x.axis);
    case "value":
      return valueIx(0);
    case "const":
      return constIx(x.c);
    case "add":
      return addIx(build(x.x), build(x.y));
    case "scale":
      return scaleIx(build(x.x), x.k);
    case "div":
      return divIx(build(x.x), x.k, scope);
    case "mod":
      return modIx(build(x.x), x.k, scope);
  }
}
type Point = { readonly axes: readonly number[]; readonly value: number };
function meaning(x: Tree, p: Point): number {
  switch (x.t) {
    case "axis":
      return p.axes[x.axis] as number;
    case "value":
      return p.value;
    case "const":
      return x.c;
    case "add":
      return meaning(x.x, p) + meaning(x.y, p);
    case "scale":
      return meaning(x.x, p) * x.k;
    case "div":
      return Math.floor(meaning(x.x, p) / x.k);
    case "mod":
      return meaning(x.x, p) - x.k * Math.floor(meaning(x.x, p) / x.k);
  }
}
const atomAt = (a: Atom, p: Point): number => {
  if (a.k === "axis") return p.axes[a.axis] as number;
  if (a.k === "value") return p.value;
  const x = evaluate(a.x, p);
  const q = Math.floor(x / (a.d as number));
  return a.k === "div" ? q : x - (a.d as number) * q;
};
const evaluate = (x: Ix, p: Point): number =>
  x.terms.reduce((n, t) => n + (t.coef as number) * atomAt(t.atom, p), x.c as number);

const points: Point[] = [];
for (let a = 0; a < 3; a++)
  for (let b = 0; b < 4; b++)
    for (let c = 0; c < 2; c++)
      for (let d = 0; d < 6; d++) points.push({ axes: [a, b, c, d], value: ((a + b + c + d) % 8) - 2 });

describe("index expressions", () => {
  it("keep their value at every point, within their bounds", () => {
    fc.assert(
      fc.property(tree, (t) => {
        const ix = build(t);
        const [lo, hi] = boundsOf(ix, scope);
        for (const p of points) {
          const want = meaning(t, p);
          if (evaluate(ix, p) !== want) return false;
          if (want < lo || want > hi) return false;
        }
        return true;
      }),
      { numRuns: 3000, seed: 1 },
    );
  });

  it("keep their value under substitution of a split axis", () => {
    fc.assert(
      fc.property(tree, (t) => {
        // Axis 3 (extent 6) = 3 · new axis 4 (extent 2) + new axis 5 (extent 3).
        const wide: IxScope = { extent: (a) => [...EXTENTS, 2, 3][a] as number, value: scope.value };
        const split = substitute(
          build(t),
          (a) => (a === 3 ? addIx(scaleIx(axisIx(4), 3), axisIx(5)) : axisIx(a)),
          wide,
        );
        return points.every((p) => {
          const d = p.axes[3] as number;
          return evaluate(split, { ...p, axes: [...p.axes, Math.floor(d / 3), d % 3] }) === meaning(t, p);
        });
      }),
      { numRuns: 1500, seed: 2 },
    );
  });

  it("are equal when their keys are", () => {
    fc.assert(
      fc.property(tree, tree, (s, t) => {
        const [x, y] = [build(s), build(t)];
        return sameIx(x, y) === (keyOf(x) === keyOf(y));
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

  it("decide guards as every point does", () => {
    fc.assert(
      fc.property(
        tree,
        fc.integer({ min: -6, max: 6 }),
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 3 }),
        (t, lo, n, every) => {
          const x = build(t);
          const decided = decideGuard({ x, lo, hi: lo + n, every }, scope);
          const holds = (v: number): boolean => v >= lo && v < lo + n && (v - lo) % every === 0;
          return decided === undefined || points.every((p) => holds(evaluate(x, p)) === decided);
        },
      ),
      { numRuns: 2000, seed: 4 },
    );
  });

  // Rules of the design, by what they give.
  const [a, d] = [axisIx(0), axisIx(3)];
  const text = (x: Ix): string => keyOf(x);
  it("divide multiples exactly and drop remainders below the divisor", () => {
    const x = addIx(scaleIx(a, 6), d);
    expect(text(divIx(x, 6, scope))).toBe(text(a));
    expect(text(modIx(x, 6, scope))).toBe(text(d));
  });
  it("nest quotients and remainders", () => {
    const v = valueIx(0);
    expect(text(divIx(divIx(v, 2, scope), 3, scope))).toBe(text(divIx(v, 6, scope)));
    expect(text(divIx(modIx(v, 6, scope), 2, scope))).toBe(text(modIx(divIx(v, 2, scope), 3, scope)));
    expect(text(modIx(modIx(v, 6, scope), 2, scope))).toBe(text(modIx(v, 2, scope)));
  });
  it("join a quotient with its remainder", () => {
    const v = plus(valueIx(0), 0);
    expect(text(addIx(scaleIx(divIx(v, 4, scope), 4), modIx(v, 4, scope)))).toBe(text(v));
    const digits = addIx(scaleIx(modIx(divIx(v, 2, scope), 3, scope), 2), modIx(v, 2, scope));
    expect(text(digits)).toBe(text(modIx(v, 6, scope)));
  });
  it("make reshapes affine when the shapes nest", () => {
    // A list of 24 seen as [3, 2, 4], read at axes [3·…]: consumer [6, 4] is axes (3, 1).
    const at = reshapeIx([axisIx(3), axisIx(1)], [6, 4], [24], scope);
    expect(at.map(text)).toEqual([text(addIx(scaleIx(axisIx(3), 4), axisIx(1)))]);
    const back = reshapeIx(at, [24], [6, 4], scope);
    expect(back.map(text)).toEqual([text(axisIx(3)), text(axisIx(1))]);
  });
});
