// Pytrees: nested containers of leaves. Object keys are sorted by code point (JAX's order). Structures are interned;
// key paths are made only when someone asks for them, so that a cached call costs one walk over its arguments.
import { shownAsText } from "./inspect.ts";
import { fail } from "../errors.ts";
import { isForeignArray, NDArray } from "./ndarray.ts";
import { identityOf } from "./primitive.ts";
import { classNodeOf, type ClassNode, type PathKey } from "./tree-registry.ts";

export type { PathKey } from "./tree-registry.ts";

/** What a node of a tree is. */
export type TreeKind = "leaf" | "null" | "list" | "object" | "map" | "class";
/** The structure of a tree; interned, so that equality is ===. */
export interface TreeDef {
  readonly id: number;
  readonly kind: TreeKind;
  /** Object and Map keys in leaf order; the field names of a class. */
  readonly keys: readonly unknown[];
  readonly children: readonly TreeDef[];
  readonly numLeaves: number;
  readonly node: ClassNode | null;
  readonly meta: unknown;
  /** `{b: *, w: [*, *]}`: a leaf is a star. */
  toString(): string;
}

// --- interning -----------------------------------------------------------------------------------------------------

const interned = new Map<string, TreeDef>();
const made = new WeakSet<object>();
/** @throws E_TREE for what is no structure */
export function checkTreeDef(name: string, x: unknown): asserts x is TreeDef {
  if (typeof x !== "object" || x === null || !made.has(x))
    throw fail("E_TREE", `${name}: expected the structure of a tree`, { hint: "tree.structure(t) gives it" });
}
const comparable: { equals(other: unknown): boolean }[] = [];

/** A text that is equal for values that count as equal: by Object.is, by `equals()`, lists by their elements. */
function identify(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(identify).join(",")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  if ((typeof value !== "object" && typeof value !== "function") || value === null)
    return `${typeof value}${Object.is(value, -0) ? "-0" : String(value)}`;
  if (typeof (value as { equals?: unknown }).equals !== "function") return `@${identityOf(value)}`;
  const object = value as { equals(other: unknown): boolean };
  const at = comparable.findIndex((c) => c.constructor === object.constructor && c.equals(object));
  return `=${at >= 0 ? at : comparable.push(object) - 1}`;
}

function intern(
  kind: TreeKind,
  keys: readonly unknown[],
  children: readonly TreeDef[],
  node: ClassNode | null = null,
  meta: unknown = null,
): TreeDef {
  const of = node === null ? "" : `${identityOf(node)}#${identify(meta)}`;
  const key = `${kind}${identify(keys)}${of}(${children.map((c) => c.id).join(",")})`;
  let def = interned.get(key);
  if (def === undefined) {
    const numLeaves = kind === "leaf" ? 1 : children.reduce((n, c) => n + c.numLeaves, 0);
    def = Object.freeze(
      shownAsText({ id: interned.size, kind, keys, children, numLeaves, node, meta, toString: print }),
    );
    interned.set(key, def);
    made.add(def);
  }
  return def;
}
function print(this: TreeDef): string {
  return printTree(this);
}

/** The structure of a leaf. */
export const LEAF: TreeDef = intern("leaf", [], []);
const NULL: TreeDef = intern("null", [], []);

/** The structure of a list of these. */
export const listOf = (children: readonly TreeDef[]): TreeDef => intern("list", [children.length], children);

// --- walking -------------------------------------------------------------------------------------------------------

const codePointOrder = (a: string, b: string): number => {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const d = ((x[i] as string).codePointAt(0) as number) - ((y[i] as string).codePointAt(0) as number);
    if (d !== 0) return d;
  }
  return x.length - y.length;
};
const isPlain = (x: object): boolean => {
  const p = Object.getPrototypeOf(x) as unknown;
  return p === Object.prototype || p === null;
};
/** NaN, which is one key of a Map, comes last. */
const numberOrder = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b)
    ? Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    : a < b
      ? -1
      : a > b
        ? 1
        : 0;
function mapKeys(x: ReadonlyMap<unknown, unknown>): unknown[] {
  const keys = [...x.keys()];
  if (keys.every((k) => typeof k === "string")) return keys.sort(codePointOrder);
  return keys.every((k) => typeof k === "number") ? keys.sort(numberOrder) : keys;
}

