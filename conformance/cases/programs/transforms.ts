// Programs of the transform cases: derivatives, batches and their compositions.
import {
  customJvp,
  customVjp,
  grad,
  hessian,
  jacrev,
  jit,
  jvp,
  lax,
  linearTranspose,
  nn,
  np,
  ops,
  random,
  vjp,
  vmap,
} from "tenon";
import { valueAndGrad, type NDArray } from "tenon";
import type { CasePrograms } from "../run-case.ts";
import { later } from "./later.ts";

type A = NDArray;
interface Mlp {
  w1: A;
  b1: A;
  w2: A;
  b2: A;
}

const mlp = (p: Mlp, x: A): A => np.tanh(x.matmul(p.w1).add(p.b1)).matmul(p.w2).add(p.b2);
const mlpLoss = (p: Mlp, x: A, y: A): A => mlp(p, x).sub(y).pow(2).mean();
const rosen = (x: A): A => {
  const head = x.get(":-1");
  return x.get("1:").sub(head.pow(2)).pow(2).mul(100).add(np.subtract(1, head).pow(2)).sum();
};
const logreg = (w: A, X: A, y: A): A => {
  const z = X.matmul(w);
  const terms = y.mul(nn.logSigmoid(z)).add(np.subtract(1, y).mul(nn.logSigmoid(z.neg())));
  return terms.mean().neg();
};
const powF = (x: A, y: A): A => x.pow(y);
const condF = (x: A): A =>
  lax.cond(
    x.gt(0),
    (v: A) => v.pow(3),
    (v: A) => np.sin(v),
    x,
  );
const whilePow = (x: A, n: A | bigint): A => {
  const start: [A, A] = [np.onesLike(x), np.array(0n)];
  const step = ([power, i]: [A, A]): [A, A] => [power.mul(x), i.add(1n)];
  return lax.whileLoop(([, i]: [A, A]) => i.lt(n), step, start)[0];
};
const scanLoss = (h0: A, W: A, xs: A): A => {
  const step = (h: A, x: A): [A, A] => {
    const next = np.tanh(W.matmul(h).add(x));
    return [next, next.pow(2).sum()];
  };
  const [h, ys] = lax.scan(step, h0, xs);
  return ys.sum().add(h.sum());
};
const log1pexp = customJvp(
  (x: A) => np.log(np.add(1, np.exp(x))),
  ([x], [dx]) => [log1pexp(x), np.subtract(1, np.divide(1, np.add(1, np.exp(x)))).mul(dx)],
) as (x: A) => A;
const clipGrad = customVjp((x: A, _lo: A, _hi: A) => x, {
  fwd: (x, lo, hi) => [x, { lo, hi }],
  bwd: ({ lo, hi }, g) => [np.clip(g, lo, hi), null, null],
});
const straightRound = customVjp((x: A) => np.round(x), {
  fwd: (x) => [np.round(x), null],
  bwd: (_, g) => [g],
});
const sortLoss = (x: A): A =>
  np
    .sort(x)
    .mul(np.arange(1, x.size + 1, 1, { dtype: "float32" }))
    .sum();
const attention = (q: A, k: A, v: A): A => nn.softmax(q.matmul(k.T).div(2)).matmul(v).sum();
const layernorm = (x: A, g: A, b: A): A => {
  const m = x.mean({ axis: -1, keepdims: true });
  const s = x.var({ axis: -1, keepdims: true });
  return np
    .sin(
      x
        .sub(m)
        .mul(lax.rsqrt(s.add(1e-5)))
        .mul(g)
        .add(b),
    )
    .sum();
};
const softmaxXent = (l: A, y: A): A =>
  nn
    .oneHot(y, l.shape[1] as number)
    .mul(nn.logSoftmax(l))
    .sum()
    .neg()
    .div(l.shape[0] as number);
const convLoss =
  (x: A) =>
  (w: A): A =>
    np.tanh(lax.conv(x, w, [1, 1], "SAME")).sum();
const expTangent = (x: A): A => jvp(np.exp, [x], [1])[1];

