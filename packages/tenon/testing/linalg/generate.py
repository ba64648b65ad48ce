"""The values of values.json, from JAX 0.10.2: `python generate.py > values.json`. programs.ts holds the same programs."""
import json
import jax, jax.numpy as jnp, numpy as np
from jax import grad, jit, jvp, vmap

la, ll, sl = jnp.linalg, jax.lax.linalg, jax.scipy.linalg
inf, nan = np.inf, np.nan


def r(seed, *shape):
    n = int(np.prod(shape))
    return jnp.array([((k * 37 + seed * 11 + k * k % 29) % 17 - 8) / 8 for k in range(n)], jnp.float32).reshape(shape)


T = jnp.matrix_transpose
g = lambda seed, n: r(seed, n, n) + jnp.eye(n) * 3
spd = lambda seed, n: r(seed, n, n) @ T(r(seed, n, n)) / n + jnp.eye(n)
gs = lambda seed, n: jnp.stack([g(seed, n), g(seed + 1, n)])
spds = lambda seed, n: jnp.stack([spd(seed, n), spd(seed + 1, n)])
two = lambda f, x: grad(lambda y: jnp.sum(grad(lambda z: jnp.sum(f(z) ** 2))(y) ** 2))(x)
b = lambda x: "true" if x else "false"
P = {}
for left in [True, False]:
    for lower in [True, False]:
        for t in [True, False]:
            P[f"tri/{b(left)}{b(lower)}{b(t)}"] = lambda left=left, lower=lower, t=t: ll.triangular_solve(g(1, 4), r(2, 4, 3) if left else r(2, 3, 4), left_side=left, lower=lower, transpose_a=t)
P["tri/unit"] = lambda: ll.triangular_solve(g(1, 4), r(2, 4, 2), left_side=True, lower=True, unit_diagonal=True)
P["tri/vector"] = lambda: ll.triangular_solve(gs(1, 3), r(2, 2, 3), left_side=True, lower=True)
P["tri/vmap"] = lambda: vmap(lambda a, b: sl.solve_triangular(a, b), in_axes=(0, None))(gs(1, 3), r(2, 3))
P["tri/grad"] = lambda: grad(lambda a, b: jnp.sum(sl.solve_triangular(a, b, trans=1) ** 2), argnums=(0, 1))(g(1, 3), r(2, 3, 2))
P["tri/second"] = lambda: two(lambda a: sl.solve_triangular(a, r(2, 3)), g(1, 3))
for n in [1, 2, 5, 9]:
    P[f"cholesky/{n}"] = lambda n=n: la.cholesky(spd(n, n))
    P[f"lu/{n}"] = lambda n=n: ll.lu(r(n, n, n))
    P[f"det/{n}"] = lambda n=n: [la.det(g(n, n)), la.slogdet(g(n, n))]
    P[f"solve/{n}"] = lambda n=n: [la.solve(g(n, n), r(3, n)), la.inv(gs(n, n))]
    P[f"qr/{n}"] = lambda n=n: la.qr(g(n, n))
    P[f"eigvalsh/{n}"] = lambda n=n: la.eigvalsh(spds(n, n))
    P[f"svdvals/{n}"] = lambda n=n: la.svdvals(gs(n, n))
