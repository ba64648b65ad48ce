// The programs of values.json on our API: linear algebra, its derivatives and batching; generate.py holds the same ones
// for JAX. Vectors known up to their sign go as what doesn't depend on it.
import { grad, jit, jvp, lax, np, scipy, vmap, type NDArray } from "../../index.ts";

type A = NDArray;
const { linalg: la } = np;
const { linalg: ll } = lax;
const { linalg: sl } = scipy;

/** Eighths between −1 and 1, the same as generate.py's. */
function r(seed: number, ...shape: number[]): A {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: n }, (_, k) => (((k * 37 + seed * 11 + ((k * k) % 29)) % 17) - 8) / 8);
  return np.array(Float32Array.from(data)).reshape(shape);
}
const T = (x: A): A => np.matrixTranspose(x);
/** Well conditioned. */
const g = (seed: number, n: number): A => r(seed, n, n).add(np.eye(n).mul(3));
const spd = (seed: number, n: number): A =>
  r(seed, n, n)
    .matmul(T(r(seed, n, n)))
    .div(n)
    .add(np.eye(n));
const gs = (seed: number, n: number): A => np.stack([g(seed, n), g(seed + 1, n)]);
const spds = (seed: number, n: number): A => np.stack([spd(seed, n), spd(seed + 1, n)]);
const two = (f: (x: A) => A, x: A): A =>
  grad((y: A) => np.sum(np.square(grad((z: A) => np.sum(np.square(f(z))))(y))))(x);

const P: Record<string, () => unknown> = {};
for (const left of [true, false])
  for (const lower of [true, false])
    for (const transposeA of [true, false])
      P[`tri/${left}${lower}${transposeA}`] = () =>
        ll.triangularSolve(g(1, 4), left ? r(2, 4, 3) : r(2, 3, 4), { leftSide: left, lower, transposeA });
P["tri/unit"] = () =>
  ll.triangularSolve(g(1, 4), r(2, 4, 2), { leftSide: true, lower: true, unitDiagonal: true });
P["tri/vector"] = () => ll.triangularSolve(gs(1, 3), r(2, 2, 3), { leftSide: true, lower: true });
P["tri/vmap"] = () =>
  vmap((a: A, b: A) => sl.solveTriangular(a, b), { inAxes: [0, null] })(gs(1, 3), r(2, 3));
P["tri/grad"] = () =>
  grad((a: A, b: A) => np.sum(np.square(sl.solveTriangular(a, b, { trans: 1 }))), { argnums: [0, 1] })(
    g(1, 3),
    r(2, 3, 2),
  );
P["tri/second"] = () => two((a) => sl.solveTriangular(a, r(2, 3)), g(1, 3));

for (const n of [1, 2, 5, 9]) {
  P[`cholesky/${n}`] = () => la.cholesky(spd(n, n));
  P[`lu/${n}`] = () => ll.lu(r(n, n, n));
  P[`det/${n}`] = () => [la.det(g(n, n)), la.slogdet(g(n, n))];
  P[`solve/${n}`] = () => [la.solve(g(n, n), r(3, n)), la.inv(gs(n, n))];
  P[`qr/${n}`] = () => la.qr(g(n, n));
  P[`eigvalsh/${n}`] = () => la.eigvalsh(spds(n, n));
  P[`svdvals/${n}`] = () => la.svdvals(gs(n, n));
}
P["cholesky/upper"] = () => la.cholesky(spds(1, 3), { upper: true });
P["cholesky/indefinite"] = () => la.cholesky(np.stack([spd(1, 3), spd(1, 3).sub(np.eye(3).mul(2))]));
P["cholesky/lower triangle"] = () =>
  la.cholesky(spd(1, 3).add(np.triu(np.ones([3, 3]), { k: 1 })), { symmetrizeInput: false });
P["cholesky/empty"] = () => la.cholesky(np.zeros([2, 0, 0]));
P["cholesky/nan"] = () =>
  la.cholesky(
    np.array([
      [NaN, 0],
      [0, 1],
    ]),
  );
P["cholesky/grad"] = () => grad((a: A) => np.sum(la.cholesky(a).mul(r(2, 4, 4))))(spd(1, 4));
P["cholesky/second"] = () => two((a) => la.cholesky(a), spd(1, 3));
P["cholesky/vmap"] = () => vmap(grad((a: A) => np.sum(la.cholesky(a))))(spds(1, 3));
P["lu/wide"] = () => ll.lu(r(1, 3, 5));
P["lu/tall"] = () => ll.lu(r(1, 2, 5, 3));
P["lu/singular"] = () =>
  ll.lu(
    np.array([
      [0, 1],
      [0, 2],
    ]),
  );
