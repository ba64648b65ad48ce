// The main job: devices, training, per-example gradients, export. `npm start -- --help` lists the flags.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { discover, offer, pickDevice, setDefaultDevice, type Device } from "tenon";
import onnxExport from "tenon-onnx-export";
import reference from "tenon-reference";
import { loadDigits, take, type Digits } from "./digits.ts";
import { exportBoth, type Exported } from "./export.ts";
import { readFlags, type Flags } from "./flags.ts";
import { hardest } from "./per-example.ts";
import { accuracyOn, train, type Progress, type Trained } from "./train.ts";

const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`;

/** Prints what the installed plugins see, with the reason where a device is missing, and starts the one that was asked for. */
async function chooseDevice(name: string): Promise<Device> {
  offer(reference());
  offer(onnxExport());
  const found = await discover();
  const table = new Table({ head: ["device", "kind", "available", ""], style: { head: [], border: [] } });
  for (const { platform, kind, available, reason } of found)
    table.push([platform, kind, available ? "yes" : `no: ${reason}`, platform === name ? "← trains" : ""]);
  console.log(table.toString());
  const platform = found.find((d) => d.platform === name.split(":")[0]);
  const known = found.map((d) => d.platform).join(", ");
  if (platform === undefined) throw new Error(`There is no device "${name}". Known here: ${known}.`);
  if (!platform.available) throw new Error(`The device ${name} isn't available: ${platform.reason}`);
  const { device } = await pickDevice([name]);
  setDefaultDevice(device);
  return device;
}

/** Trains under a progress bar. */
async function trainVisibly(digits: Digits, flags: Flags): Promise<Trained> {
  const bar = new SingleBar({
    format: "{bar} {value}/{total} steps | loss {loss} | accuracy {accuracy} | {rate} digits/s",
    noTTYOutput: true,
    notTTYSchedule: 5000,
  });
  const show = ({ step, steps, loss, accuracy, samplesPerSecond }: Progress): void => {
    const shown = {
      loss: loss.toFixed(4),
      accuracy: percent(accuracy, 1),
      rate: Math.round(samplesPerSecond),
    };
    if (bar.isActive) bar.update(step, shown);
    else bar.start(steps, step, shown);
  };
  const trained = await train(digits, flags, show);
  bar.stop();
  const { compileMs, seconds, samplesPerSecond } = trained;
  console.log(
    `First step (trace, compile, run) ${compileMs.toFixed(0)} ms; ${seconds.toFixed(1)} s in all; ${Math.round(samplesPerSecond)} digits/s.`,
  );
  return trained;
}

const printExport = ({ file, nbytes, relativeError }: Exported): void => {
  console.log(
    `Wrote ${file} (${(nbytes / 1024).toFixed(0)} KB); onnxruntime differs by ${relativeError.toExponential(1)} of the largest value.`,
  );
};

async function main(flags: Flags): Promise<void> {
  for (const folder of [flags.out, dirname(flags.json ?? ".")]) await mkdir(folder, { recursive: true });
  const device = await chooseDevice(flags.device);
  const digits = await loadDigits();
  console.log(
    `Training on ${device.name}: ${digits.train.count} digits, ${digits.test.count} unseen ones, seed ${flags.seed}.`,
  );
  console.log("First step: tracing, compiling, running …");
  const trained = await trainVisibly(digits.train, flags);

  // A short run on a slow device is judged by as many digits as it learned from.
  const count = Math.min(digits.test.count, (flags.steps ?? Infinity) * flags.batch);
  const judged = take(
    digits.test,
    Int32Array.from({ length: count }, (_, i) => i),
  );
  console.log(`Judging by ${count} unseen digits …`);
  const accuracy = await accuracyOn(trained.params, judged);
  console.log(`Accuracy on ${count} unseen digits: ${percent(accuracy, 2)}`);
  console.log(`Taking the gradient of each of the ${count} …`);
  const hard = await hardest(trained.params, judged, 5);
  const list = hard.map((h) => `#${h.place} (a ${h.label}, norm ${h.norm.toFixed(2)})`).join(", ");
  console.log(`Digits with the largest gradients: ${list}`);

  console.log("Exporting the network and its gradient, and running both under onnxruntime …");
  const { forward, gradient } = await exportBoth(trained.params, digits.test, flags.out);
  printExport(forward);
  printExport(gradient);
  if (flags.json === undefined) return;
  const { compileMs, seconds, samplesPerSecond } = trained;
  const onnx = { forward: forward.relativeError, gradient: gradient.relativeError };
  const figures = { device: device.name, accuracy, seconds, compileMs, samplesPerSecond, onnx };
  await writeFile(flags.json, `${JSON.stringify(figures, null, 2)}\n`);
  console.log(`Wrote ${flags.json}`);
}

try {
  await main(readFlags());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
