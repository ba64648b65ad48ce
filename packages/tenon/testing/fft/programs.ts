// The programs of values.json on our API: Fourier transforms, their derivatives and batching; generate.py holds the same
// ones for JAX. Complex results go as their parts.
import {
  grad,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearTranspose,
  np,
  tree,
  vjp,
  vmap,
  type NDArray,
} from "../../index.ts";

type A = NDArray;
const F = np.fft;

/** Eighths between −1 and 1, the same as generate.py's. */
function r(seed: number, ...shape: number[]): A {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: n }, (_, k) => (((k * 37 + seed * 11 + ((k * k) % 29)) % 17) - 8) / 8);
  return np.array(Float32Array.from(data)).reshape(shape);
}
const c = (seed: number, ...shape: number[]): A => lax.complex(r(seed, ...shape), r(seed + 5, ...shape));

const P: Record<string, () => unknown> = {};

for (const n of [1, 2, 3, 4, 7, 12, 25, 31, 64, 67, 134, 210, 256]) {
  P[`fft/${n}`] = () => F.fft(c(1, 2, n));
  P[`ifft/${n}`] = () => F.ifft(c(2, n));
  P[`rfft/${n}`] = () => F.rfft(r(3, n));
  P[`irfft/${n}`] = () => F.irfft(c(4, 2, Math.floor(n / 2) + 1), n);
}
P["fft/4096"] = () => F.fft(c(1, 4096)).get("::97").div(64);
P["fft/1009"] = () => F.fft(c(1, 1009)).get("::31").div(32);
P["rfft/1000"] = () => F.rfft(r(1, 1000)).get("::31").div(32);

// arguments
P["n/crop"] = () => F.fft(c(1, 3, 7), 4);
P["n/pad"] = () => F.ifft(r(1, 5), 8);
P["n/rfft-crop"] = () => F.rfft(r(1, 2, 9), 6);
P["n/irfft-default"] = () => F.irfft(c(1, 5));
P["n/irfft-pad"] = () => F.irfft(c(1, 3), 9);
P["n/irfft-crop"] = () => F.irfft(c(1, 6), 4);
P["n/hfft"] = () => [F.hfft(c(1, 2, 5)), F.hfft(c(1, 5), 7), F.hfft(r(1, 4))];
P["n/ihfft"] = () => [F.ihfft(r(1, 2, 6)), F.ihfft(r(1, 5), 8)];
P["axis/first"] = () => F.fft(c(1, 6, 4), null, { axis: 0 });
P["axis/middle"] = () => F.rfft(r(1, 2, 6, 3), null, { axis: -2 });
P["axis/none"] = () => [
  F.fft(c(1, 3, 4), null, { axis: null }),
  F.fft(c(1, 3, 4), 6, { axis: null }),
  F.rfft(r(1, 3, 4), null, { axis: null }),
];
P["axis/pad"] = () => F.irfft(c(1, 4, 3), 9, { axis: 0 });
for (const norm of ["backward", "ortho", "forward"] as const)
  P[`norm/${norm}`] = () => [
    F.fft(c(1, 6), null, { norm }),
    F.ifft(c(1, 6), null, { norm }),
    F.rfft(r(1, 6), null, { norm }),
    F.irfft(c(1, 4), null, { norm }),
    F.hfft(c(1, 4), null, { norm }),
    F.ihfft(r(1, 6), null, { norm }),
    F.fft2(c(1, 2, 3), { norm }),
    F.irfftn(c(1, 3, 2), { norm }),
  ];
P["dtype/operands"] = () => [
  F.fft(np.arange(4)),
  F.fft(np.array([true, false, true])),
  F.ifft(r(1, 4).astype("float16")),
  F.rfft(np.arange(5, null, null, { dtype: "int8" })),
  F.irfft(r(1, 3).astype("bfloat16")),
  F.fftn(3),
  F.rfftn(3),
];

