// A whole device plugin: some thirty kernels, plain loops over typed arrays, in three dtypes. `definePlugin` does the rest:
// devices, buffers, lifetimes, donation, errors, control flow, and the other ops, decomposed into these.
// docs/plugin-author/1-first-plugin.md explains it piece by piece.
// #region imports
import type { ConcreteType, DType, OpAttrs, Plugin } from "tenon-plugin-api";
import {
  copyElement,
  definePlugin,
  dot,
  each,
  numberAt,
  rearranged,
  strides,
  tensor,
  type Kernels,
  type Tensor,
} from "tenon-plugin-kit";
// #endregion imports

// #region elementwise
type Scalar = (...elements: number[]) => number;

/** A kernel that computes each element from those at its place; `ints`: for i32 and bool, if the function is another. */
const map =
  (floats: Scalar, ints: Scalar = floats) =>
  (operands: readonly Tensor[], call: { readonly types: readonly ConcreteType[] }): Tensor => {
    const out = tensor(call.types[0]);
    const f = operands[0].dtype === "f32" ? floats : ints;
    for (let i = 0; i < out.data.length; i++) out.data[i] = f(...operands.map((x) => numberAt(x, i)));
    return out; // the typed array has rounded to f32, or wrapped to i32
  };
const NUMBERS: readonly DType[] = ["f32", "i32"];
const byZero: Scalar = (x, y) => (y === 0 ? -1 : x / y); // what XLA gives for integers
const ieeePower: Scalar = (x, y) => (x === 1 || (x === -1 && 1 / y === 0) ? 1 : x ** y);

const ELEMENTWISE = {
  add: { dtypes: NUMBERS, run: map((x, y) => x + y) },
  multiply: { dtypes: NUMBERS, run: map((x, y) => x * y, Math.imul) },
  divide: map((x, y) => x / y, byZero),
  remainder: { dtypes: ["f32"], run: map((x, y) => x % y) },
  power: { dtypes: ["f32"], run: map(ieeePower) },
  maximum: map(Math.max), // NaN wins, and +0 over −0: JavaScript's max is StableHLO's
  floor: map(Math.floor),
  exponential: map(Math.exp),
  log: map(Math.log),
  sine: map(Math.sin),
  cosine: map(Math.cos),
  sqrt: map(Math.sqrt),
  atan2: map(Math.atan2),
  and: map((x, y) => x & y),
  or: map((x, y) => x | y),
  xor: map((x, y) => x ^ y),
  shift_left: map((x, y) => (y >>> 0 > 31 ? 0 : x << y)),
  shift_right_logical: map((x, y) => (y >>> 0 > 31 ? 0 : x >>> y)),
  shift_right_arithmetic: map((x, y) => x >> Math.min(y >>> 0, 31)),
} satisfies Kernels<Tensor>;
// #endregion elementwise

// #region choosing
const HOLDS: { readonly [D in OpAttrs["compare"]["direction"]]: Scalar } = {
  EQ: (x, y) => Number(x === y),
  NE: (x, y) => Number(x !== y),
  GE: (x, y) => Number(x >= y),
  GT: (x, y) => Number(x > y),
  LE: (x, y) => Number(x <= y),
  LT: (x, y) => Number(x < y),
};
const TO: { readonly [dtype: string]: Scalar } = {
  bool: (x) => Number(x !== 0),
  i32: (x) => Math.min(Math.max(Math.trunc(x) || 0, -(2 ** 31)), 2 ** 31 - 1), // clamped; NaN becomes 0
  f32: (x) => x,
};

const CHOOSING = {
  // Which forms of an op a kernel takes is data. The total order of floats is missing: it is made by comparing bits.
  compare: {
    attrs: { compareType: { oneOf: ["FLOAT", "SIGNED", "UNSIGNED"] } },
    run: (operands, call) => map(HOLDS[call.attrs.direction])(operands, call),
  },
  convert: (operands, call) => map(TO[call.types[0].dtype])(operands, call),
  select: ([pred, onTrue, onFalse], { types: [type] }) => {
    const out = tensor(type);
    for (let i = 0; i < out.data.length; i++)
      copyElement(out, i, pred.data[pred.shape.length === 0 ? 0 : i] === 0 ? onFalse : onTrue, i);
    return out;
  },
} satisfies Kernels<Tensor>;
// #endregion choosing

