// Trees: order, structure, registration, errors with places.
import { beforeAll, describe, expect, it } from "vitest";
import { listOf } from "../runtime/array.ts";
import { int } from "./arrays.ts";
import * as np from "./numpy/index.ts";
import { installReference, reasonOf } from "./testing/root.ts";
import { grad, jit } from "./transforms/index.ts";
import type { NDArray } from "../ir/ndarray.ts";
import * as tree from "./tree.ts";
import * as treeUtil from "./tree-util.ts";

beforeAll(() => void installReference());

describe("order and structure", () => {
  it("sorts keys by code point, keeps lists in order, drops null", () => {
    const t = { b: 1, a: [2, null, { 10: 3, 9: 4, é: 5, B: 6 }] };
    expect(tree.leaves(t)).toEqual([2, 3, 4, 6, 5, 1]);
    expect(String(tree.structure(t))).toBe("{a: [*, null, {10: *, 9: *, B: *, é: *}], b: *}");
    expect(
      tree.leaves(
        new Map<string, unknown>([
          ["z", 1],
          ["a", [2]],
        ]),
      ),
    ).toEqual([2, 1]);
    expect(tree.leaves(null)).toEqual([]);
    expect(tree.leaves(3)).toEqual([3]);
  });
  it("interns structures, and rebuilds trees from them", () => {
    const t = { x: [1, new Map([["k", 2]])], y: null };
    const [leaves, treedef] = tree.flatten(t);
    expect(treedef).toBe(tree.structure({ y: null, x: [0, new Map([["k", 0]])] }));
    expect(treedef).not.toBe(tree.structure({ y: null, x: [0, { k: 0 }] }));
    expect(treedef.numLeaves).toBe(2);
    expect(tree.unflatten(treedef, leaves)).toEqual(t);
    expect(reasonOf(() => tree.unflatten(treedef, [1]))).toMatch(
      /^E_TREE_MISMATCH.*1 leaves for a structure of 2/,
    );
    expect(tree.structure(new Map([[1, 0]]))).not.toBe(tree.structure(new Map([["1", 0]])));
    const [p, q] = [{}, {}];
    expect(tree.structure(new Map([[p, 0]]))).not.toBe(tree.structure(new Map([[q, 0]])));
  });
  it("takes anything that is no container for a leaf, and what isLeaf says", () => {
    const date = new Date(0);
    expect(tree.leaves({ d: date, s: "text" })).toEqual([date, "text"]);
    expect(tree.leaves([[1, 2], [3]], { isLeaf: (x) => Array.isArray(x) && x.length === 1 })).toEqual([
      1,
      2,
      [3],
    ]);
    expect(reasonOf(() => tree.leaves([], { leaf: 1 } as never))).toMatch(/^E_UNKNOWN_OPTION.*isLeaf/s);
  });
  it("gives paths", () => {
    const t = { a: [1, { b: 2 }] };
    expect(tree.leavesWithPath(t)).toEqual([
      [["a", 0], 1],
      [["a", 1, "b"], 2],
    ]);
    expect(tree.mapWithPath((path, x) => `${path.join("/")}=${String(x)}`, t)).toEqual({
      a: ["a/0=1", { b: "a/1/b=2" }],
    });
    expect(tree.flattenWithPath(t)[1]).toBe(tree.structure(t));
  });
});