// several axes
P["several/fft2"] = () => F.fft2(c(1, 2, 4, 6));
P["several/ifft2"] = () => F.ifft2(c(1, 3, 5), { axes: [0, 1] });
P["several/rfft2"] = () => F.rfft2(r(1, 2, 3, 4), { s: [4, 6] });
P["several/irfft2"] = () => F.irfft2(c(1, 3, 2, 4), { axes: [0, 2] });
P["several/swapped"] = () => [
  F.fftn(c(1, 2, 3), { axes: [-1, 0], s: [4, 3] }),
  F.rfftn(r(1, 2, 3, 4), { axes: [2, 0] }),
  F.irfftn(c(1, 2, 3, 4), { axes: [2, 1], s: [3, 5] }),
];
P["several/fftn"] = () => [
  F.fftn(c(1, 2, 3, 4)),
  F.fftn(c(1, 3, 4), { s: [2] }),
  F.fftn(c(1, 2, 3), { axes: [] }),
];
P["several/four"] = () => [F.fftn(c(1, 2, 3, 2, 2)), F.irfftn(c(1, 2, 2, 3, 2))];
P["several/rfftn"] = () => F.rfftn(r(1, 3, 4, 5));
P["several/irfftn"] = () => F.irfftn(c(1, 3, 2, 3), { s: [3, 2, 5] });
P["several/ifftn"] = () => F.ifftn(c(1, 3, 2, 67));

// lax
P["lax/kinds"] = () => [
  lax.fft(c(1, 2, 5), "FFT", [5]),
  lax.fft(r(1, 5), "ifft", [5]),
  lax.fft(r(1, 2, 6), "rfft", [2, 6]),
  lax.fft(c(1, 2, 3), "IRFFT", [2, 5]),
  lax.fft(np.arange(3), "RFFT", [3]),
  lax.fft(r(1, 3), "fft", []),
];

// frequencies and order
P["freq/fftfreq"] = () => [
  F.fftfreq(8),
  F.fftfreq(7, { d: 0.1 }),
  F.fftfreq(1),
  F.fftfreq(0),
  F.fftfreq(4, { d: np.array(2) }),
  F.fftfreq(5, { dtype: "int32" }),
];
P["freq/rfftfreq"] = () => [
  F.rfftfreq(8),
  F.rfftfreq(7, { d: 0.1 }),
  F.rfftfreq(1),
  F.rfftfreq(0),
  F.rfftfreq(6, { d: 0.5, dtype: "float16" }),
  F.rfftfreq(6, { dtype: "int32" }),
  F.rfftfreq(5, { d: 0 }),
];
P["shift/fftshift"] = () => [
  F.fftshift(np.arange(5)),
  F.fftshift(r(1, 3, 4)),
  F.fftshift(r(1, 3, 4), { axes: 1 }),
  F.fftshift(c(1, 2, 3, 2), { axes: [0, -2] }),
  F.fftshift(3),
];
P["shift/ifftshift"] = () => [
  F.ifftshift(np.arange(5)),
  F.ifftshift(r(1, 3, 4)),
  F.ifftshift(r(1, 3, 5), { axes: -1 }),
  F.ifftshift(F.fftshift(r(1, 3, 5))),
];

// nothing
P["empty/all"] = () => [
  F.fft(np.zeros([0, 4])),
  F.fft(np.zeros([3, 0])),
  F.irfft(np.ones([2, 1])),
  F.hfft(np.ones([1])),
  F.rfft(np.zeros([0, 5])),
  F.ifft2(np.zeros([0, 2, 3])),
];

