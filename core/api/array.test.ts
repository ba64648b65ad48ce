// The array object: methods, scalars beside arrays, reading, conversions it refuses, iteration, printing, lifetime.
import { beforeAll, describe, expect, it } from "vitest";
import { type NDArray } from "../ir/ndarray.ts";
import { counters } from "../runtime/dispatch.ts";
import { float, int } from "./arrays.ts";
import { installReference, withX64 } from "./testing/root.ts";
import { slice } from "./slices.ts";
import { grad, jit } from "./transforms/index.ts";
import * as np from "./numpy/index.ts";

beforeAll(() => {
  installReference();
});
const list = (x: NDArray): unknown => x.tolist();
const reason = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return (error as { reason?: string }).reason ?? String(error);
  }
  return "nothing was thrown";
};

describe("scalars", () => {
  const ints = (): NDArray => np.array(Int32Array.of(1, 2));
  it("integers outside of the default int are refused, those outside of a narrower array's wrap (JAX 0.10.2)", () => {
    expect(reason(() => np.array([1n << 40n]))).toBe("E_DTYPE");
    expect(reason(() => np.array([-1], { dtype: "uint8" }))).toBe("E_DTYPE");
    expect(reason(() => ints().add(1n << 40n))).toBe("E_DTYPE");
    expect(reason(() => ints().add(2 ** 31))).toBe("E_DTYPE");
    expect(
      reason(() =>
        ints()
          .at(0)
          .set(2n ** 31n),
      ),
    ).toBe("E_DTYPE");
    expect(list(np.array([1], { dtype: "uint8" }).add(300n))).toEqual([45]);
    expect(list(np.array([1], { dtype: "int8" }).add(200))).toEqual([-55]);
    expect(list(np.full([1], 300, { dtype: "uint8" }))).toEqual([44]);
    expect(list(np.full([1], 2n ** 31n))).toEqual([-(2 ** 31)]);
    expect(withX64(() => np.array([1n << 40n]).dtype)).toBe("int64");
  });
  it("alone: number is weak float32, bigint weak int32, boolean bool", () => {
    expect([np.array(2).dtype, np.array(2).weakType]).toEqual(["float32", true]);
    expect([np.array(2n).dtype, np.array(2n).weakType]).toEqual(["int32", true]);
    expect(np.array([1, 2]).dtype).toBe("float32");
    expect(np.array([1n, 2n]).dtype).toBe("int32");
    expect(np.array([true]).dtype).toBe("bool");
    expect(withX64(() => np.array(Float64Array.of(1)).dtype)).toBe("float64");
    expect(np.array(Float64Array.of(1)).dtype).toBe("float32");
  });
  it("beside integers an integral number is an integer, a fraction promotes, float() promotes", () => {
    expect(ints().mul(2).dtype).toBe("int32");
    expect(list(ints().mul(1.5))).toEqual([1.5, 3]);
    expect(ints().mul(float(2)).dtype).toBe("float32");
    expect(ints().mul(int(2)).dtype).toBe("int32");
    expect(list(np.array(Uint8Array.of(1)).add(300n))).toEqual([45]);
    expect(list(np.array(Uint8Array.of(0)).sub(1))).toEqual([255]);
  });
  it("a number passed into jit meets no integer array", () => {
    const f = jit((x: NDArray, n: NDArray) => x.mul(n));
    expect(reason(() => f(ints(), 2))).toBe("E_NUMBER_DTYPE");
    expect(list(f(np.array([1, 2]), 2))).toEqual([2, 4]);
    expect(list(f(ints(), 2n))).toEqual([2, 4]);
  });
  it("x.pow of an integral number multiplies", () => {
    expect(list(ints().pow(3))).toEqual([1, 8]);
    expect(grad((x: NDArray) => x.pow(2).sum())(np.array([0, 3]))).toSatisfy(
      (g: NDArray) => String(g) === "[0. 6.]",
    );
    expect(reason(() => ints().pow(-1))).toBe("E_ARGUMENT");
  });
});

