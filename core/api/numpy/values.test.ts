// Known values: testing/jax-values.jsonl holds calls with the results of JAX 0.10.2 on the CPU, one a line:
// [function, arguments, results, rtol]. Arguments: { a: [dtype, "2x3", base64] } an array, { i: 3 } an int, { f: 0.5, w:
// dtype } a weak scalar, { n: "NaN" } a number, { o: … } options; results: [dtype, shape, base64, 1 if weak].
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { DTYPES, type DType } from "../../ir/dtype.ts";
import { NDArray } from "../../ir/ndarray.ts";
import { literal } from "../../primitives/operand.ts";
import { elementAt } from "../../runtime/array.ts";
import { fromHost } from "../arrays.ts";
import { installReference } from "../testing/root.ts";
import * as np from "./index.ts";

beforeAll(() => {
  installReference();
});

type Encoded = unknown;
type Result = readonly [dtype: DType, shape: string, data: string, weak?: number];
type Line = readonly [name: string, args: readonly Encoded[], results: readonly Result[], rtol: number];
const lines = readFileSync(new URL("testing/jax-values.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Line);

const shapeOf = (text: string): number[] => (text === "" ? [] : text.split("x").map(Number));
function hostOf(dtype: DType, base64: string): InstanceType<(typeof DTYPES)[DType]["array"]> {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  return new DTYPES[dtype].array(bytes.buffer);
}
function decode(v: Encoded): unknown {
  if (Array.isArray(v)) return v.map(decode);
  if (typeof v !== "object" || v === null) return v ?? undefined;
  const o = v as Record<string, unknown>;
  if ("a" in o) {
    const [dtype, shape, data] = o["a"] as [DType, string, string];
    return fromHost(hostOf(dtype, data), shapeOf(shape), dtype);
  }
  if ("i" in o) return BigInt(o["i"] as string);
  if ("f" in o) return literal(o["f"] as number, o["w"] as DType, true);
  if ("n" in o) return Number(o["n"]);
  return Object.fromEntries(
    Object.entries(o["o"] as Record<string, unknown>).map(([k, x]) => [k, decode(x) ?? null]),
  );
}
const leaves = (x: unknown): NDArray[] =>
  x instanceof NDArray ? [x] : Array.isArray(x) ? x.flatMap(leaves) : [];
type Element = ReturnType<typeof elementAt>;
const near = (g: Element, w: Element, rtol: number): boolean => {
  if (typeof w === "object" && typeof g === "object") {
    const size = Math.hypot(w.re, w.im);
    if (Number.isFinite(size)) return Math.hypot(g.re - w.re, g.im - w.im) <= 2e-5 * size + 3e-6;
    return near(g.re, w.re, rtol) && near(g.im, w.im, rtol);
  }
  const [a, b] = [Number(g), Number(w)];
  if (Number.isNaN(b) || !Number.isFinite(b)) return Object.is(a, b);
  return Math.abs(a - b) <= Math.max(rtol, 2e-5) * Math.abs(b) + (rtol > 1e-3 ? rtol : 3e-6);
};

const byName = new Map<string, Line[]>();
for (const line of lines) byName.set(line[0], [...(byName.get(line[0]) ?? []), line]);
describe("values of JAX", () => {
  it.each([...byName])("np.%s", (name, cases) => {
    for (const [, args, results, rtol] of cases) {
      const f = np[name as keyof typeof np] as unknown as (...args: unknown[]) => unknown;
      const got = leaves(f(...args.map(decode)));
      const call = `np.${name}(${JSON.stringify(args).slice(0, 200)})`;
      expect(got.length, call).toBe(results.length);
      results.forEach(([dtype, shape, data, weak], k) => {
        const x = got[k] as NDArray;
        expect([x.dtype, x.shape.join("x"), x.weakType], call).toEqual([dtype, shape, weak === 1]);
        const [mine, theirs] = [x.dataSync(), hostOf(dtype, data)];
        for (let i = 0; i < x.size; i++) {
          const [g, w] = [elementAt(mine, dtype, i), elementAt(theirs, dtype, i)];
          if (!near(g, w, rtol))
            expect.fail(`${call}: element ${i} of result ${k} is ${String(g)}, JAX has ${String(w)}`);
        }
      });
    }
  });
});

describe("np.arange", () => {
  it("takes its options after the last bound that is given", () => {
    const all = [
      np.arange(3, { dtype: "uint8" }),
      np.arange(1, 4, { dtype: "float16" }),
      np.arange(0, 6, 2, { dtype: "int8" }),
      np.arange(3, null, null, { dtype: "float32" }),
    ];
    expect(all.map((x) => [x.dtype, x.tolist()])).toEqual([
      ["uint8", [0, 1, 2]],
      ["float16", [1, 2, 3]],
      ["int8", [0, 2, 4]],
      ["float32", [0, 1, 2]],
    ]);
    expect(() => np.arange(3, { type: "uint8" } as never)).toThrow(/did you mean|unknown/i);
  });
});
