// Hand-written wasm functions with named parameters and locals.
import { I32, get, set, add, fn, local, type Code, type ValType, type Fn } from "../codegen/assembler.ts";

/** Reads and writes of a function's variables by name. */
export interface Vars<N extends string> {
  readonly at: Readonly<Record<N, number>>;
  get(name: N): Code;
  set(name: N, value: Code): Code;
  /** name += value, for i32. */
  inc(name: N, value: Code): Code;
}

/** A function of i32 parameters without results. */
export function define<N extends string>(
  params: readonly N[],
  locals: Readonly<Partial<Record<N, ValType>>>,
  body: (v: Vars<N>) => Code,
): Fn {
  const f = fn(params.map(() => I32));
  const at = Object.fromEntries(params.map((name, i) => [name, i])) as Record<N, number>;
  for (const [name, type] of Object.entries(locals) as [N, ValType][]) at[name] = local(f, type);
  f.body = body({
    at,
    get: (name) => get(at[name]),
    set: (name, value) => set(at[name], value),
    inc: (name, value) => set(at[name], add(get(at[name]), value)),
  });
  return f;
}
