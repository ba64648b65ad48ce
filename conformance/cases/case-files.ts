// Case files: what "jsgolden-1" looks like, and how a folder of them is read. Other JSON files are passed over;
// a file of this format that is broken is an error that names the file and the case.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** An encoded value; `t` says which kind. */
export type Encoded =
  | {
      readonly t: "array";
      readonly dtype: string;
      readonly shape: number[];
      readonly data: string;
      readonly weak?: boolean;
    }
  | { readonly t: "py"; readonly kind: "int" | "float" | "bool" | "complex" | "str"; readonly value: unknown }
  | { readonly t: "key"; readonly impl: string; readonly shape: number[]; readonly data: string }
  | { readonly t: "dtype"; readonly name: string }
  | { readonly t: "none" }
  | { readonly t: "ellipsis" }
  | { readonly t: "slice"; readonly start: Encoded; readonly stop: Encoded; readonly step: Encoded }
  | { readonly t: "tuple" | "list"; readonly items: readonly Encoded[] }
  | { readonly t: "dict"; readonly items: Readonly<Record<string, Encoded>> }
  | { readonly t: "struct"; readonly name: string; readonly fields: Readonly<Record<string, Encoded>> }
  | { readonly t: "fn"; readonly name: string };

/** How the values of one leaf are compared; `close` is the plain rule. */
export type Comparison = "close" | "cols_up_to_phase" | "rows_up_to_phase" | "multiset" | "skip";

/** One case of a file: the fields that the runner reads. */
export interface Case {
  readonly id: string;
  readonly api: string;
  readonly args?: readonly Encoded[];
  readonly kwargs?: Readonly<Record<string, Encoded>>;
  readonly expect?: readonly Encoded[];
  readonly rtol?: number;
  readonly atol?: number;
  readonly signed_zero?: boolean;
  readonly cmp?: readonly Comparison[];
  readonly x64?: boolean;
  readonly tags?: readonly string[];
  readonly gate?: boolean;
  readonly src?: string;
  readonly expect_error?: readonly string[];
  readonly op?: string;
  readonly lhs?: string;
  readonly table?: Readonly<Record<string, readonly [string, boolean | null]>>;
  readonly info?: Readonly<Record<string, string>>;
}

/** A case, and the namespace of the file it stands in. */
export interface PlacedCase {
  readonly namespace: string;
  readonly case: Case;
}

const FORMAT = "jsgolden-1";

/** All cases below a folder (or of one file), in order of path. @throws Error naming the file that can't be read */
export function readCases(path: string): PlacedCase[] {
  const files = jsonFiles(path);
  const cases = files.flatMap(readFile);
  if (cases.length === 0)
    throw new Error(`${path}: no cases: none of its ${files.length} JSON files has format "${FORMAT}"`);
  return cases;
}

function jsonFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((e) => {
    if (e.isDirectory()) return e.name === "node_modules" ? [] : jsonFiles(join(path, e.name));
    return e.name.endsWith(".json") ? [join(path, e.name)] : [];
  });
}

function readFile(path: string): PlacedCase[] {
  const text = readFileSync(path, "utf8");
  let file: { format?: unknown; namespace?: unknown; cases?: unknown } | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch (error) {
    // Only a file that says it is one of ours must be readable.
    if (!text.includes(FORMAT)) return [];
    throw new Error(`${path}: not JSON: ${(error as Error).message}`);
  }
  if (typeof file !== "object" || file === null || file.format !== FORMAT) return [];
  if (!Array.isArray(file.cases)) throw new Error(`${path}: "cases" is missing or no list`);
  const namespace = typeof file.namespace === "string" ? file.namespace : path;
  return file.cases.map((c: unknown, i) => ({ namespace, case: checkCase(path, i, c) }));
}

function checkCase(path: string, index: number, raw: unknown): Case {
  const c = raw as Case | null;
  const broken = (why: string): Error =>
    new Error(`${path}: case ${index}${typeof c?.id === "string" ? ` (${c.id})` : ""}: ${why}`);
  if (typeof c !== "object" || c === null) throw broken("no object");
  if (typeof c.id !== "string") throw broken('"id" is missing');
  if (typeof c.api !== "string") throw broken('"api" is missing');
  for (const field of ["args", "expect"] as const)
    if (c[field] !== undefined && !Array.isArray(c[field])) throw broken(`"${field}" is no list`);
  if (c.kwargs !== undefined && (typeof c.kwargs !== "object" || c.kwargs === null))
    throw broken('"kwargs" is no object');
  return c;
}
