// The compiler that code-generating plugins share: Program → Plan, and the interpreter that gives the loop IR its meaning.
export type * from "./loops/loop-ir.ts";
export type * from "./loops/plan.ts";
