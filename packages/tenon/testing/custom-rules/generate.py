"""The values of values.json, from JAX 0.10.2: `python generate.py > values.json`. programs.ts holds the same programs."""
import json
import jax, jax.numpy as jnp, numpy as np
from jax import custom_gradient, custom_jvp, custom_vjp, closure_convert, grad, hessian, jacfwd, jacrev, jit, jvp, lax
from jax import linear_transpose, value_and_grad, vjp, vmap
from jax.custom_batching import custom_vmap, sequential_vmap
from jax.custom_derivatives import linear_call

f32, i32 = jnp.float32, jnp.int32


def r(seed, *shape):
    n = int(np.prod(shape))
    return jnp.array([((k * 37 + seed * 11) % 17 - 8) / 8 for k in range(n)], f32).reshape(shape)


def vjp_of(f, fwd, bwd, **options):
    g = custom_vjp(f, **({"nondiff_argnums": options.pop("nondiff")} if "nondiff" in options else {}))
    g.defvjp(fwd, bwd, **options)
    return g


def jvp_of(f, rule, nondiff=(), **options):
    g = custom_jvp(f, nondiff_argnums=nondiff)
    g.defjvp(rule, **options)
    return g


def vmap_of(f, rule):
    g = custom_vmap(f)
    g.def_vmap(rule)
    return g


P = {}

# custom_vjp
sin3 = vjp_of(jnp.sin, lambda x: (jnp.sin(x), jnp.cos(x)), lambda c, g: (3 * c * g,))
P["vjp/grad"] = lambda: value_and_grad(sin3)(f32(0.5))
P["vjp/grad-weak"] = lambda: value_and_grad(sin3)(0.5)
P["vjp/grad-jit"] = lambda: grad(jit(sin3))(f32(0.5))
P["vjp/jit-grad"] = lambda: jit(grad(sin3))(f32(0.5))
P["vjp/grad-grad"] = lambda: grad(grad(sin3))(f32(0.5))
P["vjp/grad-jit-grad-jit"] = lambda: grad(jit(grad(jit(sin3))))(f32(0.5))
P["vjp/jvp-of-grad"] = lambda: jvp(grad(sin3), (f32(0.5),), (f32(2),))
P["vjp/hessian"] = lambda: jacfwd(jacrev(lambda x: sin3(x).sum()))(r(1, 3))
P["vjp/vmap-grad"] = lambda: vmap(grad(sin3))(r(1, 4))
P["vjp/grad-vmap"] = lambda: grad(lambda x: (vmap(sin3)(x) * r(2, 4)).sum())(r(1, 4))
P["vjp/jit-vmap-jit-grad"] = lambda: jit(vmap(jit(grad(sin3))))(r(1, 4))
P["vjp/jacrev"] = lambda: jacrev(sin3)(r(3, 3))
P["vjp/scan"] = lambda: grad(lambda x: lax.scan(lambda c, y: (sin3(c) * y, c), x, r(4, 4))[0])(f32(0.5))
P["vjp/scan-xs"] = lambda: grad(lambda xs: lax.scan(lambda c, y: (c + sin3(y), sin3(c)), f32(0.5), xs)[1].sum())(r(4, 4))
P["vjp/fori"] = lambda: grad(lambda x: lax.fori_loop(0, 3, lambda _, c: sin3(c), x))(f32(0.5))
P["vjp/cond"] = lambda: vmap(grad(lambda x: lax.cond(x > 0, sin3, lambda y: 5 * y, x)))(r(5, 4))
P["vjp/while"] = lambda: lax.while_loop(lambda c: c < 2, lambda c: c + sin3(c), f32(0.5))
P["vjp/remat"] = lambda: grad(jax.checkpoint(lambda x: jnp.cos(sin3(jnp.sin(x)))))(f32(0.5))
P["vjp/vmap-of-scan"] = lambda: vmap(grad(lambda x: lax.scan(lambda c, _: (sin3(c), None), x, None, length=3)[0]))(r(6, 3))
P["vjp/grad-vmap-scan"] = lambda: grad(lambda x: vmap(lambda y: lax.scan(lambda c, _: (sin3(c * x), None), y, None, length=3)[0])(r(6, 3)).sum())(f32(0.75))

