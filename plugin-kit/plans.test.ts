// The shape of plans: what becomes one kernel, what shares memory, and what is not copied.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OP_NAMES, type DType } from "tenon-plugin-api";
import { describe, expect, it } from "vitest";
import type { Builder, Ref } from "./builder.ts";
import { compileProgram } from "./compile.ts";
import { generalise, kernelKey } from "./loops/generalise.ts";
import { interpretKernel } from "./loops/interpret.ts";
import type { Plan, Step } from "./loops/plan.ts";
import { printPlan } from "./loops/print.ts";
import { randomProgram } from "./testing/random-program.ts";
import { bytesOf, programOf, type } from "./testing/run.ts";

const compile = (...args: Parameters<typeof programOf>): Plan =>
  compileProgram(programOf(...args), { plugin: "test" });
const kindsOf = (steps: readonly Step[]): string[] => steps.map((s) => s.do);
const kernelOf = (step: Step | undefined): Extract<Step, { do: "kernel" }> => {
  if (step?.do !== "kernel") throw new Error(`a ${step?.do ?? "missing step"}, expected a kernel`);
  return step;
};
const fold = (b: Builder, dtype: DType, op: "add" | "maximum") =>
  b.block([type(dtype), type(dtype)], (r, x, y) => [r.apply(op, x, y)]);
const reduce = (b: Builder, x: Ref, op: "add" | "maximum", dimensions: number[]): Ref => {
  const init = b.constant(type("f32"), op === "add" ? 0 : -Infinity);
  return b.one("reduce", [x, init], { dimensions }, { regions: [fold(b, "f32", op)] });
};

