// jax.random, camelCased: threefry keys and what is drawn from them.
export { foldIn, key, keyData, PRNGKey, split, wrapKeyData } from "./keys.ts";
