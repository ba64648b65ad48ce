// The rule that places a case's arguments: positional ones get JAX's parameter names, all names become camelCase, and
// each goes where our signature has that name: in its position, or into the options object at the end.
import type { Case, Encoded } from "./case-files.ts";
import { decode, type Wanted } from "./decode.ts";
import { camelCase, jaxParameters, ourPath, publicFunction } from "./names.ts";
import { signaturesOf, type Parameter, type Signature } from "./signatures.ts";

/** The result of a case's function on its arguments, placed by the rule. */
export function apply(c: Case): unknown {
  const path = ourPath(c.api);
  const f = publicFunction(path);
  return f(...place(path, signaturesOf(path), bind(jaxParameters(c.api), c.args ?? [], c.kwargs ?? {})));
}

/** A case's arguments by JAX's names. */
export interface Bound {
  /** In order; `at` is the position in JAX's list, −1 for a keyword that it doesn't name. */
  readonly named: readonly { readonly name: string; readonly at: number; readonly value: Encoded }[];
  /** What `*args` takes, its name and its position. */
  readonly star: { readonly name: string; readonly at: number; readonly values: readonly Encoded[] } | null;
}

/** Binds positional and keyword arguments to JAX's parameter names. Without names, everything is `*args`. */
export function bind(
  names: readonly string[] | undefined,
  args: readonly Encoded[],
  kwargs: Readonly<Record<string, Encoded>>,
): Bound {
  const list = names ?? ["*args"];
  const starAt = list.findIndex((n) => n.startsWith("*") && !n.startsWith("**"));
  const end = starAt < 0 ? list.length : starAt;
  const positional = args.slice(0, end).map((value, at) => ({ name: list[at] as string, at, value }));
  const rest = args.slice(end);
  const keywords = Object.entries(kwargs).map(([name, value]) => ({ name, at: list.indexOf(name), value }));
  const star =
    rest.length === 0 && starAt < 0
      ? null
      : { name: starAt < 0 ? "args" : (list[starAt] as string).slice(1), at: end, values: rest };
  return { named: [...positional, ...keywords], star };
}

/** Words of JAX that change no value: our functions don't take them (docs/cases.md). */
const WITHOUT_EFFECT: Readonly<Record<string, (value: Encoded) => boolean>> = {
  out: isNone,
  order: isNone,
  casting: () => true,
  copy: () => true,
  // Our arrays are immutable: `inplace=True` is an error in JAX, too.
  inplace: (v) => v.t === "py" && v.value === false,
  check_finite: () => true,
  overwrite_a: () => true,
  overwrite_b: () => true,
  out_sharding: isNone,
  optimize: () => true,
};
function isNone(value: Encoded): boolean {
  return value.t === "none";
}

/** Our arguments, ready to be applied. @throws Error naming what no overload has room for */
export function place(path: string, overloads: readonly Signature[], bound: Bound): unknown[] {
  let first: Error | undefined;
  for (const signature of overloads) {
    const placed = placeIn(path, signature, bound);
    if (Array.isArray(placed)) return placed;
    first ??= placed;
  }
  throw first ?? new Error(`${path} has no signature`);
}

interface Slots {
  readonly positional: (unknown[] | undefined)[];
  readonly rest: unknown[];
  readonly options: Record<string, unknown>;
}

function placeIn(path: string, signature: Signature, bound: Bound): unknown[] | Error {
  const slots: Slots = { positional: signature.positional.map(() => undefined), rest: [], options: {} };
  for (const argument of bound.named)
    if (!placeNamed(signature, slots, bound, argument))
      return new Error(`${path} has no place for ${argument.name}`);
  if (bound.star !== null && !placeStar(signature, slots, bound.star))
    return new Error(`${path} has no place for ${bound.star.values.length} arguments of *${bound.star.name}`);
  return assemble(path, signature, slots);
}

function placeNamed(
  signature: Signature,
  slots: Slots,
  bound: Bound,
  { name, at, value }: Bound["named"][number],
): boolean {
  const ours = camelCase(name);
  const byName = signature.positional.findIndex((p) => p.name === ours);
  if (byName >= 0) return fill(signature, slots, byName, value);
  const option = signature.options[ours];
  if (option !== undefined) {
    slots.options[ours] = decode(value, wantedBy(option));
    return true;
  }
  // A parameter that we call otherwise stands at the same position, unless that one is another of JAX's.
  const twin = signature.positional[at];
  if (twin !== undefined && !bound.named.some((a) => camelCase(a.name) === twin.name))
    return fill(signature, slots, at, value);
  return WITHOUT_EFFECT[name]?.(value) ?? false;
}

function fill(signature: Signature, slots: Slots, at: number, value: Encoded): boolean {
  if (slots.positional[at] !== undefined) return false;
  slots.positional[at] = [decode(value, wantedBy((signature.positional[at] as Parameter).type))];
  return true;
}

/** `*args` go into a rest parameter, into one that takes a list, or into the positions that follow. */
function placeStar(signature: Signature, slots: Slots, star: NonNullable<Bound["star"]>): boolean {
  const { rest, positional } = signature;
  const named = positional.findIndex((p) => p.name === camelCase(star.name));
  const list = named >= 0 ? named : star.at;
  const target = positional[list];
  if (target !== undefined && (named >= 0 || rest === null) && isList(target.type)) {
    slots.positional[list] = [star.values.map((v) => decode(v, wantedBy(target.type)))];
    return true;
  }
  return star.values.every((value, i) => {
    const at = star.at + i;
    if (at < positional.length) return fill(signature, slots, at, value);
    if (rest === null) return false;
    slots.rest.push(decode(value, wantedBy(rest.type)));
    return true;
  });
}

function assemble(path: string, signature: Signature, slots: Slots): unknown[] | Error {
  const missing = signature.positional.find((p, i) => !p.optional && slots.positional[i] === undefined);
  if (missing !== undefined) return new Error(`${path} needs ${missing.name}, which the case doesn't give`);
  const args = slots.positional.map((slot) => slot?.[0]);
  // Options go last, after the rest arguments where a function has both.
  const options = Object.keys(slots.options).length > 0 ? [slots.options] : [];
  if (slots.rest.length + options.length > 0) return [...args, ...slots.rest, ...options];
  let end = args.length;
  while (end > 0 && slots.positional[end - 1] === undefined) end--;
  return args.slice(0, end);
}

/** Types of which one alternative is a plain number want Python numbers as numbers; those that take arrays as operands. */
function wantedBy(type: string): Wanted {
  if (/(^|\| *)number\b(?!\[)/.test(type)) return "setting";
  return /\b(ArrayLike|NDArray|Operand|Nested|TypedArray|Key|Tree|unknown|T)\b/.test(type)
    ? "array"
    : "setting";
}
const isList = (type: string): boolean => /\[\]|readonly \[|ReadonlyArray|Iterable/.test(type);
