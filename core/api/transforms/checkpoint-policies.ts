// Policies of checkpoint: which values of the forward run are saved for the derivative. Source: jax.checkpoint_policies.
import { fail } from "../../errors.ts";
import { everythingSaveable, type CheckpointPolicy } from "../../primitives/checkpoint.ts";
import { name_p } from "../../primitives/identity.ts";
import { describe } from "../../primitives/operand.ts";

export { everythingSaveable };

/** Saves nothing but the arguments: what checkpoint does without a policy. */
export const nothingSaveable: CheckpointPolicy = () => false;

/** What a policy is asked about, as far as it is that: a policy is a public function. */
interface Asked {
  readonly prim?: { readonly traits?: { readonly dot?: unknown } } | null;
  readonly params?: { readonly name?: unknown; readonly dims?: unknown } | null;
}
const isDot = ({ prim }: Asked): boolean => prim?.traits?.dot === true;
/** Is it a matrix product without batch axes? */
function isPlainDot(asked: Asked): boolean {
  const dims = asked.params?.dims as readonly [unknown, readonly [readonly unknown[], unknown]] | undefined;
  return isDot(asked) && Array.isArray(dims) && dims[1][0].length === 0;
}
/** The name that checkpointName gives here, if it does. */
const nameOf = ({ prim, params }: Asked): unknown => (prim === name_p ? params?.name : undefined);

/** Saves the results of matrix products and convolutions. */
export const dotsSaveable: CheckpointPolicy = (prim) => isDot({ prim });
/** Another name of `dotsSaveable`. */
export const checkpointDots: CheckpointPolicy = dotsSaveable;

/** Saves the results of matrix products without batch axes: products with weights, not attention scores. */
export const dotsWithNoBatchDimsSaveable: CheckpointPolicy = (prim, _avals, params) =>
  isPlainDot({ prim, params });
/** Another name of `dotsWithNoBatchDimsSaveable`. */
export const checkpointDotsWithNoBatchDims: CheckpointPolicy = dotsWithNoBatchDimsSaveable;

/**
 * As `dotsWithNoBatchDimsSaveable`, into another memory. A device that has none of this name (today no device has)
 * keeps the values where they are.
 */
export function offloadDotWithNoBatchDims(offloadSrc: string, offloadDst: string): CheckpointPolicy {
  checkMemory("offloadDotWithNoBatchDims", offloadSrc);
  checkMemory("offloadDotWithNoBatchDims", offloadDst);
  return (prim, _avals, params) => (isPlainDot({ prim, params }) ? { offload: offloadDst } : "recompute");
}

/** The names given to a policy. @throws E_ARGUMENT for what is no text */
function namesOf(policy: string, names: readonly string[]): ReadonlySet<unknown> {
  if (!Array.isArray(names))
    throw fail("E_ARGUMENT", `${policy}: got ${describe(names)}, expected a list of names`);
  for (const n of names)
    if (typeof n !== "string")
      throw fail("E_ARGUMENT", `${policy}: got ${describe(n)}, expected the names that checkpointName gives`);
  return new Set(names);
}
function checkMemory(policy: string, memory: unknown): void {
  if (typeof memory !== "string")
    throw fail("E_ARGUMENT", `${policy}: got ${describe(memory)}, expected the name of a memory`);
}

/** Saves values that `checkpointName` gave one of these names, and no others. */
export function saveOnlyTheseNames(...names: readonly string[]): CheckpointPolicy {
  const set = namesOf("saveOnlyTheseNames", names);
  return (prim, _avals, params) => set.has(nameOf({ prim, params }));
}
/** Saves named values, but not those of these names. */
export function saveAnyNamesButThese(...names: readonly string[]): CheckpointPolicy {
  const set = namesOf("saveAnyNamesButThese", names);
  return (prim, _avals, params) => {
    const name = nameOf({ prim, params });
    return name !== undefined && !set.has(name);
  };
}
/** Saves all values, named or not, but those of these names. */
export function saveAnythingExceptTheseNames(...names: readonly string[]): CheckpointPolicy {
  const set = namesOf("saveAnythingExceptTheseNames", names);
  return (prim, _avals, params) => !set.has(nameOf({ prim, params }));
}

/** Saves what either policy saves. Both say true or false. */
export function saveFromBothPolicies(policy1: CheckpointPolicy, policy2: CheckpointPolicy): CheckpointPolicy {
  for (const p of [policy1, policy2] as readonly unknown[])
    if (typeof p !== "function")
      throw fail("E_ARGUMENT", `saveFromBothPolicies: got ${describe(p)}, expected two policies`);
  return (prim, avals, params) => {
    const verdicts = [policy1(prim, avals, params), policy2(prim, avals, params)];
    for (const v of verdicts)
      if (typeof v !== "boolean")
        throw fail(
          "E_ARGUMENT",
          `saveFromBothPolicies: a policy said ${JSON.stringify(v)}, expected true or false`,
          {
            hint: "write one policy of both instead",
          },
        );
    return verdicts.includes(true);
  };
}

/** Which names `saveAndOffloadOnlyTheseNames` saves, and which it moves. */
export interface OffloadedNames {
  readonly namesWhichCanBeSaved: readonly string[];
  readonly namesWhichCanBeOffloaded: readonly string[];
  readonly offloadSrc: string;
  readonly offloadDst: string;
}
/**
 * Saves values of some names where they are, of others in another memory, and nothing else. A device without such a
 * memory (today all are) keeps both.
 */
export function saveAndOffloadOnlyTheseNames(names: OffloadedNames): CheckpointPolicy {
  const policy = "saveAndOffloadOnlyTheseNames";
  if (typeof names !== "object" || (names as OffloadedNames | null) === null)
    throw fail("E_ARGUMENT", `${policy}: got ${describe(names)}, expected { namesWhichCanBeSaved, … }`);
  const saved = namesOf(policy, names.namesWhichCanBeSaved);
  const moved = namesOf(policy, names.namesWhichCanBeOffloaded);
  checkMemory(policy, names.offloadSrc);
  checkMemory(policy, names.offloadDst);
  for (const n of saved)
    if (moved.has(n)) throw fail("E_ARGUMENT", `${policy}: "${n}" can't be both saved and offloaded`);
  return (prim, _avals, params) => {
    const name = nameOf({ prim, params });
    if (saved.has(name)) return "save";
    return moved.has(name) ? { offload: names.offloadDst } : "recompute";
  };
}
