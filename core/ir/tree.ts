// Pytrees: nested containers of leaves. Object keys are sorted by code point (JAX's order).
import { fail } from "../errors.ts";
import { NDArray } from "./ndarray.ts";

export type TreeKind = "leaf" | "null" | "list" | "object" | "map" | "class";
/** The structure of a tree; interned, so that equality is ===. */
export interface TreeDef {
  readonly id: number;
  readonly kind: TreeKind;
  /** Object and Map keys in leaf order. */
  readonly keys: readonly unknown[];
  readonly children: readonly TreeDef[];
  readonly numLeaves: number;
  readonly node: ClassNode | null;
  readonly meta: unknown;
}
interface ClassNode {
  readonly flatten: (x: never) => readonly [children: readonly unknown[], meta: unknown];
  readonly unflatten: (meta: never, children: readonly unknown[]) => unknown;
  readonly keys?: readonly string[];
}
type Constructor = abstract new (...args: never[]) => object;

const registry = new Map<Constructor, ClassNode>();
const interned = new Map<string, TreeDef>();
const metas: unknown[] = [];

function intern(
  kind: TreeKind,
  keys: readonly unknown[],
  children: readonly TreeDef[],
  node: ClassNode | null = null,
  meta: unknown = null,
): TreeDef {
  const metaId = node === null ? "" : `${[...registry.values()].indexOf(node)}#${metaIndex(meta)}`;
  const key = `${kind}(${keys.map((k) => `${typeof k}${String(k)}`).join("\u0001")})[${children.map((c) => c.id).join(",")}]${metaId}`;
  let def = interned.get(key);
  if (def === undefined) {
    const numLeaves = kind === "leaf" ? 1 : children.reduce((n, c) => n + c.numLeaves, 0);
    interned.set(
      key,
      (def = Object.freeze({ id: interned.size, kind, keys, children, numLeaves, node, meta })),
    );
  }
  return def;
}
function metaIndex(meta: unknown): number {
  const same = (m: unknown): boolean =>
    Object.is(m, meta) ||
    (typeof (m as { equals?: unknown } | null)?.equals === "function" &&
      (m as { equals(o: unknown): boolean }).equals(meta)) ||
    (Array.isArray(m) &&
      Array.isArray(meta) &&
      m.length === meta.length &&
      m.every((v, i) => Object.is(v, meta[i])));
  const at = metas.findIndex(same);
  return at >= 0 ? at : metas.push(meta) - 1;
}

export const LEAF: TreeDef = intern("leaf", [], []);
const NULL: TreeDef = intern("null", [], []);

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

export interface Flattened {
  readonly leaves: unknown[];
  readonly treedef: TreeDef;
  readonly paths: string[];
}
export interface FlattenOptions {
  readonly isLeaf?: ((x: unknown) => boolean) | undefined;
  /** Allow any value as a leaf. */ readonly any?: boolean | undefined;
}

/** Leaves, structure and key paths. @throws E_TREE, E_TREE_LEAF with the path of the offending value */
export function flatten(tree: unknown, name = "tree.flatten", options: FlattenOptions = {}): Flattened {
  const leaves: unknown[] = [];
  const paths: string[] = [];
  const leaf = (x: unknown, path: string): TreeDef => {
    leaves.push(x);
    paths.push(path);
    return LEAF;
  };
  const visit = (x: unknown, path: string): TreeDef => {
    if (options.isLeaf?.(x) === true || x instanceof NDArray) return leaf(x, path);
    if (x === null) return NULL;
    if (x === undefined && options.any !== true)
      throw fail("E_TREE", `${name}: undefined at ${path || "the root"}; use null for "nothing here"`);
    if (typeof x !== "object") return checkedLeaf(x, path);
    if (ArrayBuffer.isView(x)) return leaf(x, path);
    if (Array.isArray(x))
      return intern(
        "list",
        [x.length],
        x.map((v, i) => visit(v, `${path}[${i}]`)),
      );
    if (x instanceof Map) return visitMap(x, path);
    if (isPlain(x as object)) return visitObject(x as Record<string, unknown>, path);
    return visitClass(x as object, path);
  };
  const checkedLeaf = (x: unknown, path: string): TreeDef => {
    if (options.any !== true && !["number", "bigint", "boolean"].includes(typeof x))
      throw fail(
        "E_TREE_LEAF",
        `${name}: a ${typeof x} at ${path || "the root"} is neither an array nor a container`,
      );
    return leaf(x, path);
  };
  const visitObject = (x: Record<string, unknown>, path: string): TreeDef => {
    if (Object.getOwnPropertySymbols(x).length > 0)
      throw fail("E_TREE", `${name}: symbol keys at ${path || "the root"}`);
    const keys = Object.keys(x).sort(codePointOrder);
    return intern(
      "object",
      keys,
      keys.map((k) => visit(x[k], path === "" ? k : `${path}.${k}`)),
    );
  };
  const visitMap = (x: Map<unknown, unknown>, path: string): TreeDef => {
    const keys = [...x.keys()];
    if (keys.every((k) => typeof k === "string"))
      keys.sort((a, b) => codePointOrder(a as string, b as string));
    else if (keys.every((k) => typeof k === "number")) keys.sort((a, b) => (a as number) - (b as number));
    return intern(
      "map",
      keys,
      keys.map((k) => visit(x.get(k), `${path}[${String(k)}]`)),
    );
  };
  const visitClass = (x: object, path: string): TreeDef => {
    const node = registry.get(x.constructor as Constructor);
    if (node === undefined) {
      if ((x as Record<symbol, unknown>)[Symbol.for("tenon.array")] === true)
        throw fail(
          "E_TWO_COPIES",
          `${name}: the array at ${path || "the root"} belongs to another copy of tenon`,
        );
      if (options.any === true) return leaf(x, path);
      throw fail(
        "E_TREE_LEAF",
        `${name}: an object of class ${x.constructor?.name ?? "?"} at ${path || "the root"} is not registered as a tree node`,
      );
    }
    const [children, meta] = node.flatten(x as never);
    return intern(
      "class",
      [x.constructor.name, children.length],
      children.map((c, i) => visit(c, `${path}.${node.keys?.[i] ?? i}`)),
      node,
      meta,
    );
  };
  const treedef = visit(tree, "");
  return { leaves, treedef, paths };
}

