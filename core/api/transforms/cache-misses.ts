// Why jit traces: what config.explainCacheMisses tells, and the warning about lines that trace again and again.
import { userLine, withDeepStack } from "../../frames.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import type { Config, NamedAxis } from "../../ir/context.ts";
import type { TreeDef } from "../../ir/tree.ts";
import { structureDifferences } from "../mismatch.ts";
import { argumentPath, placeIn } from "./flat.ts";
import type { AnyFn } from "./types.ts";

/** What a trace holds for. */
export interface Signature {
  readonly treedef: TreeDef;
  readonly avals: readonly ShapedArray[];
  /** Numbers of the arguments that are traced. */
  readonly places: readonly number[];
  /** By the argument's number. */
  readonly statics: ReadonlyMap<number, { readonly text: string; readonly shown: string }>;
  readonly config: Config;
  readonly axisEnv: ReadonlyMap<string, NamedAxis>;
}

/** Settings that change no trace. */
export const SILENT: ReadonlySet<string> = new Set<string>(["explainCacheMisses", "traceback"]);

// --- what differs -------------------------------------------------------------------------------------------------------

function avalDifference(a: ShapedArray, b: ShapedArray): string {
  const parts = [
    ...(a.shape.join() === b.shape.join() ? [] : ["shape"]),
    ...(a.dtype === b.dtype ? [] : ["dtype"]),
    ...(a.weak === b.weak ? [] : ["weak type"]),
  ];
  return `${a} → ${b} (${parts.join(", ") || "memory"})`;
}
const shownAxes = (axes: ReadonlyMap<string, NamedAxis>): string =>
  `{${[...axes].map(([name, { size }]) => `${name}: ${size}`).join(", ")}}`;

/** Where the structure of the arguments differs. */
function argumentDifferences(f: AnyFn, before: Signature, now: Signature): string[] {
  const [ones, others] = [before.treedef.children, now.treedef.children];
  if (ones.length !== others.length) return [`number of traced arguments: ${ones.length} → ${others.length}`];
  return ones.flatMap((one, k) =>
    structureDifferences(placeIn(f, [k], now.places), one, others[k] as TreeDef).map(
      (d) => `structure of ${d.place}: ${d.one} → ${d.other}`,
    ),
  );
}

/** What differs between two signatures of one function, in words; empty if nothing does. */
function signatureDifferences(f: AnyFn, before: Signature, now: Signature): string[] {
  const found: string[] = [];
  if (before.treedef !== now.treedef) found.push(...argumentDifferences(f, before, now));
  else
    now.avals.forEach((aval, i) => {
      const old = before.avals[i] as ShapedArray;
      if (old !== aval)
        found.push(`${argumentPath(f, now.treedef, i, now.places)}: ${avalDifference(old, aval)}`);
    });
  for (const [place, { text, shown }] of now.statics) {
    const old = before.statics.get(place);
    if (old === undefined) found.push(`${placeIn(f, [place])}: static argument ${shown}, which wasn't given`);
    else if (old.text !== text)
      found.push(
        `${placeIn(f, [place])}: static argument ${old.shown} → ${shown}${text.startsWith("@") ? " (another object: keep one, or freeze it)" : ""}`,
      );
  }
  for (const key of Object.keys(now.config) as (keyof Config)[])
    if (!SILENT.has(key) && before.config[key] !== now.config[key])
      found.push(`setting ${key}: ${String(before.config[key])} → ${String(now.config[key])}`);
  if (shownAxes(before.axisEnv) !== shownAxes(now.axisEnv))
    found.push(`named axes: ${shownAxes(before.axisEnv)} → ${shownAxes(now.axisEnv)}`);
  return found;
}

/** Says why a call is traced: the level at which nothing was found, and what differs. */
export function explainMiss(label: string, f: AnyFn, now: Signature, known: readonly Signature[]): void {
  const line = userLine(withDeepStack(() => new Error().stack));
  const head = `tenon: ${label} is traced${line === undefined ? "" : `, at ${line}`}`;
  if (known.length === 0) {
    const others = (sources.get(sourceOf(f))?.functions ?? 1) - 1;
    const closures =
      others <= 0
        ? ""
        : `; ${others} other${others === 1 ? "" : "s"} of the same source ${others === 1 ? "has" : "have"} been: make the function once, outside of the loop`;
    console.warn(`${head}\n  level identity: this function hasn't been traced yet${closures}`);
    return;
  }
  const all = known.map((s) => signatureDifferences(f, s, now));
  const closest = all.reduce((best, d) => (d.length <= best.length ? d : best));
  const why =
    closest.length === 0 ? ["the earlier trace captured a traced value, and served one call"] : closest;
  console.warn(
    `${head}\n  level signature: ${known.length} known; the closest differs in\n${why.map((d) => `    ${d}`).join("\n")}`,
  );
}

// --- lines that trace again and again -------------------------------------------------------------------------------------

const MANY = 10;
interface Source {
  /** How many functions of this text were traced. */
  functions: number;
  /** Made at the first trace; its line is read when there is a second one. */
  first: Error | null;
  readonly lines: Map<string, number>;
  /** It was told, or comes from so many lines that nobody looks any more. */
  done: boolean;
}
/** Reading a line costs more than many a trace. */
const ENOUGH = 200;
const sources = new Map<string, Source>();
const seen = new WeakSet<AnyFn>();
const sourceOf = (f: AnyFn): string => Function.prototype.toString.call(f);

/** Counts the traces of one source text by the user's line that caused them, and warns at the tenth retrace. */
export function countTrace(label: string, f: AnyFn): void {
  const text = sourceOf(f);
  const here = withDeepStack(() => new Error());
  let source = sources.get(text);
  if (source === undefined) {
    void here.stack; // Until it is written out, a stack holds what its frames hold: tracers, for one.
    sources.set(text, (source = { functions: 0, first: here, lines: new Map(), done: false }));
  }
  const isNew = !seen.has(f);
  if (isNew) {
    seen.add(f);
    source.functions++;
  }
  if (source.first === here || source.done) return;
  const count = (error: Error): number => {
    const line = userLine(error.stack) ?? "";
    const n = (source.lines.get(line) ?? 0) + 1;
    source.lines.set(line, n);
    return n;
  };
  if (source.first !== null) count(source.first);
  source.first = null;
  const n = count(here);
  if (source.lines.size > ENOUGH) source.done = true;
  if (n !== MANY + 1) return;
  source.done = true;
  const line = userLine(here.stack);
  const why =
    source.functions > MANY / 2
      ? `${source.functions} closures of one source were traced: make the jitted function once, outside of the loop`
      : "shapes, dtypes or static arguments change from call to call: config.set({ explainCacheMisses: true }) says which";
  console.warn(
    `tenon: ${label} has been traced again ${MANY} times${line === undefined ? "" : ` at ${line}`}; ${why}`,
  );
}