P["cholesky/upper"] = lambda: la.cholesky(spds(1, 3), upper=True)
P["cholesky/indefinite"] = lambda: la.cholesky(jnp.stack([spd(1, 3), spd(1, 3) - jnp.eye(3) * 2]))
P["cholesky/lower triangle"] = lambda: la.cholesky(spd(1, 3) + jnp.triu(jnp.ones((3, 3)), k=1), symmetrize_input=False)
P["cholesky/empty"] = lambda: la.cholesky(jnp.zeros((2, 0, 0)))
P["cholesky/nan"] = lambda: la.cholesky(jnp.array([[nan, 0], [0, 1]]))
P["cholesky/grad"] = lambda: grad(lambda a: jnp.sum(la.cholesky(a) * r(2, 4, 4)))(spd(1, 4))
P["cholesky/second"] = lambda: two(lambda a: la.cholesky(a), spd(1, 3))
P["cholesky/vmap"] = lambda: vmap(grad(lambda a: jnp.sum(la.cholesky(a))))(spds(1, 3))
P["lu/wide"] = lambda: ll.lu(r(1, 3, 5))
P["lu/tall"] = lambda: ll.lu(r(1, 2, 5, 3))
P["lu/singular"] = lambda: ll.lu(jnp.array([[0, 1.0], [0, 2]]))
P["lu/grad"] = lambda: grad(lambda a: jnp.sum(ll.lu(a)[0] * r(2, 3, 5)))(r(1, 3, 5))
P["lu/grad-tall"] = lambda: grad(lambda a: jnp.sum(ll.lu(a)[0] * r(2, 5, 3)))(r(1, 5, 3))
P["lu/factor"] = lambda: [*sl.lu(r(1, 3, 4)), sl.lu_solve(sl.lu_factor(g(1, 3)), r(2, 3, 2), trans=1)]
P["lu/permutation"] = lambda: ll.lu_pivots_to_permutation(jnp.array([2, 2, 3], jnp.int32), 4)
P["solve/broadcast"] = lambda: la.solve(gs(1, 3), r(2, 3, 2))
P["solve/grad"] = lambda: grad(lambda a, b: jnp.sum(la.solve(a, b) ** 2), argnums=(0, 1))(gs(1, 3), r(2, 3, 2))
P["solve/second"] = lambda: two(la.inv, g(1, 3))
P["solve/vmap"] = lambda: vmap(la.solve, in_axes=(0, None))(gs(1, 3), r(2, 3))
P["solve/pos"] = lambda: [sl.solve(spd(1, 4), r(2, 4), assume_a="pos"), sl.cho_solve(sl.cho_factor(spd(1, 4), lower=True), r(2, 4, 2))]
P["det/singular"] = lambda: [la.det(jnp.ones((4, 4))), la.slogdet(jnp.zeros((3, 3)))]
P["det/grad"] = lambda: [grad(la.det)(g(1, 4)), grad(lambda a: la.slogdet(a)[1])(g(1, 4)), grad(la.det)(jnp.diag(jnp.array([1.0, 2, 3, 0])))]
P["det/second"] = lambda: two(la.det, g(1, 2) / 3)
P["det/qr"] = lambda: la.slogdet(g(2, 4), method="qr")
P["det/batch"] = lambda: la.det(gs(1, 4))
P["qr/tall"] = lambda: la.qr(r(1, 5, 3))
P["qr/wide"] = lambda: la.qr(r(1, 2, 3, 5))
P["qr/complete"] = lambda: la.qr(r(1, 5, 2), mode="complete")
P["qr/raw"] = lambda: la.qr(r(1, 4, 3), mode="raw")
P["qr/r"] = lambda: la.qr(r(1, 4, 3), mode="r")


def qr_loss(n, f):
    def loss(a):
        q, s = la.qr(a)
        return jnp.sum(q * r(2, n, 3)) + jnp.sum(f(s))

    return loss


