// The public transformations: trees in, flat functions below.
import { fail } from "../errors.ts";
import { shaped, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { isComplex, isFloat, type DType } from "../ir/dtype.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import { CONCRETE, NDArray, TRACER } from "../ir/ndarray.ts";
import { identityOf, type BatchDim } from "../ir/primitive.ts";
import { printJaxpr } from "../ir/print.ts";
import { type FlatFn } from "../ir/trace.ts";
import { broadcastPrefix, flatten, printTree, unflatten, type TreeDef } from "../ir/tree.ts";
import { bindJit } from "../primitives/jit.ts";
import type { ConcreteArray } from "../runtime/array.ts";
import { counters } from "../runtime/dispatch.ts";
import { batchFlat, toAxis } from "../transforms/batch.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { linearizeFlat } from "../transforms/linearize.ts";
import { releaseResiduals } from "../transforms/ownership.ts";
import { stage } from "../transforms/stage.ts";
import { backward, hasTangent } from "../transforms/transpose.ts";
import { instantiateCt, instantiateTangent } from "../transforms/zeros.ts";
import { leafArray, materialise } from "./arrays.ts";

export type AnyFn = (...args: never[]) => unknown;
export type Argnums = number | readonly number[];
const nameOf = (f: AnyFn): string => f.name || "anonymous";

/** Leaves and structure of a traced function's result. @throws E_TRACE_ASYNC for a promise */
function flattenResult(name: string, result: unknown): { leaves: NDArray[]; treedef: TreeDef } {
  if (typeof (result as { then?: unknown } | null)?.then === "function" && !(result instanceof NDArray))
    throw fail("E_TRACE_ASYNC", `${name}: the function returned a promise`);
  if (result === undefined)
    throw fail("E_TREE", `${name}: the function returned undefined; did it miss a return?`);
  const { leaves, treedef } = flatten(result, name);
  return { leaves: leaves.map((x) => leafArray(name, x)), treedef };
}

interface FlatCall {
  readonly leaves: NDArray[];
  readonly treedef: TreeDef;
  readonly paths: string[];
}
const flattenArgs = (name: string, args: readonly unknown[]): FlatCall => {
  const { leaves, treedef, paths } = flatten(args, name);
  return { leaves: leaves.map((x) => leafArray(name, x)), treedef, paths };
};

/** A user function over flat leaves; the structure of its result is kept in `out`. */
function flatFunction(
  name: string,
  f: AnyFn,
  treedef: TreeDef,
  hasAux = false,
): { fn: FlatFn; out: () => TreeDef; aux: () => { leaves: NDArray[]; treedef: TreeDef } } {
  let outDef: TreeDef | null = null;
  let auxPart: { leaves: NDArray[]; treedef: TreeDef } | null = null;
  const fn: FlatFn = (leaves) => {
    let result = f(...(unflatten(treedef, leaves) as never[]));
    if (hasAux) {
      if (!Array.isArray(result) || result.length !== 2)
        throw fail("E_RULE_OUTPUT", `${name}: with hasAux the function returns [value, aux]`);
      auxPart = flattenResult(name, result[1]);
      result = result[0] as unknown;
    }
    const { leaves: outs, treedef: def } = flattenResult(name, result);
    outDef = def;
    return hasAux ? [...outs, ...(auxPart as { leaves: NDArray[] }).leaves] : outs;
  };
  return { fn, out: () => outDef as TreeDef, aux: () => auxPart as { leaves: NDArray[]; treedef: TreeDef } };
}

/** Outputs as the user gets them: literals become arrays. */
const finish = (treedef: TreeDef, leaves: readonly NDArray[]): unknown =>
  unflatten(treedef, leaves.map(materialise));

// --- forward and reverse mode -------------------------------------------------------------------------------------------

/** Values and directional derivative of `f`. Tangents of integer leaves are null. Source: jax.jvp. */
export function jvp(f: AnyFn, primals: readonly unknown[], tangents: readonly unknown[]): [unknown, unknown] {
  const name = `jvp(${nameOf(f)})`;
  const p = flattenArgs(name, primals);
  const t = flatten(tangents, name, { isLeaf: (x) => x === null });
  if (t.leaves.length !== p.leaves.length)
    throw fail(
      "E_TREE_MISMATCH",
      `${name}: primals ${printTree(p.treedef)} and tangents ${printTree(t.treedef)} differ in structure`,
    );
  const ts = t.leaves.map((x, i) => {
    const primal = p.leaves[i] as NDArray;
    if (x === null || !hasTangent(primal.aval)) return null;
    const value = leafArray(name, x);
    if (value.shape.join() !== primal.shape.join())
      throw fail(
        "E_SHAPE",
        `${name}: the tangent ${value.aval} at ${p.paths[i]} doesn't fit the primal ${primal.aval}`,
      );
    return value.dtype === primal.dtype ? value : context().lax.convertElementType(value, primal.dtype);
  });
  const { fn, out } = flatFunction(name, f, p.treedef);
  const r = jvpFlat(fn, p.leaves, ts, name);
  const full = r.tangents.map((x, i) =>
    hasTangent((r.outs[i] as NDArray).aval) ? instantiateTangent(x, (r.outs[i] as NDArray).aval) : null,
  );
  return [
    finish(out(), r.outs),
    unflatten(
      out(),
      full.map((x) => (x === null ? null : materialise(x))),
    ),
  ];
}

/** Value, and the linear map of the derivative at `primals`. Source: jax.linearize. */
export function linearize(
  f: AnyFn,
  ...primals: readonly unknown[]
): [unknown, (...tangents: unknown[]) => unknown] {
  const name = `linearize(${nameOf(f)})`;
  const p = flattenArgs(name, primals);
  const { fn, out } = flatFunction(name, f, p.treedef);
  const wrt = p.leaves.map((x) => hasTangent(x.aval));
  const lin = linearizeFlat(fn, p.leaves, wrt, name);
  const outDef = out();
  const apply = (...tangents: unknown[]): unknown => {
    const ts = flatten(tangents, name, { isLeaf: (x) => x === null }).leaves;
    const given = p.leaves.flatMap((x, i) =>
      wrt[i] ? [ts[i] === null ? instantiateTangent(null, x.aval) : leafArray(name, ts[i])] : [],
    );
    const outs = evalJaxpr(lin.jaxpr, [...lin.residuals, ...given]);
    let k = 0;
    return finish(
      outDef,
      lin.outs.map((x, i) => (lin.outNonzero[i] ? (outs[k++] as NDArray) : instantiateTangent(null, x.aval))),
    );
  };
  return [finish(outDef, lin.outs), apply];
}

interface Reverse {
  readonly outs: readonly NDArray[];
  pull(cts: readonly (NDArray | null)[]): (NDArray | null)[];
  release(keep: readonly NDArray[]): void;
}
function reverse(fn: FlatFn, primals: readonly NDArray[], wrt: readonly boolean[], name: string): Reverse {
  const lin = linearizeFlat(fn, primals, wrt, name);
  const linear = lin.jaxpr.inVars.map((_, i) => i >= lin.residuals.length);
  return {
    outs: lin.outs,
    pull: (cts) => {
      const used = cts.filter((_, i) => lin.outNonzero[i]);
      const grads = backward(
        lin.jaxpr,
        linear,
        [...lin.residuals, ...linear.filter(Boolean).map(() => null)],
        used,
      ).slice(lin.residuals.length);
      let k = 0;
      return wrt.map((w) => (w ? (grads[k++] ?? null) : null));
    },
    release: (keep) => releaseResiduals(lin.tape, keep),
  };
}

/** Value, and the function from cotangents to cotangents of the arguments. Integer leaves get null. Source: jax.vjp. */
export function vjp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): [R, (ct: unknown) => A] {
  return vjpWith(f as unknown as AnyFn, false, primals) as [R, (ct: unknown) => A];
}
/** `vjp.with({ hasAux: true })(f, ...primals)` gives [value, pullback, aux]. */
vjp.with =
  (options: { hasAux?: boolean }) =>
  (f: AnyFn, ...primals: readonly unknown[]): unknown[] =>
    vjpWith(f, options.hasAux ?? false, primals);