describe("functions of trees", () => {
  it("maps several trees, further ones as suffixes", () => {
    const a = { w: np.array([1, 2]), b: np.array(3) };
    const sum = tree.map((x, y) => x.add(y), a, a);
    expect([listOf(sum.w), sum.b.item()]).toEqual([[2, 4], 6]);
    expect(tree.map((x, sub) => [x, sub] as never, [1, 2], [{ k: 1 }, null] as never)).toEqual([
      [1, { k: 1 }],
      [2, null],
    ]);
    expect(tree.map.with({ isLeaf: (x) => x === null })((x) => (x === null ? 0 : x), [null, 1])).toEqual([
      0, 1,
    ]);
    expect(reasonOf(() => tree.map((x) => x, { a: [1] }, { a: [1, 2] } as never))).toMatch(
      /^E_TREE_MISMATCH tree.map: trees differ at a: expected \[\*\], got \[\*, \*\]/,
    );
    expect(reasonOf(() => tree.map("f" as never, [1]))).toMatch(/^E_ARGUMENT.*string/);
  });
  it("reduces, tests, broadcasts and transposes", () => {
    expect(tree.reduce((s: number, x) => s * 2 + (x as never as number), [1, null, [2, { k: 3 }]], 0)).toBe(
      11,
    );
    expect(tree.reduce((s, x) => s.mul(2).add(x), [int(1), [int(2)]]).item()).toBe(4);
    expect(reasonOf(() => tree.reduce((s) => s, []))).toMatch(/^E_TREE.*no leaves/);
    expect([tree.all([true, [1, np.array(true)]]), tree.all([true, np.array(false)])]).toEqual([true, false]);
    expect(tree.broadcast([1, { a: 2 }] as never, [[0, 0], { a: [0, { b: 0 }] }])).toEqual([
      [1, 1],
      { a: [2, { b: 2 }] },
    ]);
    const rows = [
      { x: 1, y: 2 },
      { x: 3, y: 4 },
    ];
    const columns = { x: [1, 3], y: [2, 4] };
    expect(tree.transpose(tree.structure([0, 0]), tree.structure({ x: 0, y: 0 }), rows)).toEqual(columns);
    expect(tree.transpose(tree.structure([0, 0]), null, rows)).toEqual(columns);
    expect(tree.transpose(tree.structure(columns.x), null, rows)).toEqual(columns);
  });
});

describe("registered classes", () => {
  class Point {
    readonly x: unknown;
    readonly y: unknown;
    readonly name: string;
    constructor(x: unknown, y: unknown, name: string) {
      [this.x, this.y, this.name] = [x, y, name];
    }
    sum(): number {
      return (this.x as number) + (this.y as number);
    }
  }
  class Pair {
    readonly items: readonly unknown[];
    constructor(items: readonly unknown[]) {
      this.items = items;
    }
  }
  beforeAll(() => {
    tree.registerDataclass(Point, { data: ["x", "y"], meta: ["name"] });
    tree.registerPytreeNode(Pair, {
      flatten: (p) => [p.items, p.items.length],
      unflatten: (_: number, items) => new Pair(items),
    });
  });
  it("are nodes, with their methods after a round trip", () => {
    const p = new Point(1, 2, "p");
    const doubled = tree.map((x) => ((x as never as number) * 2) as never, p);
    expect(doubled).toBeInstanceOf(Point);
    expect([doubled.sum(), doubled.name]).toEqual([6, "p"]);
    expect(tree.leavesWithPath(p).map(([path]) => path)).toEqual([["x"], ["y"]]);
    expect(tree.map((x) => x, new Pair([1, [2]]))).toEqual(new Pair([1, [2]]));
    expect(String(tree.structure(p))).toBe("Point(*, *)");
  });
  it("compare metadata by Object.is, lists by elements, objects by equals", () => {
    const of = (name: unknown): tree.TreeDef => tree.structure(new Point(1, 2, name as never));
    expect(of("a")).toBe(of("a"));
    expect(of("a")).not.toBe(of("b"));
    expect(of(NaN)).toBe(of(NaN));
    expect(of(0)).not.toBe(of(-0));
    const shape = (n: number): unknown => ({ n, equals: (o: { n: number }) => o.n === n });
    expect(of(shape(1))).toBe(of(shape(1)));
    expect(of(shape(1))).not.toBe(of(shape(2)));
    const f = (): void => undefined;
    expect(of(f)).toBe(of(f));
    expect(of(f)).not.toBe(of(() => undefined));
  });
  it("are registered once", () => {
    expect(reasonOf(() => tree.registerDataclass(Point, { data: ["x"] }))).toMatch(
      /^E_TREE.*Point is registered/,
    );
  });
});

