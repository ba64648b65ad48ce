// One function per wire op: plain loops, no cleverness. The table is complete by type.
import {
  tenonError,
  unimplemented,
  type BinaryOp,
  type Block,
  type ConcreteType,
  type DType,
  type Op,
  type OpName,
  type OpOf,
  type Program,
  type UnaryOp,
} from "tenon-plugin-api";
import { convolution, dotGeneral } from "./contract.ts";
import { binary, COMPLEX1, COMPLEX2, converter, unary, type C } from "./scalar.ts";
import {
  concrete,
  copyElement,
  dot,
  each,
  fromBytes,
  isComplex,
  isFloat,
  make,
  mapIndex,
  rounder,
  sizeOf,
  strides,
  toBytes,
  type Scalar,
  type Tensor,
} from "./values.ts";

/** What a kernel may use of the run. */
export interface Run {
  readonly program: Program;
  /** Results of a block for these parameter values. */
  block(block: Block, args: readonly Tensor[]): Tensor[];
  call(name: string, args: readonly Tensor[]): Tensor[];
  custom(op: OpOf<"custom_call">, args: readonly Tensor[]): Tensor[];
}
type Kernel<N extends OpName> = (op: OpOf<N>, args: readonly Tensor[], run: Run) => readonly Tensor[];
const at = (list: readonly number[], i: number): number => list[i] as number;
const typeOf = (op: { readonly results: Op["results"] }, i = 0): ConcreteType =>
  concrete((op.results[i] as Op["results"][number]).type);
const region = (op: { readonly regions?: readonly Block[] }, i: number): Block => op.regions?.[i] as Block;
const complexAt = (x: Tensor, i: number): C => [x.data[2 * i] as number, x.data[2 * i + 1] as number];
const refuse = (op: string, d: DType): never => {
  throw unimplemented(op, d, "reference");
};

const map1 =
  (name: UnaryOp): Kernel<UnaryOp> =>
  (op, [x]) => {
    const a = x as Tensor;
    const out = make(typeOf(op));
    if (isComplex(a.dtype)) {
      const f = COMPLEX1[name] ?? refuse(name, a.dtype);
      for (let i = 0; i < a.data.length / 2; i++)
        [out.data[2 * i], out.data[2 * i + 1]] = f(complexAt(a, i)) as [number, number];
      return [out];
    }
    const f = unary(name, a.dtype) ?? refuse(name, a.dtype);
    for (let i = 0; i < a.data.length; i++) out.data[i] = f(a.data[i] as never) as number;
    return [out];
  };
const map2 =
  (name: BinaryOp): Kernel<BinaryOp> =>
  (op, [x, y]) => {
    const [a, b] = [x as Tensor, y as Tensor];
    const out = make(typeOf(op));
    if (isComplex(a.dtype)) {
      const f = COMPLEX2[name] ?? refuse(name, a.dtype);
      for (let i = 0; i < a.data.length / 2; i++)
        [out.data[2 * i], out.data[2 * i + 1]] = f(complexAt(a, i), complexAt(b, i)) as [number, number];
      return [out];
    }
    const f = binary(name, a.dtype) ?? refuse(name, a.dtype);
    for (let i = 0; i < a.data.length; i++) out.data[i] = f(a.data[i] as never, b.data[i] as never) as number;
    return [out];
  };

/** A real number whose order is IEEE's total order. */
function totalOrder(x: Scalar): number {
  const n = Number(x);
  if (n !== n) return Infinity;
  return n === Infinity ? Number.MAX_VALUE : n === -Infinity ? -Number.MAX_VALUE : n;
}
function compareFn(direction: OpOf<"compare">["attrs"]["direction"]): (x: Scalar, y: Scalar) => boolean {
  switch (direction) {
    case "EQ":
      return (x, y) => x === y;
    case "NE":
      return (x, y) => x !== y;
    case "LT":
      return (x, y) => x < y;
    case "LE":
      return (x, y) => x <= y;
    case "GT":
      return (x, y) => x > y;
    case "GE":
      return (x, y) => x >= y;
  }
}

/** Clamped starts of a dynamic slice. */
const clampStarts = (
  starts: readonly Tensor[],
  shape: readonly number[],
  sizes: readonly number[],
): number[] => starts.map((s, i) => Math.min(Math.max(Number(s.data[0]), 0), at(shape, i) - at(sizes, i)));

