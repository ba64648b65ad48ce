// Ops that make elements or move them: results by position, bits unchanged.
import { deepFreeze, type DType } from "tenon-plugin-api";
import { program, type } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { DTYPES, distinct, dtypesOf } from "../inputs.ts";
import { encode, isComplex, sizeOf, toElement, type Element, type Elements } from "../values.ts";
import { elementAt, filledWith, flatOf, indicesOf, oneOp, picked, scalar } from "./trials.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;
/** Some shapes' text: 2x3. */
const text = (list: readonly number[]): string => (list.length === 0 ? "scalar" : list.join("x"));

const constantCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  ([[], [5], [2, 3], [0]] as const).flatMap((shape) =>
    [false, true].map((splat) =>
      opCase("constant", dtype, `shape=${text(shape)}${splat ? ",splat" : ""}`, (): Trial => {
        const t = type(dtype, ...shape);
        const elements = distinct(dtype, splat ? 1 : sizeOf(shape));
        const attachments = [encode(dtype, elements)];
        const value = { type: t, bytes: 0, ...(splat ? { splat: true as const } : {}) };
        const made = program("constant", [], (s) => [s.one("constant", [], { value }, t)]);
        const want = splat ? indicesOf(shape).flatMap(() => elements) : elements;
        return { program: deepFreeze({ ...made, attachments }), inputs: [], want: [want] };
      }),
    ),
  ),
);

const iotaCases: readonly OpCase[] = dtypesOf("iufc").flatMap((dtype) =>
  (
    [
      [[7], 0],
      [[3, 4], 0],
      [[3, 4], 1],
      [[2, 0, 3], 2],
      [[300], 0], // wraps in 8 bits, rounds in 8 and 11 digits
    ] as const
  ).map(([shape, dimension]) =>
    opCase("iota", dtype, `shape=${text(shape)},dim=${dimension}`, () => {
      const want = indicesOf(shape).flatMap((index): Element[] => {
        const n = toElement(dtype, at(index, dimension));
        return isComplex(dtype) ? [n, 0] : [n];
      });
      return oneOp("iota", [], { dimension }, type(dtype, ...shape), want);
    }),
  ),
);

/** [operand, result, dimensions] */
const BROADCASTS = [
  [[], [2, 3], []],
  [[3], [2, 3], [1]],
  [[2], [2, 3], [0]],
  [
    [1, 3],
    [2, 3],
    [0, 1],
  ],
  [
    [2, 1],
    [2, 4, 3],
    [0, 2],
  ],
  [
    [3, 2],
    [2, 4, 3],
    [2, 0],
  ],
  [[1], [0], [0]],
  [
    [0, 1],
    [0, 5],
    [0, 1],
  ],
] as const;
const broadcastCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  BROADCASTS.map(([from, to, dimensions]) =>
    opCase(
      "broadcast_in_dim",
      dtype,
      `from=${text(from)},to=${text(to)},dims=${dimensions.join("-")}`,
      () => {
        const [t, x] = filledWith(dtype, ...from);
        const want = picked(dtype, x, to, (index) =>
          flatOf(
            from,
            dimensions.map((d, i) => (at(from, i) === 1 ? 0 : at(index, d))),
          ),
        );
        return oneOp("broadcast_in_dim", [[t, x]], { dimensions }, type(dtype, ...to), want);
      },
    ),
  ),
);

const reshapeCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  (
    [
      [[6], [2, 3]],
      [
        [6, 4],
        [8, 3],
      ],
      [[1], []],
      [[], [1, 1]],
      [
        [0, 3],
        [5, 0],
      ],
    ] as const
  ).map(([from, to]) =>
    opCase("reshape", dtype, `from=${text(from)},to=${text(to)}`, () => {
      const [t, x] = filledWith(dtype, ...from);
      return oneOp("reshape", [[t, x]], {}, type(dtype, ...to), x);
    }),
  ),
);

const transposeCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  (
    [
      [
        [2, 3],
        [1, 0],
      ],
      [
        [2, 3, 4],
        [2, 0, 1],
      ],
      [
        [2, 3, 4],
        [0, 2, 1],
      ],
      [
        [17, 9],
        [1, 0],
      ],
      [[3], [0]],
      [[], []],
      [
        [0, 3],
        [1, 0],
      ],
    ] as const
  ).map(([shape, permutation]) =>
    opCase("transpose", dtype, `shape=${text(shape)},perm=${permutation.join("-")}`, () => {
      const [t, x] = filledWith(dtype, ...shape);
      const to = permutation.map((d) => at(shape, d));
      const want = picked(dtype, x, to, (index) =>
        flatOf(
          shape,
          shape.map((_, d) => at(index, (permutation as readonly number[]).indexOf(d))),
        ),
      );
      return oneOp("transpose", [[t, x]], { permutation }, type(dtype, ...to), want);
    }),
  ),
);

