// Ops whose positions are data, also out of range: dynamic slices and gather move the window inside, scatter skips it.
import type { DType, GatherDims, OpName, ScatterDims } from "tenon-plugin-api";
import { program, single, type, type Scope } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { DTYPES, distinct, kindOf } from "../inputs.ts";
import { isComplex, sizeOf, toElement, type Element, type Elements } from "../values.ts";
import { elementAt, filledWith, flatOf, indicesOf, picked, scalar } from "./trials.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;
const clampStart = (start: number, room: number): number => Math.min(Math.max(start, 0), room);

/** [operand, slice, starts] */
const WINDOWS = [
  [[7], [3], [2]],
  [[7], [3], [6]], // past the end
  [[7], [3], [-2]],
  [
    [4, 5],
    [2, 3],
    [1, 1],
  ],
  [
    [4, 5],
    [2, 3],
    [9, -9],
  ],
  [
    [4, 5],
    [4, 5],
    [1, 1],
  ],
  [
    [3, 4, 2],
    [1, 2, 2],
    [2, 1, 0],
  ],
  [[4], [0], [2]],
  [[], [], []],
] as const;
const INDEX_DTYPES: readonly DType[] = ["i8", "i16", "i64", "u8", "u32", "u64"];

function dynamicSlice(dtype: DType, n: number, index: DType): Trial {
  const [shape, sizes, starts] = WINDOWS[n] as (typeof WINDOWS)[number];
  const [t, x] = filledWith(dtype, ...shape);
  const inside = starts.map((s, d) => clampStart(s, at(shape, d) - at(sizes, d)));
  const operands = [t, ...starts.map(() => scalar(index))];
  return {
    program: single("dynamic_slice", operands, { sliceSizes: sizes }, [type(dtype, ...sizes)]),
    inputs: [x, ...starts.map((s): Elements => [toElement(index, s)])],
    want: [
      picked(dtype, x, sizes, (i) =>
        flatOf(
          shape,
          i.map((k, d) => k + at(inside, d)),
        ),
      ),
    ],
  };
}
function dynamicUpdateSlice(dtype: DType, n: number, index: DType): Trial {
  const [shape, sizes, starts] = WINDOWS[n] as (typeof WINDOWS)[number];
  const [t, x] = filledWith(dtype, ...shape);
  const update = distinct(dtype, sizeOf(sizes) + 50).slice(
    -sizeOf(sizes) * (isComplex(dtype) ? 2 : 1) || Infinity,
  );
  const inside = starts.map((s, d) => clampStart(s, at(shape, d) - at(sizes, d)));
  const want = indicesOf(shape).flatMap((i) => {
    const local = i.map((k, d) => k - at(inside, d));
    const covered = local.every((k, d) => k >= 0 && k < at(sizes, d));
    return covered ? elementAt(dtype, update, flatOf(sizes, local)) : elementAt(dtype, x, flatOf(shape, i));
  });
  const operands = [t, type(dtype, ...sizes), ...starts.map(() => scalar(index))];
  return {
    program: single("dynamic_update_slice", operands, {}, [t]),
    inputs: [x, update, ...starts.map((s): Elements => [toElement(index, s)])],
    want: [want],
  };
}
const windowName = (n: number): string => {
  const [shape, sizes, starts] = WINDOWS[n] as (typeof WINDOWS)[number];
  return `shape=${shape.join("x") || "scalar"},size=${sizes.join("x")},start=${starts.join("_")}`;
};
const windowCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  (
    [
      ["dynamic_slice", dynamicSlice],
      ["dynamic_update_slice", dynamicUpdateSlice],
    ] as const
  ).flatMap(([op, make]) => [
    ...WINDOWS.map((_, n) => opCase(op, dtype, windowName(n), () => make(dtype, n, "i32"))),
    ...(dtype === "f32" || dtype === "i32" ? INDEX_DTYPES : []).flatMap((index) =>
      [3, 4]
        .filter((n) => n === 3 || index.startsWith("i"))
        .map((n) => opCase(op, dtype, `${windowName(n)},index=${index}`, () => make(dtype, n, index))),
    ),
  ]),
);

