// Classes as nodes of trees: how each is taken apart and made again.
import { fail } from "../errors.ts";

/** A step into a tree: a field, a key of a map, or a place in a list. */
export type PathKey = string | number;
/** A class, abstract ones included. */
export type Constructor<T = object> = abstract new (...args: never[]) => T;
/** What a node holds: its children, what isn't traced, and the children's keys where it names them. */
export type Parts = readonly [children: readonly unknown[], meta: unknown, keys?: readonly PathKey[]];

/** How a class is taken apart and made again. */
export interface ClassNode {
  readonly name: string;
  readonly flatten: (x: never) => Parts;
  readonly unflatten: (meta: never, children: readonly unknown[]) => unknown;
}

const registry = new Map<Constructor, ClassNode>();
/** The registration of the class of `x`, undefined if there is none. Subclasses aren't meant by the registration of their base. */
export function classNodeOf(x: object): ClassNode | undefined {
  const prototype = Object.getPrototypeOf(x) as { constructor?: Constructor } | null;
  return prototype?.constructor === undefined ? undefined : registry.get(prototype.constructor);
}
/** Is the class registered? */
export const isRegistered = (type: Constructor): boolean => registry.has(type);

function register(name: string, nodetype: Constructor, node: Omit<ClassNode, "name">): void {
  if (typeof nodetype !== "function")
    throw fail("E_ARGUMENT", `${name}: got a ${typeof nodetype}, expected a class`);
  if (registry.has(nodetype)) throw fail("E_TREE", `${name}: class ${nodetype.name} is registered already`);
  registry.set(nodetype, { name: nodetype.name, ...node });
}

/** @throws E_ARGUMENT unless `spec` holds functions of these names */
function checkFunctions(name: string, spec: unknown, words: readonly string[]): void {
  const found = (typeof spec === "object" && spec !== null ? spec : {}) as Readonly<Record<string, unknown>>;
  const missing = words.find((w) => typeof found[w] !== "function");
  if (missing !== undefined)
    throw fail("E_ARGUMENT", `${name}: expected { ${words.join(", ")} }, functions; there is no ${missing}`);
}
/** @throws E_ARGUMENT unless it is a list of names */
function checkFields(name: string, word: string, fields: unknown): void {
  if (!Array.isArray(fields) || !fields.every((k) => typeof k === "string"))
    throw fail("E_ARGUMENT", `${name}: ${word} is no list of names of fields`, {
      hint: 'write { data: ["w", "b"], meta: ["name"] }',
    });
}

/** How `registerPytreeNode` takes a class apart. */
export interface NodeSpec<T> {
  /** Children, and metadata that is part of the structure. */
  readonly flatten: (x: T) => readonly [children: readonly unknown[], meta: unknown];
  readonly unflatten: (meta: never, children: readonly unknown[]) => T;
  /** `flatten` with a key for each child, for paths in errors and `mapWithPath`. */
  readonly flattenWithKeys?: KeyedFlatten<T> | undefined;
}
/** Children with their keys, and metadata. */
export type KeyedFlatten<T> = (
  x: T,
) => readonly [children: readonly (readonly [key: PathKey, child: unknown])[], meta: unknown];
const unkeyed =
  <T>(flatten: KeyedFlatten<T>) =>
  (x: T): Parts => {
    const [pairs, meta] = flatten(x);
    return [pairs.map(([, child]) => child), meta, pairs.map(([key]) => key)];
  };

/**
 * Makes a class a tree node: `flatten` gives its children and its metadata, `unflatten` makes it again. Metadata is compared
 * by Object.is, lists by their elements, objects that have it by `equals()`.
 * @throws E_TREE if it is one already. Source: jax.tree_util.register_pytree_node
 * @example tree.registerPytreeNode(Pair, { flatten: (p) => [[p.a, p.b], null], unflatten: (_, [a, b]) => new Pair(a, b) })
 */
export function registerPytreeNode<T extends object>(nodetype: Constructor<T>, spec: NodeSpec<T>): void {
  checkFunctions("tree.registerPytreeNode", spec, ["flatten", "unflatten"]);
  const { flatten, unflatten, flattenWithKeys } = spec;
  register("tree.registerPytreeNode", nodetype, {
    flatten: flattenWithKeys === undefined ? flatten : unkeyed(flattenWithKeys),
    unflatten,
  });
}