// #region moving
const clamp = (x: number, room: number): number => Math.min(Math.max(x, 0), room);

const MOVING = {
  broadcast_in_dim: ([x], { attrs, types: [type] }) => {
    const step = strides(x.shape).map((s, d) => (x.shape[d] === 1 ? 0 : s));
    return rearranged(type, x, (index) =>
      dot(
        attrs.dimensions.map((d) => index[d]),
        step,
      ),
    );
  },
  dynamic_update_slice: ([x, update, ...starts]) => {
    const out: Tensor = { ...x, data: x.data.slice() }; // operands are never written to
    const first = x.shape.map((n, d) => clamp(numberAt(starts[d], 0), n - update.shape[d]));
    const [step, offset] = [strides(x.shape), dot(first, strides(x.shape))];
    each(update.shape, (index, from) => {
      copyElement(out, offset + dot(index, step), update, from);
    });
    return out;
  },
  gather: ([x, indices], { attrs: a, types: [type] }) => {
    const dropped = [...a.collapsedSliceDims, ...a.operandBatchingDims];
    const windowAxes = x.shape.map((_, d) => d).filter((d) => !dropped.includes(d));
    return rearranged(type, x, (index) => {
      const batch = index.filter((_, d) => !a.offsetDims.includes(d));
      const from = x.shape.map(() => 0);
      a.startIndexMap.forEach((d, k) => {
        const where = [...batch.slice(0, a.indexVectorDim), k, ...batch.slice(a.indexVectorDim)];
        const start = numberAt(indices, dot(where.slice(0, indices.shape.length), strides(indices.shape)));
        from[d] = clamp(start, x.shape[d] - a.sliceSizes[d]); // a window past the end is moved inside
      });
      a.operandBatchingDims.forEach((d, k) => {
        const axis = a.startIndicesBatchingDims[k];
        from[d] = batch[axis > a.indexVectorDim ? axis - 1 : axis];
      });
      a.offsetDims.forEach((d, k) => (from[windowAxes[k]] += index[d]));
      return dot(from, strides(x.shape));
    });
  },
} satisfies Kernels<Tensor>;
// #endregion moving

// #region summing
const element = (x: Tensor, i: number): Tensor => ({
  dtype: x.dtype,
  shape: [],
  data: x.data.slice(i, i + 1),
});

const SUMMING = {
  reduce: (operands, { attrs, types, region }) => {
    const n = types.length;
    const outs = types.map((type, i) => rearranged(type, operands[n + i], () => 0)); // filled with the init values
    const step = strides(types[0].shape);
    each(operands[0].shape, (index, from) => {
      const kept = index.filter((_, d) => !attrs.dimensions.includes(d));
      const to = dot(kept, step);
      const xs = operands.slice(0, n).map((x) => element(x, from));
      const folded = region(0)(...outs.map((o) => element(o, to)), ...xs);
      folded.forEach((value, i) => {
        copyElement(outs[i], to, value, 0);
      });
    });
    return outs;
  },
  // f32[m,k] · f32[k,n]. Other forms are arranged into this one; so are convolutions.
  dot_general: {
    dtypes: ["f32"],
    operands: [{ rank: [2, 2] }, { rank: [2, 2] }],
    attrs: {
      lhsContracting: { oneOf: [[1]] },
      rhsContracting: { oneOf: [[0]] },
      lhsBatching: { oneOf: [[]] },
    },
    run: ([x, y], { types: [type] }) => {
      const [out, m, k, n] = [tensor(type), x.shape[0], x.shape[1], y.shape[1]];
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) sum += numberAt(x, i * k + l) * numberAt(y, l * n + j);
          out.data[i * n + j] = sum;
        }
      return out;
    },
  },
} satisfies Kernels<Tensor>;
// #endregion summing

// #region plugin
/** The plugin, as a host wants it: `use(firstPlugin())`. */
export function firstPlugin(): Plugin {
  return definePlugin({
    name: "first",
    version: "0.1.0",
    dtypes: ["f32", "i32", "bool"],
    kernels: { ...ELEMENTWISE, ...CHOOSING, ...MOVING, ...SUMMING },
  });
}
// #endregion plugin
