// What recomputation and hoisting do with effects: what shows values is repeated with them, what counts runs once, and
// neither leaves a loop.
import { beforeAll, describe, expect, it } from "vitest";
import * as lax from "../api/lax/index.ts";
import * as np from "../api/numpy/index.ts";
import { installReference } from "../api/testing/root.ts";
import { checkpoint, checkpointPolicies, grad, makeJaxpr } from "../api/transforms/index.ts";
import { DEBUG, IO } from "../ir/effects.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Effect, type Primitive } from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";

beforeAll(() => void installReference());

/** A primitive that takes a value and gives none. */
function looking(name: string, effect: Effect): Primitive {
  const primitive: Primitive = definePrimitive({
    name,
    traits: {},
    shape: () => [],
    effects: () => [effect],
    jvp: (_lax, primals) => ({ outs: bind(primitive, primals), tangents: [] }),
    lower: () => [],
  });
  return primitive;
}
const show = looking("show", { kind: "unordered", key: DEBUG });
const write = looking("write", { kind: "ordered", key: IO });

/** Names of the equations with effects, in order; those of a loop's body in brackets. */
function namesIn(jaxpr: Jaxpr): string {
  const names: string[] = [];
  for (const { primitive, params } of jaxpr.eqns) {
    if (primitive === show || primitive === write) names.push(primitive.name);
    const inner = (params as { readonly jaxpr?: Jaxpr }).jaxpr;
    const text = inner === undefined ? "" : namesIn(inner);
    if (text !== "") names.push(primitive.name === "scan" ? `[${text}]` : text);
  }
  return names.join(" ");
}
type F = (x: NDArray) => NDArray;
const inGradient = (f: F): string => namesIn(makeJaxpr(grad(f))(1).jaxpr);
const seen =
  (primitive: Primitive): F =>
  (x) => {
    const y = np.sin(x);
    bind(primitive, [y]);
    return np.sin(y);
  };

describe("an effect inside checkpoint", () => {
  it("that shows a value is repeated with it, unless the policy saves everything", () => {
    expect(inGradient(seen(show))).toBe("show");
    expect(inGradient(checkpoint(seen(show)))).toBe("show show");
    expect(inGradient(checkpoint(seen(show), { policy: checkpointPolicies.everythingSaveable }))).toBe(
      "show",
    );
  });
  it("that counts happens once", () => {
    expect(inGradient(checkpoint(seen(write)))).toBe("write");
    const loop = checkpoint(
      (x: NDArray) =>
        lax.scan((c: NDArray): [NDArray, null] => [seen(write)(c), null], x, null, { length: 3 })[0],
    );
    expect(inGradient(loop)).toBe("[write]");
  });
  it("stays in the loop, invariant operands included", () => {
    const loop =
      (f: F): F =>
      (x) =>
        lax.scan((c: NDArray): [NDArray, null] => [c.mul(f(x)), null], x, null, { length: 3 })[0];
    for (const primitive of [show, write])
      expect(inGradient(loop(seen(primitive)))).toBe(`[${primitive.name}]`);
    expect(inGradient(loop(checkpoint(seen(show))))).toBe("[show] [show]");
  });
});
