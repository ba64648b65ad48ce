// One case: what it applies, how its result is judged, and which outcomes are skips.
import * as tenon from "tenon";
import { isTenonError } from "tenon-plugin-api";
import type { Case } from "./case-files.ts";
import { decode } from "./decode.ts";
import { firstLine, misfit } from "./errors.ts";
import { judge, type Verdict } from "./judge.ts";
import { leavesOf } from "./leaves.ts";
import { camelCase, lookUp, Skip } from "./names.ts";
import { apply } from "./place.ts";
import { specialOf } from "./special.ts";

/** What a module of programs gives for a case: a function of the decoded arguments, or a pair for an expected error. */
export type CaseProgram =
  ((...args: never[]) => unknown) | { readonly control: () => unknown; readonly call: () => unknown };
/** The default export of a module of programs. */
export type CasePrograms = Readonly<Record<string, CaseProgram>>;

/** How a case ended. */
export interface Result {
  readonly id: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly reason?: string;
  /** Largest |got − want| of all finite elements. */
  readonly maxError?: number;
}

/** The apis whose function stands in a module of programs. */
const SOURCE_APIS = ["program", "transform", "shard_map", "pmap"];

/** Runs and judges one case. Never throws. */
export async function runCase(c: Case, programs: CasePrograms): Promise<Result> {
  const before = tenon.config.get();
  try {
    tenon.config.set(flagsOf(c));
    const { difference, maxError } = await evaluate(c, programs);
    if (difference === null) return { id: c.id, status: "passed", maxError };
    return { ...differing(c, difference), maxError };
  } catch (error) {
    const skip = skipReason(error, programs[c.id]);
    if (skip !== null) return { id: c.id, status: "skipped", reason: skip };
    const name = error instanceof Error ? error.name : typeof error;
    return differing(c, `${name}: ${firstLine(error)}`);
  } finally {
    tenon.config.set(before);
  }
}

/** A difference counts, unless JAX leaves the value to the backend or the case isn't part of the gate. */
function differing(c: Case, difference: string): Result {
  const excuse = c.tags?.includes("impl-defined") ? "impl-defined" : c.gate === false ? "gate: false" : null;
  return excuse === null
    ? { id: c.id, status: "failed", reason: difference }
    : { id: c.id, status: "skipped", reason: `${excuse}: ${difference}` };
}

async function evaluate(c: Case, programs: CasePrograms): Promise<Verdict> {
  if (c.expect_error !== undefined) return judgeError(c.expect_error, programs[c.id]);
  if (SOURCE_APIS.includes(c.api)) {
    const program = programs[c.id];
    if (typeof program !== "function") throw new Skip(`no function for it in the programs`);
    const result = await program(...((c.args ?? []).map((v) => decode(v, "array")) as never[]));
    return judge(c, await leavesOf(result, "sorted"));
  }
  const special = specialOf(c.api);
  if (special !== undefined) return special(c);
  return judge(c, await leavesOf(await apply(c), "declared"));
}

/** The control must not throw, the call must throw our class for JAX's. */
async function judgeError(chain: readonly string[], pair: CaseProgram | undefined): Promise<Verdict> {
  if (typeof pair !== "object") throw new Skip("no { control, call } for it in the programs");
  await pair.control();
  try {
    await pair.call();
  } catch (error) {
    return { difference: misfit(error, chain), maxError: 0 };
  }
  return { difference: `did not throw, expected ${chain[0]}`, maxError: 0 };
}

/** Settings that tags name: `threefry_partitionable=False`. */
function flagsOf(c: Case): tenon.ConfigChange {
  const flags = (c.tags ?? []).flatMap((tag) => {
    const [name, value] = tag.split("=") as [string, string?];
    return value === undefined
      ? []
      : [[camelCase(name), value === "True" ? true : value === "False" ? false : value]];
  });
  return Object.fromEntries(flags) as tenon.ConfigChange;
}

/** Why a thrown value means "not here" rather than "wrong", or null. */
function skipReason(error: unknown, program: CaseProgram | undefined): string | null {
  if (error instanceof Skip) return error.message;
  // A rule that core lacks is a gap of ours; only what a plugin doesn't offer is a skip.
  if (isTenonError(error) && error.code === "UNIMPLEMENTED" && error.reason !== "E_NO_RULE")
    return firstLine(error);
  if (!(error instanceof TypeError) || program === undefined) return null;
  const absent = absentIn(`${error.message}\n${textOf(program)}`);
  return absent === undefined ? null : `${absent} is absent`;
}
const textOf = (program: CaseProgram): string =>
  typeof program === "function" ? String(program) : `${String(program.control)}${String(program.call)}`;

/** The first dotted path in a text that starts at a public namespace and leads nowhere. */
function absentIn(text: string): string | undefined {
  const paths = text.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+/g);
  for (const [path] of paths) {
    const names = path.split(".");
    for (let n = 2; n <= names.length; n++) {
      const parent = lookUp(names.slice(0, n - 1).join("."));
      if (typeof parent !== "function" && !isNamespace(parent)) break;
      if (lookUp(names.slice(0, n).join(".")) === undefined) return names.slice(0, n).join(".");
    }
  }
  return undefined;
}
const isNamespace = (x: unknown): boolean => Object.prototype.toString.call(x) === "[object Module]";
