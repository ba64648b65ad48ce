// Whole cases on the reference plugin: what passes, what fails, what is skipped, and with which reason.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import reference from "tenon-reference";
import { np, random, setDefaultDevice, TenonError, use, type NDArray } from "tenon";
import { beforeAll, describe, expect, test } from "vitest";
import { encode } from "../values.ts";
import { readCases, type Case, type Encoded } from "./case-files.ts";
import { runCase, type CasePrograms, type Result } from "./run-case.ts";
import { runCases } from "./supervisor.ts";
import { wireDType } from "./wire.ts";

beforeAll(async () => {
  setDefaultDevice((await use(reference()))[0] as never);
});

const array = (dtype: string, shape: number[], values: readonly (number | boolean)[]): Encoded => ({
  t: "array",
  dtype,
  shape,
  data: Buffer.from(encode(wireDType(dtype), values)).toString("base64"),
});
const int = (value: number): Encoded => ({ t: "py", kind: "int", value });
const add: Case = {
  id: "add/a",
  api: "jnp.add",
  args: [array("float32", [2], [1, 2]), array("float32", [2], [3, 4])],
  expect: [array("float32", [2], [4, 6])],
};
const run = (c: Partial<Case>, programs: CasePrograms = {}): Promise<Result> =>
  runCase({ ...add, ...c }, programs);

describe("a case of a function", () => {
  test("passes with the right value", async () =>
    expect(await run({})).toEqual({ id: "add/a", status: "passed", maxError: 0 }));
  test("fails with a wrong value", async () =>
    expect(await run({ expect: [array("float32", [2], [4, 7])] })).toMatchObject({
      status: "failed",
      reason: "[1] is 6, expected 7",
      maxError: 1,
    }));
  test("fails with a wrong dtype", async () =>
    expect(await run({ expect: [array("int32", [2], [4, 6])] })).toMatchObject({ status: "failed" }));
  test("fails with a wrong weak type", async () =>
    expect(
      await run({ expect: [{ ...array("float32", [2], [4, 6]), weak: true } as Encoded] }),
    ).toMatchObject({ status: "failed" }));
  test("fails when the call throws", async () => {
    const result = await run({ args: [array("float32", [2], [1, 2]), array("float32", [3], [1, 2, 3])] });
    expect(result).toMatchObject({ status: "failed" });
    expect(result.reason).toContain("ShapeError");
  });
  test("is skipped if it differs and is implementation-defined, or not part of the gate", async () => {
    const wrong = { expect: [array("float32", [2], [4, 7])] };
    expect(await run({ ...wrong, tags: ["impl-defined"] })).toMatchObject({
      status: "skipped",
      reason: "impl-defined: [1] is 6, expected 7",
    });
    expect(await run({ ...wrong, gate: false })).toMatchObject({ status: "skipped" });
    expect(await run({ tags: ["impl-defined"] })).toMatchObject({ status: "passed" });
  });
  test("is skipped by name where the function or the dtype is absent", async () => {
    expect(await run({ api: "jnp.nowhere.no_such_thing" })).toMatchObject({
      status: "skipped",
      reason: "np.nowhere.noSuchThing is absent",
    });
    expect(await run({ args: [array("float8_e5m2", [1], [1])] })).toMatchObject({
      status: "skipped",
      reason: "dtype float8_e5m2 is absent",
    });
  });
});

