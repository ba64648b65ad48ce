// The compiler that code-generating plugins share: Program → Plan, and the interpreter that gives the loop IR its meaning.
export type * from "./loops/loop-ir.ts";
export type * from "./loops/plan.ts";
export { MAX_LEVELS } from "./loops/plan.ts";
export { interpretKernel, interpretRegion } from "./loops/interpret.ts";
export { along, interpretPlan } from "./loops/interpret-plan.ts";
export { evalScalar, identityOf, type Scalar } from "./loops/scalars.ts";
export { readElement, STORAGE, storageOf, writeElement } from "./loops/storage.ts";
export { Builder, type Draft, type Plain, type Ref, type Rewriter } from "./builder.ts";
export {
  definePlugin,
  type Kernels,
  type LimitedKernel,
  type PluginDefinition,
  type TensorDefinition,
} from "./define-plugin.ts";
export type {
  Call,
  HostForm,
  Kernel as HostKernel,
  Listed,
  Region as HostRegion,
} from "./host/interpreter.ts";
export {
  copyElement,
  dot,
  each,
  fromBytes,
  numberAt,
  partsOf,
  rearranged,
  sizeOf,
  strides,
  tensor,
  toBytes,
  type Elements,
  type Tensor,
} from "./host/tensor.ts";
export { closureOf, type Closure } from "./passes/closure.ts";
export { decompose, type DecomposeOptions } from "./passes/decompose.ts";
export { callsHost, CutExecutable, type SyncClient } from "./cut/executable.ts";
export { cutProgram, needsCut, type CutBlock, type CutProgram, type CutStep } from "./cut/cut.ts";
export { compileProgram, type CompileTarget } from "./compile.ts";
export { printIx, printKernel, printPlan, printRegion } from "./loops/print.ts";
export { generalise, kernelKey } from "./loops/generalise.ts";
export { eliminateDeadCode } from "./passes/dce.ts";
export { splitComplex, usesComplex } from "./passes/complex/split.ts";
