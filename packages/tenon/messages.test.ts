// What a new user reads when a call goes wrong: the function as it was called, the argument, what was expected, and what
// to write instead.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import {
  complex,
  ConcretizationError,
  deviceGet,
  devices,
  exportOnnx,
  grad,
  jit,
  lax,
  makeJaxpr,
  nn,
  np,
  random,
  slice,
  tree,
  use,
  vmap,
  withDevice,
  type NDArray,
} from "tenon";
import { onnxExport } from "tenon-onnx-export";
import { describe, expect, it } from "vitest";

/** An array or a function as a program without types sees it. */
type Loose = NDArray & number;

/** Reason, message and hint of what is thrown. */
function thrown(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    const { reason, message } = error as { reason?: string; message: string };
    return `${reason ?? "no reason"} ${message}`;
  }
  return "nothing";
}
/** What a program of its own says. */
function runs(program: string, env: Readonly<Record<string, string>> = {}): string {
  const words = ["--conditions=source", "--import", "tsx", "--input-type=module", "-e", program];
  return execFileSync(process.execPath, words, {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
}
/** What a call on a traced scalar throws. */
const traced = (f: (x: Loose) => unknown): string =>
  thrown(() => jit(f as (x: NDArray) => NDArray)(np.array(3)));

describe("operators on arrays", () => {
  it.each<[string, (x: Loose) => unknown, RegExp]>([
    [
      "x * 2",
      (x) => x * 2,
      /x \* y.*a traced ~f32\[\] of jit.*\n.*\n.*x\.mul\(y\), x\.sub\(y\), x\.div\(y\), x\.lt\(y\)/,
    ],
    ["x > 0", (x) => x > 0, /x < y.*\n.*\n.*x\.gt\(y\).*np\.where.*lax\.cond.*static/],
    ["Math.exp(x)", (x) => Math.exp(x), /Math\.f\(x\).*\n.*\n.*np\.exp\(x\)/],
    ["x + 1", (x) => x + 1, /x \+ y.*\n.*\n.*x\.add\(y\)/],
    // eslint-disable-next-line eqeqeq -- it is what is tested
    ["x == 1", (x) => x == 1, /x == y.*\n.*\n.*x\.eq\(y\)/],
    ["[1, 2][x]", (x) => [1, 2][x], /list\[x\].*\n.*\n.*np\.array\(list\)\.get\(x\)/],
    ["JSON.stringify(x)", (x) => JSON.stringify(x), /stringify.*\n.*\n.*return the value/],
  ])("%s of a traced value: never .item(), which has no answer there", (_program, f, text) => {
    const message = traced(f);
    expect(message).toMatch(/^E_TRACER_COERCED /);
    expect(message).toMatch(text);
    expect(message).not.toContain("item()");
  });
  it.each<[string, (x: Loose) => unknown, RegExp]>([
    ["x * 2", (x) => x * 2, /x\.mul\(y\).*x\.item\(\)/],
    ["x + 2", (x) => x + 2, /x\.add\(y\).*x\.item\(\)/],
    ["JSON.stringify(x)", (x) => JSON.stringify(x), /x\.tolist\(\)/],
  ])("%s of a concrete array", (_program, f, text) => {
    const message = thrown(() => f(np.array(1) as Loose));
    expect(message).toMatch(/^E_COERCED /);
    expect(message).toMatch(text);
  });
});

describe("traced values where plain numbers are needed", () => {
  const a = np.ones([6, 2]);
  it.each<[string, (n: Loose) => unknown, RegExp]>([
    ["np.zeros([n])", (n) => np.zeros([n]), /np\.zeros: a part of shape/],
    ["np.zeros(n)", (n) => np.zeros(n), /np\.zeros: shape/],
    ["np.full([2, n], 1)", (n) => np.full([2, n], 1), /np\.full: a part of shape/],
    ["x.reshape([n, -1])", (n) => a.reshape([n, -1]), /np\.reshape: a part of shape/],
    ["np.broadcastTo(1, [n])", (n) => np.broadcastTo(1, [n]), /np\.broadcastTo: a part of the shape/],
    ["np.eye(n)", (n) => np.eye(n), /np\.eye: a size/],
    ["np.linspace(0, 1, n)", (n) => np.linspace(0, 1, n), /np\.linspace: num/],
    ["np.tile(a, [n, 1])", (n) => np.tile(a, [n, 1]), /np\.tile: a part of reps/],
    ["np.sum(a, { axis: n })", (n) => np.sum(a, { axis: n }), /np\.sum: axis/],
    ["np.expandDims(a, n)", (n) => np.expandDims(a, n), /np\.expandDims: axis/],
    ["np.split(a, n)", (n) => np.split(a, n), /np\.split: indicesOrSections/],
    ["np.pad(a, n)", (n) => np.pad(a, n), /np\.pad: padWidth/],
    ["random.normal(key, [n])", (n) => random.normal(random.key(0), [n]), /random\.normal: a part of shape/],
    ["random.split(key, n)", (n: number) => random.split(random.key(0), n), /random\.split: num/],
    ["nn.oneHot(a, n)", (n) => nn.oneHot(a, n), /nn\.oneHot: numClasses/],
    ["lax.iota(dtype, n)", (n) => lax.iota("int32", n), /lax\.iota: size/],
    ["lax.topK(a, n)", (n) => lax.topK(a, n), /topK: an argument/],
    ["lax.reshape(a, [n, 2])", (n) => lax.reshape(a, [n, 2]), /lax\.reshape: a part of newSizes/],
  ])("%s", (_program, f, text) => {
    const message = traced(f);
    expect(message).toMatch(
      /^E_TRACER_INTEGER .*a traced ~f32\[\] of jit.*plain number.*\n.*\n.*staticArgnums.*x\.shape\[0\]/,
    );
    expect(message).toMatch(text);
  });
  it("concrete ones say to pass their number", () => {
    const n = np.array(2) as Loose;
    for (const f of [() => np.zeros([n]), () => np.tile(a, n), () => lax.topK(a, n), () => np.eye(n)])
      expect(thrown(f)).toMatch(
        /^E_ARGUMENT .*an array ~f32\[\], expected a plain number\n.*\n.*x\.item\(\)/,
      );
  });
  it("the bounds of a slice stay an index error", () => {
    expect(traced((n) => a.get(slice(0, n)))).toMatch(/^E_INDEX .*\n.*\n.*lax\.dynamicSlice/);
  });
});

describe("values of traced arrays", () => {
  it.each<[string, (x: Loose) => unknown, string]>([
    ["x.gt(0).item()", (x) => x.gt(0).item(), "TracerBoolConversionError"],
    ["+x.gt(0)", (x) => +x.gt(0), "TracerBoolConversionError"],
    ["x.item()", (x) => x.item(), "ConcretizationError"],
    ["x > 0", (x) => x > 0, "ConcretizationError"],
    ["x.tolist()", (x) => x.tolist(), "TracerArrayConversionError"],
    ["x.dataSync()", (x) => x.dataSync(), "TracerArrayConversionError"],
    ["np.zeros(x)", (x) => np.zeros(x), "TracerIntegerConversionError"],
    ["x.get(mask)", (x) => np.ones([2]).get(x.gt(np.zeros([2]))), "NonConcreteBooleanIndexError"],
  ])("%s has JAX's class", (_program, f, name) => {
    let found: unknown;
    try {
      jit(f as (x: NDArray) => NDArray)(np.array(3));
    } catch (error) {
      found = error;
    }
    expect((found as Error).name).toBe(name);
    expect(found).toBeInstanceOf(ConcretizationError);
  });
  it("deviceGet(x) too", async () => {
    let promise: Promise<unknown> = Promise.resolve();
    jit((x: NDArray) => {
      promise = deviceGet(x);
      return x;
    })(1);
    await expect(promise).rejects.toMatchObject({ reason: "E_TRACER_ARRAY" });
  });
});

describe("settings without their name", () => {
  const a = np.ones([2, 3]);
  const loose = <T>(x: T): never => x as never;
  it.each<[string, () => unknown, string]>([
    ["np.sum(a, 0)", () => np.sum(a, loose(0)), "np.sum(…, { axis: 0 })"],
    ["a.sum(0)", () => a.sum(loose(0)), "np.sum(…, { axis: 0 })"],
    ["np.squeeze(a, [0])", () => np.squeeze(a, loose([0])), "np.squeeze(…, { axis: [0] })"],
    ['np.zeros([2], "int32")', () => np.zeros([2], loose("int32")), 'np.zeros(…, { dtype: "int32" })'],
    ["np.zeros([2], device)", () => np.zeros([2], loose(devices()[0])), "np.zeros(…, { device: device })"],
    ["np.linspace(0, 1, 5, true)", () => np.linspace(0, 1, 5, loose(true)), "{ endpoint: true }"],
    ["vmap(f, [0, null])", () => vmap((x: NDArray) => x, loose([0, null])), "vmap(…, { inAxes: [0, null] })"],
    ["grad(f, 1)", () => grad((x: NDArray) => x, loose(1)), "grad(…, { argnums: 1 })"],
    ["jit(f, [0])", () => jit((x: NDArray) => x, loose([0])), "jit(…, { staticArgnums: [0] })"],
    ["random.uniform(key, [2], 0)", () => random.uniform(random.key(0), [2], loose(0)), "{ minval: 0 }"],
    ["a.reshape(3, 2)", () => a.reshape(3, loose(2)), "a shape is one list: write [3, 2]"],
    ["np.ones(3, 2)", () => np.ones(3, loose(2)), "a shape is one list: write [3, 2]"],
    ["random.normal(key, 3, 2)", () => random.normal(random.key(0), loose(3), loose(2)), "write [3, 2]"],
  ])("%s", (_call, f, hint) => {
    const message = thrown(f);
    expect(message).toMatch(/^E_OPTIONS \S+: got .*, expected [\w.]+\(…, \{ \w+.* \}\)\n/);
    expect(message.split("hint: ")[1]).toContain(hint);
  });
  it("and names where there are no settings", () => {
    expect(thrown(() => np.sum(a, loose(0)))).toContain(
      "np.sum(…, { axis, dtype, keepdims, initial, where, promoteIntegers })",
    );
    expect(thrown(() => a.transpose(loose(1)))).toMatch(
      /axes is number 1, expected a list\n.*\n.*one list: \[1, …\]/,
    );
    expect(thrown(() => np.expandDims(a, loose({ axis: 0 })))).toContain("np.expandDims(…, 0)");
    expect(thrown(() => np.concatenate(loose(a), loose(a)))).toMatch(
      /^E_OPTIONS np\.concatenate: got an array/,
    );
  });
});

it("vmap's inAxes of another number of entries than arguments", () => {
  const a = np.ones([2, 3]);
  const f = (...xs: NDArray[]): NDArray => xs[0] as NDArray;
  const call = (inAxes: readonly (number | null)[], ...args: NDArray[]): string =>
    thrown(() => vmap(f, { inAxes: inAxes as never })(...args));
  expect(call([0, null], a)).toMatch(
    /^E_TREE_MISMATCH vmap\(f\): inAxes \[0, null\] is for 2 arguments, and the function got 1 argument\n.*\n.*one entry for each argument, as in \[0\], or is one number/,
  );
  expect(call([0], a, a)).toMatch(
    /\[0\] is for 1 argument, and the function got 2 arguments\n.*\n.*\[0, 0\]/,
  );
  expect(call([1, null], a, a, a)).toMatch(/as in \[1, null, null\]/);
});

it("TENON_DEVICE with a name that no started device has", () => {
  const program = `import { np } from "tenon"; try { np.ones([1]); } catch (e) { console.log(e.reason, e.message); }`;
  const said = runs(program, { TENON_DEVICE: "webgpu:0" });
  expect(said).toMatch(
    /^E_NO_DEVICE TENON_DEVICE="webgpu:0": no device of this name is started; there are cpu-wasm:0\n/,
  );
  expect(said).toMatch(/hint: await use\(plugin\) before the first array/);
});

describe("errors of plugins", () => {
  const here = /\n {2}at \S*messages\.test\.ts:\d+:\d+\n {2}hint: \S/;
  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "exportOnnx of complex numbers",
      () => exportOnnx((x: NDArray) => x.mul(complex(0, 1)), [np.ones([2])]),
      /^onnx-export does not implement/,
    ],
    [
      "exportOnnx at an opset that isn't written",
      () => exportOnnx((x: NDArray) => x, [np.ones([2])], { opset: 5 }),
      /^onnx-export: opset 5/,
    ],
    [
      "an op that a device lacks",
      async () => {
        const [device] = await use(onnxExport());
        return withDevice(device as never, () => np.array([1, 2]).mul(complex(0, 1)).data());
      },
      /^onnx-export does not implement/,
    ],
  ])("%s: with the user's line and the next step", async (_what, call, text) => {
    const error = await call().catch((e: unknown) => e as Error);
    expect((error as Error).message).toMatch(text);
    expect((error as Error).message).toMatch(here);
    expect((error as Error).message.match(/\n {2}at /g)).toHaveLength(1);
    expect((error as Error).stack).toContain((error as Error).message);
  });
});

