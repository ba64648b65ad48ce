// tenon/transforms: grad, jit, vmap and the other transformations. The same objects as in "tenon".
import "./default-plugin.ts";
export * from "tenon-core/transforms";