/** One level of a container: its structure without children, and the children. */
export interface Level {
  readonly kind: TreeKind;
  readonly keys: readonly unknown[];
  readonly children: readonly unknown[];
  readonly node?: ClassNode;
  readonly meta?: unknown;
}
const NOTHING: Level = { kind: "null", keys: [], children: [] };

/** One level of `x`; null for a leaf. */
export function levelOf(x: unknown): Level | null {
  if (x === null) return NOTHING;
  if (typeof x === "function") return classLevel(x);
  if (typeof x !== "object" || x instanceof NDArray || ArrayBuffer.isView(x)) return null;
  if (Array.isArray(x)) return { kind: "list", keys: [x.length], children: x };
  if (x instanceof Map) {
    const keys = mapKeys(x);
    return { kind: "map", keys, children: keys.map((k) => x.get(k) as unknown) };
  }
  if (!isPlain(x)) return classLevel(x);
  const keys = Object.keys(x).sort(codePointOrder);
  return { kind: "object", keys, children: keys.map((k) => (x as Record<string, unknown>)[k]) };
}

function classLevel(x: object): Level | null {
  const node = classNodeOf(x);
  if (node === undefined) return null;
  const [children, meta, keys = []] = node.flatten(x as never);
  return { kind: "class", keys, children, node, meta };
}

/** A tree taken apart. */
export interface Flattened {
  readonly leaves: unknown[];
  readonly treedef: TreeDef;
}
/** What counts as a leaf. */
export interface FlattenOptions {
  /** What counts as a leaf although it is a container (or null). */
  readonly isLeaf?: ((x: unknown) => boolean) | undefined;
  /** The same by place. */
  readonly isLeafAt?: ((path: readonly PathKey[], x: unknown) => boolean) | undefined;
  /** Allow any value as a leaf. */
  readonly any?: boolean | undefined;
  /** How errors name a place. */
  readonly placeName?: ((path: readonly PathKey[]) => string) | undefined;
}

/** Leaves and structure. @throws E_TREE, E_TREE_LEAF with the path of the offending value */
export function flatten(tree: unknown, name = "tree.flatten", options: FlattenOptions = {}): Flattened {
  if (options.isLeafAt !== undefined) return flattenByPath(tree, options.isLeafAt);
  const { isLeaf, any } = options;
  const leaves: unknown[] = [];
  const visit = (x: unknown): TreeDef => {
    const chosen = isLeaf?.(x) === true;
    const level = chosen ? null : levelOf(x);
    if (level === null || refusal(x) !== null) {
      if (!chosen && any !== true) checkLeaf(name, x, tree, options.placeName ?? printPath);
      leaves.push(x);
      return LEAF;
    }
    if (level === NOTHING) return NULL;
    return intern(level.kind, level.keys, level.children.map(visit), level.node, level.meta);
  };
  const treedef = visit(tree);
  return { leaves, treedef };
}
function flattenByPath(tree: unknown, isLeafAt: NonNullable<FlattenOptions["isLeafAt"]>): Flattened {
  const leaves: unknown[] = [];
  const visit = (x: unknown, path: readonly PathKey[]): TreeDef => {
    const level = isLeafAt(path, x) ? null : levelOf(x);
    if (level === null) {
      leaves.push(x);
      return LEAF;
    }
    const children = level.children.map((c, i) => visit(c, [...path, pathKeyAt(level, i)]));
    return level === NOTHING ? NULL : intern(level.kind, level.keys, children, level.node, level.meta);
  };
  return { treedef: visit(tree, []), leaves };
}

/** Is `tree` of the structure `treedef`? Then its leaves are appended. The hot path of cached calls: nothing is interned. */
export function flattenLike(treedef: TreeDef, tree: unknown, leaves: unknown[]): boolean {
  switch (treedef.kind) {
    case "leaf":
      if (!isArrayLeaf(tree)) return false;
      leaves.push(tree);
      return true;
    case "null":
      return tree === null;
    case "list":
      return (
        Array.isArray(tree) &&
        tree.length === treedef.keys[0] &&
        treedef.children.every((c, i) => flattenLike(c, tree[i], leaves))
      );
    case "object":
      return flattenObjectLike(treedef, tree, leaves);
    default: {
      const level = levelOf(tree);
      return (
        level !== null &&
        level.node === (treedef.node ?? undefined) &&
        intern(level.kind, level.keys, treedef.children, level.node, level.meta) === treedef &&
        treedef.children.every((c, i) => flattenLike(c, level.children[i], leaves))
      );
    }
  }
}
function flattenObjectLike(treedef: TreeDef, tree: unknown, leaves: unknown[]): boolean {
  if (typeof tree !== "object" || tree === null || !isPlain(tree)) return false;
  if (Object.getOwnPropertySymbols(tree).length > 0) return false;
  const { keys, children } = treedef;
  if (Object.keys(tree).length !== keys.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (!Object.hasOwn(tree, key)) return false;
    if (!flattenLike(children[i] as TreeDef, (tree as Record<string, unknown>)[key], leaves)) return false;
  }
  return true;
}
const isArrayLeaf = (x: unknown): boolean =>
  x instanceof NDArray ||
  typeof x === "number" ||
  typeof x === "bigint" ||
  typeof x === "boolean" ||
  ArrayBuffer.isView(x);

