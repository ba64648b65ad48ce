// Our functions for the cases that apply a JAX program: beside each id, what its source says, on the public API.
import errors from "./programs/errors.ts";
import lax from "./programs/lax.ts";
import linalg from "./programs/linalg.ts";
import numpy from "./programs/numpy.ts";
import transforms from "./programs/transforms.ts";
import type { CasePrograms } from "./run-case.ts";

const programs: CasePrograms = { ...errors, ...lax, ...linalg, ...numpy, ...transforms };
export default programs;