describe("reading", () => {
  it("item is the only door; 64-bit and complex elements need their dtype named", () => {
    expect(np.array(2.5).item()).toBe(2.5);
    expect(np.array(true).item()).toBe(1);
    expect(np.array(true).item("bool")).toBe(true);
    expect(withX64(() => np.array(2n).item("int64"))).toBe(2n);
    expect(reason(() => withX64(() => np.array(2n).item()))).toBe("E_DTYPE");
    expect(reason(() => np.zeros(2).item())).toBe("E_SHAPE");
    expect(reason(() => np.zeros(2).dataSync("int32"))).toBe("E_DTYPE");
  });
  it("data gives a copy", async () => {
    const x = np.array([1, 2]);
    const copy = await x.data("float32");
    copy[0] = 9;
    expect(list(x)).toEqual([1, 2]);
    expect(x.dataSync()).toBeInstanceOf(Float32Array);
    await expect(x.ready).resolves.toBe(x);
  });
  it("refuses every implicit conversion", () => {
    const x = np.array(2) as never as number;
    for (const f of [() => +x, () => x < 3, () => x + 1, () => Math.exp(x), () => JSON.stringify(x)])
      expect(reason(f)).toBe("E_COERCED");
    expect(() => structuredClone(np.array(2))).toThrow();
    expect(
      reason(() => jit((y: NDArray) => (String(`${y as never as string}`) === "" ? y : y))(np.array(1))),
    ).toBe("E_TRACER_COERCED");
    expect(reason(() => jit((y: NDArray) => np.array(y.item()))(np.array(1)))).toBe("E_CONCRETIZATION");
    expect(reason(() => grad((y: NDArray) => y.mul(y.item()))(np.array(1)))).toBe("E_ITEM_DIFFERENTIATED");
  });
  it("iterates over the first axis", () => {
    const [a, b] = np.array([
      [1, 2],
      [3, 4],
    ]) as Iterable<NDArray> as [NDArray, NDArray];
    expect([list(a), list(b)]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(reason(() => [...np.array(1)])).toBe("E_INDEX");
  });
  it("a disposed array says so", () => {
    const x = np.array([1, 2]).add(1);
    x.dispose();
    expect(reason(() => x.add(1))).toBe("E_DISPOSED");
    expect(String(x)).toContain("disposed");
  });
});

describe("methods", () => {
  it("are the functions of np", () => {
    const x = np.array([
      [3, 1],
      [2, 4],
    ]);
    expect(list(x.T)).toEqual([
      [3, 2],
      [1, 4],
    ]);
    expect(list(x.max({ axis: 0 }))).toEqual([3, 4]);
    expect(list(x.sort({ axis: 0 }))).toEqual([
      [2, 1],
      [3, 4],
    ]);
    expect(list(x.take(np.array([1n]), { axis: 1 }))).toEqual([[1], [4]]);
    expect(list(x.repeat(2, { axis: 0 }))).toEqual([
      [3, 1],
      [3, 1],
      [2, 4],
      [2, 4],
    ]);
    expect(list(x.astype("int32").floordiv(2))).toEqual([
      [1, 0],
      [1, 2],
    ]);
    expect(x.nonzero().map(list)).toEqual([
      [0, 0, 1, 1],
      [0, 1, 0, 1],
    ]);
    expect(list(x.compress(np.array([false, true]), { axis: 0 }))).toEqual([[2, 4]]);
    expect(list(x.view("int32").view("float32"))).toEqual([
      [3, 1],
      [2, 4],
    ]);
    expect(list(x.eq(1).or(x.gt(3)))).toEqual([
      [false, true],
      [false, true],
    ]);
    expect([x.itemsize, x.nbytes, x.ndim, x.size]).toEqual([4, 16, 2, 4]);
  });
  it("check their options", () => {
    const x = np.zeros([2, 3]);
    expect(reason(() => np.sum(x, 0 as never))).toBe("E_OPTIONS");
    expect(reason(() => x.sum({ axes: 0 } as never))).toBe("E_UNKNOWN_OPTION");
    expect(() => x.sum({ keepdim: true } as never)).toThrow(/did you mean "keepdims"/);
    expect(reason(() => x.sum({ axis: 2 }))).toBe("E_AXIS_RANGE");
    expect(reason(() => np.add(x, np.zeros(2)))).toBe("E_BROADCAST");
    expect(reason(() => np.add([1, 2] as never, x))).toBe("E_ARGUMENT");
  });
});

describe("indexing", () => {
  const x = (): NDArray => np.arange(24, null, null, { dtype: "float32" }).reshape([2, 3, 4]);
  it("windows, gathers and updates", () => {
    expect(list(x().get(1, "::-1", 0))).toEqual([20, 16, 12]);
    expect(list(x().get("...", -1))).toEqual([
      [3, 7, 11],
      [15, 19, 23],
    ]);
    expect(x().get(":", [0, 2], null).shape).toEqual([2, 2, 1, 4]);
    expect(list(x().get(x().gt(21)))).toEqual([22, 23]);
    expect(list(np.zeros(4).at([1, 1, 9]).add(1))).toEqual([0, 2, 0, 0]);
    expect(
      list(
        np
          .zeros(4)
          .at("1:3")
          .set(np.array([5, 6])),
      ),
    ).toEqual([0, 5, 6, 0]);
    expect(
      list(
        np
          .zeros(3)
          .at(slice(null, null, 2))
          .add(1),
      ),
    ).toEqual([1, 0, 1]);
  });
  it("out of range: reads clamp, updates drop; gradients follow the gather or the window", () => {
    const v = np.array([1, 2, 3]);
    expect(v.get(7).item()).toBe(3);
    expect(list(v.get([7, -9]))).toEqual([3, 1]);
    expect(list(v.at(7).set(9))).toEqual([1, 2, 3]);
    const at = np.array([7n]);
    expect(list(grad((y: NDArray) => y.get(at).sum())(v))).toEqual([0, 0, 0]);
    expect(list(grad((y: NDArray) => y.get(np.array(7n)))(v))).toEqual([0, 0, 1]);
    expect(list(v.at([7]).get({ mode: "fill", fillValue: 5 }))).toEqual([5]);
  });
  it("refuses what can't index", () => {
    expect(reason(() => x().get(1.5))).toBe("E_INDEX");
    expect(reason(() => x().get(np.array([0.5])))).toBe("E_INDEX");
    expect(reason(() => x().get(0, 0, 0, 0))).toBe("E_INDEX");
    expect(reason(() => x().get("1-3" as never))).toBe("E_INDEX");
    expect(reason(() => x().get(np.array([true, false, true])))).toBe("E_INDEX");
    expect(
      reason(() =>
        x()
          .at(0)
          .set(1, { mode: "wrap" as never }),
      ),
    ).toBe("E_ARGUMENT");
    expect(reason(() => jit((y: NDArray) => y.get(y.gt(0)))(np.zeros(3)))).toBe("E_INDEX_TRACED_MASK");
  });
  it("1,000 turns of x.get(i), x.get(slice(i, i + 2)) and x.mul(i) cost at most 4 compilations", () => {
    const v = np.arange(1002, null, null, { dtype: "float32" });
    const before = counters.compiles;
    let total = 0;
    for (let i = 0; i < 1000; i++) {
      total += v.get(i).item();
      v.get(slice(i, i + 2)).dispose();
      v.mul(i).dispose();
    }
    expect(total).toBe(499500);
    expect(counters.compiles - before).toBeLessThanOrEqual(4);
  });
});

describe("eager programs", () => {
  it("functions of many operations run as one", () => {
    const x = np.arange(12, null, null, { dtype: "float32" }).reshape([3, 4]);
    const cost = (f: () => unknown): number => {
      f();
      const before = counters.executions;
      f();
      return counters.executions - before;
    };
    expect(cost(() => np.var(x, { axis: 1 }))).toBe(1);
    expect(cost(() => np.quantile(x, 0.3))).toBe(1);
    expect(cost(() => np.hypot(x, 2))).toBe(1);
    expect(cost(() => np.einsum("ij,kj,kl->il", x, x, x))).toBe(1);
    expect(cost(() => x.mul(2))).toBe(1);
    // Scalars are operands: other values are no other programs.
    const before = counters.compiles;
    for (let i = 2; i < 20; i++) np.hypot(x, i);
    expect(counters.compiles - before).toBe(0);
  });
});
