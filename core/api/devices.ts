// Moving trees of arrays between devices and the host, and freeing what a stretch of code made.
import { fail } from "../errors.ts";
import { checkCount } from "./arity.ts";
import { context, withContext } from "../ir/context.ts";
import { LITERAL, NDArray } from "../ir/ndarray.ts";
import { isTracer } from "../ir/trace.ts";
import { flatten, unflatten } from "../ir/tree.ts";
import { refuseOperand } from "../primitives/operand.ts";
import { isConcrete, unreadable, type ConcreteArray } from "../runtime/array.ts";
import { place } from "../runtime/execute.ts";
import { findDevice, type RuntimeDevice } from "../runtime/registry.ts";
import { leafArray, materialise } from "./arrays.ts";
import type { Traced } from "./types.ts";

/**
 * The arrays of a tree on a device, committed to it: operations don't move them. Numbers become arrays.
 * Source: jax.device_put.
 */
export function devicePut<T>(x: T, device: RuntimeDevice | string): Traced<T> {
  checkCount("devicePut", 2, arguments.length);
  const to = typeof device === "string" ? findDevice(device) : device;
  const { leaves, treedef } = flatten(x, "devicePut");
  return unflatten(
    treedef,
    leaves.map((leaf) => moved(leafArray("devicePut", leaf), to)),
  ) as Traced<T>;
}
function moved(x: NDArray, to: RuntimeDevice): NDArray {
  if (isTracer(x)) return x; // Inside a traced function the placement is the caller's.
  if (!isConcrete(x)) return moved(materialise(x), to);
  return x.home === to && x.committed ? x : place(x, to);
}

/** Copies the arrays of a tree to the host in one trip; afterwards the synchronous readers work. Source: jax.device_get. */
export async function deviceGet<T>(x: T): Promise<T> {
  await Promise.all(concreteLeaves("deviceGet", x).map((leaf) => leaf.fetch()));
  return x;
}

/** Resolves when all arrays of a tree are computed. @throws what their execution threw. Source: jax.block_until_ready */
export async function blockUntilReady<T>(x: T): Promise<T> {
  await Promise.all(concreteLeaves("blockUntilReady", x).map((leaf) => leaf.whenReady()));
  return x;
}
function concreteLeaves(name: string, x: unknown): ConcreteArray[] {
  return flatten(x, name, { any: true }).leaves.flatMap((leaf) => {
    if (!(leaf instanceof NDArray) || leaf.kind === LITERAL) return [];
    if (!isConcrete(leaf)) throw unreadable(leaf, name, "E_TRACER_ARRAY");
    return [leaf];
  });
}

/** Frees all arrays that `f` makes and doesn't return. @throws E_SCOPE_ASYNC for a promise: `scope` can't follow an await */
export function scope<R>(f: () => R): R {
  if (typeof f !== "function") throw refuseOperand("scope", f, "a function");
  const made = new Set<{ dispose(): void }>();
  const outer = context().scope;
  let kept: ReadonlySet<unknown> = new Set();
  try {
    const result = withContext({ scope: made }, f);
    if (typeof (result as { then?: unknown } | null)?.then === "function" && !(result instanceof NDArray))
      throw fail("E_SCOPE_ASYNC", "scope: the function returned a promise");
    kept = new Set(result === undefined ? [] : flatten(result, "scope", { any: true }).leaves);
    return result;
  } finally {
    for (const x of made) {
      if (kept.has(x)) outer?.add(x);
      else x.dispose();
    }
  }
}

/** A list of arrays to free together, also across `await`: `using s = new Scope(); s.own(y)`. */
export class Scope {
  private readonly owned = new Set<{ dispose(): void }>();
  /** Takes the arrays of a tree into the scope, and returns it. */
  own<T>(x: T): T {
    for (const leaf of flatten(x, "Scope.own", { any: true }).leaves)
      if (leaf instanceof NDArray) this.owned.add(leaf);
    return x;
  }
  /** Frees what it owns. */
  dispose(): void {
    for (const x of this.owned) x.dispose();
    this.owned.clear();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
