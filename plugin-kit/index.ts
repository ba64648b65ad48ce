// The compiler that code-generating plugins share: Program → Plan, and the interpreter that gives the loop IR its meaning.
export type * from "./loops/loop-ir.ts";
export type * from "./loops/plan.ts";
export { interpretKernel, interpretRegion } from "./loops/interpret.ts";
export { interpretPlan } from "./loops/interpret-plan.ts";
export { evalScalar, identityOf, type Scalar } from "./loops/scalars.ts";
export { readElement, STORAGE, storageOf, writeElement } from "./loops/storage.ts";