function vjpWith(f: AnyFn, hasAux: boolean, primals: readonly unknown[]): unknown[] {
  const name = `vjp(${nameOf(f)})`;
  const p = flattenArgs(name, primals);
  const { fn, out, aux } = flatFunction(name, f, p.treedef, hasAux);
  const r = reverse(
    fn,
    p.leaves,
    p.leaves.map((x) => hasTangent(x.aval)),
    name,
  );
  const outDef = out();
  const pullback = (ct: unknown): unknown => {
    const cts = flatten(ct, name, { isLeaf: (x) => x === null }).leaves.map((x, i) =>
      x === null ? null : cotangent(name, x, r.outs[i] as NDArray),
    );
    if (cts.length !== outDef.numLeaves)
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: got ${cts.length} cotangents for a result ${printTree(outDef)}`,
      );
    const grads = r.pull([...cts, ...r.outs.slice(cts.length).map(() => null)]);
    return unflatten(
      p.treedef,
      grads.map((g, i) =>
        hasTangent((p.leaves[i] as NDArray).aval)
          ? materialise(instantiateCt(g, (p.leaves[i] as NDArray).aval))
          : null,
      ),
    );
  };
  const value = finish(outDef, r.outs.slice(0, outDef.numLeaves));
  return hasAux
    ? [value, pullback, finish(aux().treedef, r.outs.slice(outDef.numLeaves))]
    : [value, pullback];
}
function cotangent(name: string, x: unknown, out: NDArray): NDArray {
  const ct = leafArray(name, x);
  if (ct.shape.join() !== out.shape.join())
    throw fail("E_SHAPE", `${name}: the cotangent ${ct.aval} doesn't fit the output ${out.aval}`);
  return ct.dtype === out.dtype ? ct : context().lax.convertElementType(ct, out.dtype);
}

export interface GradOptions {
  readonly argnums?: Argnums | undefined;
  readonly hasAux?: boolean | undefined;
  readonly holomorphic?: boolean | undefined;
}

/** Value and gradient of a scalar function. Source: jax.value_and_grad. */
export function valueAndGrad(f: AnyFn, options: GradOptions = {}): (...args: unknown[]) => unknown {
  const name = `grad(${nameOf(f)})`;
  const argnums = options.argnums ?? 0;
  return (...args) => {
    const list = (Array.isArray(argnums) ? argnums : [argnums]).map((i: number) =>
      i < 0 ? i + args.length : i,
    );
    for (const i of list)
      if (!(i >= 0 && i < args.length))
        throw fail("E_ARGUMENT", `${name}: argnums ${i} for ${args.length} arguments`);
    const p = flattenArgs(name, args);
    const wanted = p.treedef.children.flatMap((c, i) => Array<boolean>(c.numLeaves).fill(list.includes(i)));
    p.leaves.forEach((x, i) => {
      if (wanted[i] && !isFloat(x.aval.dtype) && !(isComplex(x.aval.dtype) && options.holomorphic === true))
        throw fail(
          "E_NOT_DIFFERENTIABLE",
          `${name}: the argument at ${p.paths[i]} is ${x.aval}, expected a float`,
        );
    });
    const { fn, out, aux } = flatFunction(name, f, p.treedef, options.hasAux ?? false);
    const r = reverse(fn, p.leaves, wanted, name);
    const value = r.outs[0] as NDArray;
    if (out().kind !== "leaf" || value.ndim !== 0)
      throw fail(
        "E_NOT_SCALAR",
        `${name}: the function returned ${out().kind === "leaf" ? value.aval : printTree(out())}, expected a scalar`,
      );
    if (!isFloat(value.aval.dtype) && options.holomorphic !== true)
      throw fail("E_NOT_DIFFERENTIABLE", `${name}: the function returned ${value.aval}, expected a float`);
    const one = context().lax.fullLike(value, 1);
    const cts = r.pull([one, ...r.outs.slice(1).map(() => null)]);
    const grads = cts.map((g, i) =>
      wanted[i] ? materialise(instantiateCt(g, (p.leaves[i] as NDArray).aval)) : null,
    );
    r.release([...r.outs, ...grads.filter((g): g is NDArray => g !== null)]);
    const trees = splitArgs(p.treedef, grads);
    const gradient = Array.isArray(argnums) ? list.map((i) => trees[i]) : trees[list[0] as number];
    const result = materialise(value);
    return [options.hasAux === true ? [result, finish(aux().treedef, r.outs.slice(1))] : result, gradient];
  };
}
function splitArgs(treedef: TreeDef, leaves: readonly unknown[]): unknown[] {
  let at = 0;
  return treedef.children.map((c) => unflatten(c, leaves.slice(at, (at += c.numLeaves))));
}

/** Gradient of a scalar function with respect to `argnums`. Source: jax.grad. */
export function grad(f: AnyFn, options: GradOptions = {}): (...args: unknown[]) => unknown {
  const both = valueAndGrad(f, options);
  return (...args) => {
    const [value, gradient] = both(...args) as [unknown, unknown];
    return options.hasAux === true ? [gradient, (value as unknown[])[1]] : gradient;
  };
}

/** Standard basis of one leaf, stacked: [n, …shape]. */
function basis(x: NDArray): NDArray {
  const { lax } = context();
  const n = x.size;
  const [i, j] = [lax.broadcastedIota("int32", [n, n], 0), lax.broadcastedIota("int32", [n, n], 1)];
  return lax.reshape(lax.convertElementType(lax.eq(i, j), x.dtype), [n, ...x.shape]);
}

/** The n-th leaf's basis beside zeros for the others. */
function basisOf(leaves: readonly NDArray[], k: number): NDArray[] {
  const n = (leaves[k] as NDArray).size;
  return leaves.map((x, i) =>
    i === k ? basis(x) : context().lax.zeros(x.aval.with({ shape: [n, ...x.shape] })),
  );
}

/** Jacobian by forward mode: one column a pass, vectorised. Source: jax.jacfwd. */
export function jacfwd(f: AnyFn, options: { argnums?: number } = {}): (...args: unknown[]) => unknown {
  return (...args) => {
    const name = `jacfwd(${nameOf(f)})`;
    const at = options.argnums ?? 0;
    const x = flattenArgs(name, [args[at]]);
    const call = (leaves: readonly NDArray[]): unknown =>
      f(...(args.map((a, i) => (i === at ? (unflatten(x.treedef, leaves) as unknown[])[0] : a)) as never[]));
    let outDef: TreeDef | null = null;
    const fn: FlatFn = (leaves) => {
      const r = flattenResult(name, call(leaves));
      outDef = r.treedef;
      return r.leaves;
    };
    const columns = x.leaves.map((leaf, k) => {
      const batched = batchFlat(
        (ts) => {
          const r = jvpFlat(fn, x.leaves, ts, name);
          return r.tangents.map((t, i) => instantiateTangent(t, (r.outs[i] as NDArray).aval));
        },
        basisOf(x.leaves, k),
        x.leaves.map(() => 0),
        { size: leaf.size, label: name },
      );
      return batched.outs.map((y, i) => {
        const moved = toAxis(
          leaf.size,
          y,
          batched.bdims[i] ?? null,
          y.ndim - (batched.bdims[i] === null ? 0 : 1),
        );
        return context().lax.reshape(moved, [...moved.shape.slice(0, -1), ...leaf.shape]);
      });
    });
    const perOut = (columns[0] ?? []).map(
      (_, i) =>
        (
          unflatten(
            x.treedef,
            columns.map((c) => materialise(c[i] as NDArray)),
          ) as unknown[]
        )[0],
    );
    return unflatten(outDef as unknown as TreeDef, perOut);
  };
}

/** Jacobian by reverse mode: one row a pass, vectorised. Source: jax.jacrev. */
export function jacrev(f: AnyFn, options: { argnums?: number } = {}): (...args: unknown[]) => unknown {
  return (...args) => {
    const name = `jacrev(${nameOf(f)})`;
    const at = options.argnums ?? 0;
    const x = flattenArgs(name, [args[at]]);
    let outDef: TreeDef | null = null;
    const fn: FlatFn = (leaves) => {
      const r = flattenResult(
        name,
        f(
          ...(args.map((a, i) => (i === at ? (unflatten(x.treedef, leaves) as unknown[])[0] : a)) as never[]),
        ),
      );
      outDef = r.treedef;
      return r.leaves;
    };
    const r = reverse(
      fn,
      x.leaves,
      x.leaves.map((l) => hasTangent(l.aval)),
      name,
    );
    const rows = r.outs.map((out, k) => {
      const batched = batchFlat(
        (cts) => r.pull(cts).map((g, i) => instantiateCt(g, (x.leaves[i] as NDArray).aval)),
        basisOf(r.outs, k),
        r.outs.map(() => 0),
        { size: out.size, label: name },
      );
      const leaves = batched.outs.map((y, i) => {
        const moved = toAxis(out.size, y, batched.bdims[i] ?? null, 0);
        return materialise(context().lax.reshape(moved, [...out.shape, ...moved.shape.slice(1)]));
      });
      return (unflatten(x.treedef, leaves) as unknown[])[0];
    });
    return unflatten(outDef as unknown as TreeDef, rows);
  };
}
/** Second derivatives: forward over reverse. Source: jax.hessian. */
export const hessian = (f: AnyFn, options: { argnums?: number } = {}): ((...args: unknown[]) => unknown) =>
  jacfwd(jacrev(f, options) as AnyFn, options);

// --- vmap ---------------------------------------------------------------------------------------------------------------

export interface VmapOptions {
  readonly inAxes?: unknown;
  readonly outAxes?: unknown;
  readonly axisName?: string | undefined;
  readonly axisSize?: number | undefined;
}
const isAxis = (x: unknown): boolean => x === null || typeof x === "number";

/** A function over a mapped axis, without a loop. Source: jax.vmap. */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: VmapOptions = {},
): (...args: A) => R {
  const name = `vmap(${nameOf(f as unknown as AnyFn)})`;
  const inAxes = options.inAxes ?? 0;
  const outAxes = options.outAxes === undefined ? 0 : options.outAxes;
  return ((...args: unknown[]) => {
    const p = flattenArgs(name, args);
    const axes = broadcastPrefix(inAxes, p.treedef, `${name} inAxes`, isAxis) as BatchDim[];
    const bdims = axes.map((a, i) =>
      a === null ? null : mappedAxis(name, a, p.leaves[i] as NDArray, p.paths[i] as string),
    );
    const sizes = bdims.flatMap((d, i) =>
      d === null ? [] : [{ n: (p.leaves[i] as NDArray).shape[d] as number, path: p.paths[i] as string }],
    );
    const size = sizes[0]?.n ?? options.axisSize;
    if (size === undefined)
      throw fail("E_VMAP", `${name}: no argument is mapped: give inAxes a number, or axisSize`);
    for (const s of sizes)
      if (s.n !== size)
        throw fail(
          "E_VMAP",
          `${name}: mapped axes have different sizes: ${sizes.map((q) => `${q.n} at ${q.path}`).join(", ")}`,
        );
    const { fn, out } = flatFunction(name, f as unknown as AnyFn, p.treedef);
    const r = batchFlat(fn, p.leaves, bdims, { size, axisName: options.axisName ?? null, label: name });
    const outSpecs = broadcastPrefix(outAxes, out(), `${name} outAxes`, isAxis) as BatchDim[];
    const outs = r.outs.map((x, i) => {
      const [d, want] = [r.bdims[i] ?? null, outSpecs[i] ?? null];
      if (want === null) {
        if (d !== null)
          throw fail("E_VMAP", `${name}: outAxes is null for a result that is mapped (${x.aval})`);
        return x;
      }
      const rank = x.ndim + (d === null ? 1 : 0);
      return toAxis(size, x, d, want < 0 ? want + rank : want);
    });
    return finish(out(), outs);
  }) as unknown as (...args: A) => R;
}
function mappedAxis(name: string, axis: number, x: NDArray, path: string): number {
  if (axis < -x.ndim || axis >= x.ndim)
    throw fail("E_VMAP", `${name}: axis ${axis} of ${x.aval} at ${path} is out of range`);
  return axis < 0 ? axis + x.ndim : axis;
}

