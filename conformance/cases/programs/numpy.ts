// Programs of the np, nn, random and tree cases.
import { grad, lax, nn, np, random, tree, treeUtil, vmap, type Key, type NDArray } from "tenon";
import type { CasePrograms } from "../run-case.ts";
import { later } from "./later.ts";

type A = NDArray;

/** The derivative of each element, of a function that is looked up when it is needed. */
const derivative = (f: () => (x: A) => A): ((x: A) => A) => later(() => vmap(grad(f())));

const programs: CasePrograms = {
  "jnp.piecewise/f": (x: A) =>
    np.piecewise(x, [x.lt(-0.5), x.ge(0.5)], [(v: A) => v.neg(), (v: A) => v.mul(v), 3]),
  "jnp.apply_along_axis/f": (x: A) => np.applyAlongAxis((v: A) => v.get("::-1").mul(v.sum()), 1, x),
  "array.methods/mix": (x: A) => [
    x.T,
    x.mT,
    x.flatten(),
    x.sum({ axis: 0 }),
    x.mean({ axis: 1, keepdims: true }),
    x.argmax(),
    x.cumsum({ axis: 1 }),
    x.clip(-1, 1),
    x.dot(x.T),
    x.std(),
    x.swapaxes(0, 1),
    x.reshape([3, 2]),
    x.astype("bfloat16"),
    x.real,
    x.size,
    x.ndim,
  ],
  "at.apply/f": (x: A) => x.at("1:3").apply(np.sin),
  "nn.relu/grad": derivative(() => nn.relu),
  "nn.sigmoid/grad": derivative(() => nn.sigmoid),
  "nn.softplus/grad": derivative(() => nn.softplus),
  "nn.soft_sign/grad": derivative(() => nn.softSign),
  "nn.log_sigmoid/grad": derivative(() => nn.logSigmoid),
  "nn.hard_sigmoid/grad": derivative(() => nn.hardSigmoid),
  "nn.hard_silu/grad": derivative(() => nn.hardSilu),
  "nn.hard_tanh/grad": derivative(() => nn.hardTanh),
  "nn.celu/grad": derivative(() => (x: A) => nn.celu(x)),
  "nn.selu/grad": derivative(() => nn.selu),
  "nn.gelu/grad": derivative(() => (x: A) => nn.gelu(x)),
  "nn.mish/grad": derivative(() => nn.mish),
  "nn.sparse_plus/grad": derivative(() => nn.sparsePlus),
  "nn.identity/grad": derivative(() => nn.identity),
  "nn.initializers.variance_scaling/fan_avg_trunc": (key: Key) =>
    nn.initializers.varianceScaling(0.7, "fan_avg", "truncated_normal", { inAxis: 0, outAxis: -1 })(
      key,
      [3, 4, 5],
    ),
  "random.wrap_key_data/a": (data: A) => random.bits(random.wrapKeyData(data), [3]),
  "random.chain/scan": (key: Key) =>
    lax.scan(
      (k: Key): [Key, A] => {
        const [next, sub] = random.split(k);
        return [next, random.normal(sub)];
      },
      key,
      null,
      { length: 6 },
    )[1],
  "flatten_util.ravel_pytree/a": (a: A, b: A) => treeUtil.ravelPytree({ b, a })[0],
  "tree.map/sum": (a: A, b: A) => {
    const t = { z: a, a: [b, [a]] };
    return tree.map((x: A, y: A) => x.add(y), t, t);
  },
  "tree.transpose/a": (a: A, b: A) =>
    tree.transpose(tree.structure([0, 0]), tree.structure({ x: 0, y: 0 }), [
      { x: a, y: b },
      { x: b, y: a },
    ]),
};
export default programs;
