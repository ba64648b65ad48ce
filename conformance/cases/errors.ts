// Which of our error classes stands for which exception of JAX (the table of docs/errors.md, "Coming from JAX").
// Python separates TypeError from ValueError by habit, we by subject: several of ours stand for each of those two.

const WRONG_ARGUMENT = [
  "ShapeError",
  "DTypeError",
  "IndexError",
  "TreeError",
  "TracerError",
  "TenonError",
] as const;

/** Our classes for each class of JAX and Python that JAX raises; a subclass of a listed class fits, too. */
export const ERROR_CLASSES: Readonly<Record<string, readonly string[]>> = {
  TypeError: WRONG_ARGUMENT,
  ValueError: WRONG_ARGUMENT,
  IndexError: ["IndexError"],
  KeyError: ["TreeError", "TenonError"],
  NameError: ["TenonError"],
  AttributeError: ["TenonError"],
  AssertionError: ["TenonError"],
  OverflowError: ["DTypeError", "TenonError"],
  ZeroDivisionError: ["TenonError"],
  FloatingPointError: ["FloatingPointError", "CheckError"],
  NotImplementedError: ["TenonError"],
  RuntimeError: ["LifetimeError", "CallbackError", "PluginError"],
  JaxRuntimeError: ["LifetimeError", "CallbackError", "CheckError", "PluginError", "TenonError"],
  JAXTypeError: ["TracerError"],
  JAXIndexError: ["NonConcreteBooleanIndexError", "IndexError"],
  ConcretizationTypeError: ["ConcretizationError"],
  TracerBoolConversionError: ["TracerBoolConversionError", "ConcretizationError"],
  TracerArrayConversionError: ["TracerArrayConversionError", "ConcretizationError"],
  TracerIntegerConversionError: ["TracerIntegerConversionError", "ConcretizationError"],
  NonConcreteBooleanIndexError: ["NonConcreteBooleanIndexError", "ConcretizationError"],
  UnexpectedTracerError: ["LeakError"],
};

/**
 * What is wrong with a thrown value, if it isn't of our class for a JAX exception.
 *
 * @param chain  names of JAX's exception and its bases, most derived first
 * @returns null if it fits
 */
export function misfit(error: unknown, chain: readonly string[]): string | null {
  const jax = chain.find((name) => Object.hasOwn(ERROR_CLASSES, name));
  if (jax === undefined) return `no class of ours stands for ${chain.join(", ")}`;
  const wanted = ERROR_CLASSES[jax] as readonly string[];
  const names = classNames(error);
  if (!isOurs(error))
    return `threw ${names[0] ?? typeof error} (${firstLine(error)}), which isn't an error of Tenon`;
  // TenonError is the base of all: listed, it means the base itself, not any of its subclasses.
  const fits =
    names[0] === "TenonError"
      ? wanted.includes("TenonError")
      : names.some((n) => wanted.includes(n) && n !== "TenonError");
  return fits ? null : `threw ${names[0]} (${firstLine(error)}), expected ${wanted.join(" or ")} for ${jax}`;
}

/** Whether a thrown value is a coded error of ours. */
export function isOurs(error: unknown): error is Error & { readonly code: string; readonly reason?: string } {
  return (
    error instanceof Error && typeof (error as { code?: unknown }).code === "string" && "reason" in error
  );
}

/** Names of an error's class and of its bases up to ours. */
function classNames(error: unknown): string[] {
  const names: string[] = [];
  let at: unknown = typeof error === "object" && error !== null ? Object.getPrototypeOf(error) : null;
  while (at !== null && at !== Error.prototype && at !== Object.prototype) {
    const { name } = (at as { constructor: { name: string } }).constructor;
    names.push(name === "CodedError" ? "TenonError" : name);
    at = Object.getPrototypeOf(at);
  }
  return names.length === 0 && error instanceof Error ? [error.name] : names;
}

/** The first line of what was thrown. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? "";
}
