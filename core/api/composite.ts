// Public functions made of several operations: one compiled program when called eagerly (also under eager grad and
// vmap, where the rules of jit_p derive it), written out while a program is being staged. As JAX's jitted jnp functions.
import { context } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import { CONCRETE, TRACER, type NDArray } from "../ir/ndarray.ts";
import { paramsKey } from "../ir/primitive.ts";
import type { Trace } from "../ir/trace.ts";
import { bindJit } from "../primitives/jit.ts";
import { stage } from "../transforms/stage.ts";

type Operands = readonly (NDArray | null)[];
type Result = NDArray | readonly NDArray[];
interface Staged {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  readonly single: boolean;
}

/**
 * A function of arrays as one unit. `body` may depend on nothing but its operands (null: absent) and `statics`, plain
 * data that becomes part of the key. Derivative and batching: of the body.
 */
export function composite<A extends Operands, S extends readonly unknown[], R extends Result>(
  name: string,
  body: (operands: A, ...statics: S) => R,
): (operands: A, ...statics: S) => R {
  const cache = new Map<string, Staged>();
  return (operands, ...statics) => {
    if (isStaging() || context().config.disableJit) return body(operands, ...statics);
    const key = keyOf(operands, statics);
    let staged = cache.get(key);
    if (staged === undefined) {
      staged = stageBody(name, operands, (xs) => body(xs as A, ...statics));
      if (!staged.consts.some((x) => x.kind === TRACER)) cache.set(key, staged);
    }
    const given = operands.filter((x): x is NDArray => x !== null);
    const outs = bindJit(staged.jaxpr, staged.consts, given, name);
    return (staged.single ? outs[0] : outs) as R;
  };
}

function isStaging(): boolean {
  for (let t: Trace | null = context().trace; t !== null; t = t.parent) if (t.kind === "stage") return true;
  return false;
}

function keyOf(operands: Operands, statics: readonly unknown[]): string {
  const { config } = context();
  let key = `${config.enableX64 ? "x" : ""}${config.defaultMatmulPrecision}|`;
  for (const x of operands) key += x === null ? "," : `${x.aval.id},`;
  return statics.length === 0 ? key : `${key}${paramsKey({ statics })}`;
}

function stageBody(name: string, operands: Operands, body: (xs: Operands) => Result): Staged {
  let single = true;
  const { jaxpr, consts } = stage(
    (xs) => {
      let k = 0;
      const out = body(operands.map((x) => (x === null ? null : (xs[k++] as NDArray))));
      single = !Array.isArray(out);
      return single ? [out as NDArray] : (out as readonly NDArray[]);
    },
    operands.flatMap((x) => (x === null ? [] : [x.aval])),
    name,
  );
  // The program keeps what it captured: a surrounding scope() must not free it.
  for (const x of consts) if (x.kind === CONCRETE) context().scope?.delete(x);
  return { jaxpr, consts, single };
}
