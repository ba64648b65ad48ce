// The public declarations of this package as one text, by entry and name, without comments. `npm run snapshot -w
// tenon-plugin-api` rewrites api.snapshot.txt; a test compares.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { ABI, IR } from "../version.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Where the snapshot is kept. */
export const SNAPSHOT: string = join(ROOT, "api.snapshot.txt");

function entries(): { name: string; file: string }[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: { [entry: string]: { source: string } };
  };
  // `./constraints` is data for suites, not a part of the ABI.
  const listed = Object.entries(exports).filter(([name]) => name !== "./constraints");
  return listed.map(([name, { source }]) => ({ name, file: join(ROOT, source) }));
}

function createProgram(files: readonly string[]): ts.Program {
  const path = join(ROOT, "tsconfig.json");
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path, ts.sys.readFile.bind(ts.sys)).config,
    ts.sys,
    ROOT,
  );
  delete options.tsBuildInfoFile;
  const whole = { composite: false, incremental: false, declarationMap: false, sourceMap: false };
  return ts.createProgram(files, { ...options, ...whole, removeComments: true, emitDeclarationOnly: true });
}

/** Emitted declaration of one exported name of a file. */
class Declarations {
  private readonly byFile = new Map<string, Map<string, string>>();
  constructor(program: ts.Program) {
    program.emit(undefined, (out, text, _bom, _error, sources) => {
      const source = sources?.[0]?.fileName;
      if (source !== undefined && out.endsWith(".d.ts")) this.byFile.set(source, this.split(text));
    });
  }
  private split(text: string): Map<string, string> {
    const found = new Map<string, string>();
    const file = ts.createSourceFile("x.d.ts", text, ts.ScriptTarget.Latest, true);
    for (const s of file.statements) {
      const names = ts.isVariableStatement(s)
        ? s.declarationList.declarations.map((d) => d.name.getText(file))
        : [(s as ts.DeclarationStatement).name?.getText(file) ?? ""];
      for (const name of names)
        found.set(name, `${found.has(name) ? `${found.get(name)}\n` : ""}${s.getText(file)}`);
    }
    return found;
  }
  of(file: string, name: string): string {
    const text = this.byFile.get(file)?.get(name);
    if (text === undefined) throw new Error(`no declaration of ${name} in ${relative(ROOT, file)}`);
    return text;
  }
}

/** The text of the snapshot. */
export function snapshot(): string {
  const files = entries();
  const program = createProgram(files.map((e) => e.file));
  const checker = program.getTypeChecker();
  const declarations = new Declarations(program);
  const sections = files.map(({ name, file }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile) as ts.Symbol;
    const exported = checker.getExportsOfModule(module).map((symbol) => {
      const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const home = (real.declarations?.[0] as ts.Declaration).getSourceFile().fileName;
      return declarations.of(home, real.name);
    });
    return `// ${name}\n${exported.sort().join("\n")}\n`;
  });
  return `// abi ${ABI.major}.${ABI.minor}, ir ${IR}\n\n${sections.join("\n")}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(SNAPSHOT, snapshot());