// --- jit ------------------------------------------------------------------------------------------------------------------

export interface JitOptions {
  readonly staticArgnums?: Argnums | undefined;
  readonly donateArgnums?: Argnums | undefined;
}
interface JitEntry {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  readonly outDef: TreeDef;
  readonly reusable: boolean;
  readonly sites: string;
}
export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): R;
  /** The jaxpr's text for these arguments. */
  trace(...args: A): { readonly jaxpr: Jaxpr; asText(): string };
}
const asList = (x: Argnums | undefined): readonly number[] =>
  x === undefined ? [] : typeof x === "number" ? [x] : x;

function staticKey(name: string, x: unknown): string {
  if (x instanceof NDArray)
    throw fail(
      "E_STATIC_ARG",
      `${name}: a static argument is an array ${x.aval}; static arguments are JavaScript values`,
    );
  switch (typeof x) {
    case "object":
      return x === null ? "null" : Object.isFrozen(x) ? `f${JSON.stringify(x)}` : `@${identityOf(x)}`;
    case "function":
      return `@${identityOf(x)}`;
    default:
      return `${typeof x}:${Object.is(x, -0) ? "-0" : String(x)}`;
  }
}

/** A function traced once per signature and run as one compiled program. Source: jax.jit. */
export function jit<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const name = nameOf(f as unknown as AnyFn);
  const statics = asList(options.staticArgnums);
  const donated = asList(options.donateArgnums);
  const entries = new Map<string, JitEntry>();
  const split = (args: readonly unknown[]): { dynamic: readonly unknown[]; key: string } =>
    statics.length === 0
      ? { dynamic: args, key: "" }
      : {
          dynamic: args.filter((_, i) => !statics.includes(i)),
          key: args
            .filter((_, i) => statics.includes(i))
            .map((x) => staticKey(`jit(${name})`, x))
            .join("|"),
        };

  const lookup = (args: readonly unknown[]): { entry: JitEntry; leaves: NDArray[]; treedef: TreeDef } => {
    const { dynamic, key } = split(args);
    const flat = flatten(dynamic, `jit(${name})`);
    const avals: ShapedArray[] = [];
    const leaves = flat.leaves.map((x) => {
      const leaf = leafArray(`jit(${name})`, x);
      if (leaf.kind === CONCRETE) (leaf as ConcreteArray).live(`jit(${name})`);
      avals.push(typeof x === "number" ? shaped([], "number", true) : leaf.aval);
      return leaf;
    });
    const { config, axisEnv } = context();
    const full = `${flat.treedef.id}:${avals.map((a) => a.id).join(",")}:${key}:${config.enableX64 ? 1 : 0}${config.defaultMatmulPrecision}${axisEnv.size === 0 ? "" : JSON.stringify([...axisEnv])}`;
    let entry = entries.get(full);
    if (entry === undefined) {
      entry = traceEntry(args, flat.treedef, avals);
      if (entry.reusable) entries.set(full, entry);
    }
    return { entry, leaves, treedef: flat.treedef };
  };
  const traceEntry = (
    args: readonly unknown[],
    treedef: TreeDef,
    avals: readonly ShapedArray[],
  ): JitEntry => {
    counters.traces++;
    let outDef: TreeDef | null = null;
    const staged = stage(
      (xs) => {
        const dynamic = unflatten(treedef, xs) as unknown[];
        let k = 0;
        const full = args.map((x, i) => (statics.includes(i) ? x : dynamic[k++]));
        const r = flattenResult(`jit(${name})`, f(...(full as unknown as A)));
        outDef = r.treedef;
        return r.leaves;
      },
      avals,
      `jit(${name})`,
    );
    for (const x of staged.consts) context().scope?.delete(x as never);
    return {
      ...staged,
      outDef: outDef as unknown as TreeDef,
      reusable: !staged.consts.some((x) => x.kind === TRACER),
      sites: name,
    };
  };
  const call = (...args: A): R => {
    const { entry, leaves, treedef } = lookup(args);
    for (const c of entry.consts)
      if (c.kind === CONCRETE && (c as ConcreteArray).buffer === null)
        throw fail(
          "E_DISPOSED",
          `jit(${name}): the captured array ${c.aval} was ${(c as ConcreteArray).gone}`,
        );
    const donate = donated.length === 0 ? undefined : donateMask(treedef, args.length, statics, donated);
    return finish(entry.outDef, bindJit(entry.jaxpr, entry.consts, leaves, name, donate)) as R;
  };
  const wrapped = Object.assign(call, {
    trace: (...args: A) => {
      const { entry } = lookup(args);
      return { jaxpr: entry.jaxpr, asText: () => printJaxpr(entry.jaxpr) };
    },
  });
  Object.defineProperty(wrapped, "name", { value: name });
  return wrapped;
}
function donateMask(
  treedef: TreeDef,
  numArgs: number,
  statics: readonly number[],
  donated: readonly number[],
): boolean[] {
  const dynamic = Array.from({ length: numArgs }, (_, i) => i).filter((i) => !statics.includes(i));
  return treedef.children.flatMap((c, k) =>
    Array<boolean>(c.numLeaves).fill(donated.includes(dynamic[k] as number)),
  );
}