it("one name of the class in what consoles print", () => {
  for (const [f, name] of [
    [() => np.sum(np.ones([2]), 0 as never), "TenonError"],
    [() => np.ones([2]).add(np.ones([3])), "ShapeError"],
  ] as const) {
    let error: unknown;
    try {
      f();
    } catch (e) {
      error = e;
    }
    expect(inspect(error)).toMatch(new RegExp(`^${name}: `));
    expect((error as Error).constructor.name).toBe(name);
  }
});

it("a part of tenon without the rest has a coded error, too", () => {
  const program = `import { sum } from "tenon-core/numpy"; try { sum(1); } catch (e) { console.log(e.reason, e.message); }`;
  expect(runs(program)).toMatch(/^E_NOT_READY tenon is not initialised\n[^]*import the package `tenon`/);
});

describe("what consoles show", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["a device", () => devices()[0], /^cpu-wasm:0$/],
    ["a key", () => random.key(0), /^Key key<fry>\[\]$/],
    ["keys", () => random.split(random.key(0), 3), /^Key key<fry>\[3\]$/],
    ["a jaxpr", () => makeJaxpr((x: NDArray) => x.mul(2))(np.ones([2])), /^\{ lambda .*f32\[2\].*mul/s],
    ["a structure", () => tree.structure({ a: 1, b: [1, 2] }), /^\{a: \*, b: \[\*, \*\]\}$/],
    ["an aval", () => makeJaxpr((x: NDArray) => x)(np.ones([2])).outAvals[0], /^f32\[2\]$/],
  ])("of %s: its text, not its fields", (_what, make, text) => {
    const x = make();
    expect(inspect(x)).toMatch(text);
    expect(inspect({ x })).not.toContain("toString");
  });
});

