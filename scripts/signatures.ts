// Writes packages/tenon/signatures.json: what every public function takes, read from its TypeScript declaration.
// `node --conditions=source --import tsx scripts/signatures.ts [--check]`
//
// Format: { "np.sum": [overload, …], … }, an overload being
//   { "positional": [{ "name": "a", "type": "ArrayLike", "optional": false }, …],
//     "rest": { "name": "operands", "type": "ArrayLike[]" } | null,
//     "options": { "axis": "Axis", … } }
// Types are as written in the source; an options object's words are listed, not the object, which is the last argument
// (of the rest arguments, if there are any). The case runner places arguments by it, and tests compare the words that
// functions accept at run time.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** A parameter of a public function. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}
/** One overload of a public function. */
export interface Signature {
  readonly positional: readonly Parameter[];
  readonly rest: { readonly name: string; readonly type: string } | null;
  readonly options: Readonly<Record<string, string>>;
}
/** Overloads by public path. */
export type Signatures = Readonly<Record<string, readonly Signature[]>>;

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRY = `${ROOT}packages/tenon/index.ts`;
const TABLE = `${ROOT}packages/tenon/signatures.json`;

const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  customConditions: ["source"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

/** Reads the declarations. @throws Error if the entry doesn't resolve */
export function readSignatures(): Signatures {
  const program = ts.createProgram([ENTRY], COMPILER);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(ENTRY);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`no module at ${ENTRY}`);
  const reader = new Reader(checker, module);
  reader.visit(module, "");
  return Object.fromEntries([...reader.found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

class Reader {
  readonly found = new Map<string, Signature[]>();
  private readonly checker: ts.TypeChecker;
  /** Names of the entry, types included. */
  private readonly exported: ReadonlySet<string>;
  constructor(checker: ts.TypeChecker, entry: ts.Symbol) {
    this.checker = checker;
    this.exported = new Set(checker.getExportsOfModule(entry).map((s) => s.name));
  }

  visit(module: ts.Symbol, prefix: string): void {
    for (const exported of this.checker.getExportsOfModule(module)) {
      const symbol =
        (exported.flags & ts.SymbolFlags.Alias) !== 0 ? this.checker.getAliasedSymbol(exported) : exported;
      const path = `${prefix}${exported.name}`;
      if ((symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable)) !== 0)
        this.record(path, symbol);
      else if ((symbol.flags & ts.SymbolFlags.ValueModule) !== 0) this.visit(symbol, `${path}.`);
    }
  }

  private record(path: string, symbol: ts.Symbol): void {
    const [declaration] = symbol.declarations ?? [];
    if (declaration === undefined) return;
    const overloads = this.checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures();
    if (overloads.length > 0)
      this.found.set(
        path,
        overloads.map((s) => this.signature(s)),
      );
  }

  private signature(signature: ts.Signature): Signature {
    const positional: Parameter[] = [];
    let options: Record<string, string> = {};
    let rest: Signature["rest"] = null;
    for (const symbol of signature.parameters) {
      const declaration = symbol.valueDeclaration;
      const parameter = declaration !== undefined && ts.isParameter(declaration) ? declaration : undefined;
      const type = this.typeText(symbol, parameter);
      if (symbol.name === "options" && parameter !== undefined) options = this.words(parameter);
      else if (parameter?.dotDotDotToken !== undefined) {
        rest = { name: symbol.name, type };
        const last = optionsWithin(parameter.type);
        if (last !== undefined) options = this.wordsOf(last, this.checker.getTypeFromTypeNode(last));
      } else {
        const optional = parameter?.questionToken !== undefined || parameter?.initializer !== undefined;
        positional.push({ name: symbol.name, type, optional });
      }
    }
    return { positional, rest, options };
  }

  private typeText(
    symbol: ts.Symbol,
    node: ts.ParameterDeclaration | ts.PropertySignature | undefined,
  ): string {
    if (node?.type !== undefined) return this.written(node.type);
    const at = symbol.valueDeclaration ?? symbol.declarations?.[0];
    return at === undefined
      ? "unknown"
      : this.checker.typeToString(this.checker.getTypeOfSymbolAtLocation(symbol, at));
  }

  /** A type as it is written, but for names that users can't import: these give way to what they stand for. */
  private written(node: ts.TypeNode): string {
    const start = node.getStart();
    let text = node.getText();
    for (const reference of referencesIn(node).reverse()) {
      const meaning = this.inner(reference);
      if (meaning === undefined) continue;
      const whole = reference === node;
      text = `${text.slice(0, reference.getStart() - start)}${whole ? meaning : `(${meaning})`}${text.slice(reference.getEnd() - start)}`;
    }
    return text.replace(/\s+/g, " ");
  }
  private inner(reference: ts.TypeReferenceNode): string | undefined {
    const name = reference.typeName.getText();
    if (reference.typeArguments !== undefined || this.exported.has(name)) return undefined;
    const found = this.checker.getSymbolAtLocation(reference.typeName);
    const alias =
      found !== undefined && (found.flags & ts.SymbolFlags.Alias) !== 0
        ? this.checker.getAliasedSymbol(found)
        : found;
    const declaration = alias?.declarations?.find(ts.isTypeAliasDeclaration);
    return declaration === undefined || name.endsWith("Options")
      ? undefined
      : declaration.type.getText().replace(/^\| /, "");
  }

  private words(parameter: ts.ParameterDeclaration): Record<string, string> {
    const type = this.checker.getNonNullableType(this.checker.getTypeAtLocation(parameter));
    return this.wordsOf(parameter.type ?? parameter, type);
  }

  /** The words of an options object and their types, as the source declares them. */
  private wordsOf(written: ts.Node, type: ts.Type): Record<string, string> {
    const found: Record<string, string> = {};
    for (const property of type.getProperties()) {
      const declared = property.declarations?.find(ts.isPropertySignature);
      const node = declared ?? this.declaredIn(written, property.name);
      const text =
        node === undefined
          ? this.checker.typeToString(this.checker.getTypeOfSymbolAtLocation(property, written))
          : this.typeText(property, node);
      found[property.name] = text.replace(/ \| undefined$/, "");
    }
    return found;
  }

  /** `Options<words, Own>`, also by way of aliases: where a word is declared, in Own or in the dictionary Keywords. */
  private declaredIn(node: ts.Node | undefined, word: string): ts.PropertySignature | undefined {
    if (node === undefined) return undefined;
    if (ts.isPropertySignature(node)) return node.name.getText() === word ? node : undefined;
    const below = ts.forEachChild(node, (child) => this.declaredIn(child, word));
    if (below !== undefined || !ts.isTypeReferenceNode(node)) return below;
    const symbol = this.checker.getSymbolAtLocation(node.typeName);
    const target =
      symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
        ? this.checker.getAliasedSymbol(symbol)
        : symbol;
    const [declaration] = target?.declarations ?? [];
    if (declaration === undefined || ts.isTypeParameterDeclaration(declaration)) return undefined;
    if (target?.name !== "Options") return this.declaredIn(declaration, word);
    const module = this.checker.getSymbolAtLocation(declaration.getSourceFile());
    const keywords = module?.exports?.get(ts.escapeLeadingUnderscores("Keywords"));
    return keywords?.members
      ?.get(ts.escapeLeadingUnderscores(word))
      ?.declarations?.find(ts.isPropertySignature);
  }
}

/** References to types within a type, outermost first; none within another. */
function referencesIn(node: ts.Node): ts.TypeReferenceNode[] {
  if (ts.isTypeReferenceNode(node)) return [node];
  const found: ts.TypeReferenceNode[] = [];
  ts.forEachChild(node, (child) => {
    found.push(...referencesIn(child));
  });
  return found;
}

/** The type of an options object that may stand last in a rest parameter: `readonly (ArrayLike | GridOptions)[]`. */
function optionsWithin(node: ts.Node | undefined): ts.TypeReferenceNode | undefined {
  if (node === undefined) return undefined;
  if (ts.isTypeReferenceNode(node) && node.typeName.getText().endsWith("Options")) return node;
  return ts.forEachChild(node, optionsWithin);
}

/** The file's text: one function a line. */
export const printSignatures = (table: Signatures): string =>
  `{\n${Object.entries(table)
    .map(([path, overloads]) => `${JSON.stringify(path)}:${JSON.stringify(overloads)}`)
    .join(",\n")}\n}\n`;

/** The committed table. */
export const committedSignatures = (): string => readFileSync(TABLE, "utf8");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = printSignatures(readSignatures());
  if (!process.argv.includes("--check")) writeFileSync(TABLE, text);
  else if (text !== committedSignatures()) {
    console.error("packages/tenon/signatures.json is stale: run npm run signatures");
    process.exitCode = 1;
  }
}
