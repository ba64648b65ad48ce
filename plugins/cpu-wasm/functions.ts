// Which functions a plan calls, under which keys, and how each is written.
import { kernelKey, printRegion, type Int, type Kernel, type Plan } from "tenon-plugin-kit";
import { compileKernel } from "./codegen/kernel.ts";
import { callsOf, mainFunction, type CallStep, type Layout } from "./codegen/main.ts";
import { sortFunction } from "./kernels/sort.ts";
import type { Linker, Wanted } from "./linker.ts";

/** The functions of a plan; the one to run comes first. */
export function wantedOf(linker: Linker, plan: Plan, layout: Layout, only: CallStep | null): Wanted[] {
  const wanted = new Map<CallStep, Wanted>();
  for (const step of callsOf(plan.steps)) if (step.do !== "gemm") wanted.set(step, wantedStep(linker, step));
  if (only !== null) return [...wanted.values()];
  const main: Wanted = {
    key: `main ${nextMain++}`,
    optimised: false,
    write: (types, slotOf) =>
      mainFunction(
        plan,
        layout,
        (step) =>
          step.do === "gemm" ? linker.gemm(step.gemm.dtype) : slotOf((wanted.get(step) as Wanted).key),
        types,
      ),
  };
  return [main, ...wanted.values()];
}
/** Mains are never shared; the number only tells them apart. */
let nextMain = 0;

/** Operations of one run above which the baseline compiler's code costs more time than the optimising compiler. */
const HEAVY = 8e6;
/** Scalar operations of one run. */
function workOf(kernel: Kernel, uniforms: readonly number[]): number {
  const extent = (axis: number): number => {
    const n = (kernel.axes[axis] as { extent: Int }).extent;
    return typeof n === "number" ? n : (uniforms[n.uniform] as number);
  };
  const points = (axes: readonly number[]): number => axes.reduce((n, a) => n * extent(a), 1);
  const inside = kernel.stages.reduce((n, s) => n + points(s.over) * s.body.length, 0);
  return points(kernel.shared) * inside;
}

function wantedStep(linker: Linker, step: Exclude<CallStep, { do: "gemm" }>): Wanted {
  if (step.do === "sort") {
    const { dtypes, comparator } = step.sort;
    return {
      key: `sort ${dtypes.join(",")} ${printRegion(comparator)}`,
      optimised: true,
      write: () => sortFunction(step.sort, linker.relaxed),
    };
  }
  return {
    key: `kernel ${kernelKey(step.kernel, step.schedule)}`,
    optimised: workOf(step.kernel, step.uniforms) > HEAVY,
    write: () => compileKernel(step.kernel, step.schedule, linker),
  };
}
