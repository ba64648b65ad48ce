// Arguments beyond those that a function takes: JavaScript drops them in silence, and with them what the caller meant.
import { fail } from "../errors.ts";
import { describe } from "../primitives/operand.ts";
import { isPlain } from "./arrays.ts";

/** What NumPy's functions of elements take by name and these don't, and what to write. */
const WRITE: Readonly<Record<string, string>> = {
  out: "functions return new arrays: assign the result",
  where: "select afterwards: np.where(condition, result, other)",
  dtype: "convert the operand or the result: x.astype(dtype)",
};

/** Is this how Array's map, forEach, reduce … call: with the place of the last operand, and the list? */
function isOfList(takes: number, given: readonly unknown[]): boolean {
  const [at, list] = given.slice(takes);
  return given.length === takes + 2 && Array.isArray(list) && Object.is(list[at as number], given[takes - 1]);
}

/** Refuses arguments beyond `takes`, unless a method of lists added them. @throws E_OPTIONS, E_ARGUMENT */
export function refuseMore(name: string, takes: readonly string[], given: readonly unknown[]): void {
  if (isOfList(takes.length, given)) return;
  const extra = given[takes.length];
  const call = `${name} takes (${takes.join(", ")})`;
  if (!isPlain(extra)) throw fail("E_ARGUMENT", `${call}; got ${given.length} arguments`);
  const words = Object.keys(extra);
  const hint = words.map((w) => WRITE[w]).find((text) => text !== undefined);
  throw fail(
    "E_OPTIONS",
    `${call} and no options; got ${words.length === 0 ? describe(extra) : `{ ${words.join(", ")} }`}`,
    hint === undefined ? {} : { hint },
  );
}

/** Refuses a call with more arguments than there are: `given` is `arguments.length`. @throws E_ARGUMENT */
export function checkCount(name: string, takes: number, given: number): void {
  if (given <= takes) return;
  throw fail("E_ARGUMENT", `${name} takes ${takes} argument${takes === 1 ? "" : "s"}; got ${given}`, {
    hint: "settings, where it takes any, stand in one object, the last of these",
  });
}
