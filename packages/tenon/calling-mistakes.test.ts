// What common mistakes of calling are answered with: what was meant, written as it works here.
import { customVjp, exportOnnx, grad, jit, makeJaxpr, np, random, use, vmap, type NDArray } from "tenon";
import { describe, expect, it } from "vitest";

/** Any function, as a program without types sees it. */
type Untyped = (...args: unknown[]) => unknown;
const untyped = (f: unknown): Untyped => f as Untyped;
/** Reason and message of what is thrown. */
function thrown(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    const { reason, message } = error as { reason?: string; message: string };
    return `${reason ?? "no reason"} ${message}`;
  }
  return "nothing";
}
const key = random.key(0);
const x = np.array([3, 1, 2]);
const m = np.ones([2, 2]);
const f = (v: NDArray): NDArray => np.sin(v);

describe("options in the place of an argument that may be left out", () => {
  it.each<[string, () => unknown, string]>([
    ["linspace", () => untyped(np.linspace)(0, 1, { num: 5 }), "np.linspace(…, 5)"],
    ["linspace", () => untyped(np.linspace)(0, 1, { endpoint: false }), "undefined, { endpoint: false })"],
    ["eye", () => untyped(np.eye)(3, { k: 1 }), "np.eye(…, undefined, { k: 1 })"],
    ["clip", () => untyped(np.clip)(x, { max: 2 }), "np.clip(x, null, max)"],
    ["categorical", () => untyped(random.categorical)(key, m, { axis: 0 }), "undefined, { axis: 0 })"],
    ["choice", () => untyped(random.choice)(key, 10, { replace: false }), "undefined, { replace: false })"],
    ["normal", () => untyped(random.normal)(key, { dtype: "float16" }), 'undefined, { dtype: "float16" })'],
    ["normal", () => untyped(random.normal)(key, { shape: [2, 3] }), "random.normal(…, [2, 3])"],
    ["transpose", () => untyped(np.transpose)(m, { axes: [1, 0] }), "np.transpose(…, [1, 0])"],
  ])("%s: the hint is the call that was meant", (_name, call, hint) => {
    expect(thrown(call)).toContain(hint);
  });
  it("what the hints say works", () => {
    expect(np.eye(3, undefined, { k: 1 }).tolist()).toEqual([
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]);
    expect(np.clip(x, null, 2).tolist()).toEqual([2, 1, 2]);
    expect(random.choice(key, 10, undefined, { replace: false }).shape).toEqual([]);
    expect(random.normal(key, undefined, { dtype: "float16" }).dtype).toBe("float16");
  });
});

describe("arguments in the place of options", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["rules", () => untyped(customVjp)(f, f, f), /customVjp\(f, \{ fwd, bwd \}\)/],
    [
      "no rules",
      () => untyped(customVjp)(f),
      /E_ARGUMENT customVjp\(f\).*\n.*\n.*customVjp\(f, \{ fwd, bwd \}\)/,
    ],
    ["p", () => untyped(random.bernoulli)(key, 0.3, [4]), /random\.bernoulli\(key, \[4\], \{ p: 0\.3 \}\)/],
    ["elements", () => untyped(np.array)(1, 2, 3), /np\.array\(\[1, 2, 3\]\)/],
    ["two numbers", () => untyped(np.max)(1, 2), /np\.maximum\(x, y\)/],
    ["two arrays", () => untyped(np.min)(x, x), /np\.minimum\(x, y\)/],
    ["a dtype", () => untyped(np.array)(1, "float32"), /np\.array\(…, \{ dtype: "float32" \}\)/],
    ["reverse", () => untyped(np.sort)(x, { reverse: true }), /did you mean "descending"/],
    ["dim", () => untyped(np.sum)(x, { dim: 0 }), /did you mean "axis"/],
  ])("%s", (_name, call, text) => {
    expect(thrown(call)).toMatch(text);
  });
});

describe("the next step", () => {
  it.each([
    ["int", "int32"],
    ["f32", "float32"],
    ["double", "float64"],
    ["u8", "uint8"],
    ["bf16", "bfloat16"],
    ["Boolean", "bool"],
  ])("%s is no dtype: did you mean %s", (given, meant) => {
    const hint = `did you mean "${meant}"?`;
    expect(thrown(() => x.astype(given as "int32"))).toContain(hint);
    expect(thrown(() => np.zeros([2], { dtype: given as "int32" }))).toContain(hint);
  });
  it("a dtype like none has no such hint", () => {
    expect(thrown(() => x.astype("f31" as "int32"))).not.toContain("did you mean");
  });
  it("settings of one argument without their list", () => {
    const mapped = vmap((o: { w: NDArray }) => o.w, { inAxes: { w: 0 } as never });
    expect(thrown(() => mapped({ w: m }))).toMatch(
      /inAxes.*\n.*\n.*one entry for each argument.*\[\{ … \}\]/,
    );
  });
  it("a device by its name", () => {
    expect(thrown(() => jit(f, { device: "webgpu" as never }))).toMatch(/hint: started are .*use\(plugin\)/);
  });
  it("symbolic sizes, and what is no plugin", async () => {
    const sizes = ["N", 3] as unknown as number[];
    await expect(exportOnnx(f, [{ shape: sizes, dtype: "float32" }])).rejects.toThrow(/no symbolic sizes/);
    await expect(use({} as never)).rejects.toThrow(/expected a plugin\n.*\n.*use\(webgpu\(\)\)/);
  });
  it("arguments that were left out and are missed, but no others", () => {
    const sum = (v: NDArray, w: NDArray): NDArray => v.add(w.sum());
    const text = /^E_ARGUMENT (jit|makeJaxpr|grad|vmap)\(sum\) takes 2 arguments \(v, w\); got [01]\n/;
    expect(thrown(() => untyped(jit(sum))())).toMatch(text);
    expect(thrown(() => untyped(jit(sum))(x))).toMatch(text);
    expect(thrown(() => untyped(jit(sum).lower)(x))).toMatch(text);
    expect(thrown(() => untyped(makeJaxpr(sum))(x))).toMatch(text);
    expect(thrown(() => untyped(grad(sum))(1))).toMatch(text);
    expect(thrown(() => untyped(vmap(sum))(x))).toMatch(text);
    const scaled = (v: NDArray, by?: number): NDArray => v.mul(by ?? 2);
    expect(jit(scaled)(x).tolist()).toEqual([6, 2, 4]);
    const broken = (v: NDArray, _w?: NDArray): NDArray => v.add((null as unknown as { a: number }).a);
    expect(thrown(() => jit(broken)(x))).toMatch(/^no reason Cannot read properties of null/);
  });
  it("generators, and keys of another type", () => {
    const numbers = function* (): Generator<number> {
      yield 1;
    };
    expect(thrown(() => untyped(jit(f))(numbers()))).toMatch(
      /of class Generator is not .*\n.*\n.*\[\.\.\.xs\]/,
    );
    expect(thrown(() => untyped(random.normal)({}))).toContain("the key is an object of class Object");
  });
});
