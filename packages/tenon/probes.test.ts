// Programs that look right and that array libraries in JavaScript get silently wrong, or answer with a riddle: each gives the
// right number here, or an error that says what to write. The one that JavaScript can't trap is found by the lint rule.
import { join } from "node:path";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import tenonLint from "eslint-plugin-tenon";
import {
  config,
  customJvp,
  grad,
  jit,
  lax,
  NDArray,
  np,
  random,
  scope,
  slice,
  tree,
  valueAndGrad,
  vmap,
} from "tenon";
import { describe, expect, it, vi } from "vitest";

/** An array as a program without types sees it. */
type Loose = NDArray & number;
const loose = (f: (x: Loose) => unknown): ((x: NDArray) => NDArray) => f as never;
const x3 = (): NDArray => np.array([1, 2, 3]);

/** The reason and message of what is thrown. */
function thrown(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    const { reason, message } = error as { reason?: string; message: string };
    return `${reason ?? "no reason"} ${message}`;
  }
  return "nothing";
}

describe("programs that are silently wrong elsewhere", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["jit(x => x > 0 ? x : −x)", () => jit(loose((x) => (x > 0 ? x : x.neg())))(np.array(3)), /np\.where/],
    ["grad(x => x · x) by *", () => grad(loose((x) => x * x))(np.array(3)), /x < y/],
    ["vmap(x => x > 1 ? x : 0)", () => vmap(loose((x) => (x > 1 ? x : 0)))(x3()), /vmap|np\.where/],
    ["jit(x => x + 1)", () => jit(loose((x) => x + 1))(np.array(3)), /x \+ y/],
    ["jit(x => Math.sin(x))", () => jit(loose((x) => Math.sin(x)))(np.array(3)), /Math\.f/],
    // eslint-disable-next-line eqeqeq -- it is what is probed
    ["jit(x => x == 1)", () => jit(loose((x) => (x == 1 ? 1 : 0)))(np.array(1)), /x == y/],
    ["jit(x => `${x}`)", () => jit(loose((x) => Number(`${x}`)))(np.array(1)), /\$\{x\}/],
    [
      "jit(x => JSON.stringify(x))",
      () => jit(loose((x) => JSON.stringify(x).length))(np.array(1)),
      /stringify/,
    ],
  ])("%s", (_program, call, text) => {
    expect(thrown(call)).toMatch(/^E_TRACER_COERCED /);
    expect(thrown(call)).toMatch(text);
  });

  it("if (x.lt(0)): by the lint rule, because an object is always true", async () => {
    const eslint = new ESLint({
      cwd: import.meta.dirname,
      overrideConfigFile: true,
      overrideConfig: {
        files: ["**/*.ts"],
        languageOptions: {
          parser: tseslint.parser,
          parserOptions: {
            projectService: { allowDefaultProject: ["*.ts"] },
            tsconfigRootDir: import.meta.dirname,
          },
        },
        plugins: { tenon: tenonLint as never },
        rules: { "tenon/no-array-condition": "error" },
      },
    });
    const program = `import { jit, type NDArray } from "tenon";
      export const f = jit((x: NDArray) => { if (x.lt(0)) return x.mul(100); return x; });`;
    const [result] = await eslint.lintText(program, { filePath: join(import.meta.dirname, "program.ts") });
    expect(result?.messages.map((m) => m.ruleId)).toEqual(["tenon/no-array-condition"]);
  });

  it("with methods the same programs are right", () => {
    const absolute = jit((x: NDArray) => np.where(x.gt(0), x, x.neg()));
    expect(absolute(np.array(-3)).item()).toBe(3);
    expect(grad((x: NDArray) => x.mul(x))(np.array(3)).item()).toBe(6);
    expect(vmap((x: NDArray) => np.where(x.gt(1), x, 0))(x3()).tolist()).toEqual([0, 2, 3]);
    expect(jit((x: NDArray) => x.add(1))(3).item()).toBe(4);
    const branch = jit((x: NDArray) =>
      lax.cond(
        x.lt(0),
        (v: NDArray) => v.mul(100),
        (v: NDArray) => v,
        x,
      ),
    );
    expect([branch(3).item(), branch(-3).item()]).toEqual([3, -300]);
  });
});