P["lu/grad"] = () => grad((a: A) => np.sum(ll.lu(a)[0].mul(r(2, 3, 5))))(r(1, 3, 5));
P["lu/grad-tall"] = () => grad((a: A) => np.sum(ll.lu(a)[0].mul(r(2, 5, 3))))(r(1, 5, 3));
P["lu/factor"] = () => [...sl.lu(r(1, 3, 4)), sl.luSolve(sl.luFactor(g(1, 3)), r(2, 3, 2), { trans: 1 })];
P["lu/permutation"] = () => ll.luPivotsToPermutation(np.array([2, 2, 3], { dtype: "int32" }), 4);
P["solve/broadcast"] = () => la.solve(gs(1, 3), r(2, 3, 2));
P["solve/grad"] = () =>
  grad((a: A, b: A) => np.sum(np.square(la.solve(a, b))), { argnums: [0, 1] })(gs(1, 3), r(2, 3, 2));
P["solve/second"] = () => two((a) => la.inv(a), g(1, 3));
P["solve/vmap"] = () => vmap(la.solve, { inAxes: [0, null] })(gs(1, 3), r(2, 3));
P["solve/pos"] = () => [
  sl.solve(spd(1, 4), r(2, 4), { assumeA: "pos" }),
  sl.choSolve(sl.choFactor(spd(1, 4), { lower: true }), r(2, 4, 2)),
];
P["det/singular"] = () => [la.det(np.ones([4, 4])), la.slogdet(np.zeros([3, 3]))];
P["det/grad"] = () => [
  grad(la.det)(g(1, 4)),
  grad((a: A) => la.slogdet(a)[1])(g(1, 4)),
  grad(la.det)(np.diag(np.array([1, 2, 3, 0]))),
];
P["det/second"] = () => two(la.det, g(1, 2).div(3));
P["det/qr"] = () => la.slogdet(g(2, 4), { method: "qr" });
P["det/batch"] = () => la.det(gs(1, 4));
P["qr/tall"] = () => la.qr(r(1, 5, 3));
P["qr/wide"] = () => la.qr(r(1, 2, 3, 5));
P["qr/complete"] = () => la.qr(r(1, 5, 2), { mode: "complete" });
P["qr/raw"] = () => la.qr(r(1, 4, 3), { mode: "raw" });
P["qr/r"] = () => la.qr(r(1, 4, 3), { mode: "r" });
P["qr/grad"] = () =>
  grad((a: A) => {
    const [q, s] = la.qr(a);
    return np.sum(q.mul(r(2, 5, 3))).add(np.sum(np.square(s)));
  })(r(1, 5, 3));
P["qr/grad-wide"] = () =>
  grad((a: A) => {
    const [q, s] = la.qr(a);
    return np.sum(q.mul(r(2, 3, 3))).add(np.sum(np.sin(s)));
  })(r(1, 3, 5));
P["eigh/rebuilt"] = () => {
  const [w, v] = la.eigh(spd(3, 6));
  return v.mul(w).matmul(T(v));
};
P["eigh/triangles"] = () => [
  la.eigvalsh(g(1, 4), { UPLO: "U", symmetrizeInput: false }),
  la.eigvalsh(g(1, 4), { symmetrizeInput: false }),
  la.eigvalsh(g(1, 4)),
];
P["eigh/diagonal"] = () => la.eigvalsh(np.diag(np.array([3, -1, 2, -1, 0])));
P["eigh/nan"] = () =>
  la.eigvalsh(
    np.array([
      [1, NaN],
      [NaN, 1],
    ]),
  );
P["eigh/grad"] = () =>
  grad((a: A) => {
    const [w, v] = la.eigh(a);
    return np.sum(np.sin(w)).add(np.sum(np.square(v).mul(r(2, 4, 4))));
  })(spd(1, 4));
