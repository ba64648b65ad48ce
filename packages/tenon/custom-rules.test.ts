// Functions with rules of their own against JAX's values, on the embedded device and the oracle.
import { againstJax } from "./testing/against-jax.ts";
import { programs } from "./testing/custom-rules/programs.ts";

againstJax("custom-rules", programs, 116);
