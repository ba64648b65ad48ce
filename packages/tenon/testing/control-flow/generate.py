"""The values of values.json, from JAX 0.10.2: `python generate.py > values.json`. programs.ts holds the same programs."""
import json
import jax, jax.numpy as jnp, numpy as np
from jax import lax, grad, vmap, jvp, jit, vjp, linearize, jacfwd, jacrev, hessian

f32, i32, i8, f16 = jnp.float32, jnp.int32, jnp.int8, jnp.float16


def r(seed, *shape):
    n = int(np.prod(shape))
    return jnp.array([((k * 37 + seed * 11) % 17 - 8) / 8 for k in range(n)], f32).reshape(shape)


P = {}


def case(name):
    def put(f):
        P[name] = f
        return f
    return put


step = lambda c, x: (jnp.tanh(c * 0.5 + x), c * x)
rnn = lambda w, h, xs: lax.scan(lambda h, x: (jnp.tanh(w @ h + x),) * 2, h, xs)

P["scan/sum"] = lambda: lax.scan(lambda c, x: (c + x, c * x), 0.0, r(1, 5))
P["scan/reverse"] = lambda: lax.scan(step, 0.25, r(2, 6), reverse=True)
for u in [0, 2, 3, 6, 7, True, False]:
    for rev in [False, True]:
        P[f"scan/unroll={u},reverse={rev}".lower()] = lambda u=u, rev=rev: lax.scan(step, f32(0.25), r(3, 6), unroll=u, reverse=rev)
P["scan/no-xs"] = lambda: lax.scan(lambda c, _: (c * 1.5 - 1, c), f32(3), None, length=7)
P["scan/trees"] = lambda: lax.scan(
    lambda c, x: ({"a": c["a"] + x["p"], "b": (c["b"][0] * 0.5,)}, {"y": c["b"][0], "z": x["q"]}),
    {"a": jnp.zeros(2), "b": (f32(8),)}, {"p": r(4, 3, 2), "q": jnp.arange(3)})
P["scan/weak-int-becomes-float"] = lambda: lax.scan(lambda c, x: (c + x, c), 0, r(5, 4))
P["scan/weak-float-becomes-half"] = lambda: lax.scan(lambda c, x: (c + x, c), 0.0, r(6, 4).astype(f16))
P["scan/weak-stays"] = lambda: lax.scan(lambda c, x: (c * 2, c), 1.0, r(7, 3))
P["scan/int8"] = lambda: lax.scan(lambda c, x: (c * x, c), i8(3), jnp.array([5, 7, 11], i8))
P["scan/no-steps"] = lambda: lax.scan(step, f32(2), jnp.zeros((0,)))
P["scan/bool"] = lambda: lax.scan(lambda c, x: (c ^ (x > 0), c), False, r(8, 5))
P["scan/nested"] = lambda: lax.scan(lambda c, row: lax.scan(lambda d, v: (d * 0.9 + v, d), c, row), 0.0, r(9, 3, 4))
P["scan/forwards"] = lambda: lax.scan(lambda c, x: ((c[0], c[1] + x), (x, c[0])), (2.0, f32(0)), r(10, 3))
P["scan/permutes"] = lambda: lax.scan(lambda c, x: ((c[1], c[2], c[0] + x), c[0]), (f32(1), f32(2), f32(3)), r(11, 5))
P["scan/grad"] = lambda: grad(lambda w, h, xs: rnn(w, h, xs)[1].sum(), (0, 1, 2))(r(12, 3, 3), r(13, 3), r(14, 4, 3))
P["scan/jvp"] = lambda: jvp(lambda w, h: rnn(w, h, r(14, 4, 3)), (r(12, 3, 3), r(13, 3)), (r(15, 3, 3), r(16, 3)))
P["scan/vmap-xs"] = lambda: vmap(lambda xs: lax.scan(step, f32(0.5), xs))(r(17, 2, 5))
P["scan/vmap-carry"] = lambda: vmap(lambda c: lax.scan(step, c, r(18, 4)))(r(19, 3))
P["scan/vmap-closure"] = lambda: vmap(lambda w: lax.scan(lambda c, x: (c * w + x, c), f32(1), r(20, 4)))(r(21, 3))
P["scan/vmap-grad"] = lambda: vmap(grad(lambda w, xs: lax.scan(lambda c, x: (jnp.sin(c * w) + x, c * w), f32(1), xs)[1].sum(), (0, 1)))(r(22, 3), r(23, 3, 4))
P["scan/grad-vmap"] = lambda: grad(lambda w: vmap(lambda c: lax.scan(lambda c, x: (jnp.sin(c * w) + x, c), c, r(24, 4))[0])(r(25, 3)).sum())(f32(0.7))
P["scan/hessian"] = lambda: hessian(lambda w: lax.scan(lambda c, x: (jnp.tanh(c * w[0] + x * w[1]), c), f32(0.5), r(26, 4))[0])(r(27, 2))
P["scan/grad-reverse"] = lambda: grad(lambda xs: lax.scan(step, f32(0.25), xs, reverse=True)[1].sum())(r(28, 5))
P["scan/linearize"] = lambda: linearize(lambda w: rnn(w, r(13, 3), r(14, 4, 3))[0], r(12, 3, 3))[1](r(15, 3, 3))
P["scan/zero-tangent-carry"] = lambda: grad(lambda x: lax.scan(lambda c, _: ((c[0] * x, lax.stop_gradient(c[1]) + 1), c[1]), (f32(1), f32(0)), None, length=3)[0][0])(f32(1.5))
P["scan/int-carry-grad"] = lambda: grad(lambda x: lax.scan(lambda c, _: ((c[0] * x[c[1]], c[1] + 1), None), (f32(1), 0), None, length=3)[0][0])(r(29, 4))
P["scan/random"] = lambda: lax.scan(lambda k, _: (lambda a: (a[0], jax.random.uniform(a[1])))(jax.random.split(k)), jax.random.key(3), None, length=4)[1]

