// A function with some of its arguments that is a tree: the arguments are its leaves, the function part of its structure.
import { isRegistered, registerPytreeNode } from "../ir/tree-registry.ts";
import { checkFunction } from "./transforms/flat.ts";

/** A function with its first arguments given: callable, and a tree of these arguments. */
export interface Partial<R = unknown> {
  (...rest: unknown[]): R;
  readonly func: (...args: never[]) => R;
  readonly args: readonly unknown[];
}
interface PartialClass {
  new <R>(func: (...args: never[]) => R, ...args: unknown[]): Partial<R>;
  readonly prototype: Partial;
}

/** On the first use, so that importing this file does nothing. */
function register(): void {
  if (isRegistered(Partial)) return;
  Object.setPrototypeOf(Partial.prototype, Function.prototype);
  registerPytreeNode(Partial, {
    flatten: (p) => [p.args, p.func],
    unflatten: (func: Partial["func"], args) => new Partial(func, ...args),
  });
}
function make<R>(func: (...args: never[]) => R, args: readonly unknown[]): Partial<R> {
  checkFunction("tree.Partial", func);
  register();
  const call = (...rest: unknown[]): R => func(...([...args, ...rest] as never[]));
  Object.setPrototypeOf(call, Partial.prototype);
  Object.defineProperty(call, "name", { value: func.name });
  return Object.assign(call, { func, args: Object.freeze([...args]) });
}

/**
 * A function with its first arguments given, which may go through jit, grad and vmap as an argument or result: the arguments
 * given are its leaves, the function is compared by identity. Source: jax.tree_util.Partial
 * @example jit((f: Partial<NDArray>, x: NDArray) => f(x))(new Partial(np.add, 1), 2)
 */
export const Partial: PartialClass = function (func: (...args: never[]) => unknown, ...args: unknown[]) {
  return make(func, args);
} as unknown as PartialClass;
