// The two version numbers of the boundary. abi: can the objects talk? ir: can the program be read? Within a major a minor
// only adds; while the major is 0 a minor may break, so both sides must agree in it.
import type { AttrRow } from "./ops/row.ts";
import type { PluginManifest, Version } from "./plugin.ts";

/** Version of the interfaces in plugin.ts. */
export const ABI: Version = { major: 0, minor: 9 };
/** Version of the Program and its op table. */
export const IR = "0.9";

/** What a host speaks. */
export interface HostVersions {
  readonly abi: Version;
  readonly ir: string;
}
/** Whether host and plugin can talk, and at which IR programs are written. */
export type Verdict =
  | { readonly ok: true; readonly ir: string; readonly notes: readonly string[] }
  | { readonly ok: false; readonly why: string };

const parse = (ir: string): Version => {
  const [major, minor] = ir.split(".").map(Number);
  return { major: major as number, minor: minor as number };
};
const text = (v: Version): string => `${v.major}.${v.minor}`;
/** Can these two agree at all? In major 0 only in the same minor. */
const incompatible = (a: Version, b: Version): boolean =>
  a.major !== b.major || (a.major === 0 && a.minor !== b.minor);
const side = (host: Version, plugin: Version): string =>
  host.major < plugin.major || (host.major === plugin.major && host.minor < plugin.minor) ? "host" : "plugin";

/** Can this host run this plugin? The refusal names both numbers and the side to update. */
export function negotiate(host: HostVersions, manifest: PluginManifest): Verdict {
  const { abi, needs, ir } = manifest;
  const no = (why: string, update: string): Verdict => ({ ok: false, why: `${why}: update the ${update}` });
  if (incompatible(host.abi, abi))
    return no(`it was built for abi ${text(abi)}, this host speaks ${text(host.abi)}`, side(host.abi, abi));
  if ((needs?.abiMinor ?? 0) > host.abi.minor)
    return no(`it needs abi ≥ ${abi.major}.${needs?.abiMinor}, this host speaks ${text(host.abi)}`, "host");
  const [mine, min, max] = [parse(host.ir), parse(ir.min), parse(ir.max)];
  if (incompatible(mine, max))
    return no(`it reads ir ≤ ${ir.max}, this host writes ${host.ir}`, side(mine, max));
  if (min.minor > mine.minor) return no(`it reads ir ≥ ${ir.min}, this host writes ${host.ir}`, "host");
  const older = max.minor < mine.minor;
  const notes: string[] = [];
  if (abi.minor < host.abi.minor)
    notes.push(`abi ${text(abi)} < ${text(host.abi)}: newer extensions take their defaults`);
  if (abi.minor > host.abi.minor)
    notes.push(`abi ${text(abi)} > ${text(host.abi)}: newer extensions are unused`);
  if (older) notes.push(`programs are written in ir ${ir.max}`);
  return { ok: true, ir: older ? ir.max : host.ir, notes };
}

/** What an op's row says about time. Nothing is ever removed within a major. */
export interface OpHistory {
  readonly since: string;
  readonly older?: string;
  readonly attrs: { readonly [attr: string]: AttrRow };
}
/** An op's attributes for an older reader, or the rewrite to run, or why it can't be written. */
export type Downlevel =
  | { readonly ok: true; readonly attrs: { readonly [attr: string]: unknown } }
  | { readonly ok: "rewrite"; readonly rule: string }
  | { readonly ok: false; readonly why: string };
const newer = (since: string | undefined, max: string): boolean =>
  since !== undefined && parse(since).minor > parse(max).minor;

/** Writes one op for a reader of ir ≤ `max`: rewritten if it is newer, renamed attributes in their old spelling, new ones dropped at their neutral value. */
export function downlevel(
  op: string,
  attrs: { readonly [attr: string]: unknown },
  max: string,
  table: { readonly [op: string]: OpHistory },
): Downlevel {
  const row = table[op];
  if (row === undefined) return { ok: false, why: `${op}: not in the op table of this host` };
  if (newer(row.since, max))
    return row.older === undefined
      ? { ok: false, why: `${op} is since ir ${row.since}, the plugin reads ≤ ${max}` }
      : { ok: "rewrite", rule: row.older };
  const out: { [attr: string]: unknown } = {};
  for (const [name, value] of Object.entries(attrs)) {
    const { since, neutral, renamed } = row.attrs[name] ?? {};
    if (renamed !== undefined && newer(renamed.since, max)) out[renamed.from] = value;
    else if (!newer(since, max)) out[name] = value;
    else if (JSON.stringify(value) !== JSON.stringify(neutral))
      return {
        ok: false,
        why: `${op}.${name} = ${JSON.stringify(value)} is since ir ${since}, the plugin reads ≤ ${max}`,
      };
  }
  return { ok: true, attrs: out };
}

/** Reads what an older writer wrote: former names become today's. */
export function uplevel(
  attrs: { readonly [attr: string]: unknown },
  row: OpHistory,
): { readonly [attr: string]: unknown } {
  const out: { [attr: string]: unknown } = { ...attrs };
  for (const [name, { renamed, neutral, since }] of Object.entries(row.attrs)) {
    if (renamed !== undefined && renamed.from in out) {
      out[name] = out[renamed.from];
      delete out[renamed.from];
    } else if (since !== undefined && !(name in out)) out[name] = neutral;
  }
  return out;
}
