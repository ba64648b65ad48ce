"""The values of values.json, from JAX 0.10.2: `python generate.py > values.json`. programs.ts holds the same programs."""
import json
from functools import partial
import jax, jax.numpy as jnp, numpy as np
from jax import grad, hessian, jacfwd, jacrev, jit, jvp, lax, linearize, tree, value_and_grad, vjp, vmap
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial, tree_reduce_associative

f32, i32 = jnp.float32, jnp.int32


def r(seed, *shape):
    n = int(np.prod(shape))
    return jnp.array([((k * 37 + seed * 11) % 17 - 8) / 8 for k in range(n)], f32).reshape(shape)


P = {}
over = lambda f, **k: vmap(f, axis_name="i", **k)
both = lambda f: vmap(vmap(f, axis_name="j"), axis_name="i")

# axes in and out
P["axes/negative"] = lambda: vmap(lambda a: a * 2, in_axes=-1, out_axes=-1)(r(1, 2, 3))
P["axes/middle"] = lambda: vmap(lambda a: a.sum(0), in_axes=1, out_axes=1)(r(1, 2, 3, 4))
P["axes/tree"] = lambda: vmap(lambda p, x: {"y": p["w"] @ x + p["b"], "b": p["b"]}, in_axes=({"w": None, "b": 0}, 1), out_axes={"y": -1, "b": 0})({"w": r(1, 3, 2), "b": r(2, 4, 3)}, r(3, 2, 4))
P["axes/none-out"] = lambda: vmap(lambda x, w: (x + w, w.sum()), in_axes=(0, None), out_axes=(0, None))(r(1, 3), r(2, 2))
P["axes/prefix"] = lambda: vmap(lambda t: t["a"][0] + t["a"][1] * t["b"], in_axes=({"a": 1, "b": None},))({"a": [r(1, 2, 3), r(2, 2, 3)], "b": f32(2)})
P["axes/prefix-out"] = lambda: vmap(lambda x: {"a": (x, x * 2), "b": x.sum()}, out_axes={"a": 1, "b": 0})(r(1, 3, 2))
P["axes/none-leaf"] = lambda: vmap(lambda t: t["x"] * 2)({"x": r(1, 3), "n": None})
P["axes/constant-out"] = lambda: vmap(lambda x: (jnp.ones(2), x), out_axes=(1, 0))(r(1, 3))
P["axes/size"] = lambda: vmap(lambda: jnp.arange(3), axis_size=2)()
P["axes/nested"] = lambda: vmap(vmap(jnp.dot, in_axes=(0, None)), in_axes=(None, 0))(r(1, 2, 3), r(2, 4, 3))
P["axes/scalar-none"] = lambda: vmap(lambda x, s: x * s, in_axes=(0, None))(r(1, 3), 2.0)
P["axes/empty"] = lambda: vmap(lambda x: x.sum())(jnp.zeros((0, 3)))
P["axes/int"] = lambda: vmap(lambda x, i: x[i])(r(1, 3, 4), jnp.array([3, 0, 2]))
P["axes/key"] = lambda: vmap(lambda k: jax.random.uniform(k, (2,)))(jax.random.split(jax.random.key(5), 3))