P["eigh/vmap"] = () => vmap(grad((a: A) => np.sum(la.eigvalsh(a).pow(3))))(spds(1, 3));
P["svd/rebuilt"] = () => {
  const [u, s, v] = la.svd(r(1, 6, 4), { fullMatrices: false });
  return [s, u.mul(s).matmul(v)];
};
P["svd/wide"] = () => {
  const [u, s, v] = la.svd(r(1, 2, 3, 5));
  return [s, u.matmul(T(u)), v.matmul(T(v))];
};
P["svd/rank"] = () => [
  la.svdvals(np.outer(np.arange(1, 4), np.arange(1, 4))).round({ decimals: 3 }),
  la.matrixRank(np.ones([3, 4])),
  la.matrixRank(g(1, 3)),
];
P["svd/zero"] = () => {
  const [u, s, v] = la.svd(np.zeros([3, 2]));
  return [s, u.matmul(T(u)), v.matmul(T(v))];
};
P["svd/hermitian"] = () => la.svd(g(1, 4).add(T(g(1, 4))), { hermitian: true, computeUv: false });
P["svd/empty"] = () => [la.svdvals(np.zeros([3, 0])), la.svd(np.zeros([2, 0]))[0]];
P["svd/grad"] = () =>
  grad((a: A) => {
    const [u, s, v] = la.svd(a, { fullMatrices: false });
    return np.sum(u.matmul(v).mul(r(2, 5, 3))).add(np.sum(np.sin(s)));
  })(r(1, 5, 3));
P["svd/jvp"] = () => jvp((a: A) => la.svdvals(a), [r(1, 3, 5)], [r(2, 3, 5)]);
P["norm/matrix"] = () =>
  (["fro", "nuc", 1, -1, 2, -2, Infinity, -Infinity] as const).map((ord) => la.norm(r(1, 4, 3), { ord }));
P["norm/vector"] = () =>
  [0, 1, 2, 3, 0.5, -1, Infinity, -Infinity].map((ord) => la.norm(r(1, 5).add(2), { ord }));
P["norm/axes"] = () => [
  la.norm(r(1, 2, 3, 4), { axis: [2, 0], ord: 1, keepdims: true }),
  la.norm(r(1, 2, 3, 4), { axis: 1 }),
  la.norm(r(1, 2, 3, 4)),
  la.vectorNorm(r(1, 2, 3)),
  la.matrixNorm(r(1, 2, 3, 4), { ord: "nuc", keepdims: true }),
];
P["norm/grad"] = () => [
  grad((x: A) => la.norm(x))(r(1, 3)),
  grad((x: A) => la.norm(x))(np.zeros(3)),
  grad((x: A) => la.norm(x, { ord: "nuc" }))(r(1, 4, 3)),
];
P["pinv"] = () => [
  la.pinv(r(1, 5, 3)),
  la.pinv(r(1, 2, 3, 5)),
  la.pinv(np.ones([3, 2])),
  la.pinv(spd(1, 3), { hermitian: true }),
];
P["pinv/grad"] = () => [
  grad((a: A) => np.sum(np.sin(la.pinv(a))))(r(1, 5, 3)),
  grad((a: A) => np.sum(np.sin(la.pinv(a))))(r(1, 3, 5)),
];
P["cond"] = () => [
  la.cond(g(1, 3)),
  la.cond(g(1, 3), { p: "fro" }),
  la.cond(g(1, 3), { p: -2 }),
  la.cond(gs(1, 3), { p: 1 }),
];
P["power"] = () => [0, 1, 2, 5, -2].map((n) => la.matrixPower(g(1, 3).div(3), n));
P["tensor"] = () => [
  la.tensorsolve(
    np
      .eye(6)
      .mul(2)
      .add(r(1, 6, 6))
      .reshape([2, 3, 6]),
    r(2, 2, 3),
  ),
  la.tensorinv(g(1, 6).reshape([6, 2, 3]), { ind: 1 }),
  la.multiDot([r(1, 3), r(2, 3, 4), r(3, 4, 2)]),
];
P["expm"] = () => [
  sl.expm(r(1, 3, 3).div(4)),
  sl.expm(r(1, 3, 3)),
  sl.expm(r(1, 2, 3, 3).mul(3)),
  sl.expm(np.triu(r(1, 3, 3)), { upperTriangular: true }),
];
P["expm/grad"] = () => grad((a: A) => np.sum(sl.expm(a)))(r(1, 3, 3));
P["structured"] = () => [
  sl.toeplitz(r(1, 3)),
  sl.toeplitz(r(1, 3), r(2, 4)),
  sl.hilbert(3),
  sl.hadamard(4),
  sl.blockDiag(r(1, 2, 2), r(2, 3), 1),
];
P["jit"] = () => jit((a: A) => [la.inv(a), la.eigvalsh(a), la.svdvals(a)])(spd(1, 4));
export const programs = P;
