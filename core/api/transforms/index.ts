// The public transformations of functions.
export {
  checkpoint,
  checkpointName,
  printSavedResiduals,
  remat,
  savedResiduals,
  type Checkpointed,
  type CheckpointOptions,
  type CheckpointPolicy,
  type SavedResidual,
  type Verdict,
} from "./checkpoint.ts";
export { clearCaches, compileCounters, type CompileCounters } from "./caches.ts";
export { explain, type ExplainedProgram, type Explanation, type Refusal } from "./explain.ts";
export * as checkpointPolicies from "./checkpoint-policies.ts";
export { closureConvert, customGradient } from "./custom-gradient.ts";
export { customJvp, type CustomJvpOptions } from "./custom-jvp.ts";
export { customVjp, type CustomVjpOptions } from "./custom-vjp.ts";
export { jvp, linearize, linearTranspose, vjp } from "./derivatives.ts";
export type { Pullback } from "./pullback.ts";
export { fwdAndBwd, type FwdAndBwdOptions } from "./fwd-and-bwd.ts";
export { grad, valueAndGrad, type GradOptions } from "./gradients.ts";
export { hessian, jacfwd, jacobian, jacrev, type JacobianOptions } from "./jacobians.ts";
export { jit, type Jitted } from "./jit.ts";
export type { JitOptions } from "./jit-options.ts";
export type { ArgInfo, Compiled, Dialect, Lowered, Traced } from "./lowered.ts";
export { evalShape, makeJaxpr, ShapeDtypeStruct, type ClosedJaxpr, type Spec, type Specs } from "./shapes.ts";
export { vmap, type VmapOptions } from "./vmap.ts";
export type { Argnums, AxisTree, Cotangent, Cotangents } from "./types.ts";
