// The incomplete gamma functions at both sides of their two methods, and the derivative of a gamma sample.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { setDefaultDevice, useSync } from "../../runtime/registry.ts";
import { array } from "../arrays.ts";
import { gamma } from "../random/gamma.ts";
import { key } from "../random/index.ts";
import { installRoot } from "../root.ts";
import { grad, vmap } from "../transforms/index.ts";
import { igamma, igammac, igammaGradA, randomGammaGrad } from "./index.ts";

beforeAll(() => {
  installRoot();
  setDefaultDevice(useSync(reference())[0] as never);
});

const values = (x: unknown): number[] => (x as NDArray).tolist() as number[];
function near(got: NDArray, want: readonly number[], relative = 1e-5): void {
  values(got).forEach((v, i) => {
    const w = want[i] as number;
    expect(Math.abs(v - w)).toBeLessThanOrEqual(relative * Math.max(Math.abs(w), 1e-3));
  });
}

const a = (): NDArray => array([0.5, 2, 5, 30]);
const x = (): NDArray => array([3, 0.5, 9, 25]);

describe("values (scipy.special.gammainc, gammaincc)", () => {
  it("of P and Q by both methods", () => {
    near(igamma(a(), x()), [0.9856941215645704, 0.09020401043104986, 0.945036358504895, 0.1821039159774551]);
    near(
      igammac(a(), x()),
      [0.01430587843542963, 0.9097959895689501, 0.05496364149510497, 0.8178960840225449],
    );
  });
  it("at the edges", () => {
    const [p, q] = [igamma, igammac].map((f) =>
      values(f(array([1, 1, 0, -1, 2, 0]), array([0, Infinity, 1, 1, -1, 0]))),
    );
    expect(p).toEqual([0, 1, 1, NaN, NaN, NaN]);
    expect(q).toEqual([1, 0, 0, NaN, NaN, NaN]);
  });
});

describe("derivatives", () => {
  it("by x are the density, by a a difference quotient", () => {
    const h = 1e-2;
    const quotient = igamma(a().add(h), x())
      .sub(igamma(a().sub(h), x()))
      .div(2 * h);
    near(igammaGradA(a(), x()), values(quotient), 2e-3);
    const byBoth = vmap(grad((s: NDArray, v: NDArray) => igamma(s, v), { argnums: [0, 1] }));
    const [byA, byX] = byBoth(array([2]), array([0.5]));
    near(byA, values(igammaGradA(array([2]), array([0.5]))));
    near(byX, [0.5 * Math.exp(-0.5)]);
  });
  it("of a sample keep its quantile: dP/da + p·dx/da = 0", () => {
    const density = vmap(grad((v: NDArray, s: NDArray) => igamma(s, v)))(x(), a());
    near(randomGammaGrad(a(), x()), values(igammaGradA(a(), x()).neg().div(density)), 1e-3);
  });
  it("flow through random.gamma", () => {
    const k = key(0);
    const slope = grad((s: NDArray) => gamma(k, s))(3);
    near(slope.reshape([1]), values(randomGammaGrad(3, gamma(k, 3)).reshape([1])));
  });
});