/** The jaxpr of a function for these arguments. Source: jax.make_jaxpr. */
export function makeJaxpr(
  f: AnyFn,
): (...args: unknown[]) => {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  toString(): string;
} {
  return (...args) => {
    const p = specArgs(`makeJaxpr(${nameOf(f)})`, args);
    const { fn } = flatFunction(`makeJaxpr(${nameOf(f)})`, f, p.treedef);
    const staged = stage(fn, p.avals, "makeJaxpr");
    return { ...staged, toString: () => printJaxpr(staged.jaxpr) };
  };
}

/** A shape and dtype without values. Source: jax.ShapeDtypeStruct. */
export interface ShapeDtypeStruct {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly weakType: boolean;
}
/** Shapes and dtypes of the result, without running. Arguments may be arrays or { shape, dtype }. Source: jax.eval_shape. */
export function evalShape(f: AnyFn, ...args: readonly unknown[]): unknown {
  const name = `evalShape(${nameOf(f)})`;
  const p = specArgs(name, args);
  const { fn, out } = flatFunction(name, f, p.treedef);
  const { jaxpr } = stage(fn, p.avals, name);
  return unflatten(
    out(),
    jaxpr.outs.map(({ aval }): ShapeDtypeStruct => ({
      shape: aval.shape,
      dtype: aval.dtype as DType,
      weakType: aval.weak,
    })),
  );
}
const isSpec = (x: unknown): x is { shape: readonly number[]; dtype: DType } =>
  typeof x === "object" &&
  x !== null &&
  !(x instanceof NDArray) &&
  Array.isArray((x as { shape?: unknown }).shape) &&
  typeof (x as { dtype?: unknown }).dtype === "string";