newton = lambda a: lax.while_loop(lambda x: jnp.max(jnp.abs(x * x - a)) > 1e-4, lambda x: 0.5 * (x + a / x), a)
collatz = lambda n: lax.while_loop(lambda c: c[0] != 1, lambda c: (jnp.where(c[0] % 2 == 0, c[0] // 2, 3 * c[0] + 1), c[1] + 1), (n, i32(0)))
P["while/newton"] = lambda: newton(jnp.array([2.0, 9, 0.25]))
P["while/collatz"] = lambda: vmap(collatz)(jnp.array([1, 6, 27, 7], i32))
P["while/jvp"] = lambda: jvp(newton, (jnp.array([2.0, 9]),), (jnp.array([1.0, 0.5]),))
P["while/weak"] = lambda: lax.while_loop(lambda c: c < 10, lambda c: c * 2, 1.0)
P["while/weak-becomes-strong"] = lambda: lax.while_loop(lambda c: c < 10, lambda c: c * f32(2), 1)
P["while/never"] = lambda: lax.while_loop(lambda c: c < 0, lambda c: c * 2, f32(1))
P["while/vmap-carry"] = lambda: vmap(lambda x: lax.while_loop(lambda c: c[1] < 3, lambda c: (c[0] * 2, c[1] + 1), (x, 0)))(r(30, 3))
P["while/vmap-limit"] = lambda: vmap(lambda n, x: lax.while_loop(lambda c: c[1] < n, lambda c: (c[0] * x, c[1] + 1), (f32(1), 0)))(jnp.array([0, 2, 5]), r(31, 3))
P["while/vmap-finished-lanes"] = lambda: vmap(lambda x: lax.while_loop(lambda c: c > 1, lambda c: 1 / (c - 3) + 0.5, x))(jnp.array([2.0, 0.5, 3.5]))
P["while/nested"] = lambda: lax.while_loop(lambda c: c[0] < 4, lambda c: (c[0] + 1, lax.while_loop(lambda d: d < 10 * c[0], lambda d: d + 3, c[1])), (0, 0))
P["while/grad-of-known"] = lambda: grad(lambda x: x * lax.while_loop(lambda c: c < 20, lambda c: c * 2, f32(1)))(f32(3))
P["while/linearize"] = lambda: linearize(lambda x: lax.while_loop(lambda c: c[1] < 3, lambda c: (jnp.sin(c[0]) * x, c[1] + 1), (x, 0))[0], f32(0.5))[1](f32(2))
P["while/jvp-vmap"] = lambda: jvp(vmap(lambda n, x: lax.while_loop(lambda c: c[1] < n, lambda c: (c[0] * x, c[1] + 1), (x, 0))[0], in_axes=(0, 0)), (jnp.array([0, 2, 3]), r(32, 3)), (np.zeros(3, jax.dtypes.float0), jnp.ones(3)))

P["fori/static"] = lambda: lax.fori_loop(2, 6, lambda i, x: x * 0.5 + i, f32(1))
P["fori/weak"] = lambda: lax.fori_loop(0, 3, lambda i, x: x * 2, 1.0)
P["fori/index"] = lambda: lax.fori_loop(-2, 3, lambda i, x: x + i, 0)
P["fori/none"] = lambda: lax.fori_loop(3, 1, lambda i, x: x * 0, f32(5))
P["fori/traced"] = lambda: jit(lambda n: lax.fori_loop(1, n, lambda i, x: x * i, 1))(6)
P["fori/traced-int8"] = lambda: jit(lambda n: lax.fori_loop(0, n, lambda i, x: x + i, i8(0)))(i8(5))
P["fori/unroll"] = lambda: (lax.fori_loop(0, 7, lambda i, x: jnp.sin(x) + i, f32(1), unroll=3), lax.fori_loop(0, 5, lambda i, x: jnp.sin(x) + i, f32(1), unroll=True))
P["fori/grad"] = lambda: grad(lambda x: lax.fori_loop(0, 4, lambda i, y: y * x + i, x))(f32(1.5))
P["fori/grad-indexing"] = lambda: grad(lambda x: lax.fori_loop(0, 5, lambda i, y: y + x[i] ** 2 * i, f32(0)))(r(33, 5))
P["fori/update"] = lambda: lax.fori_loop(0, 5, lambda i, x: x.at[i].set(x[i - 1] + 1), jnp.zeros(5))
P["fori/vmap-bound"] = lambda: vmap(lambda n: lax.fori_loop(0, n, lambda i, x: x + i, 0))(jnp.array([0, 3, 6]))
P["fori/jvp-traced"] = lambda: jvp(lambda x: jit(lambda n, x: lax.fori_loop(0, n, lambda i, y: y * x, x))(3, x), (f32(1.5),), (f32(1),))
P["fori/tree"] = lambda: lax.fori_loop(0, 3, lambda i, c: {"a": c["b"], "b": c["a"] + i}, {"a": f32(1), "b": f32(2)})

for name, p in {"true": True, "false": False, "two": 2, "zero": 0.0, "nan": jnp.nan}.items():
    P[f"cond/predicate={name}"] = lambda p=p: lax.cond(p, jnp.sin, jnp.cos, r(34, 3))
P["cond/trees"] = lambda: lax.cond(True, lambda t, k: {"y": t["a"] * k, "n": t["b"]}, lambda t, k: {"y": t["a"] - k, "n": 7}, {"a": r(35, 2), "b": 3}, f32(2))
P["cond/weak"] = lambda: (lax.cond(True, lambda: 1.0, lambda: f32(2)), lax.cond(True, lambda: f32(1), lambda: 2.0))
pole = lambda x: lax.cond(x > 0, jnp.sqrt, lambda v: v * 2, x)
P["cond/vmap-grad-pole"] = lambda: vmap(grad(pole))(jnp.array([-1.0, 0, 4]))
P["cond/grad-closures"] = lambda: grad(lambda w, x: lax.cond(x < 1, lambda v: v * w, lambda v: v * w * w, x), (0, 1))(f32(3), f32(2))
P["cond/vmap-predicate"] = lambda: vmap(lambda p: lax.cond(p, lambda v: v * 2, lambda v: v - 1, r(36, 2)))(jnp.array([True, False]))
P["cond/vmap-operand"] = lambda: vmap(lambda v: lax.cond(True, jnp.exp, jnp.sin, v))(r(37, 3))
P["cond/jvp"] = lambda: jvp(lambda p, x: lax.cond(p > 0, lambda v: v ** 3, lambda v: v, x), (f32(1), f32(2)), (f32(1), f32(1)))
P["cond/in-scan-grad"] = lambda: grad(lambda w: lax.scan(lambda c, x: (lax.cond(x > 0, lambda c: c * w, lambda c: jnp.sin(c + w), c), c), f32(1), r(38, 6))[0])(f32(0.8))
P["cond/in-while"] = lambda: lax.while_loop(lambda c: c < 50, lambda c: lax.cond(c % 2 == 0, lambda v: v * 3 + 1, lambda v: v + 3, c), 1)
P["cond/forwards"] = lambda: lax.cond(False, lambda a, b: (a, b * 2), lambda a, b: (a, b), f32(1), r(39, 2))
for i in [-3, 0, 1, 2, 9]:
    P[f"switch/index={i}"] = lambda i=i: lax.switch(i, [jnp.sin, jnp.cos, lambda v: v * v], r(40, 2))
P["switch/vmap"] = lambda: vmap(lambda i, x: lax.switch(i, [jnp.sin, jnp.cos, lambda v: v * v], x))(jnp.array([-1, 1, 5]), r(41, 3))
P["switch/vmap-grad"] = lambda: vmap(grad(lambda x, i: lax.switch(i, [jnp.log, jnp.sqrt, lambda v: v * v], x)), (0, 0))(jnp.array([0.0, 4, 3, -1]), jnp.array([2, 1, 0, 7]))
P["switch/uint8"] = lambda: lax.switch(jnp.uint8(200), [lambda: 1, lambda: 2])

for b in [None, 0, 1, 3, 7, 9]:
    P[f"map/batch={b}".lower()] = lambda b=b: lax.map(lambda x: {"y": x / (1 + jnp.sum(x * x))}, r(42, 7, 2), batch_size=b)
P["map/weak"] = lambda: lax.map(lambda x: 1.0, r(43, 2))
P["map/grad"] = lambda: grad(lambda w: lax.map(lambda x: jnp.sin(x * w), r(44, 5), batch_size=2).sum())(f32(0.5))

affine = lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1])
for n in [0, 1, 2, 5, 8]:
    P[f"associative/affine={n}"] = lambda n=n: lax.associative_scan(affine, (r(45, n), r(46, n)))
P["associative/reverse"] = lambda: lax.associative_scan(affine, (r(45, 6), r(46, 6)), reverse=True)
P["associative/axis"] = lambda: lax.associative_scan(jnp.add, r(47, 2, 5), axis=-1)
P["associative/matmul"] = lambda: lax.associative_scan(jnp.matmul, r(48, 5, 2, 2))
P["associative/max"] = lambda: lax.associative_scan(jnp.maximum, jnp.array([3, 1, 4, 1, 5, 9, 2, 6], i32))
P["associative/or"] = lambda: lax.associative_scan(jnp.logical_or, r(49, 5) > 0.5)
P["associative/grad"] = lambda: grad(lambda a, b: lax.associative_scan(affine, (a, b))[1].sum(), (0, 1))(r(45, 5), r(46, 5))
P["associative/vmap"] = lambda: vmap(lambda a: lax.associative_scan(jnp.multiply, a))(r(50, 2, 4))

P["reduce/add"] = lambda: lax.reduce(r(51, 2, 3), 0.0, lax.add, (1,))
P["reduce/init"] = lambda: lax.reduce(r(51, 2, 3), f32(5), lax.add, (0, 1))
P["reduce/logaddexp"] = lambda: lax.reduce(r(52, 3, 4), -jnp.inf, jnp.logaddexp, (1,))
argmax = lambda a, b: (jnp.maximum(a[0], b[0]), jnp.where(a[0] >= b[0], a[1], b[1]))
P["reduce/two"] = lambda: lax.reduce((r(53, 7), jnp.arange(7)), (-jnp.inf, 0), argmax, (0,))
P["reduce/two-vmap"] = lambda: vmap(lambda x: lax.reduce((x, jnp.arange(4)), (-jnp.inf, 0), argmax, (0,)))(r(54, 3, 4))
P["reduce/empty"] = lambda: lax.reduce(jnp.zeros((0, 2)), 1.0, lambda a, b: a * b, (0,))
P["reduce/xor"] = lambda: lax.reduce(jnp.array([5, 9, 12], i32), 0, lax.bitwise_xor, (0,))
P["reduce/grad"] = lambda: grad(lambda x: lax.reduce(x, -jnp.inf, jnp.logaddexp, (0,)).sum())(r(55, 5, 2))
P["reduce/grad-product-with-zeros"] = lambda: grad(lambda x: lax.reduce(x, 1.0, lax.mul, (0,)))(jnp.array([2.0, 0, 3, 0.5]))
P["reduce/grad-ties"] = lambda: (grad(lambda x: lax.reduce(x, -jnp.inf, lax.max, (0,)))(jnp.array([1.0, 2, 2, 2])), grad(lambda x: lax.reduce(x, -jnp.inf, lambda a, b: lax.max(a, b), (0,)))(jnp.array([1.0, 2, 2, 2, 2])))
P["reduce/jvp"] = lambda: jvp(lambda x: lax.reduce(x, 1.0, lambda a, b: a * b, (0,)), (r(56, 4),), (r(57, 4),))
P["window/add"] = lambda: lax.reduce_window(r(58, 6), 0.0, lax.add, (3,), (1,), "SAME")
P["window/mul"] = lambda: lax.reduce_window(r(59, 4, 5), 1.0, lax.mul, (2, 3), (1, 2), ((1, 0), (0, 2)))
P["window/max-int"] = lambda: lax.reduce_window(jnp.array([3, 1, 4, 1, 5, 9, 2, 6], i32), -2147483648, lax.max, (3,), (2,), "VALID")
P["window/dilated"] = lambda: lax.reduce_window(r(60, 7), -jnp.inf, jnp.logaddexp, (2,), (1,), ((1, 1),), base_dilation=(2,), window_dilation=(3,))
P["window/same-dilated"] = lambda: lax.reduce_window(r(60, 7), 0.0, lax.add, (3,), (1,), "SAME", base_dilation=(2,))
P["window/two"] = lambda: lax.reduce_window((r(61, 6), jnp.arange(6)), (-jnp.inf, 0), argmax, (3,), (2,), "VALID")
P["window/jvp"] = lambda: jvp(lambda x: lax.reduce_window(x, 1.0, lax.mul, (3,), (1,), "VALID"), (r(62, 6),), (r(63, 6),))
P["window/vmap"] = lambda: vmap(lambda x: lax.reduce_window(x, 1.0, lax.mul, (2,), (1,), "SAME"))(r(64, 2, 4))
P["window/grad-max"] = lambda: grad(lambda x: (lax.reduce_window(x, -jnp.inf, lax.max, (2,), (1,), "VALID") ** 2).sum())(r(65, 6))
P["window/shape"] = lambda: jnp.array(lax.reduce_window_shape_tuple((7, 9), (2, 3), (2, 1), ((1, 1), (0, 2)), (2, 1), (1, 2)))

P["sort/two-keys"] = lambda: lax.sort((jnp.array([2, 1, 2, 1], i32), jnp.array([1.0, 5, 0, 4]), jnp.arange(4)), num_keys=2)
P["sort/stable"] = lambda: lax.sort((jnp.array([1, 0, 1, 0, 1], i32), jnp.arange(5)), num_keys=1)
P["sort/axis"] = lambda: lax.sort(r(66, 4, 3), dimension=0)
P["sort/special"] = lambda: lax.sort(jnp.array([jnp.nan, -0.0, 0.0, -jnp.inf, jnp.inf, -1]))
P["sort/grad"] = lambda: grad(lambda x: (lax.sort(x) * jnp.arange(5)).sum())(jnp.array([3.0, 1, 2, 5, 4]))
P["sort/jvp-values"] = lambda: jvp(lambda k, v: lax.sort_key_val(k, v)[1], (jnp.array([3.0, 1, 2]), r(67, 3)), (jnp.ones(3), r(68, 3)))
P["sort/vmap"] = lambda: vmap(lambda k: lax.sort((k, jnp.arange(3))))(r(69, 2, 3))

dims = lax.ScatterDimensionNumbers((), (0,), (0,))
for mode in ["drop", "clip"]:
    P[f"scatter-apply/{mode}"] = lambda mode=mode: lax.scatter_apply(r(70, 5), jnp.array([[1], [3], [1], [7]]), lambda x: x * x + 10, dims, update_shape=(4,), mode=mode)
P["scatter-apply/at"] = lambda: r(71, 5).at[jnp.array([0, 2])].apply(jnp.exp)
P["precision/bfloat16"] = lambda: lax.reduce_precision(jnp.array([1.2345678, 1e-40, 3e38, jnp.nan]), 8, 7)
P["precision/grad"] = lambda: grad(lambda x: lax.reduce_precision(x * x, 5, 10))(f32(1.2345678))
P["cumulative/logsumexp"] = lambda: lax.cumlogsumexp(r(72, 2, 4), axis=1, reverse=True)
P["cumulative/grad"] = lambda: grad(lambda x: (lax.cumprod(x) * r(73, 5)).sum() + lax.cummax(x).sum())(r(74, 5))


def leaf(x):
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        x = jax.random.key_data(x)
    x = jnp.asarray(x)
    data = np.asarray(x).astype(np.float64 if x.dtype != bool else bool).ravel().tolist()
    word = lambda v: v if isinstance(v, bool) or np.isfinite(v) else str(v)
    return {"dtype": str(x.dtype), "shape": list(x.shape), "weak": bool(x.weak_type), "data": [word(v) for v in data]}


def value(x):
    return x if hasattr(x, "dtype") and isinstance(x, jax.Array) else jnp.asarray(x)


rows = [f"{json.dumps(k)}: {json.dumps([leaf(value(v)) for v in jax.tree.leaves(f())])}" for k, f in P.items()]
print("{\n" + ",\n".join(rows) + "\n}")
