// Options of jit, and what is said of those it doesn't take.
import { fail } from "../../errors.ts";
import { numberList } from "../../primitives/operand.ts";
import type { RuntimeDevice } from "../../runtime/registry.ts";
import { checkOptions } from "../arrays.ts";
import { parametersOf } from "./flat.ts";
import type { AnyFn, Argnums } from "./types.ts";

/** Options of jit. */
export interface JitOptions {
  /** Arguments that are JavaScript values: a new one traces anew. Negative numbers count from the end. */
  readonly staticArgnums?: Argnums | undefined;
  /** Arguments whose arrays the call may overwrite: those whose memory a result takes are gone afterwards. */
  readonly donateArgnums?: Argnums | undefined;
  /** Pass arguments to the device that the function doesn't use (default false). */
  readonly keepUnused?: boolean | undefined;
  /** Inside of another traced function: write its operations there instead of a call. */
  readonly inline?: boolean | undefined;
  /** Where it runs; uncommitted arguments are moved there. */
  readonly device?: RuntimeDevice | undefined;
}
const OPTIONS = ["staticArgnums", "donateArgnums", "keepUnused", "inline", "device"];
/** Options of JAX that aren't here, and what to do. */
const REFUSED: { readonly [option: string]: string } = {
  inShardings: "shardings come with meshes: place arguments with devicePut",
  outShardings: "shardings come with meshes: move results with devicePut",
  staticArgnames: "JavaScript has no keyword arguments: use staticArgnums",
  donateArgnames: "JavaScript has no keyword arguments: use donateArgnums",
  backend: "pass a device: jit(f, { device }), of devices()",
  compilerOptions: "plugins take no options yet",
};

/** @throws E_UNIMPLEMENTED for options of JAX that aren't here, E_UNKNOWN_OPTION, E_ARGUMENT */
export function checkJitOptions(options: JitOptions): void {
  if (typeof options === "object" && options !== null)
    for (const [option, hint] of Object.entries(REFUSED))
      if (Object.hasOwn(options, option) && (options as Record<string, unknown>)[option] != null)
        throw fail("E_UNIMPLEMENTED", `jit: the option ${option} isn't there`, { hint });
  checkOptions("jit", options, OPTIONS);
}

/** The arguments that an option names. @throws E_ARGUMENT for a place that the function doesn't have */
export function placesOf(
  label: string,
  f: AnyFn,
  word: "staticArgnums" | "donateArgnums",
  given: Argnums,
): readonly number[] {
  const list = numberList(label, word, given);
  const parameters = parametersOf(f);
  const known = parameters.length > 0 && !parameters.includes("");
  for (const i of list) {
    if (!Number.isInteger(i)) throw fail("E_ARGUMENT", `${label}: ${word} has ${i}, expected an integer`);
    if (known && (i >= parameters.length || i < -parameters.length))
      throw fail("E_ARGUMENT", `${label}: ${word} names argument ${i}, and there are ${parameters.length}`);
  }
  return list;
}
