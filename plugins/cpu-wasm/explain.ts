// What an executable tells about itself.
import { byteLength, tenonError, type ConcreteType, type ExecutableExtensions } from "tenon-plugin-api";
import { printPlan, type Plan } from "tenon-plugin-kit";

/** The plan in short, and with its kernels in full. */
export function textOf(plan: Plan): ExecutableExtensions["text"] {
  return {
    stages: ["plan", "kernels"],
    read: async (stage) => {
      if (stage === "plan") return printPlan(plan);
      if (stage === "kernels") return printPlan(plan, { full: true });
      throw tenonError(
        "NOT_FOUND",
        `cpu-wasm: no stage ${stage} of ${plan.name}; there are plan and kernels`,
        {
          plugin: "cpu-wasm",
          reason: "E_STAGE",
        },
      );
    },
  };
}
/** Bytes of one run. */
export function memoryOf(plan: Plan): ExecutableExtensions["memory"] {
  const sum = (types: readonly ConcreteType[]): number => types.reduce((n, t) => n + byteLength(t), 0);
  const aliased = plan.aliases.map(([arg]) => plan.params[arg] as ConcreteType);
  return {
    read: async () => ({
      argumentBytes: sum(plan.params),
      resultBytes: sum(plan.results),
      aliasedBytes: sum(aliased),
      temporaryBytes: plan.frameBytes,
      peakBytes: plan.peakBytes,
    }),
  };
}
