// np.fft and lax.fft against JAX's values, on the embedded device and the oracle.
import { againstJax } from "./testing/against-jax.ts";
import { programs } from "./testing/fft/programs.ts";

againstJax("fft", programs, 130);
