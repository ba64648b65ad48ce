// What the examples of loops show: roots, a network that learns, rates that are found again.
import { expect, it } from "vitest";
import { solve } from "./newton.ts";
import { fit } from "./ode.ts";
import { train } from "./rnn.ts";

it("finds roots by whileLoop, and their derivative in both modes", () => {
  const { roots, steps, forward, reverse } = solve();
  for (const x of roots.tolist() as number[]) expect(x).toBeCloseTo(Math.cbrt(5), 4);
  for (const n of steps.tolist() as number[]) expect(n).toBeLessThan(10);
  // dx/da = 1 / (3·x²)
  for (const slope of [forward, reverse]) expect(slope).toBeCloseTo(1 / (3 * Math.cbrt(5) ** 2), 4);
});

it("trains a recurrent network inside of one scan", async () => {
  const losses = await train().data("float32");
  expect(losses[losses.length - 1]).toBeLessThan(0.1 * (losses[0] as number));
});

it("finds the rates of an equation through its solver", () => {
  const { found, wanted } = fit();
  for (const name of ["growth", "death"] as const)
    expect(found[name].item()).toBeCloseTo(wanted[name].item(), 2);
});