mul = vjp_of(lambda x, y: x * y, lambda x, y: (x * y, (x, y)), lambda res, g: (2 * g * res[1], 3 * g * res[0]))
P["vjp/unmapped-argument"] = lambda: grad(lambda w, x: vmap(mul, (0, None))(x, w).sum())(f32(0.5), r(7, 4))
P["vjp/other-unmapped"] = lambda: grad(lambda x, w: vmap(mul, (0, None))(x, w).sum())(r(7, 4), f32(0.5))
P["vjp/mapped-elsewhere"] = lambda: grad(lambda x, w: vmap(mul, (1, 0), 1)(x, w).sum(), (0, 1))(r(7, 2, 3), r(8, 3, 2))
P["vjp/two-vmaps"] = lambda: grad(lambda x, w: vmap(vmap(mul, (None, 0)), (0, None))(x, w).sum(), (0, 1))(r(7, 2), r(8, 3))
P["vjp/zero-ct"] = lambda: grad(lambda x: mul(x, lax.stop_gradient(x)))(f32(3))
P["vjp/partial"] = lambda: grad(lambda x: mul(x, 2.0) + mul(3.0, x))(f32(0.5))

clip = vjp_of(lambda x, lo, hi: x, lambda x, lo, hi: (x, (lo, hi)), lambda res, g: (jnp.clip(g, *res), None, None))
P["vjp/none"] = lambda: grad(lambda x, lo, hi: (clip(x, lo, hi) * x).sum(), (0, 1, 2))(r(9, 4), f32(-0.25), f32(0.5))
P["vjp/none-vmap"] = lambda: vmap(grad(lambda x, lo: clip(x * x, lo, 0.5), (0, 1)), (0, None))(r(9, 4), f32(-0.25))

tree = vjp_of(lambda p, x: {"y": p["w"] @ x, "n": p["b"]},
              lambda p, x: ({"y": p["w"] @ x, "n": p["b"]}, (p["w"], x)),
              lambda res, ct: ({"w": 2 * jnp.outer(ct["y"], res[1]), "b": ct["n"]}, res[0].T @ ct["y"]))
P["vjp/trees"] = lambda: grad(lambda p, x: jnp.sin(tree(p, x)["y"]).sum() + 3 * tree(p, x)["n"].sum(), (0, 1))({"w": r(10, 2, 3), "b": r(11, 2)}, r(12, 3))
P["vjp/trees-one-output"] = lambda: grad(lambda p: tree(p, r(12, 3))["n"].sum())({"w": r(10, 2, 3), "b": r(11, 2)})
P["vjp/trees-vmap"] = lambda: grad(lambda p, xs: vmap(tree, (None, 0))(p, xs)["y"].sum(), (0, 1))({"w": r(10, 2, 3), "b": r(11, 2)}, r(13, 4, 3))
P["vjp/none-in-tree"] = lambda: grad(lambda p: vjp_of(lambda p: p["w"] * p["b"], lambda p: (p["w"] * p["b"], p["w"]), lambda w, g: ({"w": None, "b": w * g},))(p))({"w": f32(2), "b": f32(3)})

take = vjp_of(lambda x, i: x[i], lambda x, i: (x[i], (i, x.shape)), lambda res, g: (jnp.zeros(3).at[res[0]].add(10 * g), None))
P["vjp/int-argument"] = lambda: grad(lambda x: take(x, i32(1)) * 2)(r(14, 3))
P["vjp/int-argument-vmap"] = lambda: grad(lambda x: (vmap(take, (None, 0))(x, jnp.array([0, 1, 1])) * r(15, 3)).sum())(r(14, 3))
count = vjp_of(lambda x: (x * 2, jnp.int32(x.size)), lambda x: ((x * 2, jnp.int32(x.size)), None), lambda _, ct: (7 * ct[0],))
P["vjp/int-output"] = lambda: grad(lambda x: count(x)[0].sum())(r(16, 3))
P["vjp/int-output-jit"] = lambda: grad(lambda x: jit(count)(x)[0].sum())(r(16, 3))

