// Sums of products over labelled axes: as one batched matrix product of strided pieces, or as a reduction where the
// matrices are small or their dtype has no template.
import type { DType, OpOf } from "tenon-plugin-api";
import { rowMajor } from "../loops/index-map.ts";
import { MAX_LEVELS } from "../loops/plan.ts";
import { addressOf, levelsOf } from "./address.ts";
import type { GraphBuilder } from "./builder.ts";
import type { MatrixAxis, MatrixOperand, Node } from "./node.ts";

/** A node with a name for each axis; axes of equal names are the same index. */
export interface Labelled {
  readonly node: Node;
  readonly labels: readonly string[];
}
type Labels = readonly string[];

/** A copy costs as much as so many levels. */
const COPY = 10;
/** Where m, n and k are all at most this, a template isn't worth its packing. */
const TINY = 8;

/** Σ lhs · rhs over the labels that `out` lacks, with the axes of `out` in its order. */
export function contract(g: GraphBuilder, lhs: Labelled, rhs: Labelled, out: Labels, dtype: DType): Node {
  if (dtype === "f16" || dtype === "bf16") {
    const wide = contract(g, lhs, rhs, out, "f32");
    return g.map("convert", [wide], dtype, wide.shape);
  }
  const sizes = new Map<string, number>();
  for (const s of [lhs, rhs]) s.labels.forEach((l, i) => sizes.set(l, s.node.shape[i] as number));
  const c = new Contraction(g, converted(g, lhs, dtype), converted(g, rhs, dtype), out, sizes);
  return (dtype === "f32" || dtype === "f64") && c.isMatrix()
    ? c.matrixProduct(dtype)
    : c.sumOfProducts(dtype);
}
const converted = (g: GraphBuilder, s: Labelled, dtype: DType): Labelled =>
  s.node.dtype === dtype ? s : { ...s, node: g.map("convert", [s.node], dtype, s.node.shape) };

/** Which side gives rows and which columns, and the labels by role. */
interface Roles {
  readonly rows: Labelled;
  readonly cols: Labelled;
  readonly batch: Labels;
  readonly m: Labels;
  readonly n: Labels;
}

class Contraction {
  private readonly g: GraphBuilder;
  private readonly lhs: Labelled;
  private readonly rhs: Labelled;
  private readonly out: Labels;
  private readonly sizes: ReadonlyMap<string, number>;
  private readonly shared: Labels;
  constructor(
    g: GraphBuilder,
    lhs: Labelled,
    rhs: Labelled,
    out: Labels,
    sizes: ReadonlyMap<string, number>,
  ) {
    this.g = g;
    this.lhs = lhs;
    this.rhs = rhs;
    this.out = out;
    this.sizes = sizes;
    this.shared = lhs.labels.filter((l) => !out.includes(l) && this.size(l) !== 1);
  }
  private size(label: string): number {
    return this.sizes.get(label) as number;
  }
  private count(labels: Labels): number {
    return labels.reduce((n, l) => n * this.size(l), 1);
  }
  private shapeOf(labels: Labels): number[] {
    return labels.map((l) => this.size(l));
  }

  isMatrix(): boolean {
    const { m, n } = this.roles();
    const [rows, cols, depth] = [this.count(m), this.count(n), this.count(this.shared)];
    return Math.min(rows, cols, depth) > 1 && Math.max(rows, cols, depth) > TINY;
  }

  /** Each side over all labels, multiplied in place, and summed over the contracted ones. */
  sumOfProducts(dtype: DType): Node {
    const all = [...this.out, ...this.shared];
    const shape = this.shapeOf(all);
    const over = (s: Labelled): Node => {
      // Axes of size 1 that the result lacks go away.
      const kept = s.labels.filter((l) => all.includes(l));
      const x = this.g.reshape(s.node, this.shapeOf(kept));
      return this.g.broadcast(x, shape, kept.map((l) => all.indexOf(l))); // prettier-ignore
    };
    const product = this.g.map("multiply", [over(this.lhs), over(this.rhs)], dtype, shape);
    return this.shared.length === 0 ? product : this.g.sum(product, shape.slice(0, this.out.length));
  }