export function specArgs(
  name: string,
  args: readonly unknown[],
): { avals: ShapedArray[]; treedef: TreeDef; paths: string[] } {
  const { leaves, treedef, paths } = flatten(args, name, { isLeaf: isSpec });
  return {
    treedef,
    paths,
    avals: leaves.map((x) => (isSpec(x) ? shaped(x.shape, x.dtype) : leafArray(name, x).aval)),
  };
}

/**
 * A function with its own forward derivative: `rule(primals, tangents)` gives [outs, tangents of outs].
 * @throws E_RULE_OUTPUT, E_RULE_NOT_LINEAR when it is differentiated. Source: jax.custom_jvp.
 */
export function customJvp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  rule: (primals: A, tangents: A) => readonly [R, R],
): (...args: A) => R {
  const name = nameOf(f as unknown as AnyFn);
  return ((...args: unknown[]) => {
    const p = flattenArgs(`customJvp(${name})`, args);
    const { fn, out } = flatFunction(`customJvp(${name})`, f as unknown as AnyFn, p.treedef);
    let outDef: TreeDef | null = null;
    const outs = context().trace.customJvp(
      {
        name,
        body: (xs) => {
          const r = fn(xs);
          outDef = out();
          return r;
        },
        rule: (primals, tangents) => {
          const [value, tangent] = rule(
            unflatten(p.treedef, primals) as A,
            unflatten(p.treedef, tangents) as A,
          );
          const v = flattenResult(`customJvp(${name})`, value);
          const t = flattenResult(`customJvp(${name})`, tangent);
          if (v.treedef !== t.treedef)
            throw fail(
              "E_RULE_OUTPUT",
              `customJvp(${name}): the rule's value ${printTree(v.treedef)} and tangent ${printTree(t.treedef)} differ in structure`,
            );
          outDef = v.treedef;
          return { outs: v.leaves, tangents: t.leaves };
        },
      },
      p.leaves,
    );
    return finish(outDef as unknown as TreeDef, outs);
  }) as unknown as (...args: A) => R;
}
