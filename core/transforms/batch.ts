// Vectorisation: a tracer's `a` is the whole value, `b` its mapped axis. Rules run under the parent.
import { fail } from "../errors.ts";
import { context, withContext, withTrace } from "../ir/context.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { BatchDim, Params, Primitive } from "../ir/primitive.ts";
import { bind, checkLive, isTracer, Tracer, type CustomJvp, type FlatFn, type Trace } from "../ir/trace.ts";

/** Interprets operations on values with a mapped axis. */
export class BatchTrace implements Trace {
  readonly kind = "batch";
  readonly parent: Trace;
  readonly label: string;
  readonly size: number;
  readonly axisName: string | null;
  /** Shared by the traces that re-run a custom rule of the same vmap. */
  readonly tag: object;
  dead = false;
  constructor(parent: Trace, label: string, size: number, axisName: string | null, tag: object = {}) {
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

  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
    if (!args.some((x) => this.owns(x)))
      return withTrace(this.parent, () => context().trace.customJvp(call, args));
    const bdims = args.map((x) => this.bdim(x));
    const lifted: CustomJvp = {
      name: call.name,
      body: (values) => this.rerun(() => call.body(this.wrapAll(values, bdims))),
      rule: (primals, tangents) => {
        let count = 0;
        const flat = this.rerun(() => {
          const { outs, tangents: ts } = call.rule(
            this.wrapAll(primals, bdims),
            this.wrapAll(tangents as NDArray[], bdims),
          );
          count = outs.length;
          return [...outs, ...ts.map((t, i) => t ?? context().lax.zerosLike(outs[i] as NDArray))];
        });
        return { outs: flat.slice(0, count), tangents: flat.slice(count) };
      },
    };
    const outs = withTrace(this.parent, () =>
      context().trace.customJvp(
        lifted,
        args.map((x) => this.value(x)),
      ),
    );
    return outs.map((x) => this.wrap(x, 0));
  }

  private wrapAll(values: readonly NDArray[], bdims: readonly BatchDim[]): NDArray[] {
    return values.map((x, i) => current(this).wrap(x, bdims[i] ?? null));
  }

  /** Runs a custom body under a new trace of this level, over whatever trace is current; outputs are batched at 0. */
  private rerun(body: () => readonly NDArray[]): readonly NDArray[] {
    const trace = new BatchTrace(context().trace, this.label, this.size, this.axisName, this.tag);
    try {
      const outs = withTrace(trace, body);
      return outs.map((x) => moveToFront(trace, x));
    } finally {
      trace.dead = true;
    }
  }
}

/** The innermost live trace of the same level. */
function current(level: BatchTrace): BatchTrace {
  let t: Trace | null = context().trace;
  while (t !== null && t.tag !== level.tag) t = t.parent;
  return (t as BatchTrace | null) ?? level;
}

function moveToFront(trace: BatchTrace, x: NDArray): NDArray {
  checkLive(x, trace.label);
  return toAxis(trace.size, trace.value(x), trace.bdim(x), 0);
}

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
  const axisName = options.axisName ?? null;
  const trace = new BatchTrace(context().trace, options.label, options.size, axisName);
  const axisEnv =
    axisName === null
      ? context().axisEnv
      : new Map([...context().axisEnv, [axisName, { size: options.size, kind: "vmap" as const }]]);
  try {
    const outs = withContext({ trace, axisEnv }, () =>
      fn(args.map((x, i) => trace.wrap(x, bdims[i] ?? null))),
    );
    for (const x of outs) checkLive(x, options.label);
    return { outs: outs.map((x) => trace.value(x)), bdims: outs.map((x) => trace.bdim(x)) };
  } finally {
    trace.dead = true;
  }
}