/** [shape, start, limit, strides] */
const SLICES = [
  [[7], [1], [6], [1]],
  [[7], [1], [7], [3]],
  [
    [4, 5],
    [1, 0],
    [3, 5],
    [1, 2],
  ],
  [
    [4, 5],
    [2, 2],
    [2, 5],
    [1, 1],
  ],
  [
    [2, 3, 4],
    [0, 1, 3],
    [2, 3, 4],
    [1, 1, 1],
  ],
  [[], [], [], []],
] as const;
const sliceCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  SLICES.map(([shape, start, limit, strides], i) =>
    opCase(
      "slice",
      dtype,
      `shape=${text(shape)},start=${start.join("-")},strides=${strides.join("-")},n=${i}`,
      () => {
        const [t, x] = filledWith(dtype, ...shape);
        const to = start.map((s, d) => Math.ceil((at(limit, d) - s) / at(strides, d)));
        const want = picked(dtype, x, to, (index) =>
          flatOf(
            shape,
            index.map((n, d) => at(start, d) + n * at(strides, d)),
          ),
        );
        return oneOp("slice", [[t, x]], { start, limit, strides }, type(dtype, ...to), want);
      },
    ),
  ),
);

const reverseCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  (
    [
      [[5], [0]],
      [[3, 4], [1]],
      [
        [3, 4],
        [0, 1],
      ],
      [[2, 3], []],
      [[0, 2], [0]],
    ] as const
  ).map(([shape, dimensions]) =>
    opCase("reverse", dtype, `shape=${text(shape)},dims=${dimensions.join("-")}`, () => {
      const [t, x] = filledWith(dtype, ...shape);
      const turned = dimensions as readonly number[];
      const want = picked(dtype, x, shape, (index) =>
        flatOf(
          shape,
          index.map((n, d) => (turned.includes(d) ? at(shape, d) - 1 - n : n)),
        ),
      );
      return oneOp("reverse", [[t, x]], { dimensions }, t, want);
    }),
  ),
);

/** [shape, low, high, interior] */
const PADS = [
  [[3], [1], [2], [0]],
  [[3], [0], [0], [2]],
  [[3], [-1], [2], [1]],
  [[4], [-2], [-1], [0]],
  [
    [2, 3],
    [1, -1],
    [0, 2],
    [1, 0],
  ],
  [[0], [2], [1], [3]],
  [
    [1, 2],
    [0, 1],
    [1, 0],
    [5, 1],
  ],
  [[3], [-3], [2], [0]],
] as const;
function padded(dtype: DType, n: number): Trial | undefined {
  const [shape, low, high, interior] = PADS[n] as (typeof PADS)[number];
  const to = shape.map((d, i) => d + at(low, i) + at(high, i) + Math.max(d - 1, 0) * at(interior, i));
  if (to.some((d) => d < 0)) return undefined;
  const [t, x] = filledWith(dtype, ...shape);
  const value = elementAt(dtype, distinct(dtype, sizeOf(shape) + 1), sizeOf(shape));
  const want = indicesOf(to).flatMap((index): Elements => {
    const from = index.map((k, d) => (k - at(low, d)) / (at(interior, d) + 1));
    const inside = from.every((k, d) => Number.isInteger(k) && k >= 0 && k < at(shape, d));
    return inside ? elementAt(dtype, x, flatOf(shape, from)) : value;
  });
  return oneOp(
    "pad",
    [
      [t, x],
      [scalar(dtype), value],
    ],
    { low, high, interior },
    type(dtype, ...to),
    want,
  );
}
const padCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  PADS.flatMap(([shape, low, high, interior], n) =>
    padded("i32", n) === undefined
      ? []
      : opCase(
          "pad",
          dtype,
          `shape=${text(shape)},low=${low.join("_")},high=${high.join("_")},interior=${interior.join("_")}`,
          () => padded(dtype, n) as Trial,
        ),
  ),
);

const concatenateCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  (
    [
      [[[2], [3]], 0],
      [
        [
          [2, 3],
          [2, 1],
          [2, 2],
        ],
        1,
      ],
      [
        [
          [1, 3],
          [0, 3],
          [2, 3],
        ],
        0,
      ],
      [[[2, 2]], 1],
      [
        [
          [2, 1, 2],
          [2, 2, 2],
        ],
        1,
      ],
    ] as const
  ).map(([shapes, dimension]) =>
    opCase("concatenate", dtype, `of=${shapes.map(text).join("_")},dim=${dimension}`, () => {
      const all = distinct(
        dtype,
        shapes.reduce((n, s) => n + sizeOf(s), 0),
      );
      const parts: Elements[] = [];
      let from = 0;
      for (const s of shapes) {
        parts.push(Array.from({ length: sizeOf(s) }, (_, i) => elementAt(dtype, all, from + i)).flat());
        from += sizeOf(s);
      }
      const to = [...(shapes[0] as readonly number[])];
      to[dimension] = shapes.reduce((n, s) => n + at(s, dimension), 0);
      const want = indicesOf(to).flatMap((index) => {
        const inner = [...index];
        let k = 0;
        while (at(inner, dimension) >= at(shapes[k] as readonly number[], dimension))
          inner[dimension] = at(inner, dimension) - at(shapes[k++] as readonly number[], dimension);
        return elementAt(dtype, parts[k] as Elements, flatOf(shapes[k] as readonly number[], inner));
      });
      const operands = shapes.map((s, i) => [type(dtype, ...s), parts[i] as Elements] as const);
      return oneOp("concatenate", operands, { dimension }, type(dtype, ...to), want);
    }),
  ),
);

/** Cases of structural ops. */
export const STRUCTURE: readonly OpCase[] = [
  ...constantCases,
  ...iotaCases,
  ...broadcastCases,
  ...reshapeCases,
  ...transposeCases,
  ...sliceCases,
  ...reverseCases,
  ...padCases,
  ...concatenateCases,
];