describe("plans", () => {
  it("run an eager op as one kernel without a frame, the same for every size", () => {
    const of = (...shape: number[]): Plan =>
      compile([type("f32", ...shape), type("f32", ...shape)], (b, x, y) => [b.apply("add", x, y)]);
    const keys = [of(3, 4), of(7), of(2, 50, 6), of(1000)].map((plan) => {
      expect(kindsOf(plan.steps)).toEqual(["kernel"]);
      expect(plan.frameBytes).toBe(0);
      const { kernel, schedule } = kernelOf(plan.steps[0]);
      return kernelKey(kernel, schedule);
    });
    expect(new Set(keys).size).toBe(1);
  });

  it("keep a softmax in one kernel, in place", () => {
    const plan = compile([type("f32", 64, 100)], (b, x) => {
      const wide = (v: Ref): Ref => b.broadcast(v, [64, 100], [0]);
      const e = b.apply("exponential", b.apply("subtract", x, wide(reduce(b, x, "maximum", [1]))));
      return [b.apply("divide", e, wide(reduce(b, e, "add", [1])))];
    });
    expect(kindsOf(plan.steps)).toEqual(["kernel"]);
    expect(kernelOf(plan.steps[0]).kernel.stages).toHaveLength(3);
    expect(plan.frameBytes).toBe(0);
  });

  it("update parameters and moments in one kernel over donated memory", () => {
    const t = type("f32", 128, 10);
    const plan = compile(
      [t, t, t, t],
      (b, p, m, v, g) => {
        const m2 = b.apply(
          "add",
          b.apply("multiply", m, b.like(m, 0.9)),
          b.apply("multiply", g, b.like(g, 0.1)),
        );
        const g2 = b.apply("multiply", b.apply("multiply", g, g), b.like(g, 0.01));
        const v2 = b.apply("add", b.apply("multiply", v, b.like(v, 0.99)), g2);
        return [b.apply("subtract", p, b.apply("divide", m2, b.apply("sqrt", v2))), m2, v2];
      },
      [0, 1, 2],
    );
    expect(kindsOf(plan.steps)).toEqual(["kernel"]);
    expect(plan.frameBytes).toBe(0);
    expect([...plan.aliases].sort()).toEqual([[0, 0], [1, 1], [2, 2]]); // prettier-ignore
    expect(plan.peakBytes).toBe(0);
  });

  it("write a scan's results in place, with its step in the kernel that makes them", () => {
    const i32 = type("i32");
    const plan = compile([type("f32", 8), type("f32", 20, 8)], (b, c, xs) => {
      const ys = b.broadcast(b.constant(type("f32"), 0), [20, 8]);
      const start = [b.constant(i32, 0), c, ys];
      const types = start.map((s) => s.type);
      const cond = b.block(types, (r, i) => [r.compare("LT", i, r.constant(i32, 20))]);
      const body = b.block(types, (r, i, carry, acc) => {
        const zero = r.constant(i32, 0);
        const x = r.reshape(r.one("dynamic_slice", [xs, i, zero], { sliceSizes: [1, 8] }), [8]);
        const next = r.apply("tanh", r.apply("add", carry, x));
        const [out] = r.op("dynamic_update_slice", [acc, r.reshape(next, [1, 8]), i, zero], {});
        return [r.apply("add", i, r.constant(i32, 1)), next, out as Ref];
      });
      return b.op("while", start, {}, { regions: [cond, body] }).slice(1);
    });
    const loop = plan.steps.find((s) => s.do === "while");
    if (loop?.do !== "while") throw new Error("no loop");
    expect(loop.swap).toEqual([]);
    expect(kindsOf(loop.body)).toEqual(["kernel", "kernel"]);
  });

  it("fuse a long chain of cheap ops on integers into one kernel of several results", () => {
    const t = type("u32", 500);
    const plan = compile([t, t], (b, x, y) => {
      let [p, q] = [x, y];
      for (let i = 0; i < 40; i++) {
        p = b.apply("add", p, q);
        const turned = b.apply("or", b.apply("shift_left", q, b.like(q, 13)), b.apply("shift_right_logical", q, b.like(q, 19)));
        q = b.apply("xor", p, turned);
      }
      return [p, q];
    }); // prettier-ignore
    expect(kindsOf(plan.steps)).toEqual(["kernel"]);
    expect(kernelOf(plan.steps[0]).args).toHaveLength(4);
  });

  it("neither copy nor transpose the operands of products and their gradients", () => {
    const plan = compile([type("f32", 64, 96), type("f32", 96, 32), type("f32", 64, 32)], (b, x, w, ct) => {
      const dot = (p: Ref, q: Ref, l: number, r: number): Ref =>
        b.one("dot_general", [p, q], { lhsContracting: [l], rhsContracting: [r], lhsBatching: [], rhsBatching: [], precision: "DEFAULT" }, { to: type("f32") }); // prettier-ignore
      return [dot(x, w, 1, 0), dot(ct, w, 1, 1), b.transpose(dot(ct, x, 0, 0), [1, 0])];
    });
    expect(kindsOf(plan.steps)).toEqual(["gemm", "gemm", "gemm"]);
    expect(plan.frameBytes).toBe(0);
  });

  it("never recompute a transcendental function for a second kernel", () => {
    const plan = compile([type("f32", 40, 50)], (b, x) => {
      const t = b.apply("tanh", x);
      return [reduce(b, t, "add", [0]), b.reshape(b.transpose(t, [1, 0]), [2000])];
    });
    const count = plan.steps.flatMap((s) => kernelOf(s).kernel.stages.flatMap((g) => g.body)).filter((v) => v.op === "tanh"); // prettier-ignore
    expect(count).toHaveLength(1);
  });

  it("print the same text for the same program, and say why kernels are apart", () => {
    const program = randomProgram(5, 30);
    const [a, b] = [0, 1].map(() => printPlan(compileProgram(program, { plugin: "test" }), { full: true }));
    expect(a).toBe(b);
    expect(a).toContain("is apart: ");
  });

  it("refuse what there is no kernel for by op, dtype and plugin", () => {
    const callback = (): unknown =>
      compile([type("f32", 2)], (b, x) =>
        b.append({ op: "custom_call", operands: [x], attrs: { target: "tenon.callback", version: 1, attributes: {}, sideEffect: "none" }, results: [type("f32", 2)] }),
      ); // prettier-ignore
    expect(callback).toThrow(/test does not implement tenon\.callback of f32/);
  });
});