/** Why a container can't be one: null if it can. */
function refusal(x: unknown): string | null {
  if (typeof x !== "object" || x === null || Array.isArray(x) || !isPlain(x)) return null;
  if (Object.getOwnPropertySymbols(x).length > 0) return "symbol keys";
  const getter = Object.keys(x).find((k) => Object.getOwnPropertyDescriptor(x, k)?.get !== undefined);
  return getter === undefined ? null : `a getter "${getter}", whose value may change from call to call,`;
}

/** Where `undefined` stands in a tree taken apart, null if nowhere. */
export function placeOfUndefined({ leaves, treedef }: Flattened): string | null {
  const at = leaves.indexOf(undefined);
  return at < 0 ? null : printPath(pathsOf(treedef)[at] ?? []) || "the root";
}

/** Is it a promise? No tree of arrays has any. */
export const isPromise = (x: unknown): boolean =>
  typeof (x as { then?: unknown } | null)?.then === "function";

/** The class of an object, for messages; of a generator, whose constructor has no name, its tag. */
export const className = (x: object): string =>
  (x.constructor as { readonly name?: string } | undefined)?.name ||
  Object.prototype.toString.call(x).slice(8, -1);

/** Throws for a value that can't be a leaf of arrays. */
function checkLeaf(
  name: string,
  x: unknown,
  tree: unknown,
  placeName: (path: readonly PathKey[]) => string,
): void {
  if (isArrayLeaf(x)) return;
  const where = (): string => {
    const path = pathTo(tree, x);
    return path === null || path.length === 0 ? "the root" : placeName(path);
  };
  if (isPromise(x)) throw fail("E_TRACE_ASYNC", `${name}: a promise at ${where()}`);
  if (x === undefined) throw fail("E_TREE", `${name}: undefined at ${where()}; use null for "nothing here"`);
  const why = refusal(x);
  if (why !== null) throw fail("E_TREE", `${name}: ${why} at ${where()}`);
  if (isForeignArray(x))
    throw fail("E_TWO_COPIES", `${name}: the array at ${where()} belongs to another copy of tenon`);
  const what =
    typeof x === "object"
      ? `an object of class ${className(x as object)} is not registered as a tree node`
      : `a ${typeof x} is neither an array nor a container`;
  const isIterable = typeof x === "object" && Symbol.iterator in (x as object);
  throw fail("E_TREE_LEAF", `${name}: at ${where()}: ${what}`, {
    ...(isIterable ? { hint: "make a list of what it yields, [...xs], or make the argument static" } : {}),
  });
}

// --- paths ---------------------------------------------------------------------------------------------------------

/** Where `wanted` stands in a tree (the first place), null if nowhere. */
function pathTo(tree: unknown, wanted: unknown): PathKey[] | null {
  if (Object.is(tree, wanted)) return [];
  const level = levelOf(tree);
  if (level === null) return null;
  for (const [i, child] of level.children.entries()) {
    const below = pathTo(child, wanted);
    if (below !== null) return [pathKeyAt(level, i), ...below];
  }
  return null;
}
/** The key of child i. */
export const pathKeyAt = (level: Pick<TreeDef, "kind" | "keys">, i: number): PathKey => {
  const key = level.kind === "list" ? i : (level.keys[i] ?? i);
  return typeof key === "number" ? key : String(key);
};

/** The path of each leaf. */
export function pathsOf(treedef: TreeDef): PathKey[][] {
  if (treedef.kind === "leaf") return [[]];
  return treedef.children.flatMap((c, i) => pathsOf(c).map((path) => [pathKeyAt(treedef, i), ...path]));
}

