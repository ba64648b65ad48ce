// reduce_window and select_and_scatter: windows that slide, pool, are padded, dilated, cropped, and that fit nowhere.
import type { OpAttrs } from "tenon-plugin-api";
import { single, type } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { DTYPES, dtypesOf, kindOf } from "../inputs.ts";
import { sizeOf, toElement } from "../values.ts";
import { boundOf, folded, foldTolerance, identity, initOf, inputOf, monoidsOf } from "./folds.ts";
import { combiner } from "./indexing.ts";
import { flatOf, indicesOf, scalar } from "./trials.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

interface WindowForm {
  readonly name: string;
  readonly shape: readonly number[];
  readonly attrs: OpAttrs["reduce_window"];
}
const NO_PAD = [0, 0] as const;
const WINDOWS: readonly WindowForm[] = [
  {
    name: "sliding",
    shape: [7],
    attrs: {
      windowDimensions: [3],
      windowStrides: [1],
      padding: [NO_PAD],
      baseDilations: [1],
      windowDilations: [1],
    },
  },
  {
    name: "pooling",
    shape: [4, 6],
    attrs: {
      windowDimensions: [2, 3],
      windowStrides: [2, 3],
      padding: [NO_PAD, NO_PAD],
      baseDilations: [1, 1],
      windowDilations: [1, 1],
    },
  },
  {
    name: "padded",
    shape: [3, 4],
    attrs: {
      windowDimensions: [2, 2],
      windowStrides: [1, 2],
      padding: [
        [1, 0],
        [1, 1],
      ],
      baseDilations: [1, 1],
      windowDilations: [1, 1],
    },
  },
  {
    name: "dilated",
    shape: [4],
    attrs: {
      windowDimensions: [2],
      windowStrides: [1],
      padding: [[1, 2]],
      baseDilations: [2],
      windowDilations: [3],
    },
  },
  {
    name: "cropped",
    shape: [6],
    attrs: {
      windowDimensions: [2],
      windowStrides: [1],
      padding: [[-1, -1]],
      baseDilations: [1],
      windowDilations: [1],
    },
  },
  {
    name: "cumulative",
    shape: [5],
    attrs: {
      windowDimensions: [5],
      windowStrides: [1],
      padding: [[4, 0]],
      baseDilations: [1],
      windowDilations: [1],
    },
  },
  {
    name: "none-fits",
    shape: [2],
    attrs: {
      windowDimensions: [3],
      windowStrides: [1],
      padding: [NO_PAD],
      baseDilations: [1],
      windowDilations: [1],
    },
  },
];
/** Size of a result axis. */
function windowCount(form: WindowForm, d: number): number {
  const { windowDimensions, windowStrides, padding, baseDilations, windowDilations } = form.attrs;
  const [low, high] = padding[d] as readonly [number, number];
  const size = at(form.shape, d) === 0 ? 0 : (at(form.shape, d) - 1) * at(baseDilations, d) + 1;
  const span = (at(windowDimensions, d) - 1) * at(windowDilations, d) + 1;
  const room = size + low + high - span;
  return room < 0 ? 0 : Math.floor(room / at(windowStrides, d)) + 1;
}
/** Positions in the operand that a window covers, padding and gaps aside. */
function covered(form: WindowForm, index: readonly number[]): number[] {
  const a = form.attrs;
  return indicesOf(a.windowDimensions).flatMap((offset) => {
    const where = index.map((n, d) => {
      const [low] = a.padding[d] as readonly [number, number];
      return (
        (n * at(a.windowStrides, d) + at(offset, d) * at(a.windowDilations, d) - low) / at(a.baseDilations, d)
      );
    });
    const inside = where.every((p, d) => Number.isInteger(p) && p >= 0 && p < at(form.shape, d));
    return inside ? [flatOf(form.shape, where)] : [];
  });
}
const windowCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  monoidsOf(dtype)
    .filter((m) => m !== "xor" && m !== "and")
    .flatMap((monoid) =>
      WINDOWS.map((form) =>
        opCase("reduce_window", dtype, `fold=${monoid},form=${form.name}`, (): Trial => {
          const x = inputOf(dtype, sizeOf(form.shape), `window${dtype}${form.name}`);
          const to = form.shape.map((_, d) => windowCount(form, d));
          const init = identity(monoid, dtype);
          const want = indicesOf(to).flatMap((i) => folded(monoid, dtype, init, x, covered(form, i)));
          const types = [type(dtype, ...form.shape), scalar(dtype)];
          return {
            program: single(
              "reduce_window",
              types,
              form.attrs,
              [type(dtype, ...to)],
              combiner(dtype, monoid),
            ),
            inputs: [x, initOf(dtype, init)],
            want: [want.map((v) => toElement(dtype, v))],
            tolerance: foldTolerance(monoid, dtype, sizeOf(form.attrs.windowDimensions) + 1, boundOf(x)),
          };
        }),
      ),
    ),
);

/** Max pooling's transpose: each window gives its source to its largest element, the first of equals. */
const selectScatterForms = WINDOWS.filter(
  (f) =>
    f.attrs.baseDilations.every((n) => n === 1) &&
    f.attrs.windowDilations.every((n) => n === 1) &&
    f.name !== "cropped",
);
const selectScatterCases: readonly OpCase[] = dtypesOf("iuf").flatMap((dtype) =>
  selectScatterForms.map((form) =>
    opCase("select_and_scatter", dtype, `form=${form.name}`, (): Trial => {
      const x = Array.from({ length: sizeOf(form.shape) }, (_, i) => (i * 5) % 7);
      const to = form.shape.map((_, d) => windowCount(form, d));
      const source = Array.from({ length: sizeOf(to) }, (_, i) => i + 1);
      const out = x.map(() => 0);
      indicesOf(to).forEach((index, i) => {
        const places = covered(form, index);
        if (places.length === 0) return;
        const best = places.reduce((p, q) => (at(x, q) > at(x, p) ? q : p));
        out[best] = at(out, best) + at(source, i);
      });
      const { windowDimensions, windowStrides, padding } = form.attrs;
      const [t, e] = [type(dtype, ...form.shape), scalar(dtype)];
      const compareType = kindOf(dtype) === "f" ? "FLOAT" : kindOf(dtype) === "i" ? "SIGNED" : "UNSIGNED";
      const made = single(
        "select_and_scatter",
        [t, type(dtype, ...to), e],
        { windowDimensions, windowStrides, padding },
        [t],
        (s) => [
          s.block([e, e], (b, p, q) => [
            b.one("compare", [p, q], { direction: "GE", compareType }, scalar("bool")),
          ]),
          ...combiner(dtype, "add")(s),
        ],
      );
      return { program: made, inputs: [x, source, [0]], want: [out] };
    }),
  ),
);

/** Cases of windows. */
export const WINDOW: readonly OpCase[] = [...windowCases, ...selectScatterCases];