  /**
   * Roles under which the product comes out in the wanted order: [batch, rows, columns] with rows from one side and
   * columns from the other. Leading labels of one side count as batch where that helps; the other side repeats.
   */
  private roles(): Roles {
    const long = this.out.filter((l) => this.size(l) !== 1);
    const [inL, inR] = [new Set(this.lhs.labels), new Set(this.rhs.labels)];
    const both = (l: string): boolean => inL.has(l) && inR.has(l);
    const from = long.findIndex((l) => !both(l));
    const start = from < 0 ? long.length : from;
    for (let b = start; b <= long.length; b++) {
      const rest = long.slice(b);
      if (rest.some(both)) continue;
      const split = rest.findIndex((l) => inL.has(l) !== inL.has(rest[0] as string));
      if (split < 0) continue;
      const [m, n] = [rest.slice(0, split), rest.slice(split)];
      if (n.some((l) => inL.has(l) === inL.has(m[0] as string))) continue;
      if (b > start && Math.min(this.count(m), this.count(n)) < 4) break;
      // A side repeats along all batch labels or along none, so that they are one stride.
      const batch = long.slice(0, b);
      const mixed = (side: ReadonlySet<string>): boolean =>
        batch.some((l) => side.has(l)) && batch.some((l) => !side.has(l));
      if (mixed(inL) || mixed(inR)) continue;
      const left = inL.has(m[0] as string);
      return {
        rows: left ? this.lhs : this.rhs,
        cols: left ? this.rhs : this.lhs,
        batch,
        m,
        n,
      };
    }
    const free = (labels: ReadonlySet<string>): string[] => long.filter((l) => labels.has(l) && !both(l));
    return { rows: this.lhs, cols: this.rhs, batch: long.filter(both), m: free(inL), n: free(inR) };
  }

  matrixProduct(dtype: "f32" | "f64"): Node {
    const { rows, cols, batch, m, n } = this.roles();
    const k = this.contractedOrder(rows, cols, batch, m, n);
    const labels = [...batch, ...m, ...n];
    const product = this.g.dot(
      {
        dtype,
        lhs: this.operand(rows, batch, m, k),
        rhs: this.operand(cols, batch, k, n),
        batch: this.count(batch),
        m: this.count(m),
        n: this.count(n),
        k: this.count(k),
      },
      this.shapeOf(labels),
    );
    const order = this.out.filter((l) => labels.includes(l)).map((l) => labels.indexOf(l));
    return this.g.reshape(this.g.transpose(product, order), this.shapeOf(this.out));
  }

  private axes(s: Labelled, labels: Labels): MatrixAxis[] {
    return labels.map((l) => ({ axis: s.labels.indexOf(l), size: this.size(l) }));
  }
  private strides(s: Labelled): readonly number[] {
    return addressOf(s.node)?.strides ?? rowMajor(s.node.shape);
  }
  /** How many levels lead through a side, if it can be read where it lies: the windows of an image, not all of a batch. */
  private levels(s: Labelled, batch: Labels, rows: Labels, cols: Labels): number | null {
    const address = addressOf(s.node);
    if (address === null) return null;
    const [b, r, c] = [batch, rows, cols].map((l) => levelsOf(this.axes(s, l), address.strides).length) as [number, number, number]; // prettier-ignore
    return b > 1 || Math.max(r, c) > MAX_LEVELS ? null : r + c;
  }