/** A gather and the scatter that is its mirror image: the same numbers under other names. */
interface Indexing {
  readonly name: string;
  readonly operand: readonly number[];
  readonly indices: readonly number[];
  readonly values: readonly number[];
  readonly dims: GatherDims;
  readonly sliceSizes: readonly number[];
  /** Shape of the gathered (scattered) array. */
  readonly result: readonly number[];
}
const NO_BATCHING = { operandBatchingDims: [], startIndicesBatchingDims: [] } as const;
const INDEXINGS: readonly Indexing[] = [
  {
    name: "rows",
    operand: [4, 3],
    indices: [5, 1],
    values: [2, 0, 3, -1, 4],
    dims: { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0], indexVectorDim: 1, ...NO_BATCHING },
    sliceSizes: [1, 3],
    result: [5, 3],
  },
  {
    name: "elements",
    operand: [3, 4],
    indices: [4, 2],
    values: [0, 0, 2, 3, 1, 2, 3, 1],
    dims: {
      offsetDims: [],
      collapsedSliceDims: [0, 1],
      startIndexMap: [0, 1],
      indexVectorDim: 1,
      ...NO_BATCHING,
    },
    sliceSizes: [1, 1],
    result: [4],
  },
  {
    name: "swapped-map",
    operand: [3, 4],
    indices: [2, 3],
    values: [3, 0, 1, 2, 1, 0],
    dims: {
      offsetDims: [],
      collapsedSliceDims: [0, 1],
      startIndexMap: [1, 0],
      indexVectorDim: 0,
      ...NO_BATCHING,
    },
    sliceSizes: [1, 1],
    result: [3],
  },
  {
    name: "windows",
    operand: [5, 6],
    indices: [3, 2],
    values: [0, 0, 2, 3, 4, 5],
    dims: {
      offsetDims: [1, 2],
      collapsedSliceDims: [],
      startIndexMap: [0, 1],
      indexVectorDim: 1,
      ...NO_BATCHING,
    },
    sliceSizes: [2, 3],
    result: [3, 2, 3],
  },
  {
    name: "windows-first",
    operand: [5, 6],
    indices: [2, 2, 1],
    values: [1, 4, 0, 3],
    dims: {
      offsetDims: [0, 2],
      collapsedSliceDims: [],
      startIndexMap: [0],
      indexVectorDim: 2,
      ...NO_BATCHING,
    },
    sliceSizes: [2, 6],
    result: [2, 2, 6, 2],
  },
  {
    name: "no-vector-axis",
    operand: [6],
    indices: [2, 2],
    values: [5, 0, 7, 2],
    dims: { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0], indexVectorDim: 2, ...NO_BATCHING },
    sliceSizes: [1],
    result: [2, 2],
  },
  {
    name: "batched",
    operand: [2, 4, 3],
    indices: [2, 3, 1],
    values: [1, 3, 0, 2, 2, 9],
    dims: {
      offsetDims: [2],
      collapsedSliceDims: [1],
      operandBatchingDims: [0],
      startIndicesBatchingDims: [0],
      startIndexMap: [1],
      indexVectorDim: 2,
    },
    sliceSizes: [1, 1, 3],
    result: [2, 3, 3],
  },
  {
    name: "no-indices",
    operand: [4, 3],
    indices: [0, 1],
    values: [],
    dims: { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0], indexVectorDim: 1, ...NO_BATCHING },
    sliceSizes: [1, 3],
    result: [0, 3],
  },
];

/** StableHLO's formulas: where the window of a result index starts, and the place inside the window. */
function placed(x: Indexing, index: readonly number[]): { start: number[]; offset: number[] } {
  const { dims } = x;
  const batch = index.filter((_, d) => !dims.offsetDims.includes(d));
  const rank = x.operand.length;
  const start = Array<number>(rank).fill(0);
  dims.startIndexMap.forEach((d, k) => {
    const where = [...batch];
    if (dims.indexVectorDim < x.indices.length) where.splice(dims.indexVectorDim, 0, k);
    start[d] = at(x.values, flatOf(x.indices, where));
  });
  dims.operandBatchingDims.forEach((d, k) => {
    const axis = at(dims.startIndicesBatchingDims, k);
    start[d] = at(batch, axis - (axis > dims.indexVectorDim ? 1 : 0));
  });
  const offset = Array<number>(rank).fill(0);
  const kept = x.operand
    .map((_, d) => d)
    .filter((d) => !dims.collapsedSliceDims.includes(d) && !dims.operandBatchingDims.includes(d));
  dims.offsetDims.forEach((d, k) => (offset[at(kept, k)] = at(index, d)));
  return { start, offset };
}

function gatherTrial(x: Indexing, dtype: DType, index: DType): Trial {
  const [t, data] = filledWith(dtype, ...x.operand);
  const want = picked(dtype, data, x.result, (i) => {
    const { start, offset } = placed(x, i);
    return flatOf(
      x.operand,
      start.map((s, d) => clampStart(s, at(x.operand, d) - at(x.sliceSizes, d)) + at(offset, d)),
    );
  });
  const attrs = { ...x.dims, sliceSizes: x.sliceSizes, indicesAreSorted: false };
  return {
    program: single("gather", [t, type(index, ...x.indices)], attrs, [type(dtype, ...x.result)]),
    inputs: [data, x.values.map((v) => toElement(index, v))],
    want: [want],
  };
}

/** What a scatter does where a value is already: the op of its region, or replacement. */
const COMBINES = ["replace", "add", "multiply", "maximum", "minimum"] as const;
type Combine = (typeof COMBINES)[number];
const COMBINE: { readonly [C in Combine]: (old: Element, value: Element) => Element } = {
  replace: (_old, value) => value,
  add: (a, b) => (typeof a === "bigint" ? a + (b as bigint) : a + (b as number)),
  multiply: (a, b) => (typeof a === "bigint" ? a * (b as bigint) : a * (b as number)),
  maximum: (a, b) => (a > b ? a : b),
  minimum: (a, b) => (a < b ? a : b),
};
/** A region of two elements. */
export const combiner =
  (dtype: DType, combine: Combine | OpName) =>
  (s: Scope): ReturnType<Scope["block"]>[] => [
    s.block([scalar(dtype), scalar(dtype)], (inner, a, b) =>
      combine === "replace" ? [b] : [inner.one(combine as "add", [a, b], {}, scalar(dtype))],
    ),
  ];

