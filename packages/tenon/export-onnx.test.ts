// exportOnnx: networks and their gradients as files, compared with the device that they were written from.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import {
  exportOnnx,
  grad,
  jit,
  lax,
  nn,
  np,
  random,
  setDefaultDevice,
  ShapeDtypeStruct,
  use,
  vmap,
  type Key,
  type NDArray,
} from "./index.ts";

const f32 = (...shape: number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, "float32");
const i32 = (...shape: number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, "int32");

beforeAll(async () => setDefaultDevice((await use(reference()))[0] as never));

interface Params {
  readonly conv1: { readonly kernel: NDArray; readonly bias: NDArray };
  readonly conv2: { readonly kernel: NDArray; readonly bias: NDArray };
  readonly dense: { readonly kernel: NDArray; readonly bias: NDArray };
}
const draw = (seed: number, ...shape: number[]): NDArray => random.normal(random.key(seed), shape).mul(0.3);
const params = (): Params => ({
  conv1: { kernel: draw(1, 3, 3, 1, 4), bias: draw(2, 4) },
  conv2: { kernel: draw(3, 3, 3, 4, 6), bias: draw(4, 6) },
  dense: { kernel: draw(5, 54, 10), bias: draw(6, 10) },
});
function conv(x: NDArray, { kernel, bias }: Params["conv1"]): NDArray {
  const dimensionNumbers = ["NHWC", "HWIO", "NHWC"] as const;
  return lax.convGeneralDilated(x, kernel, [2, 2], "SAME", { dimensionNumbers }).add(bias);
}
function forward(p: Params, x: NDArray): NDArray {
  const hidden = nn.relu(conv(nn.relu(conv(x, p.conv1)), p.conv2));
  return hidden
    .reshape([x.shape[0] as number, 54])
    .matmul(p.dense.kernel)
    .add(p.dense.bias);
}
function loss(p: Params, x: NDArray, y: NDArray): NDArray {
  const logits = forward(p, x);
  const shifted = logits.sub(lax.stopGradient(np.max(logits, { axis: -1, keepdims: true })));
  const total = np.log(np.sum(np.exp(shifted), { axis: -1, keepdims: true }));
  const hit = y.get(":", null).eq(np.arange(10)).astype("float32");
  return np.mean(np.sum(shifted.sub(total).mul(hit), { axis: -1 })).neg();
}

describe("a convolutional network", () => {
  it("forward, parameters captured as initialisers", async () => {
    const p = params();
    const model = await exportOnnx((x: NDArray) => forward(p, x), [f32(5, 12, 12, 1)], { name: "digits" });
    expect(model.inputs).toEqual(["x"]);
    expect(model.outputs).toEqual(["result"]);
    expect(model.report.maxError).toBeLessThan(1e-5);
    expect(model.report.ops).toMatchObject({ Conv: 2, MatMul: 1, Max: 2 });
    expect(Object.values(model.report.ops).reduce((a, b) => a + b)).toBeLessThan(30);
    const folder = mkdtempSync(join(tmpdir(), "tenon-onnx-"));
    await model.save(join(folder, "forward.onnx"));
    expect(new Uint8Array(readFileSync(join(folder, "forward.onnx")))).toEqual(model.bytes);
    rmSync(folder, { recursive: true });
  });

  it("its gradient, and the same again", async () => {
    const specs = [params(), f32(5, 12, 12, 1), i32(5)] as const;
    const model = await exportOnnx(grad(loss), specs);
    expect(model.inputs[0]).toBe("p/conv1/bias");
    expect(model.outputs).toContain("result/dense/kernel");
    expect(model.report.differences).toHaveLength(6);
    expect(model.report.maxError).toBeLessThan(1e-4);
    expect(Object.values(model.report.ops).reduce((a, b) => a + b)).toBeLessThan(150);
    expect((await exportOnnx(grad(loss), specs, { verify: false })).bytes).toEqual(model.bytes);
  });

  it("per-example gradients, at another opset", async () => {
    const perExample = vmap(grad(loss), { inAxes: [null, 0, 0] });
    const specs = [params(), f32(3, 1, 12, 12, 1), i32(3, 1)] as const;
    const model = await exportOnnx(perExample as never, specs as never, { opset: 23 });
    expect(model.report.maxError).toBeLessThan(1e-4);
  });
});