/** The tree with these leaves. */
export function unflatten(treedef: TreeDef, leaves: readonly unknown[]): unknown {
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
      case "class": {
        const children = def.children.map(build);
        return (def.node as ClassNode).unflatten(def.meta as never, children);
      }
    }
  };
  const out = build(treedef);
  if (at !== leaves.length)
    throw fail("E_TREE_MISMATCH", `tree.unflatten: ${leaves.length} leaves for a structure of ${at}`);
  return out;
}

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
      return `${String(def.keys[0])}(${def.children.map(printTree).join(", ")})`;
  }
}

/** Spreads a prefix tree (one value for a whole subtree) over the leaves of `treedef`. */
export function broadcastPrefix(
  prefix: unknown,
  treedef: TreeDef,
  name: string,
  isLeaf: (x: unknown) => boolean,
): unknown[] {
  const out: unknown[] = [];
  const visit = (p: unknown, def: TreeDef, path: string): void => {
    if (isLeaf(p)) {
      for (let i = 0; i < def.numLeaves; i++) out.push(p);
      return;
    }
    if (typeof p !== "object" || p === null)
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: at ${path || "the root"} expected a setting or a tree, got ${String(p)}`,
      );
    const children: unknown[] = Array.isArray(p)
      ? p
      : def.keys.map((k) => (p as Record<string, unknown>)[k as string]);
    if (children.length !== def.children.length)
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: at ${path || "the root"} the tree has ${def.children.length} parts, the settings ${children.length}`,
      );
    def.children.forEach((c, i) =>
      visit(children[i], c, `${path}.${String(def.kind === "list" ? i : def.keys[i])}`),
    );
  };
  visit(prefix, treedef, "");
  return out;
}

/** Makes a class a tree node. Source: jax.tree_util.register_pytree_node. */
export function registerPytreeNode<T extends object>(
  c: abstract new (...args: never[]) => T,
  spec: {
    readonly flatten: (x: T) => readonly [children: readonly unknown[], meta: unknown];
    readonly unflatten: (meta: never, children: readonly unknown[]) => T;
  },
): void {
  if (registry.has(c)) throw fail("E_TREE", `registerPytreeNode: class ${c.name} is registered already`);
  registry.set(c, spec as unknown as ClassNode);
}
/** Makes a class with named data and metadata fields a tree node. Source: jax.tree_util.register_dataclass. */
export function registerDataclass<T extends object>(
  c: new (...args: never[]) => T,
  fields: { readonly data: readonly (keyof T & string)[]; readonly meta?: readonly (keyof T & string)[] },
): void {
  const meta = fields.meta ?? [];
  registry.set(c, {
    keys: fields.data,
    flatten: (x: T) => [fields.data.map((k) => x[k]), meta.map((k) => x[k])],
    unflatten: (values: readonly unknown[], children: readonly unknown[]) => {
      const out = Object.create(c.prototype as object) as Record<string, unknown>;
      fields.data.forEach((k, i) => {
        out[k] = children[i];
      });
      meta.forEach((k, i) => {
        out[k] = values[i];
      });
      return out;
    },
  } as unknown as ClassNode);
}
