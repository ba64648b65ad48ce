// What loops and branches say when their types don't fit, and that what they hand on unchanged doesn't pass through them.
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import { array } from "../arrays.ts";
import * as np from "../numpy/index.ts";
import { installReference, reasonOf } from "../testing/root.ts";
import { grad, jacfwd, jacrev, jit, jvp, makeJaxpr, vjp, vmap } from "../transforms/index.ts";
import * as lax from "./index.ts";

beforeAll(() => void installReference());

type A = NDArray;
const f32 = (...shape: number[]): A => np.zeros(shape);
const i32 = (...shape: number[]): A => np.zeros(shape, { dtype: "int32" });

describe("a carry that changes is one error with every place, both types and the way out", () => {
  interface Carry {
    readonly w: A;
    readonly n: A;
    readonly rest: readonly [A, A];
  }
  const init = (): Carry => ({ w: f32(2), n: i32(), rest: [f32(), f32(3)] });
  const body = (c: Carry): Carry => ({
    w: c.w.sum(),
    n: c.n.mul(0.5),
    rest: [c.rest[0], c.rest[1].astype("int32")],
  });
  const places =
    /carry\.n is i32\[\] at first, and the body returns ~f32\[\]; carry\.rest\[1\] is f32\[3\] at first, and the body returns i32\[3\]; carry\.w is f32\[2\] at first, and the body returns f32\[\]/;
  const fixes =
    /start carry\.n as float32, or return carry\.n\.astype\("int32"\).*carry\.rest\[1\]\.astype\("float32"\).*carry\.w keeps its shape/;
  const loops: Readonly<Record<string, () => unknown>> = {
    "lax.scan\\(body\\)": () => {
      const body_ = { body: (c: Carry, x: A) => [body(c), x] as const };
      return lax.scan(body_.body, init(), f32(4));
    },
    "lax.whileLoop\\(body\\)": () => lax.whileLoop((c) => c.n.lt(3), body, init()),
    "lax.foriLoop\\(anonymous\\)": () => lax.foriLoop(0, 3, (_, c) => body(c), init()),
  };
  for (const [name, loop] of Object.entries(loops))
    it(name.replace(/\\/g, ""), () => {
      const why = reasonOf(loop);
      expect(why).toMatch(new RegExp(`^E_CARRY ${name}: ${places.source}`));
      expect(why).toMatch(fixes);
      expect(why).toMatch(/at .*carries\.test\.ts:\d+/);
    });
  it("also without jit, and for traced bounds", () => {
    const traced = (): unknown => jit((n: A) => lax.foriLoop(0, n, (_, c) => body(c), init()))(3n);
    expect(reasonOf(traced)).toMatch(places);
  });
  it("names what is new and what is missing of a structure", () => {
    const why = reasonOf(() =>
      lax.scan(
        (c: { a: A; b: [A, A] }) => [{ a: { v: c.a }, c: c.b[0] } as never, null] as const,
        { a: f32(), b: [f32(), f32()] as [A, A] },
        f32(3),
      ),
    );
    expect(why).toMatch(/structure \{a: \{v: \*\}, c: \*\}, expected \{a: \*, b: \[\*, \*\]\} as at first/);
    expect(why).toMatch(/carry\.a is an array at first, an object with v in what the body returns/);
    expect(why).toMatch(/carry\.b is a list of 2 at first, absent in what the body returns/);
    expect(why).toMatch(/carry\.c is absent at first, an array in what the body returns/);
  });
});

