"""The values of values.json, from JAX 0.10.2: `python generate.py > values.json`. programs.ts holds the same programs."""
import json
import jax, jax.numpy as jnp, numpy as np
from jax import grad, jacfwd, jacrev, jit, jvp, lax, linearize, linear_transpose, vjp, vmap

F = jnp.fft


def r(seed, *shape):
    n = int(np.prod(shape))
    return jnp.array([((k * 37 + seed * 11 + k * k % 29) % 17 - 8) / 8 for k in range(n)], jnp.float32).reshape(shape)


def c(seed, *shape):
    return lax.complex(r(seed, *shape), r(seed + 5, *shape))


P = {}
sizes = [1, 2, 3, 4, 7, 12, 25, 31, 64, 67, 134, 210, 256]
for n in sizes:
    P[f"fft/{n}"] = lambda n=n: F.fft(c(1, 2, n))
    P[f"ifft/{n}"] = lambda n=n: F.ifft(c(2, n))
    P[f"rfft/{n}"] = lambda n=n: F.rfft(r(3, n))
    P[f"irfft/{n}"] = lambda n=n: F.irfft(c(4, 2, n // 2 + 1), n)
P["fft/4096"] = lambda: F.fft(c(1, 4096))[::97] / 64
P["fft/1009"] = lambda: F.fft(c(1, 1009))[::31] / 32
P["rfft/1000"] = lambda: F.rfft(r(1, 1000))[::31] / 32

# arguments
P["n/crop"] = lambda: F.fft(c(1, 3, 7), 4)
P["n/pad"] = lambda: F.ifft(r(1, 5), 8)
P["n/rfft-crop"] = lambda: F.rfft(r(1, 2, 9), 6)
P["n/irfft-default"] = lambda: F.irfft(c(1, 5))
P["n/irfft-pad"] = lambda: F.irfft(c(1, 3), 9)
P["n/irfft-crop"] = lambda: F.irfft(c(1, 6), 4)
P["n/hfft"] = lambda: [F.hfft(c(1, 2, 5)), F.hfft(c(1, 5), 7), F.hfft(r(1, 4))]
P["n/ihfft"] = lambda: [F.ihfft(r(1, 2, 6)), F.ihfft(r(1, 5), 8)]
P["axis/first"] = lambda: F.fft(c(1, 6, 4), axis=0)
P["axis/middle"] = lambda: F.rfft(r(1, 2, 6, 3), axis=-2)
P["axis/none"] = lambda: [F.fft(c(1, 3, 4), axis=None), F.fft(c(1, 3, 4), 6, axis=None), F.rfft(r(1, 3, 4), axis=None)]
P["axis/pad"] = lambda: F.irfft(c(1, 4, 3), 9, axis=0)
for norm in ["backward", "ortho", "forward"]:
    P[f"norm/{norm}"] = lambda norm=norm: [F.fft(c(1, 6), norm=norm), F.ifft(c(1, 6), norm=norm), F.rfft(r(1, 6), norm=norm), F.irfft(c(1, 4), norm=norm), F.hfft(c(1, 4), norm=norm), F.ihfft(r(1, 6), norm=norm), F.fft2(c(1, 2, 3), norm=norm), F.irfftn(c(1, 3, 2), norm=norm)]
P["dtype/operands"] = lambda: [F.fft(jnp.arange(4)), F.fft(jnp.array([True, False, True])), F.ifft(r(1, 4).astype(jnp.float16)), F.rfft(jnp.arange(5, dtype=jnp.int8)), F.irfft(r(1, 3).astype(jnp.bfloat16)), F.fftn(3.0), F.rfftn(3.0)]

# several axes
P["several/fft2"] = lambda: F.fft2(c(1, 2, 4, 6))
P["several/ifft2"] = lambda: F.ifft2(c(1, 3, 5), axes=(0, 1))
P["several/rfft2"] = lambda: F.rfft2(r(1, 2, 3, 4), s=(4, 6))
P["several/irfft2"] = lambda: F.irfft2(c(1, 3, 2, 4), axes=(0, 2))
P["several/swapped"] = lambda: [F.fftn(c(1, 2, 3), axes=(-1, 0), s=(4, 3)), F.rfftn(r(1, 2, 3, 4), axes=(2, 0)), F.irfftn(c(1, 2, 3, 4), axes=(2, 1), s=(3, 5))]
P["several/fftn"] = lambda: [F.fftn(c(1, 2, 3, 4)), F.fftn(c(1, 3, 4), s=(2,)), F.fftn(c(1, 2, 3), axes=())]
P["several/four"] = lambda: [F.fftn(c(1, 2, 3, 2, 2)), F.irfftn(c(1, 2, 2, 3, 2))]
P["several/rfftn"] = lambda: F.rfftn(r(1, 3, 4, 5))
P["several/irfftn"] = lambda: F.irfftn(c(1, 3, 2, 3), s=(3, 2, 5))
P["several/ifftn"] = lambda: F.ifftn(c(1, 3, 2, 67))

# lax
P["lax/kinds"] = lambda: [lax.fft(c(1, 2, 5), "FFT", (5,)), lax.fft(r(1, 5), "ifft", (5,)), lax.fft(r(1, 2, 6), "rfft", (2, 6)), lax.fft(c(1, 2, 3), "IRFFT", (2, 5)), lax.fft(jnp.arange(3), "RFFT", (3,)), lax.fft(r(1, 3), "fft", ())]

# frequencies and order
P["freq/fftfreq"] = lambda: [F.fftfreq(8), F.fftfreq(7, 0.1), F.fftfreq(1), F.fftfreq(0), F.fftfreq(4, jnp.float32(2)), F.fftfreq(5, dtype=jnp.int32)]
P["freq/rfftfreq"] = lambda: [F.rfftfreq(8), F.rfftfreq(7, 0.1), F.rfftfreq(1), F.rfftfreq(0), F.rfftfreq(6, 0.5, dtype=jnp.float16), F.rfftfreq(6, dtype=jnp.int32), F.rfftfreq(5, 0)]
P["shift/fftshift"] = lambda: [F.fftshift(jnp.arange(5)), F.fftshift(r(1, 3, 4)), F.fftshift(r(1, 3, 4), axes=1), F.fftshift(c(1, 2, 3, 2), axes=(0, -2)), F.fftshift(3.0)]
P["shift/ifftshift"] = lambda: [F.ifftshift(jnp.arange(5)), F.ifftshift(r(1, 3, 4)), F.ifftshift(r(1, 3, 5), axes=-1), F.ifftshift(F.fftshift(r(1, 3, 5)))]

# nothing
P["empty/all"] = lambda: [F.fft(jnp.zeros((0, 4))), F.fft(jnp.zeros((3, 0))), F.irfft(jnp.ones((2, 1))), F.hfft(jnp.ones(1)), F.rfft(jnp.zeros((0, 5))), F.ifft2(jnp.zeros((0, 2, 3)))]

# derivatives and batching
w = lambda n: jnp.arange(1.0, n + 1)
for name, f, x, t in [
    ("fft", F.fft, lambda s: c(s, 12), lambda s: c(s, 12)),
    ("ifft", F.ifft, lambda s: c(s, 67), lambda s: c(s, 67)),
    ("rfft", F.rfft, lambda s: r(s, 12), lambda s: c(s, 7)),
    ("rfft-odd", F.rfft, lambda s: r(s, 35), lambda s: c(s, 18)),
    ("irfft", F.irfft, lambda s: c(s, 7), lambda s: r(s, 12)),
    ("irfft-odd", lambda z: F.irfft(z, 9), lambda s: c(s, 5), lambda s: r(s, 9)),
    ("hfft", F.hfft, lambda s: c(s, 4), lambda s: r(s, 6)),
    ("ihfft", F.ihfft, lambda s: r(s, 6), lambda s: c(s, 4)),
    ("fft2", F.fft2, lambda s: c(s, 2, 3, 4), lambda s: c(s, 2, 3, 4)),
    ("rfftn", F.rfftn, lambda s: r(s, 3, 4), lambda s: c(s, 3, 3)),
    ("irfftn", F.irfftn, lambda s: c(s, 3, 3), lambda s: r(s, 3, 4)),
    ("real-fft", F.fft, lambda s: r(s, 6), lambda s: c(s, 6)),
]:
    P[f"jvp/{name}"] = lambda f=f, x=x: jvp(f, (x(1),), (x(2),))
    P[f"vjp/{name}"] = lambda f=f, x=x, t=t: vjp(f, x(1))[1](t(3))
    P[f"jit-vjp/{name}"] = lambda f=f, x=x, t=t: jit(lambda a, ct: vjp(f, a)[1](ct))(x(1), t(4))
    P[f"vmap/{name}"] = lambda f=f, x=x: vmap(f, in_axes=1, out_axes=1)(jnp.stack([x(1), x(2), x(6)], 1))
P["grad/power"] = lambda: grad(lambda x: (jnp.abs(F.rfft(x)) ** 2 * w(5)).sum())(r(1, 8))
P["grad/complex"] = lambda: grad(lambda z: (jnp.abs(F.fft(z)) ** 2 * w(6)).sum())(c(1, 6))
P["grad/filter"] = lambda: grad(lambda k: (F.irfft(F.rfft(r(1, 10)) * F.rfft(k, 10)) ** 3).sum())(r(2, 4))
P["grad/second"] = lambda: jacfwd(grad(lambda x: (jnp.abs(F.rfft(x)) ** 2 * w(4)).sum() ** 2))(r(1, 6))
P["grad/jacobians"] = lambda: [jacfwd(F.rfft)(r(1, 5)), jacrev(lambda z: F.irfft(z))(c(1, 3))]
P["grad/vmap"] = lambda: vmap(grad(lambda x: (jnp.abs(F.fft(x)) ** 4).sum()))(r(1, 3, 5))
P["grad/linearTranspose"] = lambda: linear_transpose(F.fft, c(1, 5))(c(2, 5))
P["grad/crop"] = lambda: [grad(lambda x: jnp.abs(F.fft(x, 3)).sum())(r(1, 6)), grad(lambda x: jnp.abs(F.fft(x, 9) * w(9)).sum())(r(1, 6))]
P["vmap/last"] = lambda: vmap(lambda x: F.fft(x, axis=0), in_axes=-1)(c(1, 4, 2, 3))
P["vmap/nested"] = lambda: jit(vmap(vmap(F.rfft)))(r(1, 2, 3, 8))
P["loop/scan"] = lambda: lax.scan(lambda z, x: (F.ifft(F.fft(z) * x), z.real.sum()), c(1, 6), r(2, 4, 6))


def leaf(x):
    x = jnp.asarray(x)
    plain = lambda v: "nan" if np.isnan(v) else "inf" if v == np.inf else "-inf" if v == -np.inf else v
    data = [plain(float(f"{v:.9g}")) for v in np.asarray(x).astype(np.float64).ravel().tolist()]
    data = [int(v) if isinstance(v, float) and "int" in str(x.dtype) else v for v in data]
    return {"dtype": str(x.dtype), "shape": list(x.shape), "weak": bool(getattr(x, "weak_type", False)), "data": data}


parts = lambda x: [jnp.real(x), jnp.imag(x)] if jnp.iscomplexobj(x) else [jnp.asarray(x)]
print(json.dumps({name: [leaf(p) for x in jax.tree.leaves(f()) for p in parts(x)] for name, f in P.items()}))
