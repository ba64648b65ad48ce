// Vectorisation: a tracer's `a` is the whole value, `b` its mapped axis. Rules run under the parent.
import { fail } from "../errors.ts";
import { context, withContext, withTrace, type NamedAxis } from "../ir/context.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { BatchDim, Params, Primitive, Tangent } from "../ir/primitive.ts";
import {
  bind,
  checkLive,
  isTracer,
  Tracer,
  type CustomJvp,
  type CustomVjp,
  type FlatFn,
  type FwdResult,
  type Trace,
} from "../ir/trace.ts";

/** Interprets operations on values with a mapped axis. */
export class BatchTrace implements Trace {
  readonly kind = "batch";
  readonly parent: Trace;
  readonly label: string;
  readonly size: number;
  readonly axisName: string | null;
  /** Shared by the traces that re-run a custom rule of the same vmap: what they have in common. */
  readonly tag: { readonly spmdAxisName?: readonly string[] | null };
  dead = false;
  constructor(
    parent: Trace,
    label: string,
    size: number,
    axisName: string | null,
    tag: BatchTrace["tag"] = {},
  ) {
    this.parent = parent;
    this.label = label;
    this.size = size;
    this.axisName = axisName;
    this.tag = tag;
  }

  owns(x: NDArray): x is Tracer {
    return isTracer(x) && x.trace.tag === this.tag;
  }

  wrap(value: NDArray, bdim: BatchDim): NDArray {
    if (bdim === null) return value;
    const shape = value.aval.shape.filter((_, i) => i !== bdim);
    return new Tracer(this, value.aval.with({ shape }), value, bdim);
  }

  value(x: NDArray): NDArray {
    return this.owns(x) ? (x.a as NDArray) : x;
  }

  bdim(x: NDArray): BatchDim {
    return this.owns(x) ? (x.b as number) : null;
  }

  process(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    const mapped = args.some((x) => this.owns(x));
    const collective = this.axisName !== null && (primitive.usesAxis?.(this.axisName, params) ?? false);
    if (!mapped && !collective) return withTrace(this.parent, () => bind(primitive, args, params));
    const rule = primitive.batch;
    if (rule === undefined)
      throw fail("E_NO_RULE", `${primitive.name} has no batching rule; in ${this.label}`);
    const values = args.map((x) => this.value(x));
    const bdims = args.map((x) => this.bdim(x));
    const { outs, bdims: outBdims } = withTrace(this.parent, () =>
      rule(context().lax, this.size, values, bdims, params, collective ? this.axisName : null),
    );
    return outs.map((x, i) => this.wrap(x, outBdims[i] ?? null));
  }

  /** Never a short cut to the parent: the body may close over mapped values where the arguments aren't. */
  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
    const bdims = args.map((x) => this.bdim(x));
    const own = bdims.slice(call.numClosed);
    const results = new Results(this, call.name);
    const lifted: CustomJvp = {
      ...call,
      body: (xs) => results.place(this.rerun((wrap) => call.body(wrap(xs, bdims)))),
      rule: (primals, tangents) => {
        let n = 0;
        let given: readonly boolean[] = [];
        const r = this.rerun((wrap) => {
          const { outs, tangents: ts } = call.rule(wrap(primals, own), wrap(tangents, own));
          n = outs.length;
          given = ts.map((t) => t !== null);
          return [...outs, ...ts.filter((t) => t !== null)];
        });
        const joined = joinDims(r.bdims.slice(0, n), r.bdims.slice(n), given);
        const outs = results.place({ outs: r.outs.slice(0, n), bdims: r.bdims.slice(0, n) }, joined);
        let k = n;
        const tangents_ = given.map((g, i) =>
          g ? results.placeOne(i, r.outs[k] as NDArray, r.bdims[k++] ?? null) : null,
        );
        return { outs, tangents: tangents_ };
      },
    };
    return this.underParent((trace, xs) => trace.customJvp(lifted, xs), args, results);
  }

  customVjp(call: CustomVjp, args: readonly NDArray[]): readonly NDArray[] {
    const bdims = args.map((x) => this.bdim(x));
    const own = bdims.slice(call.numClosed);
    const results = new Results(this, call.name);
    const lifted: CustomVjp = {
      ...call,
      body: (xs) => results.place(this.rerun((wrap) => call.body(wrap(xs, bdims)))),
      fwd: (xs, perturbed) => {
        let inner: FwdResult | null = null;
        const r = this.rerun((wrap) => {
          inner = call.fwd(wrap(xs, own), perturbed);
          return [...inner.outs, ...inner.residuals];
        });
        const { outs, bwd } = inner as unknown as FwdResult;
        const n = outs.length;
        const dims = r.bdims.slice(n);
        return {
          outs: results.place({ outs: r.outs.slice(0, n), bdims: r.bdims.slice(0, n) }),
          residuals: r.outs.slice(n),
          bwd: (res, cts) => this.backward((wrap) => bwd(wrap(res, dims), wrap(cts, results.bdims)), own),
        };
      },
    };
    return this.underParent((trace, xs) => trace.customVjp(lifted, xs), args, results);
  }

  /** Cotangents of arguments with these mapped axes: an unmapped one sums over the axis. */
  private backward(run: (wrap: Wrap) => readonly Tangent[], bdims: readonly BatchDim[]): readonly Tangent[] {
    let given: readonly boolean[] = [];
    const r = this.rerun((wrap) => {
      const cts = run(wrap);
      given = cts.map((ct) => ct !== null);
      return cts.filter((ct) => ct !== null);
    });
    let k = 0;
    return bdims.map((want, i) => {
      if (given[i] !== true) return null;
      const ct = r.outs[k] as NDArray;
      const bdim = r.bdims[k++] ?? null;
      if (want !== null) return toAxis(this.size, ct, bdim, want);
      return bdim === null ? ct : context().lax.reduceSum(ct, [bdim]);
    });
  }

  private underParent(
    call: (trace: Trace, args: readonly NDArray[]) => readonly NDArray[],
    args: readonly NDArray[],
    results: Results,
  ): readonly NDArray[] {
    const values = args.map((x) => this.value(x));
    const outs = withTrace(this.parent, () => call(context().trace, values));
    return outs.map((x, i) => this.wrap(x, results.bdims[i] ?? null));
  }

  /** Runs a custom body under a new trace of this level, over whatever trace is current. */
  private rerun(body: (wrap: Wrap) => readonly NDArray[]): Batched {
    const trace = new BatchTrace(context().trace, this.label, this.size, this.axisName, this.tag);
    const wrap = ((xs: readonly Tangent[], bdims: readonly BatchDim[]) =>
      xs.map((x, i) => (x === null ? null : trace.wrap(x, bdims[i] ?? null)))) as Wrap;
    try {
      const outs = withContext({ trace, axisEnv: axisEnvOf(this) }, () => body(wrap));
      for (const x of outs) checkLive(x, this.label);
      return { outs: outs.map((x) => trace.value(x)), bdims: outs.map((x) => trace.bdim(x)) };
    } finally {
      trace.dead = true;
    }
  }
}