/** A path as one writes it: `layers[2].w`. */
export const printPath = (path: readonly PathKey[]): string =>
  path
    .map((key, i) =>
      typeof key === "number"
        ? `[${key}]`
        : /^[A-Za-z_$][\w$]*$/.test(key)
          ? `${i === 0 ? "" : "."}${key}`
          : `[${JSON.stringify(key)}]`,
    )
    .join("");

/** `{b: *, w: [*, *]}`: a leaf is a star. */
export function printTree(def: TreeDef): string {
  switch (def.kind) {
    case "leaf":
      return "*";
    case "null":
      return "null";
    case "list":
      return `[${def.children.map(printTree).join(", ")}]`;
    case "object":
    case "map":
      return `{${def.children.map((c, i) => `${String(def.keys[i])}: ${printTree(c)}`).join(", ")}}`;
    case "class":
      return `${(def.node as ClassNode).name}(${def.children.map(printTree).join(", ")})`;
  }
}

// --- building ------------------------------------------------------------------------------------------------------

/** The tree with these leaves. */
export function unflatten(treedef: TreeDef, leaves: readonly unknown[]): unknown {
  if (leaves.length !== treedef.numLeaves)
    throw fail(
      "E_TREE_MISMATCH",
      `tree.unflatten: ${leaves.length} leaves for a structure of ${treedef.numLeaves}, ${printTree(treedef)}`,
    );
  let at = 0;
  const build = (def: TreeDef): unknown => {
    switch (def.kind) {
      case "leaf":
        return leaves[at++];
      case "null":
        return null;
      case "list":
        return def.children.map(build);
      case "object": {
        const out: Record<string, unknown> = {};
        def.children.forEach((c, i) => {
          out[def.keys[i] as string] = build(c);
        });
        return out;
      }
      case "map":
        return new Map(def.children.map((c, i) => [def.keys[i], build(c)] as const));
      case "class":
        return (def.node as ClassNode).unflatten(def.meta as never, def.children.map(build));
    }
  };
  return build(treedef);
}

/** The subtrees of `tree` at the leaves of `treedef`. @throws E_TREE_MISMATCH with the path where they part */
export function flattenUpTo(treedef: TreeDef, tree: unknown, name: string): unknown[] {
  const out: unknown[] = [];
  const visit = (def: TreeDef, x: unknown, path: readonly PathKey[]): void => {
    if (def.kind === "leaf") {
      out.push(x);
      return;
    }
    const level = levelOf(x);
    const alike =
      level !== null &&
      level.kind === def.kind &&
      level.children.length === def.children.length &&
      level.keys.every((k, i) => Object.is(k, def.keys[i])) &&
      level.node === (def.node ?? undefined);
    if (!alike)
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: trees differ at ${printPath(path) || "the root"}: expected ${printTree(def)}, got ${describe(x)}`,
      );
    def.children.forEach((c, i) => visit(c, level.children[i], [...path, pathKeyAt(def, i)]));
  };
  visit(treedef, tree, []);
  return out;
}
const describe = (x: unknown): string => {
  if (levelOf(x) !== null) return printTree(flatten(x, "tree", { any: true }).treedef);
  return x instanceof NDArray ? String(x.aval) : x === undefined ? "nothing" : `a ${typeof x}`;
};

/** Spreads a prefix tree (one value for a whole subtree) over the leaves of `treedef`. */
export function broadcastPrefix(
  prefix: unknown,
  treedef: TreeDef,
  name: string,
  isLeaf: (x: unknown) => boolean,
): unknown[] {
  const out: unknown[] = [];
  const visit = (p: unknown, def: TreeDef, path: readonly PathKey[]): void => {
    if (isLeaf(p)) {
      for (let i = 0; i < def.numLeaves; i++) out.push(p);
      return;
    }
    const level = levelOf(p);
    const where = printPath(path) || "the root";
    if (level === null)
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: at ${where} got ${p === undefined ? "nothing" : describe(p)}, expected a setting or a tree of them`,
      );
    if (
      level.children.length !== def.children.length ||
      (level.kind !== "list" && !level.keys.every((k, i) => Object.is(k, def.keys[i])))
    )
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: at ${where} the settings are ${describe(p)}, the tree is ${printTree(def)}`,
        path.length === 0 && level.kind !== "list" && def.kind === "list" && def.children.length === 1
          ? { hint: "one entry for each argument: wrap the settings in a list, [{ … }]" }
          : {},
      );
    def.children.forEach((c, i) => visit(level.children[i], c, [...path, pathKeyAt(def, i)]));
  };
  visit(prefix, treedef, []);
  return out;
}