apply_ = vjp_of(lambda f, x: f(x), lambda f, x: (f(x), x), lambda f, x, g: (5 * g * f(x),), nondiff=(0,))
P["vjp/nondiff"] = lambda: grad(lambda x: apply_(jnp.cos, x))(f32(0.5))
P["vjp/nondiff-jit"] = lambda: grad(jit(lambda x: apply_(jnp.cos, x)))(f32(0.5))
P["vjp/nondiff-vmap"] = lambda: vmap(grad(lambda x: apply_(jnp.cos, x)))(r(17, 3))
scaled = vjp_of(lambda x, k, y: x * k * y, lambda x, k, y: (x * k * y, (x, y)), lambda k, res, g: (g * res[1] * k, 2 * g * res[0] * k), nondiff=(1,))
P["vjp/nondiff-between"] = lambda: grad(lambda x, y: scaled(x, 3.0, y), (0, 1))(f32(2), f32(5))


# `perturbed` is a static boolean in both libraries.
def seen(f):
    def run():
        box = []

        def fwd(x, y):
            box.append((x.perturbed, y.perturbed))
            return x.value * y.value, (x.value, y.value)

        def bwd(res, g):
            px, py = box[-1]
            return (g * res[1] * (2 if py else 1), g * res[0] * (3 if px else 1))

        return f(vjp_of(lambda x, y: x * y, fwd, bwd, symbolic_zeros=True))
    return run


P["vjp/symbolic-both"] = seen(lambda f: grad(f, (0, 1))(f32(2), f32(5)))
P["vjp/symbolic-first"] = seen(lambda f: grad(f, 0)(f32(2), f32(5)))
P["vjp/symbolic-vmap"] = seen(lambda f: vmap(grad(f, 1), (None, 0))(f32(2), r(18, 3)))
P["vjp/symbolic-jit"] = seen(lambda f: grad(jit(f), 1)(f32(2), f32(5)))

closed = lambda c: vjp_of(lambda y: c * y, lambda y: (c * y, c), lambda c, g: (10 * c * g,))
P["vjp/closes-over-vmap"] = lambda: vmap(lambda c: grad(lambda x: closed(c)(x))(f32(2)))(r(19, 3))
P["vjp/closes-over-vmap-residual"] = lambda: grad(lambda x: vmap(lambda c: closed(c)(x))(r(19, 3)).sum())(f32(2))
P["vjp/inner-vjp"] = lambda: grad(vjp_of(lambda x: jnp.sin(x) ** 2, lambda x: (lambda y, f: (y, x))(*vjp(jnp.sin, x)), lambda x, g: vjp(jnp.sin, x)[1](g)))(f32(0.5))
pulls = vjp_of(jnp.sin, lambda x: vjp(jnp.sin, x), lambda pull, g: (3 * pull(g)[0],))
P["vjp/pullback-residual"] = lambda: (grad(pulls)(f32(0.5)), grad(grad(pulls))(f32(0.5)))
P["vjp/pullback-residual-jit"] = lambda: grad(jit(pulls))(f32(0.5))
P["vjp/pullback-residual-vmap"] = lambda: grad(lambda x: vmap(pulls)(x).sum())(r(48, 3))
P["vjp/pullback-residual-scan"] = lambda: grad(lambda x: lax.scan(lambda c, _: (pulls(c), None), x, None, length=3)[0])(f32(0.5))
P["vjp/pullback-of-jit"] = lambda: jit(lambda x: vjp(lambda y: jnp.sin(y) * 2, x))(f32(0.5))[1](f32(1))
P["vjp/pullback-of-vmap"] = lambda: vmap(lambda p: p(f32(1)))(vmap(lambda x: vjp(jnp.sin, x)[1])(r(49, 3)))
P["vjp/psum"] = lambda: vmap(lambda x: vjp_of(lambda y: lax.psum(y, "i"), lambda y: (lax.psum(y, "i"), None), lambda _, g: (g * 2,))(x), axis_name="i")(r(20, 3))

