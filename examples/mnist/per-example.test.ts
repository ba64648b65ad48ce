// Vectorised per-example gradients against a loop over grad, on real digits.
import { grad, random, tree, type NDArray } from "tenon";
import { expect, it } from "vitest";
import { loadDigits, take } from "./digits.ts";
import { exampleLoss, init } from "./model.ts";
import { hardest, norms, perExampleGradients } from "./per-example.ts";
import { toDevice } from "./train.ts";

const COUNT = 6;

it("equals a loop over grad, and orders digits by their norms", async () => {
  const { test } = await loadDigits();
  const few = take(
    test,
    Int32Array.from({ length: COUNT }, (_, i) => i),
  );
  const [images, labels] = toDevice(few);
  const params = init(random.key(3));
  const stacked = tree.leaves(perExampleGradients(params, images, labels));
  const gradient = grad(exampleLoss);
  const expected: number[] = [];
  for (let i = 0; i < COUNT; i++) {
    const one = tree.leaves(gradient(params, images.get(i), labels.get(i)));
    let squares = 0;
    for (const [k, leaf] of one.entries()) {
      const [got, want] = [await (stacked[k] as NDArray).get(i).data("float32"), await leaf.data("float32")];
      const scale = want.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-12);
      got.forEach((v, j) => expect(Math.abs(v - (want[j] as number))).toBeLessThanOrEqual(1e-5 * scale));
      squares += want.reduce((s, v) => s + v * v, 0);
    }
    expected.push(Math.sqrt(squares));
  }
  const got = await norms(perExampleGradients(params, images, labels)).data("float32");
  got.forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 3));
  const order = (await hardest(params, few, COUNT)).map((h) => h.place);
  expect(order).toEqual(
    [...expected.keys()].sort((a, b) => (expected[b] as number) - (expected[a] as number)),
  );
}, 120_000);
