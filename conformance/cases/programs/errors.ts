// Pairs of the expected errors: the call, and the same call with valid input.
import { customVjp, grad, jit, jvp, lax, np, tree, vjp, type NDArray } from "tenon";
import type { CasePrograms } from "../run-case.ts";

type A = NDArray;

/** A call that TypeScript would refuse as well, for the checks at run time. */
const untyped = (x: unknown): never => x as never;

const identity = customVjp((x: A) => x, { fwd: (x) => [x, null], bwd: (_, ct) => [ct] });

const programs: CasePrograms = {
  "err.concat_shapes": {
    control: () => np.concatenate([np.ones([2, 3]), np.ones([2, 3])]),
    call: () => np.concatenate([np.ones([2, 3]), np.ones([2, 4])]),
  },
  "err.reshape": { control: () => np.ones([6]).reshape([3, 2]), call: () => np.ones([6]).reshape([4, 2]) },
  "err.axis_oob": {
    control: () => np.sum(np.ones([2, 3]), { axis: 1 }),
    call: () => np.sum(np.ones([2, 3]), { axis: 2 }),
  },
  "err.dup_axis": {
    control: () => np.sum(np.ones([2, 3]), { axis: [0, 1] }),
    call: () => np.sum(np.ones([2, 3]), { axis: [0, 0] }),
  },
  "err.max_empty": { control: () => np.max(np.zeros([1])), call: () => np.max(np.zeros([0])) },
  "err.argmax_empty": { control: () => np.argmax(np.zeros([1])), call: () => np.argmax(np.zeros([0])) },
  "err.setitem": {
    control: () => np.ones([3]).at(0).set(1),
    call: () => {
      untypedArray(np.ones([3]))[0] = 1;
    },
  },
  "err.grad_nonscalar": {
    control: () => grad((x: A) => x.mul(2).sum())(np.ones([3])),
    call: () => grad((x: A) => x.mul(2))(np.ones([3])),
  },
  "err.grad_complex": {
    control: () => grad((x: A) => x.mul(2))(np.array(1)),
    call: () => grad((x: A) => x.mul(2))(np.array({ re: 0, im: 1 })),
  },
  "err.custom_vjp_fwdmode": {
    control: () => vjp(identity, 1)[1](1),
    call: () => jvp(identity, [1], [1]),
  },
  "err.jit_bool": {
    control: () => jit((x: A) => np.where(x.gt(0), 1, 0))(1),
    call: () => jit((x: A) => (x.gt(0).item() ? np.array(1) : np.array(0)))(1),
  },
  "err.jit_numpy": {
    control: () => jit((x: A) => x)(np.ones([2])),
    call: () => jit((x: A) => np.array(x.tolist() as never))(np.ones([2])),
  },
  "err.jit_nonzero": {
    control: () => np.nonzero(np.ones([2])),
    call: () => jit((x: A) => np.nonzero(x))(np.ones([2])),
  },
  "err.scan_len": { control: () => scanPair(3), call: () => scanPair(4) },
  "err.cond_branches": {
    control: () =>
      lax.cond(
        true,
        (x: A) => x,
        (x: A) => x.mul(2),
        np.array(1),
      ),
    call: () =>
      lax.cond(
        true,
        (x: A) => x,
        (x: A) => np.stack([x, x]),
        np.array(1),
      ),
  },
  "err.conv_feature": {
    control: () => lax.conv(np.ones([1, 4, 5, 5]), np.ones([3, 4, 2, 2]), [1, 1], "SAME"),
    call: () => lax.conv(np.ones([1, 2, 5, 5]), np.ones([3, 4, 2, 2]), [1, 1], "SAME"),
  },
  "err.mask_shape": {
    control: () => np.ones([2]).get(np.array([true, false])),
    call: () => np.ones([3]).get(np.array([true, false])),
  },
  "err.tree_mismatch": {
    control: () => tree.map((a: A, b: A) => a.add(b), { a: np.ones([]) }, { a: np.ones([]) }),
    call: () => tree.map((a: A, b: A) => a.add(b), { a: np.ones([]) }, untyped({ b: np.ones([]) })),
  },
  "err.split_uneven": { control: () => np.split(np.ones([6]), 3), call: () => np.split(np.ones([7]), 3) },
  "err.sub_bool": {
    control: () => np.logicalXor(np.array(true), np.array(false)),
    call: () => np.subtract(np.array(true), np.array(false)),
  },
  "err.array_truth": { control: () => np.ones([1]).item(), call: () => Number(np.ones([2])) },
  "err.donated_delete": {
    control: () => np.ones([2]).add(1),
    call: () => {
      const x = np.ones([2]);
      x.dispose();
      return x.add(1);
    },
  },
  "err.static_unhashable": {
    control: () => jit((x: A, _n: number) => x, { staticArgnums: 1 })(1, 1),
    call: () => jit((x: A, _n: A) => x, { staticArgnums: 1 })(1, np.ones([1])),
  },
  "err.jvp_dtype": {
    control: () => jvp(np.sin, [1], [np.ones([])]),
    call: () => jvp(np.sin, [1], [np.ones([], { dtype: "int32" })]),
  },
  "err.neg_shape": { control: () => np.zeros([1]), call: () => np.zeros([-1]) },
  "err.at_get_wrap": {
    control: () =>
      np
        .arange(5)
        .at(np.array([7n]))
        .get({ mode: "clip" }),
    call: () =>
      np
        .arange(5)
        .at(np.array([7n]))
        .get({ mode: untyped("wrap") }),
  },
  "err.at_add_wrap": {
    control: () =>
      np
        .arange(5)
        .at(np.array([7n]))
        .add(1n, { mode: "clip" }),
    call: () =>
      np
        .arange(5)
        .at(np.array([7n]))
        .add(1n, { mode: untyped("wrap") }),
  },
};
/** A scan over an array of three rows and one of `n`. */
function scanPair(n: number): unknown {
  const xs: [A, A] = [np.ones([3]), np.ones([n])];
  return lax.scan((c: A, x: [A, A]): [A, [A, A]] => [c, x], 0, xs);
}
/** An array seen as a list that can be written. */
function untypedArray(x: A): Record<number, number> {
  return x as unknown as Record<number, number>;
}
export default programs;