describe("programs that others answer with a riddle", () => {
  it("the first array needs no init, also in Node, where there is no navigator", () => {
    expect(np.ones([2]).add(1).tolist()).toEqual([2, 2]);
  });
  it("an array may be used twice", () => {
    const x = x3();
    expect(x.add(x).tolist()).toEqual([2, 4, 6]);
    expect(x.tolist()).toEqual([1, 2, 3]);
  });
  it("float16 works without Float16Array", () => {
    const half = np.array([1, 2.5, 65504], { dtype: "float16" });
    expect(half.mul(np.array(2, { dtype: "float16" })).tolist()).toEqual([2, 5, Infinity]);
  });
  it("slices with a step, by text or by slice()", () => {
    expect(np.arange(6).get("0:6:2").tolist()).toEqual([0, 2, 4]);
    expect(
      np
        .arange(6)
        .get(slice(0, 6, 2))
        .tolist(),
    ).toEqual([0, 2, 4]);
    expect(thrown(() => np.arange(6).get("0:6:2", 1))).toMatch(/^E_INDEX x\.get: 2 indices for i32\[6\]/);
    expect(thrown(() => np.arange(6).get("0;6" as never))).toMatch(/^E_INDEX x\.get: "0;6" is no slice/);
  });
  it("x[0] says how to read and write", () => {
    expect(thrown(() => (x3() as unknown as number[])[0])).toMatch(
      /^E_SUBSCRIPT .*x\.get\(0\).*x\.at\(0\)\.set\(v\)/s,
    );
    expect(thrown(() => ((x3() as unknown as number[])[0] = 1))).toMatch(/^E_SUBSCRIPT x\[0\] = …/);
  });
});

describe("errors name the function in our spelling, the arrays and the user's line", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["shapes", () => np.matmul(np.ones([2, 3]), np.ones([2, 3])), /^E_DOT_CONTRACT np\.matmul: .*f32\[2,3\] axis 1 has 3/],
    ["broadcasting", () => np.ones([2]).add(np.ones([3])), /^E_BROADCAST np\.add: f32\[2\] and f32\[3\] don/],
    ["reshape", () => np.ones([6]).reshape([4, 2]), /^E_SHAPE np\.reshape: can't reshape f32\[6\].*\[4,2\]/],
    ["dtypes", () => np.bitwiseAnd(np.ones([2]), 1), /^E_DTYPE \S*bitwiseAnd: .*f32\[2\]/],
    ["a dtype that isn't", () => np.zeros([2], { dtype: "float31" as never }), /^E_DTYPE np\.zeros: dtype is "float31"/],
    ["astype", () => x3().astype("int" as never), /^E_DTYPE .*int is no dtype/],
    ["axes", () => np.sum(np.ones([2, 2]), { axis: 3 }), /^E_AXIS_RANGE np\.sum: axis 3 .*f32\[2,2\]/],
    ["options that stand alone", () => np.sum(np.ones([2, 2]), 0 as never), /^E_OPTIONS np\.sum: .*\{ axis/],
    ["options misspelt", () => np.sum(x3(), { axes: 0 } as never), /^E_UNKNOWN_OPTION np\.sum: .*"axes".*did you mean "axis"/s],
    ["options of another kind", () => np.sum(x3(), { keepdims: "yes" as never }), /^E_ARGUMENT np\.sum: keepdims is "yes"/],
    ["what is no array", () => np.add("1" as never, 2), /^E_ARGUMENT np\.add: x is string 1/],
    ["what is no function", () => jit(3 as never), /^E_ARGUMENT jit: got number 3, expected a function/],
    ["trees", () => jit((t: { a: NDArray }) => t.a)({ a: new Date() as never }), /^E_TREE_LEAF jit\(anonymous\): at t\.a: .*Date/],
    ["no scalar loss", () => grad((x: NDArray) => x)(x3()), /^E_NOT_SCALAR grad\(anonymous\): .*f32\[3\]/],
    ["integer arguments", () => grad((x: NDArray) => x.sum())(np.arange(3)), /^E_NOT_DIFFERENTIABLE grad\(anonymous\): x is i32\[3\]/],
    ["mapped sizes", () => vmap((a: NDArray, b: NDArray) => a.add(b))(x3(), np.ones([2])), /^E_VMAP vmap\(anonymous\): .*3.*2/s],
    ["carries", () => lax.scan((c: NDArray, v: NDArray) => [c.add(v), c] as never, np.array(0, { dtype: "int32" }), x3()), /^E_CARRY .*i32\[\].*f32\[\]/],
    ["settings", () => config.set({ enableX64: "on" as never }), /^E_CONFIG config\.set: enableX64/],
  ])("%s", (_what, call, text) => {
    expect(thrown(call)).toMatch(text);
    expect(thrown(call)).toMatch(/\n {2}at \S*probes\.test\.ts:\d+:\d+/);
  });
}); // prettier-ignore