/** Values with their mapped axes. */
interface Batched {
  readonly outs: readonly NDArray[];
  readonly bdims: readonly BatchDim[];
}
/** Values as tracers of a rerun; null stays null. */
type Wrap = <T extends Tangent>(xs: readonly T[], bdims: readonly BatchDim[]) => T[];

/** Where the results of a custom function have their mapped axis: the first run says it, later ones must follow. */
class Results {
  private readonly trace: BatchTrace;
  private readonly name: string;
  bdims: readonly BatchDim[] = [];
  private known = false;
  constructor(trace: BatchTrace, name: string) {
    this.trace = trace;
    this.name = name;
  }

  place(r: Batched, dims: readonly BatchDim[] = r.bdims): NDArray[] {
    if (!this.known) this.bdims = dims.map((d) => (d === null ? null : 0));
    this.known = true;
    return r.outs.map((x, i) => this.placeOne(i, x, r.bdims[i] ?? null));
  }

  placeOne(i: number, x: NDArray, bdim: BatchDim): NDArray {
    const want = this.bdims[i] ?? null;
    if (want !== null) return toAxis(this.trace.size, x, bdim, want);
    if (bdim === null) return x;
    throw fail(
      "E_RULE_CLOSURE",
      `${this.name}: the rule's result ${i} is mapped by ${this.trace.label}, that of the function isn't`,
    );
  }
}

/** Mapped where a primal or its tangent is. */
function joinDims(
  primals: readonly BatchDim[],
  tangents: readonly BatchDim[],
  given: readonly boolean[],
): BatchDim[] {
  let k = 0;
  return primals.map((d, i) => {
    const t = given[i] === true ? (tangents[k++] ?? null) : null;
    return d ?? t;
  });
}

const axisEnvOf = ({ axisName, size }: BatchTrace): ReadonlyMap<string, NamedAxis> =>
  axisName === null
    ? context().axisEnv
    : new Map([...context().axisEnv, [axisName, { size, kind: "vmap" as const }]]);

/** `x` with its mapped axis moved (or made, by broadcasting) to `axis`. */
export function toAxis(size: number, x: NDArray, bdim: BatchDim, axis: number): NDArray {
  const { lax } = context();
  if (bdim === axis) return x;
  if (bdim === null) {
    const shape = [...x.aval.shape.slice(0, axis), size, ...x.aval.shape.slice(axis)];
    return lax.broadcastInDim(
      x,
      shape,
      x.aval.shape.map((_, i) => (i < axis ? i : i + 1)),
    );
  }
  const order = x.aval.shape.map((_, i) => i).filter((i) => i !== bdim);
  order.splice(axis, 0, bdim);
  return lax.transpose(x, order);
}

/** The mapped axis. */
export interface BatchOptions {
  readonly size: number;
  readonly axisName?: string | null;
  readonly label: string;
  /** Mesh axes that the mapped axis is spread over, for shardMap inside. */
  readonly spmdAxisName?: readonly string[] | null;
}

/** Outputs of `fn` over a mapped axis, with their mapped axes (null: not mapped). */
export function batchFlat(
  fn: FlatFn,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  options: BatchOptions,
): {
  outs: readonly NDArray[];
  bdims: readonly BatchDim[];
} {
  const { label, size, axisName = null, spmdAxisName = null } = options;
  const trace = new BatchTrace(context().trace, label, size, axisName, { spmdAxisName });
  try {
    const outs = withContext({ trace, axisEnv: axisEnvOf(trace) }, () =>
      fn(args.map((x, i) => trace.wrap(x, bdims[i] ?? null))),
    );
    for (const x of outs) checkLive(x, label);
    return { outs: outs.map((x) => trace.value(x)), bdims: outs.map((x) => trace.bdim(x)) };
  } finally {
    trace.dead = true;
  }
}
