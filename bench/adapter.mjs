// Tenon's side of a comparison with other array runtimes: for each workload a factory that puts the inputs on the device
// and returns { run, check }. `run` waits for the result; `check` gives the values, several outputs one after the other.
import {
  blockUntilReady,
  grad,
  jit,
  lax,
  nn,
  np,
  random,
  setDefaultDevice,
  tree,
  use,
  valueAndGrad,
  vmap,
} from "tenon";

export const name = "tenon";
export const devices = ["cpu-wasm"];
/** Starts the device; not timed. */
export async function init(device) {
  if (device === "cpu-wasm") return;
  setDefaultDevice((await use((await import(`tenon-${device}`)).default()))[0]);
}
export const info = () => ({ version: "0.9.0", threads: 1 });

const put = ({ data, shape }) => np.array(data).reshape(shape);
const flat = async (...arrays) => {
  const parts = await Promise.all(arrays.map((a) => a.data()));
  const out = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
};
/** A workload that calls a compiled function of its inputs. */
const compiled =
  (f) =>
  async ({ inputs, consts }) => {
    const args = Object.values(inputs).map(put);
    const fn = jit((...xs) => f(Object.fromEntries(Object.keys(inputs).map((k, i) => [k, xs[i]])), consts));
    const call = () => fn(...args);
    return {
      run: async () => void (await blockUntilReady(call())),
      check: async () => {
        const out = call();
        return flat(...(Array.isArray(out) ? out : [out]));
      },
      dispose() {},
    };
  };

const layerNorm = (x, g, b, eps) => {
  const mean = x.mean({ axis: -1, keepdims: true });
  const centred = x.sub(mean);
  const variance = centred.mul(centred).mean({ axis: -1, keepdims: true });
  return centred
    .mul(lax.rsqrt(variance.add(eps)))
    .mul(g)
    .add(b);
};
const mlp = (p, x) => {
  const layers = Object.keys(p).filter((k) => /^w\d+$/.test(k)).length;
  let h = x;
  for (let i = 1; i <= layers; i++) {
    h = h.matmul(p[`w${i}`]).add(p[`b${i}`]);
    if (i < layers) h = nn.relu(h);
  }
  return h;
};
const crossEntropy = (logits, y) => nn.logSoftmax(logits).mul(y).sum({ axis: -1 }).mean().neg();

async function mlpTrain({ inputs, consts: { lr, mu, checkSteps } }) {
  const { x, y, ...weights } = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, put(v)]));
  const loss = valueAndGrad((p, x, y) => crossEntropy(mlp(p, x), y));
  const step = jit((p, v, x, y) => {
    const [value, g] = loss(p, x, y);
    const velocity = tree.map((v, g) => v.mul(mu).add(g), v, g);
    return [tree.map((p, v) => p.sub(v.mul(lr)), p, velocity), velocity, value];
  });
  const begin = () => [weights, tree.map(np.zerosLike, weights)];
  let [p, v] = begin();
  return {
    run: async () => {
      let value;
      [p, v, value] = step(p, v, x, y);
      await blockUntilReady([p, value]);
    },
    check: async () => {
      let [p, v, value] = [...begin(), null];
      for (let i = 0; i < checkSteps; i++) [p, v, value] = step(p, v, x, y);
      return flat(p.w1, p.b1, p.w2, p.b2, p.w3, p.b3, value);
    },
    dispose() {},
  };
}

async function perExample({ inputs }) {
  const { x, y, ...weights } = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, put(v)]));
  const loss = (p, x, y) => crossEntropy(mlp(p, np.expandDims(x, 0)), np.expandDims(y, 0));
  const grads = jit(vmap(grad(loss), { inAxes: [null, 0, 0] }));
  return {
    run: async () => void (await blockUntilReady(grads(weights, x, y))),
    check: async () => {
      const g = grads(weights, x, y);
      return flat(g.w1, g.b1, g.w2, g.b2);
    },
    dispose() {},
  };
}

function transformer(i, { heads, eps }) {
  const [batch, length, d] = i.x.shape;
  const size = d / heads;
  const split = (t) => t.reshape([batch, length, heads, size]).transpose([0, 2, 1, 3]);
  const qkv = layerNorm(i.x, i.g1, i.be1, eps).matmul(i.wqkv).add(i.bqkv);
  const [q, k, v] = [0, 1, 2].map((n) => split(qkv.get("...", `${n * d}:${(n + 1) * d}`)));
  const scores = q.matmul(k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(size));
  const mixed = nn.softmax(scores).matmul(v).transpose([0, 2, 1, 3]).reshape([batch, length, d]);
  const h = i.x.add(mixed.matmul(i.wo).add(i.bo));
  const inner = nn.gelu(layerNorm(h, i.g2, i.be2, eps).matmul(i.w1).add(i.b1));
  return h.add(inner.matmul(i.w2).add(i.b2));
}