describe("undefined, getters, NaN", () => {
  it("are errors with their path, or keys like others", () => {
    for (const f of [tree.leaves, tree.structure, tree.flatten, (t: unknown) => tree.map((x) => x, t)])
      expect(reasonOf(() => f({ a: [1, { b: undefined }] }))).toMatch(/^E_TREE.*undefined at a\[1\]\.b/);
    expect(tree.leaves([undefined], { isLeaf: (x) => x === undefined })).toEqual([undefined]);
    const model = {
      get w(): number {
        return 1;
      },
    };
    expect(reasonOf(() => jit((x: unknown) => x)({ model }))).toMatch(/^E_TREE.*getter "w".*at x\.model/);
    const keyed = (...keys: number[]): Map<number, unknown> => new Map(keys.map((k) => [k, np.array(k)]));
    expect(tree.structure(keyed(NaN, 2, -1))).toBe(tree.structure(keyed(-1, NaN, 2)));
    expect(tree.leavesWithPath(keyed(NaN, 2, -1)).map(([path]) => path[0])).toEqual([-1, 2, NaN]);
    const f = jit((m: Map<number, unknown>) => m);
    expect([...f(keyed(NaN, 3)).keys()]).toEqual([3, NaN]);
  });
});

describe("paths", () => {
  it("reach isLeaf, and are written as in JavaScript or joined", () => {
    const t = { layers: [{ w: [1, 2] }, { w: [3, 4] }], "odd key": 5 };
    const options = {
      isLeaf: (path: readonly tree.PathKey[], x: unknown) => path[1] === 1 && !Array.isArray(x),
      isLeafTakesPath: true,
    };
    expect(tree.leavesWithPath(t, options).map(([path]) => treeUtil.keystr(path))).toEqual([
      "layers[0].w[0]",
      "layers[0].w[1]",
      "layers[1]",
      '["odd key"]',
    ]);
    expect(treeUtil.keystr(["layers", 0, "w"], { simple: true, separator: "/" })).toBe("layers/0/w");
    expect(tree.mapWithPath.with(options)((path, x) => [path.length, x], t)).toMatchObject({
      layers: [
        {
          w: [
            [4, 1],
            [4, 2],
          ],
        },
        [2, { w: [3, 4] }],
      ],
    });
    expect(tree.flattenWithPath(t, options)[0]).toHaveLength(4);
  });
});

