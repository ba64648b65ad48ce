// Loops, branches and regions against JAX's values, on the embedded device and the oracle.
import { againstJax } from "./testing/against-jax.ts";
import { programs } from "./testing/control-flow/programs.ts";

againstJax("control-flow", programs, 140);
