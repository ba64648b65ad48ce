// What a call of jit runs: without arguments that nothing uses, and with those whose memory results take over.
import { fail } from "../../errors.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import { CONCRETE, type NDArray } from "../../ir/ndarray.ts";
import type { ConcreteArray } from "../../runtime/array.ts";
import { donations } from "../../runtime/lower.ts";
import { dce } from "../../transforms/dce.ts";
import type { Staged } from "../../transforms/stage.ts";
import { argumentPath } from "./flat.ts";
import type { Running } from "./lowered.ts";
import type { Entry } from "./signatures.ts";
import type { AnyFn } from "./types.ts";

/** The program of a call: without unused arguments, unless they shall be kept; donation where a result can take the memory. */
export function runningOf(
  label: string,
  { jaxpr, consts }: Staged,
  donate: readonly boolean[],
  keepUnused: boolean,
): Running {
  const n = consts.length;
  const pruned = keepUnused
    ? { jaxpr, usedInputs: jaxpr.inVars.map(() => true) }
    : dce(jaxpr, { removable: jaxpr.inVars.map((_, i) => i >= n) });
  const used = pruned.usedInputs.slice(n);
  const kept = used.flatMap((u, i) => (u ? [i] : []));
  const given = kept.map((i) => donate[i] as boolean);
  const all = kept.length === donate.length;
  const running = { jaxpr: all ? jaxpr : pruned.jaxpr, kept: all ? null : kept };
  if (!given.includes(true)) return { ...running, donate: undefined };
  const taken = donations(running.jaxpr, [...consts.map(() => false), ...given]).slice(n);
  const unusable = given.flatMap((d, i) =>
    d && taken[i] === undefined ? [(running.jaxpr.inVars[n + i] as { aval: ShapedArray }).aval] : [],
  );
  if (unusable.length > 0)
    console.warn(`tenon: ${label}: no result can take the memory of donated ${unusable.join(", ")}`);
  return { ...running, donate: taken.map((alias) => alias !== undefined) };
}

/** Where leaf i of a call of `f` stands. */
export const placeOfLeaf = (f: AnyFn, { inTree, signature }: Entry, i: number): string =>
  argumentPath(f, inTree, i, signature.places);

/** @throws E_DONATED_TWICE for an array that is donated and used in another place, too */
export function checkDonation(f: AnyFn, entry: Entry, leaves: readonly NDArray[]): void {
  const { kept, donate } = entry.running;
  if (new Set([...entry.consts, ...leaves]).size === entry.consts.length + leaves.length) return;
  donate?.forEach((d, k) => {
    const i = kept === null ? k : (kept[k] as number);
    const x = leaves[i] as NDArray;
    if (!d || x.kind !== CONCRETE) return;
    const other = leaves.findIndex((y, j) => y === x && j !== i);
    const where =
      other >= 0
        ? `it is ${placeOfLeaf(f, entry, other)}, too`
        : entry.consts.includes(x)
          ? "the function captured it"
          : null;
    if (where !== null)
      throw fail(
        "E_DONATED_TWICE",
        `${entry.label}: ${placeOfLeaf(f, entry, i)}, ${x.aval}, is donated, and ${where}`,
      );
  });
}

/** Later errors say to which argument a donated array went. */
export function nameDonated(f: AnyFn, entry: Entry, leaves: readonly NDArray[]): void {
  entry.gone ??= leaves.map((_, i) => `donated to ${entry.label} as ${placeOfLeaf(f, entry, i)}`);
  for (let i = 0; i < leaves.length; i++) {
    const x = leaves[i] as ConcreteArray;
    if (entry.donate[i] === true && x.kind === CONCRETE && x.buffer === null)
      x.gone = entry.gone[i] as string;
  }
}
