// Our signatures: the table that packages/tenon derives from its TypeScript declarations.
import { createRequire } from "node:module";

/** A parameter: its name, its type as written, and whether it may be left out. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}

/** One overload of a public function. `options` are the words of its options object, with their types. */
export interface Signature {
  readonly positional: readonly Parameter[];
  readonly rest: { readonly name: string; readonly type: string } | null;
  readonly options: Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);
let table: Readonly<Record<string, readonly Signature[]>> | undefined;

/** The overloads of a public function. @throws Error if the table has none */
export function signaturesOf(path: string): readonly Signature[] {
  table ??= require("tenon/signatures.json") as Readonly<Record<string, readonly Signature[]>>;
  const found = table[path];
  if (found === undefined)
    throw new Error(
      `signatures.json has no ${path}: run \`npm run signatures\` (node scripts/signatures.ts)`,
    );
  return found;
}