describe("special apis", () => {
  const x = array("float32", [3], [1, 2, 3]);
  const none: Encoded = { t: "none" };
  test("indexing", async () => {
    const index: Encoded = {
      t: "tuple",
      items: [none, { t: "slice", start: int(1), stop: none, step: none }],
    };
    expect(
      await run({ api: "jnp.getitem", args: [x, index], expect: [array("float32", [1, 2], [2, 3])] }),
    ).toMatchObject({ status: "passed" });
  });
  test("updates, and reading with a fill value", async () => {
    expect(
      await run({
        api: "at.multiply",
        args: [x, int(1), int(5)],
        expect: [array("float32", [3], [1, 10, 3])],
      }),
    ).toMatchObject({ status: "passed" });
    const fill = { api: "at.get", args: [x, array("int32", [2], [0, 9])], kwargs: { fill_value: int(7) } };
    expect(await run({ ...fill, expect: [array("float32", [2], [1, 7])] })).toMatchObject({
      status: "passed",
    });
  });
  test("promotion tables are checked entry by entry", async () => {
    const table = { int8: ["float32", false], py_float: ["float32", false] } as const;
    const c = { api: "promotion", op: "add", lhs: "float32", table, args: [] };
    expect(await run(c)).toMatchObject({ status: "passed" });
    expect(await run({ ...c, table: { ...table, py_float: ["float32", true] } })).toMatchObject({
      status: "failed",
    });
    expect(await run({ ...c, table: { int8: ["float16", false] } })).toMatchObject({
      status: "failed",
      reason: "int8: float32, expected float16",
    });
    expect(await run({ ...c, table: { int8: ["TypeError", null] } })).toMatchObject({ status: "failed" });
  });
  test("limits are rounded to the dtype before they are compared", async () => {
    const c = { api: "finfo", lhs: "float16", args: [] };
    expect(await run({ ...c, info: { max: "6.55e+04", smallest_subnormal: "6e-08" } })).toMatchObject({
      status: "passed",
    });
    expect(await run({ ...c, info: { max: "6.5e+04" } })).toMatchObject({ status: "failed" });
  });
  test("flags of tags hold for the case alone", async () => {
    const key: Encoded = {
      t: "key",
      impl: "threefry2x32",
      shape: [],
      data: Buffer.from(encode("u32", [0, 7])).toString("base64"),
    };
    const c = { api: "random.bits", args: [key, { t: "tuple", items: [int(5)] } as Encoded] };
    const wanted = (data: ArrayBufferView): Encoded => ({
      t: "array",
      dtype: "uint32",
      shape: [5],
      data: Buffer.from(data.buffer as ArrayBuffer).toString("base64"),
    });
    const plain = await random.bits(random.key(7), [5]).data();
    expect(await run({ ...c, expect: [wanted(plain)] })).toMatchObject({ status: "passed" });
    expect(
      await run({ ...c, expect: [wanted(plain)], tags: ["threefry_partitionable=False"] }),
    ).toMatchObject({ status: "failed" });
    expect(await run({ ...c, expect: [wanted(plain)] })).toMatchObject({ status: "passed" });
  });
});

describe("programs", () => {
  const program = {
    id: "p",
    api: "program",
    args: [array("float32", [2], [1, 2])],
    expect: [array("float32", [2], [2, 4])],
  };
  test("are applied to the decoded arguments", async () =>
    expect(await run(program, { p: (x: NDArray) => x.mul(2) })).toMatchObject({ status: "passed" }));
  test("give objects by sorted key and drop null", async () =>
    expect(
      await run(
        { ...program, expect: [array("float32", [2], [1, 2]), array("float32", [2], [2, 4])] },
        { p: (x: NDArray) => ({ b: x.mul(2), none: null, a: x }) },
      ),
    ).toMatchObject({ status: "passed" }));
  test("are skipped if there is none, or if it uses what is absent", async () => {
    expect(await run(program)).toMatchObject({ status: "skipped" });
    const absent = (x: NDArray): unknown => (np as unknown as { nowhere(x: NDArray): unknown }).nowhere(x);
    const result = await run(program, { p: absent });
    expect(result.status).toBe("failed");
    // Written plainly, the path is found in the function's text.
    const plain = new Function("np", "return (x) => np.nowhere.noSuchThing(x)")(np) as (
      x: NDArray,
    ) => unknown;
    expect(await run(program, { p: plain })).toMatchObject({
      status: "skipped",
      reason: "np.nowhere is absent",
    });
  });
});