describe("treeUtil", () => {
  it("has the tree functions, and structures as values", () => {
    const def = treeUtil.treeStructure({ b: 0, a: [0, null] });
    expect(treeUtil.treedefChildren(def).map(String)).toEqual(["[*, null]", "*"]);
    expect(treeUtil.treedefIsLeaf(def)).toBe(false);
    expect(treeUtil.treedefIsLeaf(treeUtil.treeStructure(0))).toBe(true);
    expect(treeUtil.treedefTuple([def, def])).toBe(
      treeUtil.treeStructure([
        { a: [0, null], b: 0 },
        { a: [0, null], b: 0 },
      ]),
    );
    expect(treeUtil.flattenOneLevel({ b: 1, a: [2] })).toEqual([
      [[2], 1],
      ["a", "b"],
    ]);
    expect(treeUtil.flattenOneLevelWithKeys([7, [8]])).toEqual([
      [
        [0, 7],
        [1, [8]],
      ],
      null,
    ]);
    expect(reasonOf(() => treeUtil.flattenOneLevel(3))).toMatch(/^E_TREE.*a leaf/);
    expect([treeUtil.allLeaves([1, np.array(2)]), treeUtil.allLeaves([1, [2]])]).toEqual([true, false]);
    expect([Object, Array, Map, Date].map((c) => treeUtil.isTreeNode(c as never))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    const order: string[] = [];
    const sum = treeUtil.treeReduceAssociative(
      (a, b) => (order.push(`${String(a)}+${String(b)}`), (Number(a) + Number(b)) as never),
      [1, [2, 3], { k: 4 }, 5],
    );
    expect([sum, order]).toEqual([15, ["1+2", "4+5", "3+9", "3+12"]]);
    expect(tree.reduceAssociative((a) => a, [], { identity: 9 })).toBe(9);
    expect(reasonOf(() => tree.reduceAssociative((a) => a, []))).toMatch(/^E_TREE.*no identity/);
  });
  it("registers classes by their own methods, with keys, and as parts of the structure", () => {
    const Both = treeUtil.registerPytreeNodeClass(
      class Both {
        readonly a: unknown;
        readonly b: unknown;
        constructor(a: unknown, b: unknown) {
          [this.a, this.b] = [a, b];
        }
        treeFlatten(): readonly [readonly unknown[], unknown] {
          return [[this.a, this.b], null];
        }
        static treeUnflatten(_: null, [a, b]: readonly unknown[]): Both {
          return new Both(a, b);
        }
      },
    );
    expect(tree.map((x) => (Number(x) + 1) as never, new Both(1, [2]))).toEqual(new Both(2, [3]));
    class Bag {
      readonly items: Record<string, unknown>;
      constructor(items: Record<string, unknown>) {
        this.items = items;
      }
    }
    treeUtil.registerPytreeWithKeys(Bag, {
      flattenWithKeys: (b) => [
        Object.entries(b.items).map(([k, v]) => [treeUtil.GetAttrKey(k), v] as const),
        Object.keys(b.items),
      ],
      unflatten: (keys: string[], children) =>
        new Bag(Object.fromEntries(keys.map((k, i) => [k, children[i]]))),
    });
    expect(tree.leavesWithPath(new Bag({ w: 1, v: [2] })).map(([p]) => treeUtil.keystr(p))).toEqual([
      "w",
      "v[0]",
    ]);
    expect(reasonOf(() => jit((b: Bag) => b)(new Bag({ w: "text" })))).toMatch(/^E_TREE_LEAF.*at b\.w/);
    const Mode = treeUtil.registerStatic(
      class Mode {
        readonly name: string;
        constructor(name: string) {
          this.name = name;
        }
        equals(other: Mode): boolean {
          return other.name === this.name;
        }
      },
    );
    expect(tree.leaves([new Mode("a"), 1])).toEqual([1]);
    expect(tree.structure(new Mode("a"))).toBe(tree.structure(new Mode("a")));
    expect(tree.structure(new Mode("a"))).not.toBe(tree.structure(new Mode("b")));
    const f = jit((m: InstanceType<typeof Mode>, x: NDArray) => (m.name === "neg" ? x.neg() : x));
    expect([f(new Mode("neg"), np.array(2)).item(), f(new Mode("id"), np.array(2)).item()]).toEqual([-2, 2]);
  });
  it("takes functions with some arguments given as trees", () => {
    const addOne = new treeUtil.Partial(np.add, 1);
    expect(addOne(np.array(2))).toMatchObject({ dtype: "float32" });
    const apply = jit((f: treeUtil.Partial<NDArray>, x: NDArray) => f(x));
    expect(apply(addOne as never, np.array(2)).item()).toBe(3);
    expect(tree.leaves(addOne)).toEqual([1]);
    const doubled: treeUtil.Partial<NDArray> = tree.map((x) => ((x as never as number) * 2) as never, addOne);
    expect([doubled instanceof treeUtil.Partial, doubled(np.array(5)).item()]).toEqual([true, 7]);
    expect(tree.structure(new treeUtil.Partial(np.sin))).not.toBe(
      tree.structure(new treeUtil.Partial(np.cos)),
    );
    const g = grad((f: treeUtil.Partial<NDArray>) => f(np.array(3)))(
      new treeUtil.Partial((w: NDArray, x: NDArray) => w.mul(x), np.array(2)),
    ) as treeUtil.Partial;
    expect((g.args[0] as NDArray).item()).toBe(3);
    expect(reasonOf(() => new treeUtil.Partial(3 as never))).toMatch(/^E_ARGUMENT.*function/);
  });
  it("makes a vector of a tree, and a tree of a vector", () => {
    const t = { b: np.array([[1, 2]]), a: [np.array(3), null] };
    const [flat, unravel] = treeUtil.ravelPytree(t);
    expect([flat.dtype, listOf(flat)]).toEqual(["float32", [3, 1, 2]]);
    expect(listOf(unravel(flat.mul(2)).b)).toEqual([[2, 4]]);
    const [mixed, back] = treeUtil.ravelPytree([np.array([1n, 2n]), np.array(0.5)]);
    expect([mixed.dtype, back(mixed).map((x) => x.dtype)]).toEqual(["float32", ["int32", "float32"]]);
    expect(reasonOf(() => back(mixed.astype("float16")))).toMatch(/^E_DTYPE/);
    expect(reasonOf(() => unravel(np.zeros([4])))).toMatch(/^E_SHAPE.*3 elements/);
    const [empty, none] = treeUtil.ravelPytree({ x: null });
    expect([empty.shape, none(empty)]).toEqual([[0], { x: null }]);
    expect(listOf(jit((v: NDArray) => unravel(v).b.sum())(flat))).toBe(3);
  });
});
