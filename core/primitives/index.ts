// The closed list of primitives.
import type { Primitive } from "../ir/primitive.ts";
import { debug_callback_p, io_callback_p, pure_callback_p } from "./callbacks.ts";
import { check_p } from "./check.ts";
import { checkpoint_p } from "./checkpoint.ts";
import { cond_p } from "./cond.ts";
import { custom_vmap_p } from "./custom-vmap.ts";
import { jit_p } from "./jit.ts";
import { lax } from "./lax.ts";
import { linear_call_p } from "./linear-call.ts";
import { linear_solve_p } from "./linear-solve.ts";
import { reduce_p, reduce_window_p } from "./region-reduce.ts";
import { scan_p } from "./scan.ts";
import { while_p } from "./while.ts";
import { scatterWires } from "./scatter.ts";

const named = Object.entries(lax)
  .filter(([name]) => name.endsWith("_p"))
  .map(([, p]) => p as unknown as Primitive);

/** Every primitive there is. Laws and coverage iterate it. */
export const PRIMITIVES: readonly Primitive[] = [
  ...named,
  ...scatterWires,
  reduce_p,
  reduce_window_p,
  jit_p,
  scan_p,
  while_p,
  cond_p,
  checkpoint_p,
  custom_vmap_p,
  linear_call_p,
  linear_solve_p,
  debug_callback_p,
  pure_callback_p,
  io_callback_p,
  check_p,
];