# collectives
P["psum/basic"] = lambda: over(lambda x: x / lax.psum(x, "i"))(r(1, 4))
P["psum/int"] = lambda: over(lambda x: lax.psum(x, "i"))(jnp.arange(4))
P["psum/bool"] = lambda: over(lambda x: lax.psum(x > 0, "i"))(r(1, 5))
P["psum/constant"] = lambda: over(lambda x: lax.psum(f32(0.25), "i") * x)(r(1, 3))
P["psum/tree"] = lambda: over(lambda x: lax.psum({"a": x, "b": [x * 2]}, "i"))(r(1, 3, 2))
P["psum/positional"] = lambda: over(lambda x: lax.psum(x, ("i", 0)))(r(1, 3, 2, 2))
P["psum/two"] = lambda: both(lambda x: lax.psum(x, ("i", "j")))(r(1, 2, 3))
P["psum/outer"] = lambda: both(lambda x: lax.psum(x, "i") - lax.pmax(x, "j"))(r(1, 2, 3))
P["psum/shadowed"] = lambda: over(over(lambda x: lax.psum(x, "i")))(r(1, 2, 3))
P["psum/inner-only"] = lambda: over(lambda x: vmap(lambda y: lax.psum(x * y, "i"))(r(2, 2)))(r(1, 3))
P["psum/out-none"] = lambda: over(lambda x: lax.psum(x, "i"), out_axes=None)(r(1, 3))
P["pmean/int"] = lambda: over(lambda x: lax.pmean(x, "i"))(jnp.arange(4))
P["pmean/half"] = lambda: over(lambda x: lax.pmean(x, "i"))(r(1, 4).astype(jnp.float16))
P["pmax/nan"] = lambda: over(lambda x: (lax.pmax(x, "i"), lax.pmin(x, "i")))(jnp.array([1.0, jnp.nan, -2.0]))
P["axisIndex/one"] = lambda: over(lambda x: x * lax.axis_index("i"))(r(1, 4))
P["axisIndex/two"] = lambda: both(lambda x: lax.axis_index(("i", "j")))(r(1, 2, 3))
P["allGather/plain"] = lambda: over(lambda x: lax.all_gather(x, "i"))(r(1, 3, 2))
P["allGather/axis"] = lambda: over(lambda x: lax.all_gather(x, "i", axis=1))(r(1, 3, 2))
P["allGather/tiled"] = lambda: over(lambda x: lax.all_gather(x, "i", axis=1, tiled=True))(r(1, 3, 2, 2))
P["psumScatter/plain"] = lambda: over(lambda x: lax.psum_scatter(x, "i"))(r(1, 3, 3, 2))
P["psumScatter/tiled"] = lambda: over(lambda x: lax.psum_scatter(x, "i", scatter_dimension=1, tiled=True))(r(1, 2, 2, 4))
P["allToAll/plain"] = lambda: over(lambda x: lax.all_to_all(x, "i", 0, 1))(r(1, 3, 3, 2))
P["allToAll/tiled"] = lambda: over(lambda x: lax.all_to_all(x, "i", 0, 1, tiled=True))(r(1, 2, 4, 3))
P["allToAll/two"] = lambda: both(lambda x: lax.all_to_all(x, ("i", "j"), 0, 0))(r(1, 2, 3, 6))
P["ppermute/full"] = lambda: over(lambda x: lax.ppermute(x, "i", [(0, 1), (1, 2), (2, 0)]))(r(1, 3, 2))
P["pshuffle"] = lambda: over(lambda x: lax.pshuffle(x, "i", [2, 0, 1]))(r(1, 3))
P["pswapaxes"] = lambda: over(lambda x: lax.pswapaxes(x, "i", 1))(r(1, 3, 2, 3))

