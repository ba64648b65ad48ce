// Ops that make elements or move them.
import {
  copyElement,
  dot,
  each,
  partsOf,
  rearranged,
  strides,
  tensor,
  type HostKernel,
  type Kernels,
  type Tensor,
} from "tenon-plugin-kit";
import { isBig, writer } from "../elements.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

const iota: HostKernel<"iota", Tensor> = (_none, { attrs, types }) => {
  const out = tensor(types[0]);
  const set = writer(out);
  const parts = partsOf(out.dtype);
  each(out.shape, (index, to) => {
    const n = at(index, attrs.dimension);
    set(parts * to, isBig(out.dtype) ? BigInt(n) : n);
  });
  return out;
};

const broadcastInDim: HostKernel<"broadcast_in_dim", Tensor> = ([x], { attrs, types }) => {
  const step = strides(x.shape);
  return rearranged(types[0], x, (index) =>
    attrs.dimensions.reduce((from, d, i) => from + (x.shape[i] === 1 ? 0 : at(index, d) * at(step, i)), 0),
  );
};

const transpose: HostKernel<"transpose", Tensor> = ([x], { attrs, types }) => {
  const step = strides(x.shape);
  const moved = attrs.permutation.map((d) => at(step, d));
  return rearranged(types[0], x, (index) => dot(index, moved));
};

const slice: HostKernel<"slice", Tensor> = ([x], { attrs, types }) => {
  const step = strides(x.shape);
  const start = attrs.start as readonly number[];
  return rearranged(types[0], x, (index) =>
    dot(
      index.map((n, i) => at(start, i) + n * at(attrs.strides, i)),
      step,
    ),
  );
};

const reverse: HostKernel<"reverse", Tensor> = ([x], { attrs, types }) => {
  const step = strides(x.shape);
  return rearranged(types[0], x, (index) =>
    dot(
      index.map((n, i) => (attrs.dimensions.includes(i) ? at(x.shape, i) - 1 - n : n)),
      step,
    ),
  );
};

const pad: HostKernel<"pad", Tensor> = ([x, value], { attrs, types }) => {
  const out = rearranged(types[0], value, () => 0);
  const step = strides(out.shape);
  each(x.shape, (index, from) => {
    const to = index.map((n, i) => at(attrs.low, i) + n * (at(attrs.interior, i) + 1));
    if (to.every((n, i) => n >= 0 && n < at(out.shape, i))) copyElement(out, dot(to, step), x, from);
  });
  return out;
};

const concatenate: HostKernel<"concatenate", Tensor> = (parts, { attrs, types }) => {
  const out = tensor(types[0]);
  const step = strides(out.shape);
  let offset = 0;
  for (const x of parts) {
    each(x.shape, (index, from) => {
      copyElement(out, dot(index, step) + offset * at(step, attrs.dimension), x, from);
    });
    offset += at(x.shape, attrs.dimension);
  }
  return out;
};

/** Kernels of structural ops. */
export const STRUCTURE = {
  iota,
  broadcast_in_dim: broadcastInDim,
  transpose,
  slice,
  reverse,
  pad,
  concatenate,
  optimization_barrier: (operands) => operands,
} satisfies Kernels<Tensor>;
