// Every public function says which of its parameters is no array, by the name that the parameter has.
import { readFileSync } from "node:fs";
import * as tenon from "tenon";
import { expect, it } from "vitest";

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}
interface Signature {
  readonly positional: readonly Parameter[];
  readonly rest: { readonly type: string } | null;
}
const SIGNATURES = JSON.parse(readFileSync(new URL("signatures.json", import.meta.url), "utf8")) as Readonly<
  Record<string, readonly Signature[]>
>;
type Call = (...args: readonly unknown[]) => unknown;
const functionAt = (path: string): unknown =>
  path.split(".").reduce<unknown>((o, key) => (o as Record<string, unknown> | undefined)?.[key], tenon);

/** Something that a parameter of this type may be. */
function something(type: string): unknown {
  if (/^(ArrayLike|NDArray|Operand|number \|)/.test(type)) return tenon.np.ones([2, 2]);
  if (type.includes("KeyLike")) return tenon.random.key(0);
  if (type.startsWith("number")) return 1;
  if (/Shape|readonly number\[\]/.test(type)) return [2, 2];
  if (type.includes("DType")) return "float32";
  if (/readonly (ArrayLike|NDArray)\[\]/.test(type)) return [tenon.np.ones([2, 2])];
  if (type.includes("=>")) return (x: unknown) => x;
  return undefined;
}
const isArray = (type: string): boolean =>
  /\b(ArrayLike|NDArray|Operand)\b/.test(type) && !/=>|readonly/.test(type);

/** What a call says of a date in place of its parameter `at`; null if it says nothing of a date. */
function complaint(call: Call, { positional, rest }: Signature, at: number): string | null {
  const needed = Math.max(at + 1, positional.filter((p) => !p.optional).length);
  const args = positional.slice(0, needed).map((p, i) => (i === at ? new Date(0) : something(p.type)));
  if (rest !== null && isArray(rest.type.replace("readonly ", "").replace("[]", "")))
    args.push(tenon.np.ones([2, 2]));
  try {
    call(...args);
    return null;
  } catch (error) {
    const [line = ""] = (error as Error).message.split("\n");
    return line.includes("is an object of class Date, expected an array") ? line : null;
  }
}

it("no function blames another parameter", () => {
  const wrong: string[] = [];
  let named = 0;
  for (const [path, overloads] of Object.entries(SIGNATURES)) {
    const call = functionAt(path);
    if (typeof call !== "function") continue;
    for (const signature of overloads)
      signature.positional.forEach((p, i) => {
        const line = isArray(p.type) ? complaint(call as Call, signature, i) : null;
        if (line === null) return;
        named++;
        const blamed = line.replace(/^\S+: | is an object.*/g, "");
        if (blamed !== p.name && blamed !== "a start index") wrong.push(`${path}(${p.name}): ${line}`);
      });
  }
  expect(wrong).toEqual([]);
  expect(named).toBeGreaterThan(550);
});
