// Looks into programs: prints, callbacks, checks, bad numbers, leaked tracers, names. What JAX prints and says was read off it.
import { reference } from "tenon-reference";
import { afterEach, beforeAll, describe, expect, expectTypeOf, it, vi } from "vitest";
import {
  CallbackError,
  checkify,
  checkingLeaks,
  checkpoint,
  customJvp,
  customVjp,
  debug,
  debugInfs,
  debugNans,
  devices,
  disableJit,
  effectsBarrier,
  experimental,
  FloatingPointError,
  grad,
  jit,
  jvp,
  lax,
  LeakError,
  linearize,
  makeJaxpr,
  namedScope,
  np,
  pureCallback,
  use,
  vmap,
  withDevice,
  type Device,
  type NDArray,
} from "./index.ts";

const f32 = (x: number | number[]): NDArray => np.array(x, { dtype: "float32" });
const i32 = (x: number | number[]): NDArray => np.array(x, { dtype: "int32" });
const SCALAR = { shape: [], dtype: "float32" } as const;

let printed: string[] = [];
beforeAll(() => {
  vi.spyOn(console, "log").mockImplementation((text: string) => void printed.push(text));
});
afterEach(() => {
  printed = [];
});

describe("debug.print", () => {
  it.each<[string, unknown[], string]>([
    ["{} {x}", [f32([0, 1, 2]), { x: 0.1 }], "[0. 1. 2.] 0.10000000149011612"],
    ["{}", [3], "3"],
    ["{}", [true], "True"],
    ["{}", [f32(1e-7)], "1.0000000116860974e-07"],
    ["{:.3f} {:>8}|", [f32(3.14159), i32(3)], "3.142        3|"],
    ["{{}} {0} {0}", [i32(1)], "{} 1 1"],
    ["no fields", [], "no fields"],
    ["{}", [np.ones([2, 2])], "[[1. 1.]\n [1. 1.]]"],
    ["{}", [null], "None"],
    ["{} {}", ["text", 1.5], "text 1.5"],
    ["{!r}", ["text"], "'text'"],
    ["{x[1]}", [{ x: f32([1, 2]) }], "2.0"],
    ["{}", [np.array([true, false])], "[ True False]"],
    ["{:e} {:g} {:05d} {:+.1f}", [f32(1234.5), f32(0.5), i32(42), f32(2)], "1.234500e+03 0.5 00042 +2.0"],
    ["{:.0f} {:.2f} {:.0e}", [f32(2.5), f32(0.125), f32(4.5)], "2 0.12 4e+00"],
    ["{:.1f} {:.3} {:.1}", [f32(2 ** 70), f32(100), f32(9)], "1180591620717411303424.0 1e+02 9e+00"],
    ["{:G} {:F} {:E}", [f32(2 ** 70), f32(NaN), f32(-0)], "1.18059E+21 NAN -0.000000E+00"],
    ["{:,} {:x} {:^7}|", [i32(1234567), i32(255), i32(1)], "1,234,567 ff    1   |"],
    ["{} {}", [f32(Infinity), f32(NaN)], "inf nan"],
  ])("prints %j as Python does", (fmt, values, text) => {
    debug.print(fmt, ...values);
    expect(printed).toEqual([text]);
  });
  it("prints from compiled programs what it prints outside", () => {
    jit((x: NDArray) => debug.print({ ordered: true })("{x:.2f} {}", x.add(1), { x }))(f32(2));
    jit((x: NDArray) => debug.print("{x:.2f} {}", x.add(1), { x, ordered: true }))(f32(3));
    expect(printed).toEqual(["2.00 3.0", "3.00 4.0"]);
  });
  it.each<[string, unknown[], RegExp]>([
    ["{} {}", [1], /field \{1\} without a value/],
    ["{}", [1, 2], /doesn't use argument 1/],
    ["{x}", [], /field \{x\} without a value/],
    ["hello", [{ y: 1 }], /doesn't use argument 0/],
    ["{x} ", [{ x: 1, y: 2 }], /doesn't use y/],
    ["a } b", [], /a single \}/],
    ["{", [], /can't be read/],
  ])("refuses %j with %j", (fmt, values, message) => {
    expect(() => debug.print(fmt, ...values)).toThrow(message);
  });
  it("costs one compilation for one format, however often it is traced", () => {
    const print = (): void => void jit((x: NDArray) => debug.print("once {}", x))(f32(1));
    for (let i = 0; i < 5; i++) print();
    expect(printed).toEqual(Array(5).fill("once 1.0"));
  });
});

describe("callbacks under transformations, as in JAX", () => {
  const sees = (f: (x: NDArray) => NDArray) => (x: NDArray) => {
    debug.print("{}", x);
    return f(x);
  };
  it("print once more where checkpoint computes again", () => {
    grad(checkpoint((x: NDArray) => np.sin(sees(np.sin)(x))))(f32(1));
    expect(printed).toEqual(["1.0", "1.0"]);
  });
  it("print an operand that doesn't change at each step, under grad, too", () => {
    const f = (x: NDArray): NDArray =>
      lax.scan((c: NDArray, _: null) => [c.mul(sees((y) => y)(x)), null] as const, f32(1), null, {
        length: 3,
      })[0];
    for (const g of [f, jit(f), grad(f), jit(grad(f))]) {
      printed = [];
      g(f32(2));
      expect(printed).toEqual(["2.0", "2.0", "2.0"]);
    }
  });
  it("see tangents in rules, where these are computed", () => {
    const f = customJvp(
      (x: NDArray): NDArray => np.sin(x),
      ([x], [t]) => {
        debug.print("t {}", t);
        return [np.sin(x), np.cos(x).mul(t)];
      },
    );
    grad(f)(f32(1));
    expect(printed).toEqual([]);
    jvp(f, [f32(1)], [f32(2)]);
    expect(printed).toEqual(["t 2.0"]);
    const [, map] = linearize(f, f32(1));
    map(f32(3));
    expect(printed).toEqual(["t 2.0", "t 3.0"]);
  });
  it.each(["sequential", "sequential_unrolled", "expand_dims", "broadcast_all"] as const)(
    "vmapMethod %s",
    (vmapMethod) => {
      const shapes: string[] = [];
      const add = (x: NDArray, y: NDArray): NDArray => {
        shapes.push(`${x.shape}|${y.shape}`);
        return x.add(y);
      };
      const f = (x: NDArray, y: NDArray): NDArray => pureCallback(add, SCALAR, x, y, { vmapMethod });
      for (const g of [vmap(f, { inAxes: [0, null] }), jit(vmap(f, { inAxes: [0, null] }))])
        expect(g(f32([0, 1, 2]), f32(1)).tolist()).toEqual([1, 2, 3]);
      const once = {
        sequential: ["|", "|", "|"],
        sequential_unrolled: ["|", "|", "|"],
        expand_dims: ["3|1"],
        broadcast_all: ["3|3"],
      };
      expect(shapes).toEqual([...once[vmapMethod], ...once[vmapMethod]]);
    },
  );
  it("refuses what JAX refuses", () => {
    const pure = (x: NDArray): NDArray => pureCallback((y) => y, SCALAR, x);
    const ordered = (x: NDArray): NDArray => experimental.ioCallback((y) => y, SCALAR, x, { ordered: true });
    expect(() => vmap(pure)(f32([1, 2]))).toThrow(/vmapMethod/);
    expect(() => vmap(ordered)(f32([1, 2]))).toThrow(/ordered/);
    expect(() => grad(pure)(f32(1))).toThrow(/no derivative/);
    expect(() => grad((x: NDArray) => experimental.ioCallback((y) => y, SCALAR, x))(f32(1))).toThrow(
      /no derivative/,
    );
    expect(() => pureCallback((x) => x, { shape: [], dtype: "float64" }, f32(1))).toThrow(/64-bit/);
    expect(() =>
      pureCallback((x) => x, SCALAR, f32(1), { vmapMethod: "legacy_vectorized" as never }),
    ).toThrow(/legacy/);
  });
  it("drops a pure callback that nothing uses, and keeps io", () => {
    const seen: string[] = [];
    const note = (what: string) => () => (seen.push(what), 0);
    jit((x: NDArray) => {
      pureCallback(note("pure"), SCALAR, x);
      experimental.ioCallback(note("io"), SCALAR, x);
      return x;
    })(f32(1));
    expect(seen).toEqual(["io"]);
  });
  it("takes and gives trees", () => {
    const out = jit((x: NDArray) =>
      pureCallback(
        ({ a, b }: { a: NDArray; b: NDArray }) => ({ sum: a.add(b), pair: [[1, 2], new Float32Array([3])] }),
        {
          sum: SCALAR,
          pair: [
            { shape: [2], dtype: "int32" },
            { shape: [1], dtype: "float32" },
          ],
        },
        { a: x, b: 2 },
      ),
    )(f32(1));
    expect(out.sum.item()).toBe(3);
    expect(out.pair.map((p: NDArray) => p.tolist())).toEqual([[1, 2], [3]]);
  });
  it("is typed by its results", () => {
    expectTypeOf(pureCallback((a) => ({ a }), { a: SCALAR }, f32(1))).toEqualTypeOf<{ a: NDArray }>();
    expectTypeOf(checkify.checkify((x: NDArray) => x)).returns.toEqualTypeOf<
      [checkify.ErrorValue, NDArray]
    >();
    expectTypeOf(effectsBarrier).returns.toEqualTypeOf<Promise<void>>();
  });
});

describe.each(["cpu-wasm", "reference"])("callbacks that fail on %s", (name) => {
  let device: Device;
  beforeAll(async () => {
    device =
      name === "reference" ? ((await use(reference()))[0] as Device) : (devices("cpu-wasm")[0] as Device);
  });
  const on = <R>(f: () => R): R => withDevice(device, f);
  it("are named, with the error that they threw, and nothing else breaks", async () => {
    const boom = (): never => {
      throw new Error("boom");
    };
    const f = jit((x: NDArray) => pureCallback(boom, SCALAR, x).add(1));
    const thrown = on(() => {
      try {
        f(f32(1));
        return null;
      } catch (error) {
        return error as CallbackError;
      }
    });
    expect(thrown).toBeInstanceOf(CallbackError);
    expect(thrown?.message).toMatch(/^pureCallback\(boom\): the function threw: boom/);
    expect((thrown?.cause as Error).message).toBe("boom");
    await expect(effectsBarrier()).resolves.toBeUndefined();
    expect(on(() => jit((x: NDArray) => x.add(1))(f32(1)).item())).toBe(2);
  });
  it.each<[string, () => unknown, RegExp]>([
    ["another shape", () => [1, 2, 3], /the result is of shape \[3\], expected f32\[2\]/],
    ["another dtype", () => i32([1, 2]), /the result is i32\[2\], expected f32\[2\]/],
    [
      "a typed array of another kind",
      () => new Float64Array(2),
      /a Float64Array of 2 elements, expected f32\[2\]/,
    ],
    ["another tree", () => ({ a: 1 }), /expected f32\[2\]/],
    ["nothing", () => undefined, /expected f32\[2\]/],
    ["a promise", () => Promise.resolve([1, 2]), /returned a promise/],
  ])("tell of %s", (_what, result, message) => {
    const f = (x: NDArray): NDArray => pureCallback(result, { shape: [2], dtype: "float32" }, x);
    for (const g of [f, jit(f)]) expect(() => on(() => g(f32(1)))).toThrow(message);
  });
});

describe("checkify", () => {
  const {
    check,
    checkify: over,
    floatChecks,
    nanChecks,
    indexChecks,
    divChecks,
    allChecks,
    debugCheck,
    checkError,
  } = checkify;
  const positive = (x: NDArray): NDArray => {
    check(x.gt(0), "{x} is not positive", { x });
    return x;
  };
  const message = (f: (...xs: never[]) => [checkify.ErrorValue, unknown], ...xs: NDArray[]): string | null =>
    f(...(xs as never[]))[0].get();
  const branch = (x: NDArray): NDArray =>
    lax.cond(
      x.gt(0),
      (y: NDArray) => (check(y.gt(1), "a {}", y), y),
      (y: NDArray) => (check(y.lt(-1), "b {}", i32(3)), y),
      x,
    );
  const loop = (x: NDArray): NDArray =>
    lax.scan((c: NDArray, y: NDArray) => [c.add(positive(y)), null] as const, f32(0), x)[0];
  const repeat = (n: NDArray): NDArray =>
    lax.whileLoop(
      (i: NDArray) => (check(i.lt(4), "cond {}", i), i.lt(n)),
      (i: NDArray) => i.add(i32(1)),
      i32(0),
    );
  const smooth = customJvp(
    (x: NDArray): NDArray => np.log(positive(x)),
    ([x], [t]) => [np.log(x), t.div(x)],
  );
  const backward = customVjp((x: NDArray): NDArray => np.log(positive(x)), {
    fwd: (x) => [np.log(x), x],
    bwd: (x, ct) => [ct.div(x)],
  });
  const failed = "(`check` failed)";
  it.each<[string, () => string | null, string | null]>([
    ["a check that holds", () => message(over(positive), f32(3)), null],
    ["a check that fails", () => message(over(positive), f32(-3)), `-3.0 is not positive ${failed}`],
    ["jit of checkify", () => message(jit(over(positive)), f32(-3)), `-3.0 is not positive ${failed}`],
    ["checkify of jit", () => message(over(jit(positive)), f32(-3)), `-3.0 is not positive ${failed}`],
    [
      "vmap of checkify",
      () => message(vmap(over(positive)), f32([1, -1, -2])),
      `at mapped index 1: -1.0 is not positive ${failed}\nat mapped index 2: -2.0 is not positive ${failed}`,
    ],
    [
      "checkify of vmap",
      () => message(over(vmap(positive)), f32([1, -1, -2, 4])),
      `-2.0 is not positive ${failed}`,
    ],
    ["checkify of grad", () => message(over(grad(positive)), f32(-1)), `-1.0 is not positive ${failed}`],
    [
      "checkify of checkpoint",
      () => message(over(grad(checkpoint((x: NDArray) => np.sin(positive(np.sin(x)))))), f32(-1)),
      `-0.8414709568023682 is not positive ${failed}`,
    ],
    ["scan", () => message(over(loop), f32([1, -2, -3])), `-2.0 is not positive ${failed}`],
    ["scan without a failure", () => message(jit(over(loop)), f32([1, 2])), null],
    ["while", () => message(over(repeat), i32(6)), `cond 4 ${failed}`],
    ["one branch", () => message(over(branch), f32(0.5)), `a 0.5 ${failed}`],
    ["the other branch", () => message(over(branch), f32(-0.5)), `b 3 ${failed}`],
    [
      "vmap of a branch",
      () => message(vmap(over(branch)), f32([2, -0.5])),
      `at mapped index 1: b 3 ${failed}`,
    ],
    [
      "customJvp",
      () => message(over(smooth, { errors: nanChecks }), f32(-1)),
      "nan generated by primitive: log.",
    ],
    ["customVjp", () => message(over(backward), f32(-1)), `-1.0 is not positive ${failed}`],
    [
      "nan",
      () => message(over(np.sin, { errors: floatChecks }), f32(Infinity)),
      "nan generated by primitive: sin.",
    ],
    [
      "nan in a gradient",
      () =>
        message(
          over(
            grad((x: NDArray) => np.sqrt(x).mul(0)),
            { errors: nanChecks },
          ),
          f32(0),
        ),
      "nan generated by primitive: mul.",
    ],
    [
      "division",
      () =>
        message(
          over((x: NDArray, y: NDArray) => x.div(y), { errors: divChecks }),
          f32(1),
          f32(0),
        ),
      "division by zero",
    ],
    [
      "integer division",
      () =>
        message(
          over((x: NDArray) => lax.div(i32(3), x), { errors: divChecks }),
          i32(0),
        ),
      "division by zero",
    ],
    [
      "index",
      () =>
        message(
          over((x: NDArray, i: NDArray) => x.get(i), { errors: indexChecks }),
          i32([0, 1, 2]),
          i32(5),
        ),
      "out-of-bounds indexing for array of shape [3]: index 5 is out of bounds for axis 0 with size 3.",
    ],
    [
      "a position known before",
      () =>
        message(
          over((x: NDArray) => x.get(-5), { errors: indexChecks }),
          i32([0, 1, 2]),
        ),
      "out-of-bounds indexing for array of shape [3]: index -2 is out of bounds for axis 0 with size 3.",
    ],
    [
      "indices",
      () =>
        message(
          over((x: NDArray, i: NDArray) => x.get(i), { errors: indexChecks }),
          i32([0, 1, 2]),
          i32([0, 7]),
        ),
      "out-of-bounds indexing for array of shape [3]: index 7 is out of bounds for axis 0 with size 3.",
    ],
    [
      "a negative index within bounds",
      () =>
        message(
          over((x: NDArray, i: NDArray) => x.get(i), { errors: indexChecks }),
          i32([0, 1, 2]),
          i32([0, -1]),
        ),
      null,
    ],
    [
      "scatter",
      () =>
        message(
          over((x: NDArray, i: NDArray) => x.at(i).set(1), { errors: indexChecks }),
          i32([0, 1, 2]),
          i32([0, 4]),
        ),
      "out-of-bounds indexing for array of shape [3]: index 4 is out of bounds for axis 0 with size 3.",
    ],
    [
      "categories that aren't asked for",
      () =>
        message(
          over((x: NDArray) => np.log(x)),
          f32(-1),
        ),
      null,
    ],
    [
      "several",
      () =>
        message(
          over((x: NDArray) => np.log(x), { errors: [allChecks] }),
          f32(-1),
        ),
      "nan generated by primitive: log.",
    ],
    [
      "an error made a check again",
      () =>
        message(
          over((x: NDArray) => {
            const [err, y] = jit(over(positive))(x);
            checkError(err);
            return y;
          }),
          f32(-1),
        ),
      `-1.0 is not positive ${failed}`,
    ],
    [
      "a debug check",
      () =>
        message(
          over((x: NDArray) => {
            debugCheck(x.gt(0), "no");
            return x;
          }),
          f32(-1),
        ),
      `no ${failed}`,
    ],
  ])("%s", (_what, got, want) => {
    expect(got()).toBe(want);
  });
  it("keeps the values of functions with rules, and their derivatives", () => {
    expect(jvp((x: NDArray) => over(smooth)(x)[1], [f32(2)], [f32(1)])[1].item()).toBe(0.5);
    expect(grad((x: NDArray) => over(backward)(x)[1])(f32(2)).item()).toBe(0.5);
  });
  it("throws outside of programs, and refuses to be compiled", () => {
    expect(() => positive(f32(-1))).toThrow(/-1.0 is not positive/);
    expect(() => over(positive)(f32(-1))[0].throw()).toThrow(/-1.0 is not positive/);
    expect(over(positive)(f32(1))[0].throw()).toBeUndefined();
    expect(() => jit(positive)(f32(1))).toThrow(/checkify/);
    expect(jit((x: NDArray) => (debugCheck(x.gt(0), "no"), x))(f32(-1)).item()).toBe(-1);
    expect(() => check(f32(1), "x")).toThrow(/one boolean/);
    expect(() => check(np.array([true]), "x")).toThrow(/one boolean/);
  });
});

describe("debugNans, debugInfs, disableJit", () => {
  const caught = (f: () => unknown): FloatingPointError => {
    try {
      f();
    } catch (error) {
      return error as FloatingPointError;
    }
    throw new Error("nothing was thrown");
  };
  const log = (x: NDArray): NDArray => np.log(x);
  it.each<[string, (x: NDArray) => unknown, string]>([
    ["an operation", log, "log"],
    ["jit", jit((x: NDArray) => np.sin(log(x))), "log"],
    [
      "scan",
      (x) => lax.scan((c: NDArray, _: null) => [log(c), null] as const, x, null, { length: 2 })[0],
      "log",
    ],
    [
      "jit of scan",
      jit(
        (x: NDArray) => lax.scan((c: NDArray, _: null) => [log(c), null] as const, x, null, { length: 2 })[0],
      ),
      "log",
    ],
    ["cond", jit((x: NDArray) => lax.cond(x.lt(0), np.sqrt as never, (y: NDArray) => y, x)), "sqrt"],
    [
      "while",
      jit((x: NDArray) =>
        lax.whileLoop(
          (y: NDArray) => y.gt(-2),
          (y: NDArray) => np.sqrt(y),
          x,
        ),
      ),
      "sqrt",
    ],
    ["vmap of jit", (x) => vmap(jit(log))(lax.broadcast(x, [2])), "log"],
    ["grad", grad((x: NDArray) => np.sqrt(x)), "sqrt"],
  ])("name the operation in %s, and this line", (_what, f, op) => {
    const error = caught(() => debugNans(() => f(f32(-1))));
    expect(error).toBeInstanceOf(FloatingPointError);
    expect(error.message).toContain(`invalid value (nan) encountered in ${op}`);
    expect(error.message).toContain("debug.test.ts");
  });
  it("ask for NaN and infinities apart", () => {
    expect(debugNans(() => np.log(f32(0)).item())).toBe(-Infinity);
    expect(debugInfs(() => np.log(f32(-1)).item())).toBeNaN();
    expect(caught(() => debugInfs(() => np.log(f32(0)))).message).toContain(
      "invalid value (inf) encountered in log",
    );
  });
  it("let values be read in functions that are jitted", () => {
    const f = jit((x: NDArray) => (x.item() > 0 ? x.mul(2) : x));
    expect(() => f(f32(1))).toThrow(/tracing/);
    expect(disableJit(() => f(f32(1)).item())).toBe(2);
    const seen: number[] = [];
    disableJit(() =>
      lax.scan((c: NDArray, x: NDArray) => (seen.push(x.item()), [c, x] as const), f32(0), f32([1, 2])),
    );
    expect(seen).toEqual([1, 2]);
  });
});

describe("checkingLeaks", () => {
  it("names what is still held, and where it was made", async () => {
    let kept: NDArray | null = null;
    const leaking = checkingLeaks(() => jit((x: NDArray) => (kept = x.mul(2)))(f32(1)));
    await expect(leaking).rejects.toThrow(LeakError);
    await expect(leaking).rejects.toThrow(/f32\[\] of jit.*debug\.test\.ts/s);
    expect(kept).not.toBeNull();
  });
  it.each<[string, () => NDArray]>([
    ["grad", () => grad((x: NDArray) => np.sin(x.mul(2)))(f32(1))],
    ["vmap of jit", () => vmap(jit((x: NDArray) => np.sin(x)))(f32([1, 2]))],
    [
      "grad of scan",
      () =>
        grad(
          (x: NDArray) =>
            lax.scan((c: NDArray, _: null) => [np.sin(c), null] as const, x, null, { length: 2 })[0],
        )(f32(1)),
    ],
  ])("finds nothing after %s", async (_what, f) => {
    await expect(checkingLeaks(f)).resolves.toBeDefined();
  });
});

describe("namedScope", () => {
  const f = (x: NDArray): NDArray =>
    namedScope("encoder", () => namedScope("attention", () => np.sin(x)).mul(2)).add(1);
  it("names equations, under derivatives, too", () => {
    expect(String(makeJaxpr(f)(f32(1)))).toMatch(
      /sin a # encoder\/attention\n.*mul.* # encoder\n.*add b?[^#]*\n/,
    );
    expect(String(makeJaxpr(grad(f))(f32(1)))).toContain("# encoder/attention");
  });
  it("names the ops of programs, which stay equal", () => {
    expect(jit(f).lower(f32(1)).asText("program")).toContain("sine %0 # encoder/attention");
    expect(jit(f)(f32(0)).item()).toBe(1);
  });
});