describe("weak carries", () => {
  it("become what the body makes of them, the strong ones don't", () => {
    const types = (x: A): string => `${x.dtype}${x.weakType ? "~" : ""}`;
    expect(types(lax.scan((c, x) => [c.add(x), null], 0n, f32(3))[0])).toBe("float32");
    expect(types(lax.scan((c, _) => [c.mul(2), null], 1, f32(3))[0])).toBe("float32~");
    expect(types(lax.foriLoop(0, 3, (i, c) => c.add(i), 0))).toBe("float32~");
    expect(types(lax.foriLoop(0, 3, (i, c) => c.add(i), 0n))).toBe("int32~");
    expect(
      types(
        lax.whileLoop(
          (c) => c.lt(9),
          (c) => c.add(np.array(1.5)),
          0n,
        ),
      ),
    ).toBe("float32");
    // A loop gives what its body gives: weak for a strong start, strong where vmap adds a strong factor.
    expect(
      types(
        lax.whileLoop(
          ([, i]) => i.lt(2),
          ([, i]) => [1, i.add(1)],
          [f32(), 0n] as const,
        )[0],
      ),
    ).toBe("float32~");
    const powers = (x: A): A =>
      lax.whileLoop(
        ([, i]) => i.lt(2),
        ([c, i]) => [c.mul(x), i.add(1)],
        [1, 0n] as const,
      )[0];
    expect(types(vmap(powers)(f32(3)))).toBe("float32");
    // Derivatives are as weak as the cotangents that they start with.
    const product = (x: A): A => lax.scan((c: A, v: A) => [c.mul(v), null] as const, x, f32(3))[0];
    expect([grad(product)(0.5), vjp(product, 0.5)[1](1)[0]].map(types)).toEqual(["float32", "float32~"]);
    expect([jacfwd(np.sin)(1), jacrev(np.sin)(1), jacrev(np.sin)(f32())].map(types)).toEqual([
      "float32~",
      "float32~",
      "float32",
    ]);
    // Two that depend on each other, each of which makes the other one strong in turn.
    const [a, b] = lax.foriLoop(0, 4, (_, [a, b]) => [b, a.add(f32())] as const, [0n, 0n] as const);
    expect([types(a), types(b)]).toEqual(["float32", "float32"]);
    expect(reasonOf(() => lax.scan((c: A, x: A) => [c.add(x), null] as const, i32(), f32(3)))).toMatch(
      /^E_CARRY.*carry is i32\[\] at first, and the body returns f32\[\].*\n.*\n.*astype\("int32"\)/,
    );
  });
});

describe("branches that disagree", () => {
  it("are one error with every place", () => {
    const why = reasonOf(() =>
      lax.cond(
        true,
        () => ({ a: f32(2), b: i32(), c: f32() }),
        () => ({ a: f32(3), b: f32(), c: f32() }),
      ),
    );
    expect(why).toMatch(
      /^E_BRANCHES lax\.cond: result\.a is f32\[3\] in the false branch, f32\[2\] in the true branch; result\.b is f32\[\] in the false branch, i32\[\] in the true branch/,
    );
    expect(why).toMatch(/let both return result\.a in one shape.*result\.b\.astype\("float32"\)/);
    const structure = reasonOf(() =>
      lax.switch(0n, [() => ({ a: f32() }), () => ({ a: f32(), b: f32() }) as never]),
    );
    expect(structure).toMatch(/result\.b is absent in branch 0, an array in branch 1/);
  });
  it("take predicates that are real numbers", () => {
    const pick = (p: A | number | bigint | boolean): A =>
      lax.cond(
        p,
        () => np.array(1),
        () => np.array(0),
      );
    expect([true, false, 2n, 0n, 0.5, 0, NaN].map((p) => pick(p).item())).toEqual([1, 0, 1, 0, 1, 0, 1]);
    expect(reasonOf(() => pick(np.array([1, 2])))).toMatch(/^E_SHAPE.*f32\[2\], expected a scalar/);
    expect(reasonOf(() => pick(f32().astype("complex64")))).toMatch(/^E_DTYPE.*c64\[\]/);
  });
});