# custom_jvp
sin4 = jvp_of(jnp.sin, lambda p, t: (sin4(*p), 4 * jnp.cos(p[0]) * t[0]))
P["jvp/grad"] = lambda: grad(sin4)(f32(0.5))
P["jvp/jvp-jvp"] = lambda: jvp(lambda x: jvp(sin4, (x,), (x,))[1], (f32(0.5),), (f32(1),))
P["jvp/grad-grad-grad"] = lambda: grad(grad(grad(sin4)))(f32(0.5))
P["jvp/hessian"] = lambda: hessian(lambda x: sin4(x).sum() * x[0])(r(21, 3))
P["jvp/vmap-unmapped"] = lambda: vmap(lambda x, y: sin4(x) * y, (None, 0))(f32(0.5), r(22, 3))
P["jvp/scan"] = lambda: grad(lambda x: lax.scan(lambda c, _: (sin4(c), c), x, None, length=3)[0])(f32(0.5))
P["jvp/nondiff"] = lambda: grad(lambda x: jvp_of(lambda f, x: f(x), lambda f, p, t: (f(p[0]), 2 * f(p[0]) * t[0]), (0,))(jnp.cos, x))(f32(0.5))
P["jvp/nondiff-traced"] = lambda: grad(lambda x: jvp_of(lambda k, x: k * x, lambda k, p, t: (k * p[0], 2 * k * t[0]), (0,))(x, x))(f32(3))
prod = jvp_of(lambda x, y: x * y, lambda p, t: (p[0] * p[1], 5 * p[1] * t[0] if isinstance(t[1], jax.custom_derivatives.SymbolicZero) else p[1] * t[0] + p[0] * t[1]), symbolic_zeros=True)
P["jvp/symbolic-one"] = lambda: grad(prod, 0)(f32(2), f32(3))
P["jvp/symbolic-both"] = lambda: grad(prod, (0, 1))(f32(2), f32(3))
P["jvp/symbolic-jvp"] = lambda: jvp(lambda x: prod(x, 3.0), (f32(2),), (f32(1),))
P["jvp/int-argument"] = lambda: grad(lambda x: jvp_of(lambda x, n: x * n, lambda p, t: (p[0] * p[1], 7 * t[0]))(x, i32(3)))(f32(2))
P["jvp/linear-rule-calls-custom"] = lambda: grad(jvp_of(lambda x: x * x, lambda p, t: (p[0] * p[0], p[0] * sin4lin(t[0]))))(f32(3))
sin4lin = jvp_of(lambda t: 2 * t, lambda p, t: (2 * p[0], 5 * t[0]))

# custom_gradient, closure_convert
half = custom_gradient(lambda x: (x ** 2, lambda g: (g * x,)))
P["gradient/one"] = lambda: (half(f32(3)), grad(half)(f32(3)))
P["gradient/vmap"] = lambda: vmap(grad(half))(r(23, 3))
P["gradient/grad-jit"] = lambda: grad(jit(half))(f32(3))
two = custom_gradient(lambda x, y: (jnp.sin(x) * y, (lambda s, c: lambda g: (2 * g * c * y, g * s))(jnp.sin(x), jnp.cos(x))))
P["gradient/two"] = lambda: grad(two, (0, 1))(f32(0.5), f32(2))
P["gradient/scan"] = lambda: grad(lambda x: lax.scan(lambda c, y: (two(c, y), c), x, r(24, 3))[0])(f32(0.5))
P["gradient/unmapped"] = lambda: grad(lambda y: vmap(two, (0, None))(r(25, 3), y).sum())(f32(2))


def converted(w):
    f, consts = closure_convert(lambda x: jnp.sin(x * w) + jnp.arange(3.0).sum(), f32(1))
    return f(f32(2), *[2 * c for c in consts])


P["closure/grad"] = lambda: value_and_grad(converted)(f32(0.5))
P["closure/jit"] = lambda: jit(grad(converted))(f32(0.5))
P["closure/vmap-grad"] = lambda: vmap(grad(converted))(r(26, 3))

