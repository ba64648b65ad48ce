// The words that functions accept at run time (`checkOptions(name, options, words)`) are those of their declarations.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import { readSignatures } from "./signatures.ts";

const API = fileURLToPath(new URL("../core/api/", import.meta.url));
const sources = readdirSync(API, { recursive: true, encoding: "utf8" })
  .filter((f) => f.endsWith(".ts") && !f.endsWith(".test.ts"))
  .map((f) => ts.createSourceFile(f, readFileSync(`${API}${f}`, "utf8"), ts.ScriptTarget.ES2022, true));

/** The initialiser of a name: in the functions around, then in the file. */
function initialiser(name: string, from: ts.Node): ts.Expression | undefined {
  for (let scope: ts.Node | undefined = from; scope !== undefined; scope = scope.parent) {
    const statements = ts.isBlock(scope) || ts.isSourceFile(scope) ? scope.statements : [];
    for (const s of statements)
      if (ts.isVariableStatement(s))
        for (const d of s.declarationList.declarations) if (d.name.getText() === name) return d.initializer;
  }
  return undefined;
}
const plain = (e: ts.Expression): ts.Expression =>
  ts.isAsExpression(e) || ts.isParenthesizedExpression(e) || ts.isSatisfiesExpression(e)
    ? plain(e.expression)
    : e;

/** The value of a constant expression of strings; undefined where it isn't one. */
function constant(expression: ts.Expression): string | string[] | undefined {
  const e = plain(expression);
  if (ts.isStringLiteralLike(e)) return e.text;
  if (ts.isIdentifier(e)) {
    const init = initialiser(e.text, e);
    return init === undefined ? undefined : constant(init);
  }
  if (!ts.isArrayLiteralExpression(e)) return undefined;
  const items = e.elements.map((x) => constant(ts.isSpreadElement(x) ? x.expression : x));
  return items.includes(undefined) ? undefined : (items.flat() as string[]);
}

/** Name and words of every check whose arguments are constants. */
function checks(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === "checkOptions") {
      const [name, , words] = node.arguments;
      const [n, w] = [name, words].map((e) => (e === undefined ? undefined : constant(e)));
      if (typeof n === "string" && Array.isArray(w)) found.set(n, w);
    }
    ts.forEachChild(node, visit);
  };
  sources.forEach(visit);
  return found;
}

it("accepts exactly the declared words", () => {
  const table = readSignatures();
  const found = checks();
  const wrong: string[] = [];
  let compared = 0;
  for (const [name, words] of found) {
    const overloads = table[name];
    if (overloads === undefined) continue;
    compared++;
    const declared = new Set(overloads.flatMap((o) => Object.keys(o.options)));
    const odd = [
      ...words.filter((w) => !declared.has(w)).map((w) => `accepts ${w}`),
      ...[...declared].filter((w) => !words.includes(w)).map((w) => `refuses ${w}`),
    ];
    if (odd.length > 0) wrong.push(`${name} ${odd.join(", ")}`);
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(150);
});