function scatterTrial(x: Indexing, dtype: DType, combine: Combine, index: DType): Trial {
  const small = (n: number, from: number): Elements =>
    Array.from({ length: n * (isComplex(dtype) ? 2 : 1) }, (_, i) => toElement(dtype, (i + from) % 5));
  const [data, updates] = [small(sizeOf(x.operand), 0), small(sizeOf(x.result), 2)];
  const out = [...data];
  const sizes = x.sliceSizes;
  indicesOf(x.result).forEach((i, from) => {
    const { start, offset } = placed(x, i);
    if (!start.every((s, d) => s >= 0 && s + at(sizes, d) <= at(x.operand, d))) return;
    const to = flatOf(
      x.operand,
      start.map((s, d) => s + at(offset, d)),
    );
    if (isComplex(dtype))
      for (const k of [0, 1])
        out[2 * to + k] = COMBINE[combine](out[2 * to + k] as Element, updates[2 * from + k] as Element);
    else out[to] = toElement(dtype, COMBINE[combine](out[to] as Element, updates[from] as Element));
  });
  const {
    offsetDims,
    collapsedSliceDims,
    operandBatchingDims,
    startIndicesBatchingDims,
    startIndexMap,
    indexVectorDim,
  } = x.dims;
  const dims: ScatterDims = {
    updateWindowDims: offsetDims,
    insertedWindowDims: collapsedSliceDims,
    inputBatchingDims: operandBatchingDims,
    scatterIndicesBatchingDims: startIndicesBatchingDims,
    scatterDimsToOperandDims: startIndexMap,
    indexVectorDim,
  };
  const attrs = { ...dims, indicesAreSorted: false, uniqueIndices: false };
  const types = [type(dtype, ...x.operand), type(index, ...x.indices), type(dtype, ...x.result)];
  return {
    program: single("scatter", types, attrs, [type(dtype, ...x.operand)], combiner(dtype, combine)),
    inputs: [data, x.values.map((v) => toElement(index, v)), updates],
    want: [out],
  };
}
/** Does a scatter write a place twice? Then the order would show in a replacement. */
const OVERLAPS = new Set(["windows", "windows-first", "batched"]);

const gatherCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  INDEXINGS.flatMap((x) => [
    opCase("gather", dtype, `form=${x.name}`, () => gatherTrial(x, dtype, "i32")),
    ...(dtype === "f32" ? INDEX_DTYPES : [])
      .filter((index) => index.startsWith("i") || x.values.every((v) => v >= 0))
      .map((index) =>
        opCase("gather", dtype, `form=${x.name},index=${index}`, () => gatherTrial(x, dtype, index)),
      ),
  ]),
);
function combinesOf(dtype: DType, x: Indexing): readonly Combine[] {
  const kind = kindOf(dtype);
  const list =
    kind === "c" ? (["replace", "add"] as const) : kind === "b" ? (["replace"] as const) : COMBINES;
  return OVERLAPS.has(x.name) ? list.filter((c) => c !== "replace") : list;
}
const scatterCases: readonly OpCase[] = DTYPES.flatMap((dtype) =>
  INDEXINGS.flatMap((x) =>
    combinesOf(dtype, x).map((combine) =>
      opCase("scatter", dtype, `form=${x.name},combine=${combine}`, () =>
        scatterTrial(x, dtype, combine, "i32"),
      ),
    ),
  ),
);

/** Two arrays scattered by one index array: one region folds both, here it swaps their parts. */
const manyScatters: readonly OpCase[] = (["f32", "i32"] as const).map((dtype) =>
  opCase("scatter", dtype, "operands=2", () => {
    const [t, u, s] = [type(dtype, 4), type(dtype, 2), scalar(dtype)];
    const made = program("scatter", [t, t, type("i32", 2, 1), u, u], (b, ...refs) =>
      b.op(
        "scatter",
        refs,
        {
          updateWindowDims: [],
          insertedWindowDims: [0],
          inputBatchingDims: [],
          scatterIndicesBatchingDims: [],
          scatterDimsToOperandDims: [0],
          indexVectorDim: 1,
          indicesAreSorted: false,
          uniqueIndices: true,
        },
        [t, t],
        [
          b.block([s, s, s, s], (inner, x, y, p, q) => [
            inner.one("add", [x, q], {}, s),
            inner.one("add", [y, p], {}, s),
          ]),
        ],
      ),
    );
    return {
      program: made,
      inputs: [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [3, 1],
        [10, 20],
        [30, 40],
      ],
      want: [
        [1, 42, 3, 34],
        [5, 26, 7, 18],
      ],
    };
  }),
);

/** Cases of ops with positions in data. */
export const INDEXING: readonly OpCase[] = [...windowCases, ...gatherCases, ...scatterCases, ...manyScatters];