# linear_call
div = lambda x, d: x + linear_call(lambda d, x: x / d, lambda d, t: 10 * t / d, d, x)
P["linear/value"] = lambda: div(f32(9), f32(3))
P["linear/transpose"] = lambda: linear_transpose(lambda x: div(x, f32(3)), f32(1))(f32(18))
P["linear/grad"] = lambda: grad(lambda x: div(x, f32(3)))(f32(9))
P["linear/jvp"] = lambda: jvp(lambda x: div(x, f32(3)), (f32(9),), (f32(6),))
P["linear/grad-jit"] = lambda: grad(jit(lambda x: div(x, f32(3))))(f32(9))

# custom_linear_solve
A, B = jnp.eye(3) * 4 + r(27, 3, 3), r(28, 3)
solved = lambda a, b, **k: lax.custom_linear_solve(lambda x: a @ x, b, lambda _, y: jacobi(a, y), lambda _, y: jacobi(a.T, y), **k)
jacobi = lambda a, y: lax.fori_loop(0, 60, lambda _, x: (y - (a - jnp.diag(jnp.diag(a))) @ x) / jnp.diag(a), jnp.zeros_like(y))
P["solve/value"] = lambda: solved(A, B)
P["solve/grad"] = lambda: grad(lambda a, b: jnp.sin(solved(a, b)).sum(), (0, 1))(A, B)
P["solve/jvp"] = lambda: jvp(solved, (A, B), (r(29, 3, 3), r(30, 3)))
P["solve/jacfwd-jacrev"] = lambda: (jacfwd(solved, 1)(A, B), jacrev(solved, 1)(A, B))
P["solve/hessian"] = lambda: hessian(lambda b: (solved(A * b[0], b) ** 2).sum())(B)
P["solve/vmap-b"] = lambda: vmap(solved, (None, 0))(A, r(31, 2, 3))
P["solve/vmap-a"] = lambda: vmap(solved, (0, None))(jnp.stack([A, A.T]), B)
P["solve/vmap-grad"] = lambda: vmap(grad(lambda a, b: solved(a, b).sum(), (0, 1)), (None, 1))(A, r(31, 3, 2))
P["solve/grad-vmap"] = lambda: grad(lambda a: vmap(lambda b: solved(a, b))(r(31, 2, 3)).sum())(A)
P["solve/jit"] = lambda: grad(jit(lambda a, b: solved(a, b).sum()))(A, B)
P["solve/scan"] = lambda: grad(lambda b: lax.scan(lambda c, _: (solved(A, c), None), b, None, length=2)[0].sum())(B)
sym = lambda d, b: lax.custom_linear_solve(lambda x: x * d, b, lambda _, y: (y / d, y.sum()), symmetric=True, has_aux=True)
P["solve/symmetric-aux"] = lambda: (sym(r(32, 3) + 2, B), grad(lambda d, b: (sym(d, b)[0] ** 2).sum(), (0, 1))(r(32, 3) + 2, B))
P["solve/aux-vmap"] = lambda: vmap(sym)(r(33, 2, 3) + 2, r(34, 2, 3))

# custom_root
root = lambda a, **k: lax.custom_root(lambda x: x ** 3 - a, jnp.ones_like(a), lambda f, x0: lax.while_loop(lambda x: jnp.max(jnp.abs(f(x))) > 1e-6, lambda x: x - f(x) / (3 * x * x), x0), lambda g, y: y / g(jnp.ones_like(y)))
P["root/value-grad"] = lambda: value_and_grad(root)(f32(2))
P["root/second"] = lambda: grad(grad(root))(f32(2))
P["root/jvp"] = lambda: jvp(root, (f32(2),), (f32(3),))
P["root/vmap-grad"] = lambda: vmap(grad(root))(r(35, 3) + 2)
P["root/jit-grad-jit"] = lambda: jit(grad(jit(root)))(f32(2))
P["root/aux"] = lambda: grad(lambda a: lax.custom_root(lambda x: x * a - 1, f32(1), lambda f, x0: (1 / a, f32(3)), lambda g, y: y / g(f32(1)), has_aux=True)[0])(f32(2))
P["root/tree"] = lambda: grad(lambda a: (lambda s: s["x"] * s["y"])(lax.custom_root(lambda s: {"x": s["x"] * 2 - a, "y": s["y"] - a * a}, {"x": f32(0), "y": f32(0)}, lambda f, s: {"x": a / 2, "y": a * a}, lambda g, s: {"x": s["x"] / 2, "y": s["y"]})))(f32(3))

