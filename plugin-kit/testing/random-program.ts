// Random programs for tests of the compiler: graphs of a few dozen ops over arrays of shared shapes, so that fusion finds
// much to do, with loops and branches, and a random choice of results.
import type { Block, ConcreteType, Program } from "tenon-plugin-api";
import type { Builder, Ref } from "../builder.ts";
import { programOf, randomOf, type } from "./run.ts";

type Ints = readonly number[];
const SHAPES: readonly Ints[] = [[], [4], [3, 4], [2, 3, 4], [4, 3], [12], [1, 4], [3, 1]];
const size = (s: Ints): number => s.reduce((n, d) => n * d, 1);
const same = (a: Ints, b: Ints): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

class Generator {
  private readonly random: () => number;
  constructor(random: () => number) {
    this.random = random;
  }
  private int(n: number): number {
    return Math.floor(this.random() * n);
  }
  private pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T;
  }

  /** One more op over the values at hand. */
  step(b: Builder, values: Ref[], depth: number): void {
    const floats = values.filter((v) => v.type.dtype === "f32");
    const x = this.pick(floats);
    const like = floats.filter((v) => same(v.type.shape, x.type.shape));
    const rank = x.type.shape.length;
    const choice = this.int(depth > 0 ? 20 : 18);
    const push = (...made: Ref[]): void => {
      values.push(...made);
    };
    switch (choice) {
      case 0:
        return push(b.apply(this.pick(["negate", "tanh", "abs", "floor"] as const), x));
      case 1:
      case 2:
      case 3:
        return push(
          b.apply(this.pick(["add", "subtract", "multiply", "maximum"] as const), x, this.pick(like)),
        );
      case 4:
        return push(b.one("select", [b.compare("GT", x, this.pick(like)), x, this.pick(like)], {}));
      case 5:
        return push(b.transpose(x, this.shuffled(rank)));
      case 6: {
        const to = this.pick(SHAPES.filter((s) => size(s) === size(x.type.shape)).concat([x.type.shape]));
        return push(b.reshape(x, to));
      }
      case 7: {
        const target = this.pick(SHAPES.filter((s) => s.length >= rank));
        const start = target.length - rank;
        const fits = x.type.shape.every((n, i) => n === 1 || n === target[start + i]);
        return fits ? push(b.broadcast(x, target, x.type.shape.map((_, i) => start + i))) : undefined; // prettier-ignore
      }
      case 8:
      case 9:
        return push(this.reduce(b, x));
      case 10:
        return rank === 0 ? undefined : push(this.sliced(b, x));
      case 11:
        return push(b.one("reverse", [x], { dimensions: this.axes(rank) }));
      case 12: {
        if (rank === 0) return;
        const low = x.type.shape.map(() => this.int(3) - 1);
        const interior = x.type.shape.map(() => (this.int(4) === 0 ? 1 : 0));
        const high = x.type.shape.map((n, i) => -(low[i] as number) - (n - 1) * (interior[i] as number) + this.int(2)); // prettier-ignore
        const value = this.pick(
          floats.filter((v) => v.type.shape.length === 0).concat([b.constant(type("f32"), 2)]),
        );
        return push(b.one("pad", [x, value], { low, high, interior }));
      }
      case 13: {
        if (rank === 0) return;
        const parts = [x, this.pick(like), this.pick(like)].slice(0, 1 + this.int(3));
        return push(b.one("concatenate", parts, { dimension: this.int(rank) }));
      }
      case 14:
        return push(...this.dynamic(b, x, like));
      case 15:
        return rank === 2 ? push(this.product(b, x, floats)) : undefined;
      case 16:
        return push(this.softmax(b, x));
      case 17:
        return rank === 0 ? undefined : push(this.scattered(b, x, floats));
      case 18:
        return push(...this.loop(b, values, depth - 1));
      case 19:
        return push(...this.branches(b, values, depth - 1));
      default:
    }
  }

  private shuffled(n: number): number[] {
    return Array.from({ length: n }, (_, i) => [this.random(), i] as const)
      .sort((p, q) => p[0] - q[0])
      .map(([, i]) => i);
  }
  private axes(rank: number): number[] {
    return Array.from({ length: rank }, (_, i) => i).filter(() => this.random() < 0.5);
  }
  private fold(b: Builder, op: "add" | "maximum"): Block {
    return b.block([type("f32"), type("f32")], (r, p, q) => [r.apply(op, p, q)]);
  }
  private reduce(b: Builder, x: Ref, dimensions: Ints = this.axes(x.type.shape.length)): Ref {
    const op = this.pick(["add", "maximum"] as const);
    const init = b.constant(type("f32"), op === "add" ? 0 : -Infinity);
    return b.one("reduce", [x, init], { dimensions }, { regions: [this.fold(b, op)] });
  }
  private sliced(b: Builder, x: Ref): Ref {
    const start = x.type.shape.map((n) => this.int(n));
    const limit = x.type.shape.map((n, i) => (start[i] as number) + 1 + this.int(n - (start[i] as number)));
    return b.one("slice", [x], { start, limit, strides: x.type.shape.map(() => 1 + this.int(2)) });
  }
  /** x minus its maximum along an axis, by keepdims and a broadcast. */
  private softmax(b: Builder, x: Ref): Ref {
    const rank = x.type.shape.length;
    if (rank === 0) return b.apply("abs", x);
    const axis = this.int(rank);
    const r = this.reduce(b, x, [axis]);
    const wide = x.type.shape.map((n, i) => (i === axis ? 1 : n));
    const spread = b.broadcast(b.reshape(r, wide), x.type.shape, wide.map((_, i) => i)); // prettier-ignore
    return b.apply("subtract", x, spread);
  }
  private index(b: Builder): Ref {
    return b.constant(type("i32"), this.int(6) - 1);
  }
  private dynamic(b: Builder, x: Ref, like: readonly Ref[]): Ref[] {
    const starts = x.type.shape.map(() => this.index(b));
    const sliceSizes = x.type.shape.map((n) => 1 + this.int(n));
    const part = b.one("dynamic_slice", [x, ...starts], { sliceSizes });
    const into = this.pick(like);
    const value = this.random() < 0.5 ? part : b.apply("tanh", part);
    return [part, b.one("dynamic_update_slice", [into, value, ...starts], {})];
  }
  private product(b: Builder, x: Ref, floats: readonly Ref[]): Ref {
    const fits = floats.filter((v) => v.type.shape.length === 2 && v.type.shape[0] === x.type.shape[1]);
    const y = fits.length > 0 ? this.pick(fits) : b.transpose(x, [1, 0]);
    const dims = { lhsContracting: [1], rhsContracting: [0], lhsBatching: [], rhsBatching: [] };
    const out = b.one("dot_general", [x, y], { ...dims, precision: "DEFAULT" }, { to: type("f32") });
    return b.apply("tanh", out);
  }
  private scattered(b: Builder, x: Ref, floats: readonly Ref[]): Ref {
    const [n, ...rest] = x.type.shape as [number, ...number[]];
    const indices = b.constant(type("i32", 3, 1), [this.int(n + 1), this.int(n) - 1, this.int(n)]);
    const scalar = this.pick(
      floats.filter((v) => v.type.shape.length === 0).concat([b.constant(type("f32"), 3)]),
    );
    const updates = b.broadcast(scalar, [3, ...rest]);
    const attrs = {
      updateWindowDims: rest.map((_, i) => i + 1),
      insertedWindowDims: [0],
      inputBatchingDims: [],
      scatterIndicesBatchingDims: [],
      scatterDimsToOperandDims: [0],
      indexVectorDim: 1,
      indicesAreSorted: false,
      uniqueIndices: false,
    };
    return b.one("scatter", [x, indices, updates], attrs, {
      regions: [this.fold(b, this.pick(["add", "maximum"]))],
    });
  }

  /** Ops on top of values of outside; results of these types. */
  private body(b: Builder, values: readonly Ref[], types: readonly ConcreteType[], depth: number): Ref[] {
    const all = [...values];
    for (let i = 0; i < 5; i++) this.step(b, all, depth);
    return types.map((t) => {
      const fits = all.filter((v) => v.type.dtype === t.dtype && same(v.type.shape, t.shape));
      return this.pick(this.random() < 0.7 ? fits.slice(-2) : fits);
    });
  }
  private loop(b: Builder, values: readonly Ref[], depth: number): Ref[] {
    const carried = [this.pick(values), this.pick(values), this.pick(values)].slice(0, 1 + this.int(3));
    const i32 = type("i32");
    const start = [b.constant(i32, 0), ...carried];
    const types = start.map((r) => r.type);
    const trips = this.int(4);
    const cond = b.block(types, (r, i) => [r.compare("LT", i, r.constant(i32, trips))]);
    const body = b.block(types, (r, i, ...xs) => {
      const next = this.body(r, [...values.slice(-6), ...xs, ...carried], types.slice(1), depth);
      return [r.apply("add", i, r.constant(i32, 1)), ...next.map((x) => this.bounded(r, x))];
    });
    return b
      .append({ op: "while", operands: start, attrs: {}, results: types, regions: [cond, body] })
      .slice(1);
  }
  private bounded(b: Builder, x: Ref): Ref {
    return this.random() < 0.5 || x.type.dtype !== "f32" ? x : b.apply("tanh", x);
  }
  private branches(b: Builder, values: readonly Ref[], depth: number): Ref[] {
    const results = [this.pick(values).type, this.pick(values).type];
    const count = 1 + this.int(3);
    const regions = Array.from({ length: count }, () =>
      b.block([], (r) => this.body(r, values, results, depth)),
    );
    return [...b.append({ op: "case", operands: [this.index(b)], attrs: {}, results, regions })];
  }

  results(values: readonly Ref[]): Ref[] {
    const last = values.slice(-3);
    return [...last, this.pick(values), this.pick(values)];
  }
}

/** A random program of about `count` ops. */
export function randomProgram(seed: number, count: number): Program {
  const g = new Generator(randomOf(seed));
  const params = [type("f32"), type("f32", 4), type("f32", 3, 4), type("f32", 2, 3, 4), type("f32", 3, 4)];
  const donate = seed % 2 === 0 ? [] : [2, 3];
  return programOf(
    params,
    (b, ...refs) => {
      const values = [...refs];
      for (let i = 0; i < count; i++) g.step(b, values, 2);
      return g.results(values);
    },
    donate,
  );
}