describe("arrays that can't be used any more: the public function is named", () => {
  const gone = (): NDArray => {
    const x = np.ones([2]);
    x.dispose();
    return x;
  };
  it.each<[string, (x: NDArray) => unknown, RegExp]>([
    ["np.sum(x)", (x) => np.sum(x), /^E_DISPOSED np\.sum: a: the array f32\[2\] was disposed/],
    ["x.sum()", (x) => x.sum(), /^E_DISPOSED np\.sum/],
    ["x.add(1)", (x) => x.add(1), /^E_DISPOSED np\.add: x/],
    ["y.add(x)", (x) => np.ones([2]).add(x), /^E_DISPOSED np\.add: y/],
    ["np.exp(x)", (x) => np.exp(x), /^E_DISPOSED np\.exp: x/],
    ["x.get(0)", (x) => x.get(0), /^E_DISPOSED x\.get/],
    ["x.at(0).set(1)", (x) => x.at(0).set(1), /^E_DISPOSED x\.at/],
    ["lax.reduceSum(x, [0])", (x) => lax.reduceSum(x, [0]), /^E_DISPOSED lax\.reduceSum: operand/],
    ["jit(f)(x)", (x) => jit((v: NDArray) => v.mul(2))(x), /^E_DISPOSED jit\(anonymous\): v/],
  ])("%s", (_call, f, text) => {
    expect(thrown(() => f(gone()))).toMatch(text);
  });
  it("donated and leaked ones, too", () => {
    const x = np.ones([2]);
    jit((v: NDArray) => v.mul(2), { donateArgnums: [0] })(x);
    expect(thrown(() => np.sum(x))).toMatch(/^E_DONATED np\.sum: a: the array f32\[2\] was donated to jit/);
    let kept = x;
    jit((v: NDArray) => (kept = v))(np.ones([2]));
    expect(thrown(() => np.sum(kept))).toMatch(/^E_TRACER_LEAKED np\.sum: a: got a tracer/);
  });
  it("arguments are named: not an array, but", () => {
    const loose = <T>(x: T): never => x as never;
    expect(thrown(() => np.add(1, loose(undefined)))).toMatch(
      /^E_ARGUMENT np\.add: y is undefined, expected an array/,
    );
    expect(thrown(() => np.power(loose("a"), 1))).toMatch(/^E_ARGUMENT np\.power: x1 is string a/);
    expect(thrown(() => np.matmul(np.ones([2]), loose([1, 2])))).toMatch(
      /^E_ARGUMENT np\.matmul: b is a list \[1, 2\], expected.*\n.*\n {2}hint: wrap lists in np\.array/,
    );
  });
});