describe("a traced function that returns a promise", () => {
  const later = async (x: NDArray): Promise<NDArray> => Promise.resolve(x);
  const traced = later as unknown as (x: NDArray) => NDArray;
  it.each<[string, () => unknown]>([
    ["jit", () => jit(traced)(x3())],
    ["grad", () => grad(traced)(x3())],
    ["valueAndGrad with hasAux", () => valueAndGrad(traced as never, { hasAux: true })(x3())],
    ["vmap", () => vmap(traced)(x3())],
    ["customJvp", () => jit(customJvp(traced, () => [x3(), x3()]))(x3())],
    ["lax.scan", () => lax.scan(traced as never, 0, x3())],
    ["lax.whileLoop", () => lax.whileLoop(() => true, traced, x3())],
    ["lax.foriLoop", () => lax.foriLoop(0, 3, (_i: NDArray, x: NDArray) => traced(x), x3())],
    ["lax.cond", () => lax.cond(true, traced, traced, x3())],
    ["lax.map", () => lax.map(traced, x3())],
    ["a promise as an argument", () => jit((x: NDArray) => x)(Promise.resolve(x3()) as never)],
  ])("%s", (_what, call) => {
    expect(thrown(call)).toMatch(/^E_TRACE_ASYNC .*await before or after/s);
  });
});

describe("a tracer that outlives its trace", () => {
  it.each<[string, (keep: (x: NDArray) => NDArray) => unknown]>([
    ["jit", (keep) => jit(keep)(x3())],
    ["grad", (keep) => grad((x: NDArray) => keep(x).sum())(x3())],
    ["vmap", (keep) => vmap(keep)(x3())],
    ["lax.scan", (keep) => lax.scan((c: NDArray, v: NDArray) => [c, keep(v)] as const, np.array(0), x3())],
  ])("%s", (_what, run) => {
    let kept: NDArray | undefined;
    run((x) => (kept = x));
    const leaked = kept as NDArray;
    expect(thrown(() => leaked.add(1))).toMatch(/^E_TRACER_LEAKED .*whose trace has ended/);
    expect(thrown(() => leaked.tolist())).toMatch(/^E_TRACER_LEAKED/);
    expect(thrown(() => jit((x: NDArray) => x.add(leaked))(x3()))).toMatch(/^E_TRACER_LEAKED/);
    expect(x3().add(1).tolist()).toEqual([2, 3, 4]);
  });
});

describe("an array that is gone", () => {
  it("disposed: by name, in operations, reads and compiled functions; its shape stays", () => {
    const x = x3();
    const times = jit((y: NDArray) => y.mul(x));
    expect(times(2).tolist()).toEqual([2, 4, 6]);
    x.dispose();
    x.dispose();
    expect(thrown(() => x.add(1))).toMatch(/^E_DISPOSED .*f32\[3\]/);
    expect(thrown(() => x.tolist())).toMatch(/^E_DISPOSED/);
    expect(thrown(() => times(2))).toMatch(/^E_DISPOSED jit\(anonymous\)/);
    expect(x.shape).toEqual([3]);
    expect(String(x)).toContain("disposed");
  });
  it("by the end of its scope, but for what the scope returns", () => {
    let inner: NDArray | undefined;
    const kept = scope(() => (inner = x3()).add(1));
    expect(thrown(() => (inner as NDArray).add(1))).toMatch(/^E_DISPOSED/);
    expect(kept.tolist()).toEqual([2, 3, 4]);
  });
  it("donated: says to what", () => {
    const step = jit(function step(state: NDArray) {
      return state.add(1);
    }, { donateArgnums: [0] }); // prettier-ignore
    const x = x3();
    const next = step(x);
    expect(thrown(() => x.add(1))).toMatch(/^E_DONATED .*donated to jit\(step\) as state/);
    expect(thrown(() => step(x))).toMatch(/^E_DONATED/);
    expect(next.tolist()).toEqual([2, 3, 4]);
  });
});

describe("arrays of a second copy of tenon", () => {
  it("are refused by their own error, wherever they come in", async () => {
    vi.resetModules();
    const other = await import("tenon");
    const y = other.np.array([1, 2, 3]);
    const calls: readonly (() => unknown)[] = [
      () => np.add(y, 1),
      () => x3().add(y),
      () => y.add(x3()),
      () => lax.add(y, 1),
      () => np.array([y, y] as never),
      () => np.concatenate([x3(), y]),
      () => np.where(y, 1, 2),
      () => x3().get(y),
      () => x3().at(0).set(y),
      () => jit((x: NDArray) => x.add(1))(y),
      () => jit((x: NDArray) => x.add(y))(x3()),
      () => vmap((t: { a: NDArray }) => t.a)({ a: y }),
      () => grad((x: NDArray) => other.np.sum(x as never))(x3()),
      () => random.normal(other.random.key(0), [2]),
      () => tree.map((v: NDArray) => v.add(x3()), { a: y }),
    ];
    expect(calls.map((call) => thrown(call).split(" ")[0])).toEqual(calls.map(() => "E_TWO_COPIES"));
    expect(NDArray === (other.NDArray as unknown)).toBe(false);
    expect(thrown(calls[0] as () => unknown)).toMatch(/npm ls tenon/);
  });
});