/** A reducer region as a function of scalars; a single op is called directly. */
function reducer(block: Block, dtype: DType, run: Run): (x: Scalar, y: Scalar) => Scalar {
  const [op] = block.ops;
  if (
    block.ops.length === 1 &&
    op !== undefined &&
    op.operands[0] === block.params[0]?.id &&
    op.operands[1] === block.params[1]?.id &&
    block.results[0] === op.results[0]?.id
  ) {
    const f = binary(op.op as BinaryOp, dtype);
    if (f !== null) return f as (x: Scalar, y: Scalar) => Scalar;
  }
  if (block.ops.length === 0 && block.results[0] === block.params[1]?.id) return (_x, y) => y;
  const [a, b] = [make({ dtype, shape: [] }), make({ dtype, shape: [] })];
  return (x, y) => {
    a.data[0] = x as number;
    b.data[0] = y as number;
    return (run.block(block, [a, b])[0] as Tensor).data[0] as Scalar;
  };
}

/** Folds elements of several operands into accumulators. */
function folder(
  block: Block,
  outs: readonly Tensor[],
  xs: readonly Tensor[],
  run: Run,
): (to: number, from: number) => void {
  const [out, x] = [outs[0] as Tensor, xs[0] as Tensor];
  if (outs.length === 1 && !isComplex(x.dtype)) {
    const f = reducer(block, x.dtype, run);
    return (to, from) => {
      out.data[to] = f(out.data[to] as Scalar, x.data[from] as Scalar) as number;
    };
  }
  return (to, from) => {
    const args = [...outs.map((o) => element(o, to)), ...xs.map((v) => element(v, from))];
    run.block(block, args).forEach((r, i) => copyElement(outs[i] as Tensor, to, r, 0));
  };
}
function element(x: Tensor, i: number): Tensor {
  const out = make({ dtype: x.dtype, shape: [] });
  copyElement(out, 0, x, i);
  return out;
}
function filled(type: ConcreteType, init: Tensor): Tensor {
  return mapIndex(type, init, () => 0);
}

/** Visits each (output position, input position) of a window op. */
function windows(
  outShape: readonly number[],
  inShape: readonly number[],
  size: readonly number[],
  a: {
    windowStrides: readonly number[];
    padding: readonly (readonly [number, number])[];
    baseDilations: readonly number[];
    windowDilations: readonly number[];
  },
  visit: (out: number, input: number) => void,
): void {
  const step = strides(inShape);
  each(outShape, (index, flat) => {
    each(size, (w) => {
      let from = 0;
      for (let d = 0; d < size.length; d++) {
        const p =
          at(index, d) * at(a.windowStrides, d) +
          at(w, d) * at(a.windowDilations, d) -
          (a.padding[d]?.[0] ?? 0);
        if (p < 0 || p % at(a.baseDilations, d) !== 0) return;
        const i = p / at(a.baseDilations, d);
        if (i >= at(inShape, d)) return;
        from += i * at(step, d);
      }
      visit(flat, from);
    });
  });
}

const UNARY = [
  "abs",
  "cbrt",
  "ceil",
  "cosine",
  "count_leading_zeros",
  "exponential",
  "exponential_minus_one",
  "floor",
  "log",
  "log_plus_one",
  "logistic",
  "negate",
  "not",
  "popcnt",
  "round_nearest_afz",
  "round_nearest_even",
  "rsqrt",
  "sign",
  "sine",
  "sqrt",
  "tan",
  "tanh",
] as const;
const BINARY = [
  "add",
  "and",
  "atan2",
  "divide",
  "maximum",
  "minimum",
  "multiply",
  "or",
  "power",
  "remainder",
  "shift_left",
  "shift_right_arithmetic",
  "shift_right_logical",
  "subtract",
  "xor",
] as const;
const unaryKernels = Object.fromEntries(UNARY.map((n) => [n, map1(n)])) as {
  [N in (typeof UNARY)[number]]: Kernel<UnaryOp>;
};
const binaryKernels = Object.fromEntries(BINARY.map((n) => [n, map2(n)])) as {
  [N in (typeof BINARY)[number]]: Kernel<BinaryOp>;
};