# custom_vmap
ten = vmap_of(jnp.sin, lambda n, b, xs: (xs * 10, b[0]))
P["vmap/rule"] = lambda: (ten(f32(0.5)), vmap(ten)(r(36, 3)))
P["vmap/axis"] = lambda: vmap(ten, 1, 1)(r(36, 2, 3))
P["vmap/jit"] = lambda: (jit(vmap(ten))(r(36, 3)), vmap(jit(ten))(r(36, 3)))
P["vmap/twice"] = lambda: vmap(vmap(ten))(r(36, 2, 3))
P["vmap/unmapped"] = lambda: vmap(lambda x: ten(f32(2)) + x)(r(36, 3))
P["vmap/jvp"] = lambda: jvp(ten, (f32(0.5),), (f32(2),))
P["vmap/vmap-jvp"] = lambda: vmap(lambda x, t: jvp(ten, (x,), (t,)))(r(36, 3), r(37, 3))
P["vmap/grad-vmap"] = lambda: grad(lambda x: vmap(ten)(x).sum())(r(36, 3))
both = vmap_of(lambda x, y: x + y, lambda n, b, x, y: (x * y if b[0] and b[1] else (x - y if b[0] else y - x), True))
P["vmap/in-batched"] = lambda: (vmap(both)(r(38, 3), r(39, 3)), vmap(both, (0, None))(r(38, 3), f32(5)), vmap(both, (None, 0))(f32(5), r(38, 3)))
P["vmap/tree"] = lambda: vmap(vmap_of(lambda p: {"a": p["x"], "b": p["y"]}, lambda n, b, p: ({"a": p["x"] * 2, "b": p["y"] * 3}, {"a": b[0]["x"], "b": b[0]["y"]})), ({"x": 0, "y": None},))({"x": r(40, 3), "y": f32(2)})
seq = sequential_vmap(lambda x, y: jnp.sin(x) * y)
P["vmap/sequential"] = lambda: vmap(seq, (0, None))(r(41, 3), f32(2))
P["vmap/sequential-jvp"] = lambda: jvp(lambda x: vmap(seq, (0, None))(x, f32(2)), (r(41, 3),), (r(42, 3),))
P["vmap/sequential-twice"] = lambda: vmap(vmap(seq, (0, None)), (None, 0))(r(41, 3), r(43, 2))
in_vjp = vjp_of(ten, lambda x: (ten(x), x), lambda x, g: (100 * g * x,))
P["vmap/inside-vjp"] = lambda: (vmap(in_vjp)(r(44, 3)), vmap(grad(in_vjp))(r(44, 3)), grad(lambda x: vmap(in_vjp)(x).sum())(r(44, 3)))

# fwd_and_bwd
fwd, bwd = jax.fwd_and_bwd(lambda x, w: jnp.sin(x @ w), (0, 1))
P["passes/both"] = lambda: bwd(fwd(r(45, 2, 3), r(46, 3, 2))[1], r(47, 2, 2))


def leaves(x):
    out = []
    for v in jax.tree.leaves(x):
        a = jnp.asarray(v)
        data = np.asarray(a).astype(np.float64).ravel().tolist()
        out.append({"dtype": str(a.dtype), "shape": list(a.shape), "weak": bool(a.weak_type), "data": data})
    return out


if __name__ == "__main__":
    lines = []
    for name, f in P.items():
        lines.append(f"  {json.dumps(name)}: {json.dumps(leaves(f()))}")
    print("{\n" + ",\n".join(lines) + "\n}")
