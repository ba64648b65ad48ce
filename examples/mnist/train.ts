// Training: jit(valueAndGrad(loss)) and Adam, one compiled step per batch; then accuracy on unseen digits.
import { blockUntilReady, jit, np, random, valueAndGrad, type Key, type NDArray } from "tenon";
import { shuffled, SIDE, take, type Digits } from "./digits.ts";
import { forward, init, loss, type Params } from "./model.ts";
import { adam, start, type TrainState } from "./optimizer.ts";

/** How to train. */
export interface TrainOptions {
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  /** Stop after this many steps, whatever `epochs` says. */
  readonly steps?: number;
}
/** What a caller may show while training: figures of the last steps. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly samplesPerSecond: number;
}
/** The result of training. */
export interface Trained {
  readonly params: Params;
  /** Time of the first step: tracing, compiling, running it once. */
  readonly compileMs: number;
  /** Time of all the steps. */
  readonly seconds: number;
  /** Without the first step. */
  readonly samplesPerSecond: number;
}
const PEAK_RATE = 2e-3;
/** Figures are read from the device every so many steps: reading waits for the device. */
const REPORT_EVERY = 10;

/** Images f32[n, 28, 28, 1] and labels i32[n] on the device. */
export function toDevice(digits: Digits): [NDArray, NDArray] {
  return [np.array(digits.images).reshape([digits.count, SIDE, SIDE, 1]), np.array(digits.labels)];
}

const lossAndGradient = valueAndGrad(loss, { hasAux: true });
const trainStep = jit(
  (state: TrainState<Params>, images: NDArray, labels: NDArray, key: Key, rate: NDArray) => {
    const [[value, accuracy], gradient] = lossAndGradient(
      state.params,
      images,
      labels,
      random.foldIn(key, state.count),
    );
    return { state: adam(state, gradient, rate), value, accuracy };
  },
  { donateArgnums: [0] },
);

/** Half a cosine from the peak rate to 0. */
const rateAt = (step: number, steps: number): NDArray =>
  np.array(0.5 * PEAK_RATE * (1 + Math.cos((Math.PI * step) / steps)));

/** Trains a network from a seed. `report` is called every few steps. */
export async function train(
  data: Digits,
  options: TrainOptions,
  report: (progress: Progress) => void = () => undefined,
): Promise<Trained> {
  const { seed, batch, epochs } = options;
  const perEpoch = Math.floor(data.count / batch);
  const steps = Math.min(options.steps ?? Infinity, perEpoch * epochs);
  const [initKey, dropoutKey] = random.split(random.key(seed));
  let state = start(init(initKey));
  let order: Int32Array = new Int32Array();
  const began = performance.now();
  let compiled = began;
  // The first step also compiles: it counts only where there is no other.
  const samplesPerSecond = (done: number): number =>
    done === 1
      ? (batch * 1000) / (performance.now() - began)
      : ((done - 1) * batch * 1000) / (performance.now() - compiled);
  for (let step = 0; step < steps; step++) {
    const place = step % perEpoch;
    if (place === 0) order = await shuffled(1000 * seed + step, data.count);
    const [images, labels] = toDevice(take(data, order.subarray(place * batch, (place + 1) * batch)));
    const out = trainStep(state, images, labels, dropoutKey, rateAt(step, steps));
    state = out.state;
    const done = step + 1;
    if (step > 0 && done % REPORT_EVERY !== 0 && done !== steps) continue;
    const [value] = (await out.value.data("float32")) as unknown as [number];
    const [accuracy] = (await out.accuracy.data("float32")) as unknown as [number];
    if (step === 0) compiled = performance.now();
    report({ step: done, steps, loss: value, accuracy, samplesPerSecond: samplesPerSecond(done) });
  }
  await blockUntilReady(state.params);
  return {
    params: state.params,
    compileMs: compiled - began,
    seconds: (performance.now() - began) / 1000,
    samplesPerSecond: samplesPerSecond(steps),
  };
}

const predict = jit((params: Params, images: NDArray) => forward(params, images).argmax({ axis: -1 }));

/** Share of the digits that the network names rightly. */
export async function accuracyOn(params: Params, digits: Digits, batch = 500): Promise<number> {
  let right = 0;
  for (let from = 0; from < digits.count; from += batch) {
    const places = Int32Array.from({ length: Math.min(batch, digits.count - from) }, (_, i) => from + i);
    const part = take(digits, places);
    const [images] = toDevice(part);
    const named = await predict(params, images).data("int32");
    right += named.reduce((n, digit, i) => n + Number(digit === part.labels[i]), 0);
  }
  return right / digits.count;
}