describe("loops of unknown length", () => {
  const power = (x: A): A =>
    lax.whileLoop(
      ([, i]) => i.lt(5),
      ([y, i]) => [y.mul(x), i.add(1)] as const,
      [np.onesLike(x), 0n] as const,
    )[0];
  it("name the loop's line in reverse mode, through any transformation", () => {
    const line =
      /E_REVERSE_WHILE reverse-mode differentiation through lax\.whileLoop at .*carries\.test\.ts:\d+:\d+, a loop of unknown length/;
    const hint = /use lax\.scan, or lax\.foriLoop with static bounds/;
    for (const run of [
      () => grad(power)(2),
      () => jit(grad(power))(2),
      () => vmap(grad(power))(np.ones([2])),
      () => vjp(power, np.array(2))[1](1),
      () => grad((x: A) => jvp(power, [x], [x])[1])(2),
    ]) {
      expect(reasonOf(run)).toMatch(line);
      expect(reasonOf(run)).toMatch(hint);
    }
    const counted = (x: A, n: A): A => lax.foriLoop(0, n, (_, y) => y.mul(x), x);
    expect(reasonOf(() => jit(grad(counted))(2, 3n))).toMatch(
      /lax\.foriLoop with traced bounds at .*carries\.test\.ts/,
    );
  });
  it("refuse bounds of two dtypes, and copies where the length isn't known", () => {
    const loop = (a: A, b: A): unknown =>
      jit((a: A, b: A) => lax.foriLoop(a, b, (_, y: A) => y, f32()))(a, b);
    expect(reasonOf(() => loop(i32(), np.zeros([], { dtype: "int8" })))).toMatch(
      /^E_DTYPE_MISMATCH.*bounds are i32\[\] and i8\[\]/,
    );
    const unrolled = (n: A): A => lax.foriLoop(0, n, (_, y: A) => y, f32(), { unroll: 2 });
    expect(reasonOf(() => jit(unrolled)(3n))).toMatch(/^E_ARGUMENT.*unroll needs bounds/);
    expect(reasonOf(() => lax.foriLoop(0, 2.5, (_, y: A) => y, f32()))).toMatch(/^E_DTYPE.*2\.5/);
    expect(reasonOf(() => lax.scan((c: A) => [c, c] as const, f32(), f32(3), { unroll: -1 }))).toMatch(
      /^E_ARGUMENT.*unroll is -1/,
    );
    const forwarding = (): unknown =>
      lax.scan((c: A, x: A) => [c, x] as const, f32(), f32(3), { unroll: -1 });
    expect(reasonOf(forwarding)).toMatch(/^E_ARGUMENT.*unroll is -1/);
    expect(
      reasonOf(() => lax.scan((c: A) => [c, c] as const, f32(), f32(3), { _splitTranspose: true } as never)),
    ).toMatch(/^E_UNKNOWN_OPTION.*_splitTranspose/);
  });
});

describe("what is handed on unchanged", () => {
  it("is no carry of the loop, and no output of a branch", () => {
    const scan = makeJaxpr((w: A, xs: A) =>
      lax.scan(
        (c: { w: A; h: A }, x: A) => [{ w: c.w, h: np.tanh(c.h.mul(c.w).add(x)) }, [x, c.w]] as const,
        { w, h: f32() },
        xs,
      ),
    )(f32(), f32(4));
    const [eqn] = scan.jaxpr.eqns.filter((e) => e.primitive.name === "scan");
    expect([eqn?.params["numCarry"], eqn?.outVars.length]).toEqual([1, 2]);
    const loop = makeJaxpr((w: A) =>
      lax.whileLoop(
        (c) => c.k.lt(3),
        (c) => ({ k: c.k.add(1), w: c.w, limit: c.limit }),
        { k: 0, w, limit: 3 },
      ),
    )(f32(4));
    expect(loop.jaxpr.eqns.find((e) => e.primitive.name === "while")?.outVars).toHaveLength(1);
    const cond = makeJaxpr((p: A, w: A) =>
      lax.cond(
        p,
        (w: A) => [w, w.mul(2)],
        (w: A) => [w, w],
        w,
      ),
    )(np.array(true), f32(4));
    expect(cond.jaxpr.eqns.find((e) => e.primitive.name === "cond")?.outVars).toHaveLength(1);
  });
  it("keeps its values, also where nothing else is left", () => {
    const w = np.array([1, 2]);
    expect(listOf(lax.scan((c: A, x: A) => [c, x] as const, w, np.array([3, 4]))[1])).toEqual([3, 4]);
    expect(
      listOf(
        lax.cond(
          array(false),
          (v: A) => v,
          (v: A) => v,
          w,
        ),
      ),
    ).toEqual([1, 2]);
    expect(listOf(vmap((v: A) => lax.foriLoop(0, 3, (_, c) => c, v))(w))).toEqual([1, 2]);
    expect(listOf(grad((v: A) => lax.scan((c: A, x: A) => [c, x] as const, v, v)[1].sum())(w))).toEqual([
      1, 1,
    ]);
  });
});
