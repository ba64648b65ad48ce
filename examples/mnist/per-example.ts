// Gradients per example: one vectorised call gives each digit's own gradient; its norm says how much the network would
// still change for it.
import { grad, jit, np, tree, vmap, type NDArray } from "tenon";
import { take, type Digits } from "./digits.ts";
import { exampleLoss, type Params } from "./model.ts";
import { toDevice } from "./train.ts";

/** Gradients of single digits, stacked: every leaf has a leading axis. */
export const perExampleGradients = jit(vmap(grad(exampleLoss), { inAxes: [null, 0, 0] }));

/** A digit that surprises the network. */
export interface Hard {
  readonly place: number;
  readonly label: number;
  readonly norm: number;
}

/** Euclidean norms f32[n] of stacked gradients. */
export function norms(gradients: Params): NDArray {
  const squares = tree
    .leaves(gradients)
    .map((g) => np.sum(np.square(g).reshape([g.shape[0] as number, -1]), { axis: 1 }));
  return np.sqrt(squares.reduce((a, b) => a.add(b)));
}

/** The `count` digits with the largest gradients among the first `among`, largest first. */
export async function hardest(
  params: Params,
  digits: Digits,
  count: number,
  among = 256,
): Promise<readonly Hard[]> {
  const n = Math.min(among, digits.count);
  const part = take(
    digits,
    Int32Array.from({ length: n }, (_, i) => i),
  );
  const [images, labels] = toDevice(part);
  const size = await norms(perExampleGradients(params, images, labels)).data("float32");
  return [...size.keys()]
    .sort((a, b) => (size[b] as number) - (size[a] as number))
    .slice(0, count)
    .map((place) => ({ place, label: part.labels[place] as number, norm: size[place] as number }));
}
