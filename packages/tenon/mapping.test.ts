// vmap and its named axes, jit, and trees against JAX's values, on the embedded device and the oracle.
import { againstJax } from "./testing/against-jax.ts";
import { programs } from "./testing/mapping/programs.ts";

againstJax("mapping", programs, 85);
