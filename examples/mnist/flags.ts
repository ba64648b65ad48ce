// The flags of `npm start`, checked before anything else happens.
import { Command, InvalidArgumentError } from "commander";

/** What a person may set. */
export interface Flags {
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
  if (text.trim() === "" || !Number.isInteger(n) || n < least || n > most)
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
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

/** The flags of this process. Prints what is wrong with them, or the help, and ends it. */
export const readFlags = (): Flags => command.parse().opts<Flags>();