/** `registerPytreeNode` with a key for each child. Source: jax.tree_util.register_pytree_with_keys. */
export function registerPytreeWithKeys<T extends object>(
  nodetype: Constructor<T>,
  spec: { readonly flattenWithKeys: KeyedFlatten<T>; readonly unflatten: NodeSpec<T>["unflatten"] },
): void {
  checkFunctions("tree.registerPytreeWithKeys", spec, ["flattenWithKeys", "unflatten"]);
  register("tree.registerPytreeWithKeys", nodetype, {
    flatten: unkeyed(spec.flattenWithKeys),
    unflatten: spec.unflatten,
  });
}

/** A class that says itself how it is taken apart. */
export interface PytreeClass<T extends { treeFlatten(): Parts }> {
  new (...args: never[]): T;
  treeUnflatten(meta: never, children: readonly unknown[]): T;
}
/**
 * Makes a class with `treeFlatten()` and a static `treeUnflatten(meta, children)` a tree node, and returns it.
 * Source: jax.tree_util.register_pytree_node_class
 */
export function registerPytreeNodeClass<C extends PytreeClass<{ treeFlatten(): Parts }>>(cls: C): C {
  register("tree.registerPytreeNodeClass", cls, {
    flatten: (x: { treeFlatten(): Parts }) => x.treeFlatten(),
    unflatten: (meta, children) => cls.treeUnflatten(meta, children),
  });
  return cls;
}
/** The same with `treeFlattenWithKeys()`, which gives pairs of key and child. Source: jax.tree_util.register_pytree_with_keys_class. */
export function registerPytreeWithKeysClass<
  T extends { treeFlattenWithKeys(): ReturnType<KeyedFlatten<T>> },
  C extends { new (...args: never[]): T; treeUnflatten(meta: never, children: readonly unknown[]): T },
>(cls: C): C {
  register("tree.registerPytreeWithKeysClass", cls, {
    flatten: unkeyed((x: T) => x.treeFlattenWithKeys()),
    unflatten: (meta, children) => cls.treeUnflatten(meta, children),
  });
  return cls;
}

/** Makes a class a node without leaves, itself part of the structure (compared by `equals()` if it has it). Source: jax.tree_util.register_static. */
export function registerStatic<C extends Constructor>(cls: C): C {
  register("tree.registerStatic", cls, { flatten: (x) => [[], x], unflatten: (x) => x });
  return cls;
}

/** The fields of a class that `registerDataclass` makes a node. */
export interface DataclassFields<T> {
  /** Fields that are subtrees. */
  readonly data: readonly (keyof T & string)[];
  /** Fields that are part of the structure. */
  readonly meta?: readonly (keyof T & string)[] | undefined;
  /** Fields that get lost. */
  readonly drop?: readonly (keyof T & string)[] | undefined;
}
/**
 * Makes a class with named data and metadata fields a tree node. Its constructor isn't called when it is made again.
 * Source: jax.tree_util.register_dataclass
 * @example tree.registerDataclass(Linear, { data: ["w", "b"], meta: ["act"] })
 */
export function registerDataclass<T extends object>(
  nodetype: new (...args: never[]) => T,
  fields: DataclassFields<T>,
): void {
  const name = "tree.registerDataclass";
  const given = typeof fields === "object" && fields !== null ? fields : { data: [null as never] };
  const { data, meta = [], drop = [] } = given;
  checkFields(name, "data", data);
  checkFields(name, "meta", meta);
  checkFields(name, "drop", drop);
  const twice = [...data, ...meta, ...drop].find((k, i, all) => all.indexOf(k) !== i);
  if (twice !== undefined)
    throw fail("E_ARGUMENT", `${name}: field ${twice} of ${nodetype.name} is named twice`);
  register(name, nodetype, {
    flatten: (x: T): Parts => [data.map((k) => x[k]), meta.map((k) => x[k]), data],
    unflatten: (values: readonly unknown[], children: readonly unknown[]) => {
      const out = Object.create(nodetype.prototype as object) as Record<string, unknown>;
      data.forEach((k, i) => {
        out[k] = children[i];
      });
      meta.forEach((k, i) => {
        out[k] = values[i];
      });
      return out;
    },
  });
}
