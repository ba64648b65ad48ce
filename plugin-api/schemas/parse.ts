// The words that schemas are written in: sections built on first use, and issues told in one line.
import * as z from "zod/mini";
import { tenonError } from "../errors.ts";

/** A schema built when it is first asked for. */
export function lazily<S>(build: () => S): () => S {
  let made: S | undefined;
  return () => (made ??= build());
}

type Issue = z.core.$ZodIssue;
const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((k) => (typeof k === "number" ? `[${k}]` : `.${String(k)}`)).join("");

/** One issue in words: zod/mini brings no messages of its own. */
function describe(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${issue.expected}`;
    case "unrecognized_keys":
      return `unknown key ${issue.keys.join(", ")}`;
    case "invalid_value":
      return `expected one of ${issue.values.map(String).join(", ")}`;
    case "custom":
      return String(issue.params?.["why"] ?? "invalid");
    default:
      return issue.code.replaceAll("_", " ");
  }
}

/** Parses, or throws INVALID_ARGUMENT with reason E_SCHEMA: the path, and what was expected there. */
export function parse<S extends z.ZodMiniType>(
  schema: S,
  data: unknown,
  what: string,
  plugin?: string,
): z.output<S> {
  const result = z.safeParse(schema, data);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as Issue;
  const more = result.error.issues.length - 1;
  throw tenonError(
    "INVALID_ARGUMENT",
    `${what}${pathOf(issue.path)}: ${describe(issue)}${more > 0 ? ` (and ${more} more)` : ""}`,
    { reason: "E_SCHEMA", ...(plugin === undefined ? {} : { plugin }) },
  );
}

/** An integer within 2^53. */
export const int: () => z.ZodMiniType<number> = lazily(() => z.int());
/** A count or an id. */
export const count: () => z.ZodMiniType<number> = lazily(() => z.int().check(z.nonnegative()));
/** A non-empty string. */
export const name: () => z.ZodMiniType<string> = lazily(() => z.string().check(z.minLength(1)));
/** What a refinement says when it fails. */
export const why = (text: string): { params: { why: string } } => ({ params: { why: text } });

/** A version of the IR. */
export const irVersion: () => z.ZodMiniType<string> = lazily(() =>
  z.string().check(z.refine((v) => /^\d+\.\d+$/.test(v), why('expected a version like "0.9"'))),
);