// derivatives and batching
type Map1 = (x: A) => A;
type Make = (seed: number) => A;
const cases: Readonly<Record<string, readonly [f: Map1, x: Make, ct: Make]>> = {
  fft: [(x) => F.fft(x), (s) => c(s, 12), (s) => c(s, 12)],
  ifft: [(x) => F.ifft(x), (s) => c(s, 67), (s) => c(s, 67)],
  rfft: [(x) => F.rfft(x), (s) => r(s, 12), (s) => c(s, 7)],
  "rfft-odd": [(x) => F.rfft(x), (s) => r(s, 35), (s) => c(s, 18)],
  irfft: [(x) => F.irfft(x), (s) => c(s, 7), (s) => r(s, 12)],
  "irfft-odd": [(x) => F.irfft(x, 9), (s) => c(s, 5), (s) => r(s, 9)],
  hfft: [(x) => F.hfft(x), (s) => c(s, 4), (s) => r(s, 6)],
  ihfft: [(x) => F.ihfft(x), (s) => r(s, 6), (s) => c(s, 4)],
  fft2: [(x) => F.fft2(x), (s) => c(s, 2, 3, 4), (s) => c(s, 2, 3, 4)],
  rfftn: [(x) => F.rfftn(x), (s) => r(s, 3, 4), (s) => c(s, 3, 3)],
  irfftn: [(x) => F.irfftn(x), (s) => c(s, 3, 3), (s) => r(s, 3, 4)],
  "real-fft": [(x) => F.fft(x), (s) => r(s, 6), (s) => c(s, 6)],
};
for (const [name, [f, x, ct]] of Object.entries(cases)) {
  P[`jvp/${name}`] = () => jvp(f, [x(1)], [x(2)]);
  P[`vjp/${name}`] = () => vjp(f, x(1))[1](ct(3));
  P[`jit-vjp/${name}`] = () => jit((a: A, t: A) => vjp(f, a)[1](t))(x(1), ct(4));
  P[`vmap/${name}`] = () => vmap(f, { inAxes: 1, outAxes: 1 })(np.stack([x(1), x(2), x(6)], { axis: 1 }));
}
const w = (n: number): A => np.arange(1, n + 1, null, { dtype: "float32" });
const power = (x: A): A => np.abs(x).pow(2);
P["grad/power"] = () => grad((x: A) => power(F.rfft(x)).mul(w(5)).sum())(r(1, 8));
P["grad/complex"] = () => grad((z: A) => power(F.fft(z)).mul(w(6)).sum())(c(1, 6));
P["grad/filter"] = () =>
  grad((k: A) =>
    F.irfft(F.rfft(r(1, 10)).mul(F.rfft(k, 10)))
      .pow(3)
      .sum(),
  )(r(2, 4));
P["grad/second"] = () => jacfwd(grad((x: A) => power(F.rfft(x)).mul(w(4)).sum().pow(2)))(r(1, 6));
P["grad/jacobians"] = () => [jacfwd((x: A) => F.rfft(x))(r(1, 5)), jacrev((z: A) => F.irfft(z))(c(1, 3))];
P["grad/vmap"] = () => vmap(grad((x: A) => np.abs(F.fft(x)).pow(4).sum()))(r(1, 3, 5));
P["grad/linearTranspose"] = () => linearTranspose((z: A) => F.fft(z), c(1, 5))(c(2, 5));
P["grad/crop"] = () => [
  grad((x: A) => np.abs(F.fft(x, 3)).sum())(r(1, 6)),
  grad((x: A) => np.abs(F.fft(x, 9).mul(w(9))).sum())(r(1, 6)),
];
P["vmap/last"] = () => vmap((x: A) => F.fft(x, null, { axis: 0 }), { inAxes: -1 })(c(1, 4, 2, 3));
P["vmap/nested"] = () => jit(vmap(vmap((x: A) => F.rfft(x))))(r(1, 2, 3, 8));
P["loop/scan"] = () =>
  lax.scan((z: A, x: A): [A, A] => [F.ifft(F.fft(z).mul(x)), np.real(z).sum()], c(1, 6), r(2, 4, 6));

const parts = (x: A): A[] => (x.dtype.startsWith("complex") ? [np.real(x), np.imag(x)] : [x]);
/** Every program, its results as real arrays. */
export const programs: Readonly<Record<string, () => unknown>> = Object.fromEntries(
  Object.entries(P).map(([name, f]) => [name, () => tree.leaves(f()).flatMap((x) => parts(np.asarray(x)))]),
);