  /** The order of the contracted labels is free: the one in which fewest elements must be copied. */
  private contractedOrder(rows: Labelled, cols: Labelled, batch: Labels, m: Labels, n: Labels): Labels {
    if (this.shared.length < 2) return this.shared;
    const byStride = (s: Labelled): Labels => {
      const strides = this.strides(s);
      const stride = (l: string): number => Math.abs(strides[s.labels.indexOf(l)] as number);
      return [...this.shared].sort((a, b) => stride(b) - stride(a));
    };
    let best: { readonly cost: number; readonly order: Labels } | null = null;
    for (const order of [byStride(rows), byStride(cols), this.shared]) {
      const cost =
        (this.levels(rows, batch, m, order) ?? COPY) * rows.node.size +
        (this.levels(cols, batch, order, n) ?? COPY) * cols.node.size;
      if (best === null || cost < best.cost) best = { cost, order };
    }
    return (best as { readonly order: Labels }).order;
  }

  private operand(s: Labelled, batch: Labels, rows: Labels, cols: Labels): MatrixOperand {
    if (this.levels(s, batch, rows, cols) !== null) {
      (addressOf(s.node) as { base: Node }).base.required = true;
      return { node: s.node, batch: this.axes(s, batch), rows: this.axes(s, rows), cols: this.axes(s, cols) };
    }
    // A copy whose inner axes run along those of what it reads.
    const own = (labels: Labels): string[] => labels.filter((l) => s.labels.includes(l));
    const orders = [[...rows, ...cols], [...cols, ...rows]].map(own); // prettier-ignore
    const [first, second] = orders.map((order) => this.runOf(s, order)) as [number, number];
    const labels = [...own(batch), ...((first >= second ? orders[0] : orders[1]) as string[])];
    const node = this.copy(s, labels);
    const copied: Labelled = { node, labels };
    return {
      node,
      batch: this.axes(copied, batch),
      rows: this.axes(copied, rows),
      cols: this.axes(copied, cols),
    };
  }
  /** How many elements of a row in this order lie next to each other in what it reads. */
  private runOf(s: Labelled, labels: Labels): number {
    const strides = this.strides(s);
    let run = 1;
    for (const l of [...labels].reverse()) {
      if (Math.abs(strides[s.labels.indexOf(l)] as number) !== run) break;
      run *= this.size(l);
    }
    return run;
  }
  /** The node in memory with its axes in this order; those of size 1 that aren't named go away. */
  private copy(s: Labelled, labels: Labels): Node {
    const kept = s.labels.filter((l) => labels.includes(l));
    const order = labels.map((l) => kept.indexOf(l));
    const make = (): Node => {
      const t = this.g.transpose(this.g.reshape(s.node, this.shapeOf(kept)), order);
      return t === s.node && t.kind !== "view" ? this.g.fresh(t) : t;
    };
    const node = this.g.once(`copy:${s.node.id}:${labels.map((l) => s.labels.indexOf(l)).join(",")}`, make);
    node.required = true;
    return node;
  }
}

/** StableHLO dot_general. */
export function dotGeneral(g: GraphBuilder, op: OpOf<"dot_general">, x: Node, y: Node, dtype: DType): Node {
  const { lhsContracting: lc, rhsContracting: rc, lhsBatching: lb, rhsBatching: rb } = op.attrs;
  const name = (
    rank: number,
    contracted: readonly number[],
    batching: readonly number[],
    free: string,
  ): string[] =>
    Array.from({ length: rank }, (_, d) => {
      const [c, b] = [contracted.indexOf(d), batching.indexOf(d)];
      return c >= 0 ? `k${c}` : b >= 0 ? `b${b}` : `${free}${d}`;
    });
  const lhs = { node: x, labels: name(x.shape.length, lc, lb, "m") };
  const rhs = { node: y, labels: name(y.shape.length, rc, rb, "n") };
  const free = (labels: Labels, letter: string): string[] => labels.filter((l) => l.startsWith(letter));
  const out = [...lb.map((_, i) => `b${i}`), ...free(lhs.labels, "m"), ...free(rhs.labels, "n")];
  return contract(g, lhs, rhs, out, dtype);
}