const programs: CasePrograms = {
  "tf.grad2.tanh": later(() => grad(grad(np.tanh))),
  "tf.grad4.tanh": later(() => grad(grad(grad(grad(np.tanh))))),
  "tf.grad.cube_tanh_vmap": later(() => vmap(grad((x: A) => np.tanh(x).pow(3)))),
  "tf.vag.mlp": later(() => jit(valueAndGrad(mlpLoss))),
  "tf.perex.logreg": later(() => vmap(grad(logreg), { inAxes: [null, 0, 0] })),
  "tf.hessian.logreg": later(() => hessian(logreg)),
  "tf.jacrev.polar": later(() =>
    jacrev((v: A) => {
      const [r, t] = [v.get(0), v.get(1)];
      return np.stack([r.mul(np.cos(t)), r.mul(np.sin(t))]);
    }),
  ),
  "tf.hessian.rosen": later(() => hessian(rosen)),
  "tf.grad.rosen": later(() => grad(rosen)),
  "tf.hvp.rosen": (x: A, v: A) => jvp(grad(rosen), [x], [v])[1],
  "tf.jvp.mlp": (p: Mlp, x: A, t: A) => jvp((y: A) => mlp(p, y), [x], [t]),
  "tf.jvp.two_args": (x: A, y: A, tx: A, ty: A) => jvp(powF, [x, y], [tx, ty]),
  "tf.vjp.mlp": (p: Mlp, x: A, ct: A) => vjp(mlp, p, x)[1](ct),
  "tf.linear_transpose.mat": (M: A, ct: A) => linearTranspose((x: A) => M.matmul(x), np.ones([3]))(ct),
  "tf.vmap.out_axes": later(() => vmap((a: A) => np.outer(a, a), { outAxes: -1 })),
  "tf.vmap.nested": later(() =>
    vmap(
      vmap((a: A, b: A) => np.dot(a, b), { inAxes: [null, 0] }),
      { inAxes: [0, null] },
    ),
  ),
  "tf.vmap.neg_in": later(() => vmap((x: A) => x.sum(), { inAxes: -1 })),
  "tf.vmap.pmean_pmax": later(() =>
    vmap((x: A) => [x.sub(lax.pmean(x, "i")), lax.pmax(x, "i"), lax.axisIndex("i")] as const, {
      axisName: "i",
    }),
  ),
  "tf.vmap.all_to_all": later(() => vmap((x: A) => lax.allToAll(x, "i", 0, 0), { axisName: "i" })),
  "tf.vmap.gather": later(() => vmap((t: A, i: A) => t.get(i))),
  "tf.vmap.dynamic_slice": later(() =>
    vmap((x: A, i: A) => lax.dynamicSlice(x, [i], [2]), { inAxes: [null, 0] }),
  ),
  "tf.vmap.cond": later(() => vmap(condF)),
  "tf.vmap.while": later(() => vmap(whilePow, { inAxes: [0, 0] })),
  "tf.vmap.scan": later(() => vmap(scanLoss, { inAxes: [0, null, null] })),
  "tf.vmap.sort": later(() => vmap((x: A) => np.sort(x), { inAxes: 1, outAxes: 1 })),
  "tf.vmap.conv": later(() => vmap((x: A, w: A) => lax.convGeneralDilated(x, w, [1, 1], "SAME"))),
  "tf.grad.scan": later(() => grad(scanLoss, { argnums: [0, 1, 2] })),
  "tf.jvp.while": (x: A, t: A) => jvp((y: A) => whilePow(y, 5n), [x], [t]),
  "tf.grad.cond_neg": later(() => grad(condF)),
  "tf.jvp.scan": (h: A, W: A, xs: A, t: A) => jvp((M: A) => scanLoss(h, M, xs), [W], [t]),
  "tf.grad.assoc_scan": later(() => grad((x: A) => lax.associativeScan(np.multiply, x).pow(2).sum())),
  "tf.grad.switch": later(() => grad((x: A, i: A) => lax.switch(i, [np.sin, np.exp, np.square], x))),
  "tf.custom_jvp.grad": later(() => vmap(grad(log1pexp))),
  "tf.custom_jvp.jvp": (x: A, t: A) => jvp(log1pexp, [x], [t]),
  "tf.custom_vjp.vmap": later(() => vmap(grad((x: A) => clipGrad(x.mul(x), -0.5, 0.5)))),
  "tf.custom_vjp.ste": later(() => grad((x: A) => straightRound(x).pow(2).sum())),
  "tf.edge.where_sqrt_bad": later(() => vmap(grad((x: A) => np.where(x.gt(0), np.sqrt(x), 0)))),
  "tf.edge.max_ties": later(() => grad((x: A) => x.max())),
  "tf.edge.relu_zero": later(() => vmap(grad(nn.relu))),
  "tf.edge.pow_zero": later(() => vmap(grad(powF, { argnums: [0, 1] }))),
  "tf.edge.logsumexp_inf": later(() => grad((x: A) => nn.logsumexp(x))),
  "tf.edge.sort_ties": later(() => grad(sortLoss)),
  "tf.edge.atan2_zero": later(() => grad((y: A, x: A) => np.arctan2(y, x), { argnums: [0, 1] })),
  "tf.edge.sinc_zero": later(() => vmap(grad(np.sinc))),
  "tf.edge.stop_gradient": later(() => grad((x: A) => x.mul(lax.stopGradient(x)).sum())),
  "tf.edge.int_cast": later(() => grad((x: A) => x.mul(np.floor(x).astype("int32")).sum())),
  "tf.edge.empty": later(() => grad((x: A) => x.pow(2).sum())),
  "tf.edge.median": later(() => grad((x: A) => np.median(x))),
  "tf.edge.sqrt_zero": later(() => vmap(grad(np.sqrt))),
  "tf.op.softmax_xent": later(() => valueAndGrad(softmaxXent)),
  "tf.op.conv_hvp": (w: A, x: A, t: A) => jvp(grad(convLoss(x)), [w], [t])[1],
  "tf.op.fft": later(() => grad((x: A) => np.abs(np.fft.rfft(x)).pow(2).mul(np.arange(1, 6)).sum())),
  "tf.op.sort": later(() => grad(sortLoss)),
  "tf.op.attention": later(() => grad(attention, { argnums: [0, 1, 2] })),
  "tf.op.layernorm": later(() => grad(layernorm, { argnums: [0, 1, 2] })),
  "tf.op.dynamic_slice": later(() => grad((x: A, i: A) => lax.dynamicSlice(x, [i], [3]).pow(2).sum())),
  "tf.op.pad_roll": later(() =>
    grad((x: A) =>
      np
        .roll(np.pad(x, [1, 2], { mode: "reflect" }), 2)
        .mul(np.arange(8, null, null, { dtype: "float32" }))
        .sum(),
    ),
  ),
  "tf.op.random_gamma": later(() => grad((a: A) => random.gamma(random.key(0), a))),
  "tf.op.top_k": later(() => grad((x: A) => lax.topK(x, 2)[0].pow(2).sum())),
  "tf.op.segment_sum": later(() =>
    grad((x: A) =>
      ops
        .segmentSum(x, np.array([0n, 0n, 1n, 2n]), { numSegments: 3 })
        .pow(2)
        .sum(),
    ),
  ),
  "tf.nest.grad_vmap_sum": later(() => grad((w: A, X: A) => vmap((x: A) => np.tanh(x.matmul(w)))(X).sum())),
  "tf.nest.grad_grad_inner": later(() =>
    grad((w: A) =>
      w
        .sub(grad((v: A) => v.pow(3).sum())(w).mul(0.1))
        .pow(2)
        .sum(),
    ),
  ),
  "tf.nest.sgd_meta": later(() =>
    grad((lr: A, w: A, x: A) => {
      const loss = (v: A): A => x.matmul(v).pow(2).mean();
      return lax
        .foriLoop(0n, 3n, (_: A, v: A) => v.sub(lr.mul(grad(loss)(v))), w)
        .pow(2)
        .sum();
    }),
  ),
  "tf.nest.closure_pert": later(() => grad((x: A) => x.mul(grad((y: A) => x.add(y))(2)))),
  "tf.nest.pert_conf2": later(() => grad((x: A) => x.mul(grad((y: A) => x.mul(y))(2)))),
  "tf.nest.jet_like": (x: A) => jvp(expTangent, [x], [1]),
  "tf.nest.jacrev_hess_mix": later(() => jacrev(jacrev(rosen))),
};
export default programs;
