// Trees: order, structure, registration, errors with places.
import { beforeAll, describe, expect, it } from "vitest";
import { listOf } from "../runtime/array.ts";
import { int } from "./arrays.ts";
import * as np from "./numpy/index.ts";
import { installReference, reasonOf } from "./testing/root.ts";
import * as tree from "./tree.ts";

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