it("the glossary has what messages write of arrays", () => {
  const page = readFileSync(new URL("../../docs/glossary.md", import.meta.url), "utf8");
  const numbers = thrown(() => jit((x: NDArray) => [1][x as Loose] as never)(3));
  expect(numbers).toContain("a traced ~number[] of jit(anonymous)");
  for (const written of ["`f32[8,128]`", "`~f32[]`", "`~number[]`", "`key<fry>[2]`", "`{a: *, b: [*]}`"])
    expect(page).toContain(written.slice(1, -1));
});

it("operations of lax inside of np are told of np's function", () => {
  expect(thrown(() => np.bitwiseAnd(1.5, 2))).toMatch(/^E_DTYPE np\.bitwiseAnd: /);
  expect(thrown(() => np.leftShift(1.5, 2))).toMatch(/^E_DTYPE np\.leftShift: /);
  expect(thrown(() => np.bitwiseNot(1.5))).toMatch(/^E_DTYPE np\.bitwiseNot: /);
  expect(thrown(() => np.sum(np.ones([2]), { axis: [0, 0] }))).toMatch(/hint: name each axis once/);
});

it("arrays that don't broadcast are shown as they came", () => {
  const [a, b] = [np.ones([2, 3], { dtype: "int32" }), np.ones([4])];
  const text = /^E_BROADCAST np\.\w+: i32\[2,3\] and f32\[4\] don't broadcast\n/;
  for (const f of [() => a.add(b), () => np.maximum(a, b), () => np.less(a, b)])
    expect(thrown(f)).toMatch(text);
  expect(thrown(() => np.where(a.gt(0), a, b))).toMatch(
    /^E_BROADCAST np\.where: bool\[2,3\] and f32\[2,3\] and f32\[4\] don't broadcast/,
  );
});
