// Checks what the architecture promises: allowed import edges, no import cycles, a docstring on every export.
// Reads the syntax alone (no types), so it takes about a second. `node scripts/check-layers.mjs [ROOT]`
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { CORE_LAYERS, GENERATED, PACKAGES, TEST_MAY, UPWARD_TYPES } from "./layers.mjs";

const LONG = 600;
const IGNORED = new Set(["node_modules", "dist", ".git", "coverage"]);

/** Every TypeScript source below `root`, as paths relative to it with forward slashes. */
export function sourcesOf(root, folder = "") {
  const found = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (IGNORED.has(entry.name)) continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...sourcesOf(root, path));
    else if (/\.m?ts$/.test(entry.name)) found.push(path);
  }
  return found;
}

/** Imports of one file: `{ specifier, line, kind }`, kind = "value" | "type" | "dynamic". */
function importsOf(source) {
  const imports = [];
  const add = (node, literal, kind) =>
    imports.push({
      specifier: literal.text,
      kind,
      line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
    });
  const dynamic = (node) => {
    const called = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    if (called && node.arguments[0] && ts.isStringLiteralLike(node.arguments[0]))
      add(node, node.arguments[0], "dynamic");
    ts.forEachChild(node, dynamic);
  };
  for (const s of source.statements) {
    if (ts.isImportDeclaration(s)) add(s, s.moduleSpecifier, s.importClause?.isTypeOnly ? "type" : "value");
    else if (ts.isExportDeclaration(s) && s.moduleSpecifier)
      add(s, s.moduleSpecifier, s.isTypeOnly ? "type" : "value");
  }
  if (source.text.includes("import(")) dynamic(source);
  return imports;
}

const packageOf = (path) => PACKAGES.find((p) => path.startsWith(`${p.folder}/`));
const isTest = (path) => /\.test\.ts$/.test(path) || /(^|\/)testing\//.test(path);
const layerOf = (path) =>
  CORE_LAYERS.indexOf(path.split("/").length === 2 ? path.slice(5, -3) : path.split("/")[1]);

/** "a/b" of "@scope/name/sub" or "name/sub": the npm package alone. */
function npmName(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Why this import is not allowed, or undefined. */
function forbidden(path, { specifier, kind }) {
  if (specifier.startsWith("node:")) return undefined;
  const home = packageOf(path);
  if (!home) return undefined; // scripts and configuration
  if (!specifier.startsWith(".")) {
    const name = npmName(specifier);
    if (name === home.name || home.may.includes(name)) return undefined;
    return isTest(path) && TEST_MAY.includes(name) ? undefined : `${home.folder} may not import ${name}`;
  }
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (packageOf(target) !== home) return `a relative import may not leave its package: ${specifier}`;
  if (!target.endsWith(".test.ts") || isTest(path))
    return home.folder === "core" && !isTest(path) ? upward(path, target, kind) : undefined;
  return `only tests import tests: ${specifier}`;
}

/** The order of core's layers. */
function upward(path, target, kind) {
  if (!/\.ts$/.test(target) || layerOf(target) <= layerOf(path)) return undefined;
  if (kind === "type" && UPWARD_TYPES.from.includes(path) && target === UPWARD_TYPES.to) return undefined;
  return `${CORE_LAYERS[layerOf(path)]} is below ${CORE_LAYERS[layerOf(target)]}: ${target}`;
}

/** The first import cycle through each strongly connected group (Tarjan 1972), as a path of files. */
function cyclesOf(graph) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const groups = [];
  const visit = (v) => {
    index.set(v, index.size);
    low.set(v, index.get(v));
    stack.push(v);
    for (const w of graph.get(v) ?? []) {
      if (!index.has(w)) visit(w);
      if (stack.includes(w)) low.set(v, Math.min(low.get(v), low.get(w)));
    }
    if (low.get(v) !== index.get(v)) return;
    const group = stack.splice(stack.indexOf(v));
    if (group.length > 1 || graph.get(v)?.includes(v)) groups.push(group);
  };
  for (const v of graph.keys()) if (!index.has(v)) visit(v);
  return groups;
}

/** Names exported by a declaration of this file that carry no docstring. */
function undocumented(source) {
  const documented = (node) =>
    (ts.getLeadingCommentRanges(source.text, node.pos) ?? []).some(({ pos }) =>
      source.text.startsWith("/**", pos),
    );
  const seen = new Set(); // overloads: the first declaration documents all
  const missing = [];
  for (const s of source.statements) {
    if (!ts.canHaveModifiers(s) || !ts.getModifiers(s)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword))
      continue;
    const names = ts.isVariableStatement(s)
      ? s.declarationList.declarations.map((d) => d.name.getText(source))
      : [s.name?.text ?? "default"];
    const line = source.getLineAndCharacterOfPosition(s.getStart(source)).line + 1;
    for (const name of names) {
      if (!documented(s) && !seen.has(name)) missing.push({ name, line });
      seen.add(name);
    }
  }
  return missing;
}

/** All findings for the sources below `root`. `reports` don't fail. */
export function checkLayers(root) {
  const problems = [];
  const reports = [];
  const graph = new Map();
  for (const path of sourcesOf(root)) {
    const text = readFileSync(join(root, path), "utf8");
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
    const edges = [];
    for (const found of importsOf(source)) {
      const why = forbidden(path, found);
      if (why !== undefined) problems.push(`${path}:${found.line} ${why}`);
      if (found.kind === "value" && found.specifier.startsWith("."))
        edges.push(posix.normalize(posix.join(posix.dirname(path), found.specifier)));
    }
    graph.set(path, edges);
    if (isTest(path) || GENERATED.test(path) || !packageOf(path)) continue;
    for (const { name, line } of undocumented(source))
      problems.push(`${path}:${line} export ${name} has no docstring`);
    const lines = text.split("\n").length - 1;
    if (lines > LONG) reports.push(`${path} has ${lines} lines`);
  }
  for (const group of cyclesOf(graph)) problems.push(`import cycle: ${group.reverse().join(" → ")}`);
  return { problems, reports, files: graph.size };
}

function main() {
  const root = process.argv[2] ?? join(import.meta.dirname, "..");
  const { problems, reports, files } = checkLayers(root);
  for (const line of reports) console.log(`note: ${line}`);
  for (const line of problems) console.error(line);
  console.log(`layers: ${files} files, ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
