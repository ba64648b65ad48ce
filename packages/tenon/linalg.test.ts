// np.linalg, lax.linalg and scipy.linalg against JAX's values, on the embedded device and the oracle.
import { againstJax } from "./testing/against-jax.ts";
import { programs } from "./testing/linalg/programs.ts";

againstJax("linalg", programs, 90);