function lstm({ x, wx, wh, b }) {
  const hidden = wh.shape[0];
  const zeros = np.zeros([x.shape[1], hidden]);
  const cell = ([h, c], xt) => {
    const gates = xt.matmul(wx).add(h.matmul(wh)).add(b);
    const [i, f, g, o] = [0, 1, 2, 3].map((n) => gates.get(":", `${n * hidden}:${(n + 1) * hidden}`));
    const next = nn
      .sigmoid(f)
      .mul(c)
      .add(nn.sigmoid(i).mul(np.tanh(g)));
    const out = nn.sigmoid(o).mul(np.tanh(next));
    return [[out, next], out];
  };
  return lax.scan(cell, [zeros, zeros], x)[1];
}

const energy = (x) => {
  const n = x.shape[0];
  const d = np.expandDims(x, 1).sub(np.expandDims(x, 0));
  const upper = np.triu(np.ones([n, n], { dtype: "bool" }), { k: 1 });
  const r2 = np.where(upper, d.mul(d).sum({ axis: -1 }), 1);
  const inverse6 = lax.integerPow(r2.pow(-1), 3);
  return np.where(upper, inverse6.mul(inverse6).sub(inverse6).mul(4), 0).sum();
};

async function dispatch({ inputs: { x }, per }) {
  const start = put(x);
  const f = jit((v) => v.add(1));
  const run = async () => {
    let v = start;
    for (let i = 0; i < per; i++) v = f(v);
    await v.ready;
    return v;
  };
  return { run: async () => void (await run()), check: async () => flat(await run()), dispose() {} };
}
async function eagerAdds({ inputs: { x, y } }) {
  const [a, b] = [put(x), put(y)];
  const run = async () => {
    let v = a;
    for (let i = 0; i < 100; i++) v = v.add(b);
    await v.ready;
    return v;
  };
  return { run: async () => void (await run()), check: async () => flat(await run()), dispose() {} };
}

const matmul = compiled(({ a, b }) => a.matmul(b));
/** Factories by the workload's id. */
export const workloads = {
  matmul_256: matmul,
  matmul_1024: matmul,
  matmul_batched: matmul,
  elementwise: compiled(({ x }, { a, b }) =>
    np
      .tanh(x.mul(a).add(b))
      .mul(np.exp(x.neg()))
      .add(x.mul(x).div(np.abs(x).add(1))),
  ),
  add_1e7: compiled(({ x, y }) => x.add(y)),
  sum_1e7: compiled(({ x }) => x.sum()),
  softmax: compiled(({ x }) => nn.softmax(x)),
  layernorm: compiled(({ x, g, b }, { eps }) => layerNorm(x, g, b, eps)),
  conv2d: compiled(({ x, w }) =>
    lax.convGeneralDilated(x, w, [1, 1], "SAME", { dimensionNumbers: ["NHWC", "HWIO", "NHWC"] }),
  ),
  mlp_forward: compiled(({ x, ...p }) => mlp(p, x)),
  mlp_train: mlpTrain,
  mlp_train_compile: mlpTrain,
  per_example_grads: perExample,
  transformer: compiled(transformer),
  lstm: compiled(lstm),
  sort_1e6: compiled(({ x }) => np.sort(x)),
  cumsum_1e6: compiled(({ x }) => np.cumsum(x)),
  random_normal: async ({ consts: { n, seed } }) => {
    const draw = jit((key) => random.normal(key, [n]));
    const key = random.key(seed);
    return {
      run: async () => void (await blockUntilReady(draw(key))),
      check: async () => flat(draw(key)),
      dispose() {},
    };
  },
  pairwise_l1: compiled(({ a, b }) => {
    const distance = (x, y) => np.abs(x.sub(y)).sum();
    return vmap(vmap(distance, { inAxes: [null, 0] }), { inAxes: [0, null] })(a, b);
  }),
  lennard_jones: compiled(({ x }) => {
    const [e, g] = valueAndGrad(energy)(x);
    return [e, g.neg()];
  }),
  dispatch,
  eager_adds: eagerAdds,
};