# derivatives through them
P["grad/psum-outside"] = lambda: grad(lambda x: over(lambda v: lax.psum(v * v, "i") * v)(x).sum())(r(1, 4))
P["grad/psum-inside"] = lambda: over(grad(lambda v: lax.psum(jnp.sin(v), "i")))(r(1, 4))
P["grad/pmean-inside"] = lambda: over(grad(lambda v: lax.pmean(v ** 3, "i")))(r(1, 4))
P["grad/unmapped"] = lambda: over(lambda v, w: grad(lambda u: lax.psum(v * u, "i"))(w), in_axes=(0, None))(r(1, 3), f32(2))
P["grad/grad"] = lambda: over(grad(grad(lambda v: lax.psum(v ** 3, "i"))))(r(1, 3))
P["grad/jit-vmap"] = lambda: jit(over(jit(value_and_grad(lambda v: lax.psum(v * v, "i")))))(r(1, 3))
P["grad/allGather"] = lambda: over(jacrev(lambda v: lax.all_gather(v * v, "i")))(r(1, 3))
P["grad/allGather-weighted"] = lambda: over(grad(lambda v: (lax.all_gather(v, "i") * r(2, 3)).sum() * v))(r(1, 3))
P["grad/allToAll"] = lambda: grad(lambda x: (over(lambda v: lax.all_to_all(v * v, "i", 0, 1))(x) * r(2, 3, 2, 3)).sum())(r(1, 3, 3, 2))
P["grad/ppermute"] = lambda: grad(lambda x: (over(lambda v: lax.ppermute(v * v, "i", [(0, 2), (1, 0), (2, 1)]))(x) * r(2, 3)).sum())(r(1, 3))
P["grad/psumScatter"] = lambda: grad(lambda x: (over(lambda v: lax.psum_scatter(v * v, "i"))(x) * r(2, 3)).sum())(r(1, 3, 3))
P["jvp/psum"] = lambda: jvp(lambda x: over(lambda v: lax.psum(jnp.exp(v), "i"))(x), (r(1, 3),), (r(2, 3),))
P["jvp/forward"] = lambda: jacfwd(lambda x: over(lambda v: v * lax.psum(v, "i"))(x))(r(1, 3))
P["hessian/psum"] = lambda: hessian(lambda x: over(lambda v: lax.psum(v * v, "i"))(x).sum() ** 2)(r(1, 3))
P["linearize/pmean"] = lambda: linearize(lambda x: over(lambda v: lax.pmean(v * v, "i"))(x), r(1, 3))[1](r(2, 3))
P["vjp/axisIndex"] = lambda: vjp(lambda x: over(lambda v: v * lax.axis_index("i"))(x), r(1, 3))[1](r(2, 3))

# inside of loops and branches
P["scan/psum"] = lambda: over(lambda v: lax.scan(lambda c, _: (lax.psum(c, "i") / 2, c), v, None, length=3))(r(1, 3))
P["scan/grad"] = lambda: over(grad(lambda v: lax.scan(lambda c, _: (lax.psum(c * v, "i"), None), v, None, length=2)[0]))(r(1, 3))
P["while/pmax"] = lambda: over(lambda v: lax.while_loop(lambda c: lax.pmax(c, "i") < 9, lambda c: lax.psum(c, "i") + 3, v))(r(1, 3))
P["fori/psum"] = lambda: over(lambda v: lax.fori_loop(0, 3, lambda i, c: c + lax.psum(c, "i") * i, v))(r(1, 3))
P["cond/psum"] = lambda: over(lambda v: lax.cond(v > 0, lambda u: lax.psum(u, "i"), lambda u: -u, v))(r(1, 4))
P["cond/grad"] = lambda: grad(lambda x: over(lambda v: lax.cond(v > 0, lambda u: lax.psum(u * u, "i"), lambda u: -u, v))(x).sum())(r(1, 4))
P["norm/batch"] = lambda: over(lambda x: (x - lax.pmean(x, "i")) * lax.rsqrt(lax.pmean(jnp.square(x), "i") - jnp.square(lax.pmean(x, "i")) + 1e-3))(r(1, 4, 3))

# jit
P["jit/static"] = lambda: [jit(lambda x, n: x ** n, static_argnums=-1)(r(1, 3), 3), jit(lambda x, n=2: x * n, static_argnums=1)(r(1, 3))]
P["jit/tree"] = lambda: jit(lambda t: {"b": t["a"][0] * 2, "a": t["b"], "c": None})({"b": r(1, 2), "a": (r(2, 3), 1.5)})
P["jit/weak"] = lambda: jit(lambda x: (x * 2, x + jnp.ones(2, jnp.float16)))(3.0)
P["jit/inline"] = lambda: grad(lambda x: jit(lambda y: jnp.sin(y) * y, inline=True)(x).sum())(r(1, 3))
P["jit/closure"] = lambda: [jit(lambda x, w=r(s, 3): x * w)(r(1, 3)) for s in range(3)]
P["jit/unused"] = lambda: grad(jit(lambda x, y: (x * x).sum()), argnums=(0, 1))(r(1, 3), r(2, 2))
P["jit/nested-grad"] = lambda: jit(grad(jit(lambda x: jit(jnp.tanh)(x) * x)))(f32(0.5))
P["jit/vmap-unused"] = lambda: vmap(jit(lambda x, y: x * 2))(r(1, 3), r(2, 3, 2))
P["jit/recursive"] = lambda: (lambda f: f(f, r(1, 2), 4))(jit(lambda f, x, n: x if n == 0 else x * f(f, x, n - 1), static_argnums=(0, 2)))

