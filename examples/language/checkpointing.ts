// Gradient checkpointing with measured memory: a stack of blocks, whose derivative keeps every value in between, only the
// matrix products, or nothing but what enters each block. The gradients are the same, bit for bit.
import { pathToFileURL } from "node:url";
import {
  blockUntilReady,
  checkpoint,
  checkpointPolicies,
  devices,
  grad,
  jit,
  lax,
  nn,
  random,
  savedResiduals,
  tree,
  type NDArray,
} from "tenon";

/** Weights of one block, or of all, stacked. */
interface Weights {
  readonly up: NDArray;
  readonly down: NDArray;
}
const LAYERS = 24;
const WIDTH = 64;
const BATCH = 128;

const block = (h: NDArray, w: Weights): NDArray => h.add(nn.silu(h.matmul(w.up)).matmul(w.down));
type Block = typeof block;

/** The blocks that are compared. */
export const BLOCKS: Readonly<Record<string, Block>> = {
  plain: block,
  "dots saved": checkpoint(block, { policy: checkpointPolicies.dotsSaveable }),
  checkpointed: checkpoint(block),
};

/** A loss through all layers: one block, compiled once, scanned over stacked weights. */
const lossOf =
  (body: Block) =>
  (weights: Weights, x: NDArray): NDArray =>
    lax
      .scan((h: NDArray, w: Weights) => [body(h, w), null] as const, x, weights)[0]
      .pow(2)
      .mean();

/** Bytes of one gradient. */
export interface Row {
  readonly name: string;
  /** What the derivative keeps between its two runs. */
  readonly residuals: number;
  /** The most that the compiled program takes beside its arguments, by its plan … */
  readonly planned: number;
  /** … and as the device counted it. */
  readonly measured: number;
  readonly gradient: Weights;
}

async function measure(name: string, body: Block, weights: Weights, x: NDArray): Promise<Row> {
  const loss = lossOf(body);
  const step = jit(grad(loss));
  const compiled = await step.lower(weights, x).compile();
  const residuals = savedResiduals(loss, weights, x).reduce((sum, r) => sum + r.aval.nbytes, 0);
  for (const g of tree.leaves(await blockUntilReady(step(weights, x)))) g.dispose();
  const [device] = devices();
  const before = await device?.memoryStats({ resetPeak: true });
  const gradient = await blockUntilReady(step(weights, x));
  const after = await device?.memoryStats();
  return {
    name,
    residuals,
    planned: compiled.memoryAnalysis().peakBytes,
    measured: (after?.peakBytesInUse ?? 0) - (before?.bytesInUse ?? 0),
    gradient,
  };
}

/** One row for each block of BLOCKS. */
export async function compare(): Promise<Row[]> {
  const [k1, k2, k3] = random.split(random.key(0), 3);
  const weights = {
    up: random.normal(k1, [LAYERS, WIDTH, 4 * WIDTH]).mul(0.05),
    down: random.normal(k2, [LAYERS, 4 * WIDTH, WIDTH]).mul(0.05),
  };
  const x = random.normal(k3, [BATCH, WIDTH]);
  const rows: Row[] = [];
  for (const [name, body] of Object.entries(BLOCKS)) rows.push(await measure(name, body, weights, x));
  return rows;
}

const mib = (n: number): string => `${(n / 2 ** 20).toFixed(2)} MiB`.padStart(12);
/** The rows as a table. */
export const tableOf = (rows: readonly Row[]): string =>
  [
    ["block".padEnd(14), ...["residuals", "planned", "measured"].map((h) => h.padStart(12))].join(""),
    ...rows.map((r) => [r.name.padEnd(14), mib(r.residuals), mib(r.planned), mib(r.measured)].join("")),
  ].join("\n");

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const rows = await compare();
  console.log(tableOf(rows));
  const texts = rows.map((r) => JSON.stringify(tree.leaves(r.gradient).map((g) => g.tolist())));
  console.log(texts.every((t) => t === texts[0]) ? "The gradients are equal, bit for bit." : "They differ.");
}
