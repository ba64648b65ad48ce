// docs/errors.md and the sources name the same errors: a reader of a message finds its entry, and no entry is of the past.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_CLASSES } from "tenon-conformance/cases";
import * as core from "tenon-core";
import { REASONS, TenonError } from "tenon-core";
import { expect, it } from "vitest";
import { sourcesOf } from "./check-layers.mjs";
import { GENERATED } from "./layers.mjs";

const ROOT = join(import.meta.dirname, "..");
const PAGE = readFileSync(join(ROOT, "docs/errors.md"), "utf8");

/** What the entry of a reason says of it. */
interface Entry {
  readonly kind: string;
  readonly codes: readonly string[];
  readonly text: string;
}
const entries = new Map<string, Entry>();
for (const section of PAGE.split(/^### /m).slice(1)) {
  const [reason = "", ...rest] = section.split(/\n(?=## )/)[0]?.split("\n") ?? [];
  const [head = "", meaning = ""] = (rest[0] ?? "").split(" — ");
  const [kind = "", ...codes] = [...head.matchAll(/`(\w+)`/g)].map((m) => m[1] as string);
  entries.set(reason, { kind, codes, text: [meaning, ...rest.slice(1)].join("\n") });
}

const SOURCES = ["core", "plugin-api", "plugin-kit", "packages", "plugins"]
  .flatMap((folder) => sourcesOf(ROOT, folder))
  .filter((path) => !GENERATED.test(path));
/** Files that name a reason in quotes: those throw it. Tests and the table itself don't count. */
const usedIn = new Map<string, string[]>();
for (const path of SOURCES) {
  if (/\.test\.ts$|\/testing\/|^core\/errors\.ts$/.test(path)) continue;
  for (const [, reason = ""] of readFileSync(join(ROOT, path), "utf8").matchAll(/"(E_[A-Z_]+)"/g))
    usedIn.set(reason, [...(usedIn.get(reason) ?? []), path]);
}

it("has an entry for every reason, and none for others", () => {
  const thrown = new Set([...Object.keys(REASONS), ...usedIn.keys()]);
  expect([...entries.keys()].sort()).toEqual([...thrown].sort());
});

it("throws every reason of core's table somewhere in core", () => {
  const idle = Object.keys(REASONS).filter((r) => usedIn.get(r)?.some((f) => f.startsWith("core/")) !== true);
  expect(idle).toEqual([]);
});

it.each(Object.entries(REASONS))("gives class and code of %s as core has them", (reason, { kind, code }) => {
  const name = kind.name === "CodedError" ? "TenonError" : kind.name;
  expect(entries.get(reason)).toMatchObject({ kind: name, codes: [code] });
});

it.each([...entries])("says of %s what it means and what to do", (_reason, { text }) => {
  expect(text).toMatch(/^\S.{20,}\n\*\*Do:\*\* .{5,}/);
});

it("is what the links of messages point at", () => {
  const docs = readdirSync(join(ROOT, "docs"));
  for (const path of SOURCES)
    for (const [, page = ""] of readFileSync(join(ROOT, path), "utf8").matchAll(
      /(?<!\/)\bdocs\/([\w-]+\.md)/g,
    ))
      expect(docs, path).toContain(page);
});

it("names every error class of ours, for an exception of JAX or as one that JAX doesn't have", () => {
  const classes = Object.entries(core).filter(
    ([, x]) => typeof x === "function" && (x === TenonError || x.prototype instanceof TenonError),
  );
  const section = PAGE.split("## Coming from JAX")[1] ?? "";
  expect(classes.length).toBeGreaterThan(10);
  expect(classes.map(([name]) => name).filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});

it("stands for JAX's exceptions with classes that there are", () => {
  const names = new Set(Object.values(ERROR_CLASSES).flat());
  expect([...names].filter((name) => !Object.hasOwn(core, name))).toEqual([]);
});

it("has the classes for JAX's exceptions by which cases are judged", () => {
  const rows = [...(PAGE.split("## Coming from JAX")[1] ?? "").matchAll(/^\| `(\w+)` \| (.*) \|$/gm)];
  const table = rows.map(([, jax = "", ours = ""]) => [jax, [...ours.matchAll(/\w+/g)].map((m) => m[0])]);
  expect(Object.fromEntries(table)).toEqual(ERROR_CLASSES);
});
