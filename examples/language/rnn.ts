// A recurrent network by scan: its step is compiled once, its gradient is a scan in reverse, and so is the training loop.
import { pathToFileURL } from "node:url";
import { grad, jit, lax, np, random, tree, type Key, type NDArray } from "tenon";

const HIDDEN = 16;
const LENGTH = 24;
const STEPS = 300;

/** The weights. */
interface Cell {
  readonly input: NDArray;
  readonly hidden: NDArray;
  readonly bias: NDArray;
  readonly output: NDArray;
}
function init(key: Key): Cell {
  const [a, b, c] = random.split(key, 3);
  return {
    input: random.normal(a, [HIDDEN]),
    hidden: random.normal(b, [HIDDEN, HIDDEN]).mul(0.2),
    bias: np.zeros([HIDDEN]),
    output: random.normal(c, [HIDDEN]).mul(0.2),
  };
}

/** One step: from the state and an input to the next state and an output. */
function step(cell: Cell, h: NDArray, x: NDArray): [NDArray, NDArray] {
  const next = np.tanh(cell.hidden.matmul(h).add(cell.input.mul(x)).add(cell.bias));
  return [next, cell.output.matmul(next)];
}
/** Outputs for a sequence of inputs. */
const outputs = (cell: Cell, xs: NDArray): NDArray =>
  lax.scan((h: NDArray, x: NDArray) => step(cell, h, x), np.zeros([HIDDEN]), xs)[1];

/** The network predicts the next value of a sum of two waves. */
const wave = np.sin(np.arange(LENGTH + 1).mul(0.5)).add(np.sin(np.arange(LENGTH + 1).mul(0.2))).mul(0.5); // prettier-ignore
const loss = (cell: Cell): NDArray => np.mean(np.square(outputs(cell, wave.get(":-1")).sub(wave.get("1:"))));

/** Losses while training: one scan over all steps of gradient descent. */
export function train(): NDArray {
  const descend = (cell: Cell, _: null): [Cell, NDArray] => {
    const gradient = grad(loss)(cell);
    return [tree.map((w: NDArray, g: NDArray) => w.sub(g.mul(0.1)), cell, gradient), loss(cell)];
  };
  return jit((cell: Cell) => lax.scan(descend, cell, null, { length: STEPS })[1])(init(random.key(0)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const losses = await train().data("float32");
  for (let k = 0; k < STEPS; k += 50) console.log(`step ${k}: loss ${losses[k]?.toFixed(5)}`);
  console.log(`step ${STEPS - 1}: loss ${losses[STEPS - 1]?.toFixed(5)}`);
}