# trees
T = lambda: {"z": r(1, 2), "a": [r(2, 3), None, (r(3, 1), {"10": f32(1), "9": f32(2), "B": f32(3), "é": f32(4), "_": f32(5)})]}
P["tree/order"] = lambda: tree.leaves(T())
P["tree/map"] = lambda: tree.map(lambda x, y: x * 2 + y, T(), T())
P["tree/reduce"] = lambda: tree.reduce(lambda s, x: s * 2 + x.sum(), T(), 0.0)
P["tree/reduceAssociative"] = lambda: tree_reduce_associative(lambda a, b: a * 2 + b, [f32(k) for k in range(1, 8)])
P["tree/transpose"] = lambda: tree.transpose(tree.structure([0, 0, 0]), tree.structure({"x": 0, "y": 0}), [{"x": r(k, 2), "y": r(k + 3, 1)} for k in range(3)])
P["tree/broadcast"] = lambda: tree.broadcast([f32(1), {"k": f32(2)}], [[0, 0], {"k": [0, (0, 0)]}])
P["tree/isLeaf"] = lambda: tree.map(lambda x: r(1, 2) if x is None else x * 2, [None, r(2, 2), {"n": None}], is_leaf=lambda x: x is None)
P["tree/withPath"] = lambda: tree.map_with_path(lambda path, x: x * len(path), T())
P["tree/ravel"] = lambda: (lambda f, un: [f, un(f * 2)])(*ravel_pytree({"b": r(1, 2, 2), "a": [jnp.arange(3), r(2, 1)]}))
P["tree/ravelHessian"] = lambda: (lambda f, un: hessian(lambda v: (un(v)["w"] ** 2).sum() * un(v)["b"])(f))(*ravel_pytree({"w": r(1, 2), "b": f32(3)}))
P["tree/partial"] = lambda: jit(lambda f, x: f(x))(Partial(jnp.add, r(1, 3)), r(2, 3))
P["tree/partialGrad"] = lambda: grad(lambda f: f(r(1, 3)).sum())(Partial(jnp.multiply, r(2, 3)))
P["tree/partialVmap"] = lambda: vmap(lambda f: f(f32(2)))(Partial(jnp.multiply, r(2, 3)))
P["tree/gradTree"] = lambda: grad(lambda p: (p["w"] @ p["a"][0]).sum() + p["a"][1] ** 2)({"w": r(1, 2, 3), "a": (r(2, 3), f32(3))})
P["tree/scanTree"] = lambda: lax.scan(lambda c, x: ({"h": c["h"] + x["u"], "n": c["n"] + 1}, {"o": c["h"] * 2}), {"n": i32(0), "h": r(1, 2)}, {"u": r(2, 3, 2)})


def leaf(x):
    x = jnp.asarray(x)
    plain = lambda v: "nan" if np.isnan(v) else "inf" if v == np.inf else "-inf" if v == -np.inf else v
    data = [plain(v) for v in np.asarray(x).astype(np.float64).ravel().tolist()] if x.dtype != bool else np.asarray(x).ravel().tolist()
    data = [int(v) if isinstance(v, float) and "int" in str(x.dtype) else v for v in data]
    return {"dtype": str(x.dtype), "shape": list(x.shape), "weak": bool(getattr(x, "weak_type", False)), "data": data}


print(json.dumps({name: [leaf(x) for x in jax.tree.leaves(f())] for name, f in P.items()}, ensure_ascii=False))
