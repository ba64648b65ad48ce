// What an executable tells about itself.
import { byteLength, tenonError, type ConcreteType, type ExecutableExtensions } from "tenon-plugin-api";
import { printPlan, type Plan } from "tenon-plugin-kit";
import { blockSize } from "./memory.ts";

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
/**
 * Bytes of one run. `peakBytes` is what the run takes of the heap: blocks of results, frame and workspace, rounded as the
 * heap rounds them. The workspace is one for the client: a run that finds it large enough takes less.
 */
export function memoryOf(plan: Plan, workspaceBytes: number): ExecutableExtensions["memory"] {
  const sum = (types: readonly ConcreteType[]): number => types.reduce((n, t) => n + byteLength(t), 0);
  const aliased = plan.aliases.map(([arg]) => plan.params[arg] as ConcreteType);
  const own = plan.results.filter((_, r) => !plan.aliases.some(([, to]) => to === r));
  const blocks = own.map((t) => blockSize(byteLength(t)));
  for (const nbytes of [plan.frameBytes, workspaceBytes]) if (nbytes > 0) blocks.push(blockSize(nbytes));
  return {
    read: async () => ({
      argumentBytes: sum(plan.params),
      resultBytes: sum(plan.results),
      aliasedBytes: sum(aliased),
      temporaryBytes: plan.frameBytes + workspaceBytes,
      peakBytes: blocks.reduce((n, b) => n + b, 0),
    }),
  };
}