describe("other functions", () => {
  const check = async (
    f: (...args: never[]) => unknown,
    specs: readonly unknown[],
    most = 1e-5,
  ): Promise<void> => {
    const model = await exportOnnx(f as never, specs as never);
    expect(model.report.differences?.length).toBeGreaterThan(0);
    expect(model.report.maxError).toBeLessThanOrEqual(most);
  };

  it("random numbers, bit for bit", async () => {
    await check((key: Key) => random.bits(key, [4, 5]), [random.key(7)], 0);
    await check((key: Key) => random.uniform(key, [7]), [random.key(7)], 0);
  });
  it("sorting, argmax and selection of the largest", async () => {
    await check((x: NDArray) => [np.sort(x), np.argsort(x), np.argmax(x, { axis: 1 })], [f32(3, 9)], 0);
    await check((x: NDArray) => lax.topK(x, 3), [f32(4, 8)], 0);
  });
  it("loops and branches", async () => {
    await check(
      (x: NDArray) => lax.scan((c: NDArray, y: NDArray) => [c.mul(0.5).add(y), c] as const, np.zeros([3]), x),
      [f32(6, 3)],
    );
    await check(
      (x: NDArray) =>
        lax.whileLoop(
          (c: NDArray) => np.sum(c).lt(100),
          (c: NDArray) => c.mul(1.5).add(1),
          x,
        ),
      [f32(4)],
    );
    await check(
      (i: NDArray, x: NDArray) =>
        lax.cond(
          i.gt(1),
          () => np.sin(x),
          () => x.mul(2),
        ),
      [i32(), f32(3)],
    );
    const rnn = (w: NDArray, x: NDArray): NDArray => {
      const step = (h: NDArray, y: NDArray): readonly [NDArray, NDArray] => [np.tanh(h.matmul(w).add(y)), h];
      const [last] = lax.scan(step, np.zeros([4]), x);
      return np.sum(last.mul(last));
    };
    await check(grad(rnn), [f32(4, 4), f32(5, 4)], 1e-4);
  });
  it("indexing and its gradient", async () => {
    const pick = (x: NDArray, i: NDArray): NDArray => np.sum(np.square(x.get(i)));
    await check(pick, [f32(5, 3), i32(7)]);
    await check(grad(pick), [f32(5, 3), i32(7)]);
    await check((x: NDArray, i: NDArray) => x.at(i).add(1), [f32(5), i32(4)]);
  });
  it("pooling and its gradient", async () => {
    const pool = (x: NDArray): NDArray => {
      const y = lax.reduceWindow(x, -Infinity, lax.max, [1, 2, 2, 1], [1, 2, 2, 1], "VALID");
      return np.sum(y.mul(y));
    };
    await check(pool, [f32(2, 6, 6, 3)]);
    await check(grad(pool), [f32(2, 6, 6, 3)]);
  });
  it("a jitted function, numbers among the arguments", async () => {
    await check(
      jit((x: NDArray, s: NDArray) => x.mul(s)),
      [f32(3), 2.5],
    );
  });
});

describe("bad input", () => {
  it("says what ONNX can't express, and what an option may be", async () => {
    const z = new ShapeDtypeStruct([2], "complex64");
    await expect(exportOnnx((x: NDArray) => x.mul(x), [z])).rejects.toThrow(
      /onnx-export does not implement .* c64/,
    );
    await expect(exportOnnx((x: NDArray) => x, [f32(2)], { opset: 12 })).rejects.toThrow(
      /opset 12 is not one of 21/,
    );
  });
  it.each([
    ["an argument that is missing", [f32(2, 2)], "E_ARGUMENT", /takes 2 arguments \(p, x\); got 1/],
    ["a shape without a dtype", [f32(2, 2), { shape: [2, 2] }], "E_DTYPE", /without a dtype/],
    ["an array for the list", np, "E_ARGUMENT", /expected a list/],
  ] as const)("names %s, and this file", async (_what, specs, reason, message) => {
    const dot = (p: NDArray, x: NDArray): NDArray => x.matmul(p).sum();
    for (const f of [dot, grad(dot)]) {
      const error = await exportOnnx(f as never, (specs === np ? np.ones([2, 2]) : specs) as never).catch(
        (e: unknown) => e,
      );
      expect(error).toMatchObject({ reason });
      expect(String(error)).toMatch(message);
      expect(String(error)).toContain("export-onnx.test.ts:");
    }
  });
  it("refuses to run inside of a trace", async () => {
    let inside: Promise<unknown> = Promise.resolve();
    jit((x: NDArray) => {
      inside = exportOnnx((y: NDArray) => y.add(x), [f32(2)]);
      return x;
    })(np.zeros([2]));
    await expect(inside).rejects.toThrow(/captures a traced/);
  });
});