describe("generalise", () => {
  it("gives back the same results with its uniforms", () => {
    const plan = compile([type("f32", 20, 30), type("f32", 30)], (b, x, y) => {
      const z = b.apply("add", x, b.broadcast(y, [20, 30], [1]));
      return [b.one("slice", [z], { start: [3, 5], limit: [20, 30], strides: [2, 1] })];
    });
    const step = kernelOf(plan.steps[0]);
    expect(step.uniforms.length).toBeGreaterThan(2);
    // Baked again, it is the kernel for these shapes; once more general, the same kernel.
    const bake = (n: unknown): unknown =>
      typeof n === "object" && n !== null && "uniform" in n ? step.uniforms[n.uniform as number] : n;
    const baked = JSON.parse(JSON.stringify(step.kernel), (_k, v: unknown) => bake(v)) as typeof step.kernel;
    const again = generalise({ ...baked, uniforms: 0 });
    expect(kernelKey(again.kernel, step.schedule)).toBe(kernelKey(step.kernel, step.schedule));
    expect(again.uniforms).toEqual(step.uniforms);
    const x = bytesOf(
      "f32",
      Array.from({ length: 600 }, (_, i) => i),
    );
    const y = bytesOf(
      "f32",
      Array.from({ length: 30 }, (_, i) => i / 8),
    );
    const run = (kernel: typeof step.kernel, uniforms: readonly number[]): Uint8Array => {
      const out = new Uint8Array(9 * 25 * 4);
      interpretKernel(kernel, [x, y, out], uniforms);
      return out;
    };
    expect(run(step.kernel, step.uniforms)).toEqual(run({ ...baked, uniforms: 0 }, []));
  });
});

describe("memory", () => {
  /** Byte ranges of the frame by slot, with the steps between first and last use; a loop's uses cover the loop. */
  function lifetimes(plan: Plan): { from: number; to: number; first: number; last: number }[] {
    const used = new Map<number, { first: number; last: number }>();
    let now = 0;
    const touch = (slot: number): void => {
      const u = used.get(slot);
      used.set(slot, { first: u?.first ?? now, last: now });
    };
    const visit = (steps: readonly Step[]): void => {
      for (const s of steps) {
        now++;
        if (s.do === "kernel") s.args.forEach(touch);
        else if (s.do === "gemm") [s.lhs, s.rhs, s.out].forEach(touch);
        else if (s.do === "sort") [...s.from, ...s.to].forEach(touch);
        else if (s.do === "copy") [s.from, s.to].forEach(touch);
        else if (s.do === "case") {
          touch(s.index);
          s.branches.forEach(visit);
        } else {
          const before = new Set(used.keys());
          const begin = now;
          s.swap.flat().forEach(touch);
          visit(s.cond);
          touch(s.pred);
          visit(s.body);
          now++;
          for (const slot of before) if ((used.get(slot)?.last ?? 0) > begin) touch(slot);
          s.swap.flat().forEach(touch);
        }
      }
    };
    visit(plan.steps);
    return plan.slots.flatMap((s, i) => {
      const u = used.get(i);
      return s.at !== "frame" || u === undefined || s.bytes === 0
        ? []
        : [{ from: s.offset, to: s.offset + s.bytes, ...u }];
    });
  }

  it("of live slots never overlaps", () => {
    for (let seed = 0; seed < 150; seed++) {
      const plan = compileProgram(randomProgram(seed, 40), { plugin: "test" });
      const list = lifetimes(plan);
      for (const [i, a] of list.entries())
        for (const b of list.slice(i + 1)) {
          const apart = a.to <= b.from || b.to <= a.from || a.last < b.first || b.last < a.first;
          if (!apart) throw new Error(`seed ${seed}: ${JSON.stringify([a, b])}\n${printPlan(plan)}`);
        }
      for (const s of plan.slots) if (s.at === "frame") expect(s.offset % 64).toBe(0);
    }
  });
});

it("the fuser asks traits: no op is named in it", () => {
  for (const folder of ["fuse", "memory", "loops"])
    for (const file of readdirSync(join(import.meta.dirname, folder))) {
      // scalar-ops.ts is the one table from ops to scalars.
      if (file.endsWith(".test.ts") || file === "scalar-ops.ts") continue;
      const text = readFileSync(join(import.meta.dirname, folder, file), "utf8");
      const shared = new Set(["abs", "add", "and", "cbrt", "ceil", "floor", "log", "not", "or", "popcnt", "reduce", "rsqrt", "select", "sign", "sort", "sqrt", "tan", "tanh", "xor", "while", "case", "convert", "atan2", "is_finite", "logistic", "constant", "iota"]); // prettier-ignore
      for (const op of OP_NAMES)
        if (!shared.has(op)) expect(text.includes(`"${op}"`), `${folder}/${file} names ${op}`).toBe(false);
    }
});
