// Our functions for the cases of linear algebra.
import { grad, np, scipy, vmap, type NDArray as A } from "tenon";
import type { CasePrograms } from "../run-case.ts";
import { later } from "./later.ts";

const programs: CasePrograms = {
  "jnp.linalg.svd/reconstruct": (x: A): A[] => {
    const [u, s, v] = np.linalg.svd(x, { fullMatrices: true });
    const thin = u.get(":", ":3");
    return [u.matmul(np.transpose(u)), v.matmul(np.transpose(v)), thin.mul(s).matmul(v), s];
  },
  "scipy.linalg.cho_factor_solve/a": (a: A, b: A) => scipy.linalg.choSolve(scipy.linalg.choFactor(a), b),
  "tf.vmap.cholesky": later(() => vmap((a: A) => np.linalg.cholesky(a))),
  "tf.edge.norm_zero": later(() => grad((x: A) => np.linalg.norm(x))),
  "tf.op.cholesky": later(() =>
    grad((a: A) => np.linalg.cholesky(a.matmul(np.transpose(a)).add(np.eye(3).mul(2))).sum()),
  ),
  "tf.op.solve": later(() => grad((a: A, b: A) => np.linalg.solve(a, b).pow(2).sum(), { argnums: [0, 1] })),
  "tf.op.eigh": later(() =>
    grad((a: A) => {
      const [w] = np.linalg.eigh(a.add(np.transpose(a)));
      return w.pow(3).sum();
    }),
  ),
  "tf.op.svd": later(() => grad((a: A) => np.linalg.svd(a, { computeUv: false }).sum())),
  "tf.op.qr": later(() => grad((a: A) => np.linalg.qr(a)[1].pow(4).sum())),
  "tf.op.det": later(() => grad((a: A) => np.linalg.det(a))),
  "tf.op.triangular": later(() =>
    grad((a: A, b: A) => scipy.linalg.solveTriangular(a, b, { lower: true }).pow(2).sum(), {
      argnums: [0, 1],
    }),
  ),
  "tf.op.expm": later(() => grad((a: A) => scipy.linalg.expm(a).sum())),
  "err.solve_nonsquare": {
    control: () => np.linalg.solve(np.eye(2), np.ones(2)),
    call: () => np.linalg.solve(np.ones([2, 3]), np.ones(2)),
  },
};
export default programs;