describe("expected errors", () => {
  const c = { id: "e", api: "jnp.reshape", expect_error: ["TypeError", "Exception"], args: [], expect: [] };
  const wrong = (): unknown => np.ones([6]).reshape([4, 2]);
  const right = (): unknown => np.ones([6]).reshape([3, 2]);
  test("pass if the call throws our class and the control doesn't throw", async () =>
    expect(await run(c, { e: { control: right, call: wrong } })).toMatchObject({ status: "passed" }));
  test("fail if nothing is thrown, or the control throws, or it isn't our class", async () => {
    expect(await run(c, { e: { control: right, call: right } })).toMatchObject({ status: "failed" });
    expect(await run(c, { e: { control: wrong, call: wrong } })).toMatchObject({ status: "failed" });
    const native = (): unknown => (undefined as unknown as NDArray).shape;
    expect(await run(c, { e: { control: right, call: native } })).toMatchObject({ status: "failed" });
    expect(
      await run({ ...c, expect_error: ["IndexError"] }, { e: { control: right, call: wrong } }),
    ).toMatchObject({ status: "failed" });
  });
  test("a bare TenonError doesn't stand for a class of its own", async () => {
    const call = (): never => {
      throw new TenonError("INVALID_ARGUMENT", "no");
    };
    expect(
      await run({ ...c, expect_error: ["RuntimeError"] }, { e: { control: right, call } }),
    ).toMatchObject({ status: "failed" });
  });
  test("are skipped without a pair", async () => expect(await run(c)).toMatchObject({ status: "skipped" }));
});

describe("files and processes", () => {
  const folder = mkdtempSync(join(tmpdir(), "cases-"));
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };
  test("other JSON files are passed over, broken ones are named", () => {
    file("api.json", { format: "other", cases: 3 });
    file("text.json", "not JSON at all");
    const good = file("good.json", { format: "jsgolden-1", namespace: "ns", cases: [add] });
    expect(readCases(folder).map((c) => [c.namespace, c.case.id])).toEqual([["ns", "add/a"]]);
    const broken = file("broken.json", { format: "jsgolden-1", namespace: "ns", cases: [{ id: "x" }] });
    expect(() => readCases(broken)).toThrow(/broken\.json: case 0 \(x\): "api" is missing/);
    expect(() => readCases(file("empty.json", { format: "other" }))).toThrow("no cases");
    expect(readCases(good)).toHaveLength(1);
  });
  test("x64 cases run with x64 on, a case that ends its process fails alone", async () => {
    const programs = file(
      "programs.mjs",
      `import { np } from "tenon";
       export default { dies: () => process.exit(3), wide: () => np.zeros([1]), narrow: () => np.zeros([1]) };`,
    );
    const c = (id: string, dtype: string, x64: boolean): Case => ({
      id,
      api: "program",
      args: [],
      x64,
      expect: [array(dtype, [1], [0])],
    });
    const cases = [c("dies", "float32", false), c("wide", "float64", true), c("narrow", "float32", false)];
    const results = await runCases(cases, { device: "reference", programs });
    expect(results.map((r) => r.status)).toEqual(["failed", "passed", "passed"]);
    expect(results[0]?.reason).toContain("exit code 3");
  });
  test("a case that hangs fails alone", async () => {
    const programs = file(
      "hangs.ts",
      `import { np, type NDArray } from "tenon";
       const one = (): NDArray => np.zeros([1]);
       export default { hangs: () => { for (;;); }, after: one };`,
    );
    const c = (id: string): Case => ({ id, api: "program", args: [], expect: [array("float32", [1], [0])] });
    const results = await runCases([c("hangs"), c("after")], {
      device: "reference",
      programs,
      timeoutMs: 8_000,
    });
    expect(results.map((r) => r.status)).toEqual(["failed", "passed"]);
    expect(results[0]?.reason).toContain("took more than 8 s");
  });
  test("an unknown device is an error that says what there is", async () => {
    await expect(runCases([add], { device: "no-such-device", programs: null })).rejects.toThrow(
      /no-such-device/,
    );
  });
});
