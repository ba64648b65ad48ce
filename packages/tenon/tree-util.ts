// tenon/tree-util: jax.tree_util, camelCased. The same objects as in "tenon".
import "./default-plugin.ts";
export * from "tenon-core/tree-util";
