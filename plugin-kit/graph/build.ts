// The graph of a Program's main function, and of its regions.
import {
  byteLength,
  mainOf,
  unimplemented,
  type Block,
  type ConcreteType,
  type Op,
  type Program,
  type ValueId,
} from "tenon-plugin-api";
import { GraphBuilder, type Shared } from "./builder.ts";
import type { MemoryNode, Node, SubGraph } from "./node.ts";
import { buildOp, type BuildScope } from "./ops.ts";

/** A graph with its parameters. */
export interface ProgramGraph extends SubGraph {
  readonly shared: Shared;
}

/** The graph of `main`, whose params are the first buffers. @throws UNIMPLEMENTED for what no kernel expresses */
export function buildGraph(program: Program, plugin: string): ProgramGraph {
  const main = mainOf(program);
  const shared: Shared = { plugin, attachments: program.attachments, buffers: [], notes: [], nextId: 0 };
  const g = new GraphBuilder(shared);
  const env = new Env(null);
  main.params.forEach((p, index) => {
    if (p.type.dtype === "token") throw unimplemented("token parameter", "token", plugin);
    const type = p.type as ConcreteType;
    env.set(p.id, wire(g, type, g.buffer({ kind: "arg", index, bytes: byteLength(type) })));
  });
  const results = buildOps(g, main.ops, env, main.results.map((r) => r.value)); // prettier-ignore
  return { order: g.order, results, shared };
}
/** A value that comes over the wire: a complex array as its real one with a last axis of two. */
function wire(g: GraphBuilder, type: ConcreteType, buffer: number): MemoryNode {
  if (type.dtype === "c64") return g.memory("f32", [...type.shape, 2], buffer);
  if (type.dtype === "c128") return g.memory("f64", [...type.shape, 2], buffer);
  return g.memory(type.dtype, type.shape, buffer);
}

/** Values by id; a region's looks outside for what it doesn't define. */
class Env {
  private readonly values: (Node | undefined)[] = [];
  private readonly outer: Env | null;
  constructor(outer: Env | null) {
    this.outer = outer;
  }
  set(id: ValueId, node: Node): void {
    this.values[id] = node;
  }
  get(id: ValueId): Node {
    const own = this.values[id];
    if (own !== undefined) return own;
    const captured = (this.outer as Env).get(id);
    capture(captured);
    return captured;
  }
}

function buildOps(g: GraphBuilder, ops: readonly Op[], env: Env, results: readonly ValueId[]): Node[] {
  const scope: BuildScope = { g, sub: (block, params) => buildRegion(g.shared, block, params, env) };
  for (const op of ops) {
    const operands = op.operands.map((id) => env.get(id));
    buildOp(op, operands, scope).forEach((node, i) => {
      env.set(op.results[i]?.id as number, node);
    });
  }
  const out = results.map((id) => env.get(id));
  for (const node of out) node.required = true;
  return out;
}

/** A region's graph. What it reads from outside must be in memory there, or cost nothing to make again. */
function buildRegion(shared: Shared, block: Block, params: readonly MemoryNode[], outer: Env): SubGraph {
  const g = new GraphBuilder(shared);
  const env = new Env(outer);
  block.params.forEach((p, i) => {
    env.set(p.id, params[i] as MemoryNode);
  });
  const results = buildOps(g, block.ops, env, block.results);
  return { order: g.order, results };
}

/** Makes sure that what a captured node is computed from is in memory before the region runs. */
function capture(node: Node): void {
  switch (node.kind) {
    case "view":
      capture(node.arg);
      node.indices.forEach(capture);
      if (node.otherwise !== null) capture(node.otherwise);
      return;
    case "constant":
    case "iota":
      return;
    default:
      node.required = true;
  }
}