export const kernels = {
  ...unaryKernels,
  ...binaryKernels,
  abs: (op, [x], run) => {
    const a = x as Tensor;
    if (!isComplex(a.dtype)) return unaryKernels.abs(op, [a], run);
    const out = make(typeOf(op));
    const round = rounder(out.dtype);
    for (let i = 0; i < out.data.length; i++) out.data[i] = round(Math.hypot(...complexAt(a, i)));
    return [out];
  },
  real: (op, [x]) => [mapPart(op, x as Tensor, 0)],
  imag: (op, [x]) => [mapPart(op, x as Tensor, 1)],
  complex: (op, [re, im]) => {
    const out = make(typeOf(op));
    for (let i = 0; i < out.data.length / 2; i++) {
      out.data[2 * i] = (re as Tensor).data[i] as number;
      out.data[2 * i + 1] = (im as Tensor).data[i] as number;
    }
    return [out];
  },
  is_finite: (op, [x]) => {
    const out = make(typeOf(op));
    (x as Tensor).data.forEach((v: Scalar, i: number) => {
      out.data[i] = Number.isFinite(Number(v)) ? 1 : 0;
    });
    return [out];
  },
  compare: (op, [x, y]) => {
    const [a, b] = [x as Tensor, y as Tensor];
    const out = make(typeOf(op));
    const { direction, compareType } = op.attrs;
    const f = compareFn(direction);
    if (isComplex(a.dtype)) {
      for (let i = 0; i < out.data.length; i++) {
        const same = a.data[2 * i] === b.data[2 * i] && a.data[2 * i + 1] === b.data[2 * i + 1];
        out.data[i] = same === (direction === "EQ") ? 1 : 0;
      }
      return [out];
    }
    const key = compareType === "TOTALORDER" && isFloat(a.dtype) ? totalOrder : (v: Scalar): Scalar => v;
    for (let i = 0; i < out.data.length; i++)
      out.data[i] = f(key(a.data[i] as Scalar), key(b.data[i] as Scalar)) ? 1 : 0;
    return [out];
  },
  select: (op, [p, x, y]) => {
    const out = make(typeOf(op));
    const pred = p as Tensor;
    const n = sizeOf(out.shape);
    for (let i = 0; i < n; i++)
      copyElement(out, i, (pred.data[pred.shape.length === 0 ? 0 : i] !== 0 ? x : y) as Tensor, i);
    return [out];
  },
  clamp: (op, [lo, x, hi]) => {
    const out = make(typeOf(op));
    const [max, min] = [binary("maximum", out.dtype), binary("minimum", out.dtype)] as [
      (a: Scalar, b: Scalar) => Scalar,
      (a: Scalar, b: Scalar) => Scalar,
    ];
    const pick = (t: Tensor, i: number): Scalar => t.data[t.shape.length === 0 ? 0 : i] as Scalar;
    for (let i = 0; i < out.data.length; i++)
      out.data[i] = min(max(pick(x as Tensor, i), pick(lo as Tensor, i)), pick(hi as Tensor, i)) as number;
    return [out];
  },
  convert: (op, [x]) => {
    const a = x as Tensor;
    const out = make(typeOf(op));
    const part: DType = out.dtype === "c64" ? "f32" : out.dtype === "c128" ? "f64" : out.dtype;
    const from: DType = a.dtype === "c64" ? "f32" : a.dtype === "c128" ? "f64" : a.dtype;
    const f = converter(from, part);
    const n = sizeOf(out.shape);
    for (let i = 0; i < n; i++) {
      if (isComplex(out.dtype)) {
        out.data[2 * i] = f(a.data[isComplex(a.dtype) ? 2 * i : i] as Scalar) as number;
        out.data[2 * i + 1] = isComplex(a.dtype) ? (f(a.data[2 * i + 1] as Scalar) as number) : 0;
      } else out.data[i] = f(a.data[i] as Scalar) as number;
    }
    return [out];
  },
  bitcast_convert: (op, [x]) => [fromBytes(typeOf(op), toBytes(x as Tensor))],
  reduce_precision: (op, [x]) => {
    const out = make(typeOf(op));
    const { exponentBits, mantissaBits } = op.attrs;
    (x as Tensor).data.forEach((v: Scalar, i: number) => {
      out.data[i] = reducePrecision(Number(v), exponentBits, mantissaBits);
    });
    return [out];
  },
  constant: (op, _args, run) => {
    const { type, bytes, splat } = op.attrs.value;
    const data = run.program.attachments[bytes] as Uint8Array;
    if (splat !== true) return [fromBytes(concrete(type), data)];
    return [filled(concrete(type), fromBytes({ dtype: type.dtype, shape: [] }, data))];
  },
  iota: (op) => {
    const out = make(typeOf(op));
    const big = out.dtype === "i64" || out.dtype === "u64";
    const complex = isComplex(out.dtype) ? 2 : 1;
    each(out.shape, (index, flat) => {
      out.data[flat * complex] = (
        big ? BigInt(at(index, op.attrs.dimension)) : at(index, op.attrs.dimension)
      ) as number;
    });
    return [out];
  },
  broadcast_in_dim: (op, [x]) => {
    const a = x as Tensor;
    const step = strides(a.shape);
    return [
      mapIndex(typeOf(op), a, (index) =>
        op.attrs.dimensions.reduce((n, d, i) => n + (a.shape[i] === 1 ? 0 : at(index, d) * at(step, i)), 0),
      ),
    ];
  },
  reshape: (op, [x]) => [{ ...(x as Tensor), shape: typeOf(op).shape }],
  transpose: (op, [x]) => {
    const step = strides((x as Tensor).shape);
    return [
      mapIndex(typeOf(op), x as Tensor, (index) =>
        op.attrs.permutation.reduce((n, d, i) => n + at(index, i) * at(step, d), 0),
      ),
    ];
  },
  slice: (op, [x]) => {
    const step = strides((x as Tensor).shape);
    const start = op.attrs.start as readonly number[];
    return [
      mapIndex(typeOf(op), x as Tensor, (index) =>
        index.reduce((n, v, i) => n + (at(start, i) + v * at(op.attrs.strides, i)) * at(step, i), 0),
      ),
    ];
  },
  reverse: (op, [x]) => {
    const { shape } = x as Tensor;
    const step = strides(shape);
    return [
      mapIndex(typeOf(op), x as Tensor, (index) =>
        index.reduce(
          (n, v, i) => n + (op.attrs.dimensions.includes(i) ? at(shape, i) - 1 - v : v) * at(step, i),
          0,
        ),
      ),
    ];
  },
  pad: (op, [x, v]) => {
    const a = x as Tensor;
    const out = filled(typeOf(op), v as Tensor);
    const step = strides(out.shape);
    const { low, interior } = op.attrs;
    each(a.shape, (index, flat) => {
      const to = index.map((n, i) => at(low, i) + n * (at(interior, i) + 1));
      if (to.every((n, i) => n >= 0 && n < at(out.shape, i))) copyElement(out, dot(to, step), a, flat);
    });
    return [out];
  },
  concatenate: (op, args) => {
    const out = make(typeOf(op));
    const step = strides(out.shape);
    let offset = 0;
    for (const a of args) {
      each(a.shape, (index, flat) =>
        copyElement(out, dot(index, step) + offset * at(step, op.attrs.dimension), a, flat),
      );
      offset += at(a.shape, op.attrs.dimension);
    }
    return [out];
  },
  dynamic_slice: (op, [x, ...starts]) => {
    const a = x as Tensor;
    const step = strides(a.shape);
    const from = dot(clampStarts(starts, a.shape, op.attrs.sliceSizes), step);
    return [mapIndex(typeOf(op), a, (index) => from + dot(index, step))];
  },
  dynamic_update_slice: (op, [x, u, ...starts]) => {
    const [a, update] = [x as Tensor, u as Tensor];
    const out: Tensor = { ...a, data: a.data.slice() as Tensor["data"] };
    const step = strides(a.shape);
    const from = dot(clampStarts(starts, a.shape, update.shape), step);
    each(update.shape, (index, flat) => copyElement(out, from + dot(index, step), update, flat));
    void op;
    return [out];
  },
  gather: (op, [x, indices]) => {
    const [a, idx] = [x as Tensor, indices as Tensor];
    const {
      offsetDims,
      collapsedSliceDims,
      operandBatchingDims,
      startIndicesBatchingDims,
      startIndexMap,
      indexVectorDim,
      sliceSizes,
    } = op.attrs;
    const step = strides(a.shape);
    const istep = strides(idx.shape);
    const kept = sliceSizes
      .map((_, i) => i)
      .filter((i) => !collapsedSliceDims.includes(i) && !operandBatchingDims.includes(i));
    return [
      mapIndex(typeOf(op), a, (index) => {
        const batch = index.filter((_, i) => !offsetDims.includes(i));
        const where = [...batch];
        if (indexVectorDim < idx.shape.length) where.splice(indexVectorDim, 0, 0);
        const start = a.shape.map(() => 0);
        startIndexMap.forEach((d, k) => {
          if (indexVectorDim < idx.shape.length) where[indexVectorDim] = k;
          start[d] = Math.min(
            Math.max(Number(idx.data[dot(where, istep)]), 0),
            at(a.shape, d) - at(sliceSizes, d),
          );
        });
        operandBatchingDims.forEach((d, k) => {
          const dim = at(startIndicesBatchingDims, k);
          start[d] = at(batch, dim < indexVectorDim ? dim : dim - 1);
        });
        offsetDims.forEach((d, k) => {
          start[at(kept, k)] = at(start, at(kept, k)) + at(index, d);
        });
        return dot(start, step);
      }),
    ];
  },
  scatter: (op, args, run) => {
    const n = (args.length - 1) / 2;
    const [inputs, idx, updates] = [args.slice(0, n), args[n] as Tensor, args.slice(n + 1)];
    const outs = inputs.map((x): Tensor => ({ ...x, data: x.data.slice() as Tensor["data"] }));
    const {
      updateWindowDims,
      insertedWindowDims,
      inputBatchingDims,
      scatterIndicesBatchingDims,
      scatterDimsToOperandDims,
      indexVectorDim,
    } = op.attrs;
    const shape = (inputs[0] as Tensor).shape;
    const [step, istep] = [strides(shape), strides(idx.shape)];
    const kept = shape
      .map((_, i) => i)
      .filter((i) => !insertedWindowDims.includes(i) && !inputBatchingDims.includes(i));
    const fold = folder(region(op, 0), outs, updates, run);
    each((updates[0] as Tensor).shape, (index, flat) => {
      const batch = index.filter((_, i) => !updateWindowDims.includes(i));
      const where = [...batch];
      if (indexVectorDim < idx.shape.length) where.splice(indexVectorDim, 0, 0);
      const to = shape.map(() => 0);
      scatterDimsToOperandDims.forEach((d, k) => {
        if (indexVectorDim < idx.shape.length) where[indexVectorDim] = k;
        to[d] = Number(idx.data[dot(where, istep)]);
      });
      inputBatchingDims.forEach((d, k) => {
        const dim = at(scatterIndicesBatchingDims, k);
        to[d] = at(batch, dim < indexVectorDim ? dim : dim - 1);
      });
      // A window that doesn't fit whole is skipped whole.
      const updateShape = (updates[0] as Tensor).shape;
      const fits =
        kept.every(
          (d, k) => at(to, d) >= 0 && at(to, d) + at(updateShape, at(updateWindowDims, k)) <= at(shape, d),
        ) && to.every((v, d) => v >= 0 && v < at(shape, d));
      if (!fits) return;
      updateWindowDims.forEach((d, k) => {
        to[at(kept, k)] = at(to, at(kept, k)) + at(index, d);
      });
      fold(dot(to, step), flat);
    });
    return outs;
  },
  reduce: (op, args, run) => {
    const n = args.length / 2;
    const outs = op.results.map((_, i) => filled(typeOf(op, i), args[n + i] as Tensor));
    const { shape } = args[0] as Tensor;
    const step = strides((outs[0] as Tensor).shape);
    const kept = shape.map((_, i) => i).filter((i) => !op.attrs.dimensions.includes(i));
    const fold = folder(region(op, 0), outs, args.slice(0, n), run);
    each(shape, (index, flat) =>
      fold(
        kept.reduce((p, d, i) => p + at(index, d) * at(step, i), 0),
        flat,
      ),
    );
    return outs;
  },
  reduce_window: (op, args, run) => {
    const n = args.length / 2;
    const outs = op.results.map((_, i) => filled(typeOf(op, i), args[n + i] as Tensor));
    const fold = folder(region(op, 0), outs, args.slice(0, n), run);
    windows((outs[0] as Tensor).shape, (args[0] as Tensor).shape, op.attrs.windowDimensions, op.attrs, fold);
    return outs;
  },
  select_and_scatter: (op, [x, source, init], run) => {
    const [a, s] = [x as Tensor, source as Tensor];
    const out = filled(typeOf(op), init as Tensor);
    const ones = a.shape.map(() => 1);
    const best = Array<number>(sizeOf(s.shape)).fill(-1);
    const [p, q] = [make({ dtype: a.dtype, shape: [] }), make({ dtype: a.dtype, shape: [] })];
    windows(
      s.shape,
      a.shape,
      op.attrs.windowDimensions,
      { ...op.attrs, baseDilations: ones, windowDilations: ones },
      (o, i) => {
        if (at(best, o) < 0) {
          best[o] = i;
          return;
        }
        p.data[0] = a.data[at(best, o)] as number;
        q.data[0] = a.data[i] as number;
        if ((run.block(region(op, 0), [p, q])[0] as Tensor).data[0] === 0) best[o] = i;
      },
    );
    const fold = folder(region(op, 1), [out], [s], run);
    best.forEach((i, o) => i >= 0 && fold(i, o));
    return [out];
  },
  sort: (op, args, run) => {
    const { shape } = args[0] as Tensor;
    const d = op.attrs.dimension;
    const step = strides(shape);
    const outs = args.map((x) => make(x));
    const less = (i: number, j: number): boolean =>
      (
        run.block(
          region(op, 0),
          args.flatMap((x) => [element(x, i), element(x, j)]),
        )[0] as Tensor
      ).data[0] !== 0;
    each(
      shape.map((n, i) => (i === d ? Math.min(n, 1) : n)),
      (index) => {
        const base = dot(index, step);
        const order = Array.from({ length: at(shape, d) }, (_, k) => base + k * at(step, d));
        order.sort((i, j) => (less(i, j) ? -1 : less(j, i) ? 1 : 0));
        order.forEach((from, k) =>
          outs.forEach((o, q) => copyElement(o, base + k * at(step, d), args[q] as Tensor, from)),
        );
      },
    );
    return outs;
  },
  dot_general: (op, [x, y]) => [dotGeneral(op, x as Tensor, y as Tensor)],
  convolution: (op, [x, w]) => [convolution(op, x as Tensor, w as Tensor)],
  while: (op, args, run) => {
    let state: readonly Tensor[] = args;
    while ((run.block(region(op, 0), state)[0] as Tensor).data[0] !== 0)
      state = run.block(region(op, 1), state);
    return state;
  },
  case: (op, [index], run) => {
    const n = op.regions?.length ?? 0;
    const i = Number((index as Tensor).data[0]);
    return run.block(region(op, i < 0 || i >= n ? n - 1 : i), []);
  },
  optimization_barrier: (_op, args) => args,
  call: (op, args, run) => run.call(op.attrs.callee, args),
  composite: (op, args, run) => run.call(op.attrs.decomposition, args),
  custom_call: (op, args, run) => run.custom(op, args),
} satisfies { [N in OpName]: Kernel<N> };