P["qr/grad"] = lambda: grad(qr_loss(5, jnp.square))(r(1, 5, 3))
P["qr/grad-wide"] = lambda: grad(qr_loss(3, jnp.sin))(r(1, 3, 5))
P["eigh/rebuilt"] = lambda: (lambda w, v: (v * w) @ T(v))(*la.eigh(spd(3, 6)))
P["eigh/triangles"] = lambda: [la.eigvalsh(g(1, 4), UPLO="U", symmetrize_input=False), la.eigvalsh(g(1, 4), symmetrize_input=False), la.eigvalsh(g(1, 4))]
P["eigh/diagonal"] = lambda: la.eigvalsh(jnp.diag(jnp.array([3.0, -1, 2, -1, 0])))
P["eigh/nan"] = lambda: la.eigvalsh(jnp.array([[1, nan], [nan, 1]]))
P["eigh/grad"] = lambda: grad(lambda a: (lambda w, v: jnp.sum(jnp.sin(w)) + jnp.sum(v**2 * r(2, 4, 4)))(*la.eigh(a)))(spd(1, 4))
P["eigh/vmap"] = lambda: vmap(grad(lambda a: jnp.sum(la.eigvalsh(a) ** 3)))(spds(1, 3))
P["svd/rebuilt"] = lambda: (lambda u, s, v: [s, (u * s) @ v])(*la.svd(r(1, 6, 4), full_matrices=False))
P["svd/wide"] = lambda: (lambda u, s, v: [s, u @ T(u), v @ T(v)])(*la.svd(r(1, 2, 3, 5)))
P["svd/rank"] = lambda: [la.svdvals(jnp.outer(jnp.arange(1.0, 4), jnp.arange(1.0, 4))).round(3), la.matrix_rank(jnp.ones((3, 4))), la.matrix_rank(g(1, 3))]
P["svd/zero"] = lambda: (lambda u, s, v: [s, u @ T(u), v @ T(v)])(*la.svd(jnp.zeros((3, 2))))
P["svd/hermitian"] = lambda: la.svd(g(1, 4) + T(g(1, 4)), hermitian=True, compute_uv=False)
P["svd/empty"] = lambda: [la.svdvals(jnp.zeros((3, 0))), la.svd(jnp.zeros((2, 0)))[0]]
P["svd/grad"] = lambda: grad(lambda a: (lambda u, s, v: jnp.sum((u @ v) * r(2, 5, 3)) + jnp.sum(jnp.sin(s)))(*la.svd(a, full_matrices=False)))(r(1, 5, 3))
P["svd/jvp"] = lambda: jvp(la.svdvals, [r(1, 3, 5)], [r(2, 3, 5)])
P["norm/matrix"] = lambda: [la.norm(r(1, 4, 3), ord=o) for o in ["fro", "nuc", 1, -1, 2, -2, inf, -inf]]
P["norm/vector"] = lambda: [la.norm(r(1, 5) + 2, ord=o) for o in [0, 1, 2, 3, 0.5, -1, inf, -inf]]
P["norm/axes"] = lambda: [la.norm(r(1, 2, 3, 4), axis=(2, 0), ord=1, keepdims=True), la.norm(r(1, 2, 3, 4), axis=1), la.norm(r(1, 2, 3, 4)), la.vector_norm(r(1, 2, 3)), la.matrix_norm(r(1, 2, 3, 4), ord="nuc", keepdims=True)]
P["norm/grad"] = lambda: [grad(la.norm)(r(1, 3)), grad(la.norm)(jnp.zeros(3)), grad(lambda x: la.norm(x, ord="nuc"))(r(1, 4, 3))]
P["pinv"] = lambda: [la.pinv(r(1, 5, 3)), la.pinv(r(1, 2, 3, 5)), la.pinv(jnp.ones((3, 2))), la.pinv(spd(1, 3), hermitian=True)]
P["pinv/grad"] = lambda: [grad(lambda a: jnp.sum(jnp.sin(la.pinv(a))))(r(1, 5, 3)), grad(lambda a: jnp.sum(jnp.sin(la.pinv(a))))(r(1, 3, 5))]
P["cond"] = lambda: [la.cond(g(1, 3)), la.cond(g(1, 3), p="fro"), la.cond(g(1, 3), p=-2), la.cond(gs(1, 3), p=1)]
P["power"] = lambda: [la.matrix_power(g(1, 3) / 3, n) for n in [0, 1, 2, 5, -2]]
P["tensor"] = lambda: [la.tensorsolve((jnp.eye(6) * 2 + r(1, 6, 6)).reshape(2, 3, 6), r(2, 2, 3)), la.tensorinv(g(1, 6).reshape(6, 2, 3), ind=1), la.multi_dot([r(1, 3), r(2, 3, 4), r(3, 4, 2)])]
P["expm"] = lambda: [sl.expm(r(1, 3, 3) / 4), sl.expm(r(1, 3, 3)), sl.expm(r(1, 2, 3, 3) * 3), sl.expm(jnp.triu(r(1, 3, 3)), upper_triangular=True)]
P["expm/grad"] = lambda: grad(lambda a: jnp.sum(sl.expm(a)))(r(1, 3, 3))
P["structured"] = lambda: [sl.toeplitz(r(1, 3)), sl.toeplitz(r(1, 3), r(2, 4)), sl.hilbert(3), sl.hadamard(4), sl.block_diag(r(1, 2, 2), r(2, 3), 1.0)]
P["jit"] = lambda: jit(lambda a: [la.inv(a), la.eigvalsh(a), la.svdvals(a)])(spd(1, 4))


def number(v):
    if isinstance(v, (bool, np.bool_)):
        return bool(v)
    v = float(v)
    return "nan" if np.isnan(v) else ("inf" if v > 0 else "-inf") if np.isinf(v) else v


def leaf(x):
    x = jnp.asarray(x)
    return {"dtype": str(x.dtype), "shape": list(x.shape), "weak": bool(x.aval.weak_type), "data": [number(v) for v in np.asarray(x).ravel()]}


print(json.dumps({k: [leaf(x) for x in jax.tree.leaves(f())] for k, f in P.items()}))
