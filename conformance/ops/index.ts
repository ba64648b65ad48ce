// Cases of every wire op, by family, and of programs of many.
import type { OpCase } from "../case.ts";
import { BINARY } from "./binary.ts";
import { CONTRACTION } from "./contraction.ts";
import { CONTROL } from "./control.ts";
import { LOOPS } from "./loops.ts";
import { CONVERSION } from "./conversion.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { INDEXING } from "./indexing.ts";
import { RANDOM_PROGRAMS } from "./random-programs.ts";
import { REDUCE } from "./reduce.ts";
import { SORT } from "./sort.ts";
import { STRUCTURE } from "./structure.ts";
import { UNARY } from "./unary.ts";
import { WINDOW } from "./window.ts";

/** All of them. */
export const OP_CASES: readonly OpCase[] = [
  ...UNARY,
  ...BINARY,
  ...ELEMENTWISE,
  ...CONVERSION,
  ...STRUCTURE,
  ...INDEXING,
  ...REDUCE,
  ...WINDOW,
  ...SORT,
  ...CONTRACTION,
  ...CONTROL,
  ...LOOPS,
  ...RANDOM_PROGRAMS,
];