function mapPart(op: { readonly results: Op["results"] }, x: Tensor, part: 0 | 1): Tensor {
  const out = make(typeOf(op));
  for (let i = 0; i < out.data.length; i++) out.data[i] = x.data[2 * i + part] as number;
  return out;
}

/** Rounded to a float format of these bits (StableHLO reduce_precision): to nearest even, overflow to infinity, underflow to zero. */
function reducePrecision(x: number, exponentBits: number, mantissaBits: number): number {
  if (x === 0 || x !== x || !Number.isFinite(x)) return x;
  const bias = 2 ** (exponentBits - 1) - 1;
  const e = Math.floor(Math.log2(Math.abs(x)));
  const ulp = 2 ** (e - mantissaBits);
  const q = Math.abs(x) / ulp;
  const f = Math.floor(q);
  const r = (q - f > 0.5 || (q - f === 0.5 && f % 2 === 1) ? f + 1 : f) * ulp;
  const limit = 2 ** bias * (2 - 2 ** -mantissaBits);
  const value = r > limit ? Infinity : r < 2 ** (1 - bias) ? 0 : r;
  return x < 0 ? -value : value;
}
/** Refuses an op by name. */
export const refuseOp = (op: string): never => {
  throw tenonError("UNIMPLEMENTED", `reference: no kernel for ${op}`, {
    op,
    plugin: "reference",
    reason: "E_UNIMPLEMENTED",
  });
};
