// The main job: devices, training, per-example gradients, export. `npm start -- --help` lists the flags.
import { writeFile } from "node:fs/promises";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { blockUntilReady, discover, offer, pickDevice, setDefaultDevice } from "tenon";
import onnxExport from "tenon-onnx-export";
import reference from "tenon-reference";
import { loadDigits, take } from "./digits.ts";
import { exportBoth } from "./export.ts";
import { hardest } from "./per-example.ts";
import { accuracyOn, train } from "./train.ts";

interface Flags {
  readonly device: string;
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  readonly steps?: number;
  readonly out: string;
  readonly json?: string;
}
/** A whole number from `least` to `most`. */
const whole = (least: number, most: number) => (text: string) => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < least || n > most)
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}, got "${text}".`);
  return n;
};
const command = new Command("npm start --")
  .description(
    "Trains a convolutional network on real digits, finds the hardest ones, and exports it to ONNX.",
  )
  .option("--device <name>", "device to train on", "cpu-wasm")
  .option("--seed <n>", "seed of weights, batches and dropout", whole(0, 2 ** 31 - 1), 0)
  .option("--epochs <n>", "passes over the 8,000 training digits", whole(1, 1000), 10)
  .option("--batch <n>", "digits a step", whole(1, 8000), 64)
  .option("--steps <n>", "stop after n steps", whole(1, 1_000_000))
  .option("--out <folder>", "where the models go", "out")
  .option("--json <file>", "also write the figures to a file")
  .showHelpAfterError("(npm start -- --help lists the flags)")
  .allowExcessArguments(false);

/** Every device that the installed plugins see, and why a missing one is missing. */
async function printDevices(): Promise<void> {
  const table = new Table({ head: ["device", "kind", "available"], style: { head: [], border: [] } });
  for (const d of await discover())
    table.push([d.platform, d.kind, d.available ? "yes" : `no: ${d.reason ?? "?"}`]);
  console.log(table.toString());
}

async function main(flags: Flags): Promise<void> {
  offer(reference());
  offer(onnxExport());
  await printDevices();
  const { device } = await pickDevice([flags.device]);
  setDefaultDevice(device);
  const { train: learned, test } = await loadDigits();
  console.log(`Training on ${device.name}: ${learned.count} digits, ${test.count} unseen ones, seed ${flags.seed}.`);

  const bar = new SingleBar({
    format: "{bar} {value}/{total} steps | loss {loss} | accuracy {accuracy} | {rate} digits/s | {eta} s left",
    noTTYOutput: true,
    notTTYSchedule: 5000,
  });
  let running = false;
  const trained = await train(learned, flags, (p) => {
    const shown = { loss: p.loss.toFixed(4), accuracy: `${(100 * p.accuracy).toFixed(1)} %`, rate: Math.round(p.samplesPerSecond) };
    if (!running) bar.start(p.steps, p.step, shown);
    running = true;
    bar.update(p.step, shown);
  });
  if (running) bar.stop();
  await blockUntilReady(trained.params);
  // A short run on a slow device is judged by as many digits as it learned from.
  const seen = Math.min(test.count, (flags.steps ?? Infinity) * flags.batch);
  const judged = take(test, Int32Array.from({ length: seen }, (_, i) => i));
  const accuracy = await accuracyOn(trained.params, judged);
  console.log(`First step (trace, compile, run) ${trained.compileMs.toFixed(0)} ms; ${trained.seconds.toFixed(1)} s in all; ${Math.round(trained.samplesPerSecond)} digits/s.`);
  console.log(`Accuracy on ${judged.count} unseen digits: ${(100 * accuracy).toFixed(2)} %`);

  const hard = await hardest(trained.params, judged, 5);
  console.log(`Digits with the largest gradients: ${hard.map((h) => `#${h.place} (a ${h.label}, norm ${h.norm.toFixed(2)})`).join(", ")}`);

  const models = await exportBoth(trained.params, test, flags.out);
  for (const m of [models.forward, models.gradient])
    console.log(`Wrote ${m.file} (${(m.nbytes / 1024).toFixed(0)} KB); onnxruntime differs by ${m.relativeError.toExponential(1)} of the largest value.`);
  if (flags.json !== undefined) {
    const { compileMs, seconds, samplesPerSecond } = trained;
    const onnx = { forward: models.forward.relativeError, gradient: models.gradient.relativeError };
    await writeFile(flags.json, `${JSON.stringify({ device: device.name, accuracy, seconds, compileMs, samplesPerSecond, onnx }, null, 2)}\n`);
    console.log(`Wrote ${flags.json}`);
  }
} // prettier-ignore

try {
  await main(command.parse().opts<Flags>());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
