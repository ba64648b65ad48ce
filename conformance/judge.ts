// Judges a case: runs its program three times on the client, compares bits between the runs and values with what must come
// out, stated by the case or computed by the reference plugin.
import {
  printProgram,
  signatureOf,
  unsupported,
  type Client,
  type ConcreteType,
  type Program,
} from "tenon-plugin-api";
import { reference } from "tenon-reference";
import type { OpCase, Trial } from "./case.ts";
import { HOST, runProgram } from "./subject.ts";
import { EXACT, firstDifference, type Tolerance } from "./tolerance.ts";
import { decode, encode, isComplex, toElement, type Elements } from "./values.ts";

/** What came of a case. */
export type Verdict =
  | { readonly status: "passed" }
  | { readonly status: "failed"; readonly reason: string }
  | { readonly status: "skipped"; readonly reason: string };

/** Each case runs this often and must give the same bits. [num.same] */
const RUNS = 3;

let oracle: Client | undefined;
/** What the reference plugin gives. */
async function oracleResults(program: Program, inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
  oracle ??= await reference().createClient({}, HOST);
  return (await runProgram(oracle, program, inputs))[0] as Uint8Array[];
}

/** Runs a case of an op. */
export async function judge(c: OpCase, client: Client, plugin: string): Promise<Verdict> {
  const trial = c.build();
  const refused = unsupported(trial.program, client.capabilities, plugin);
  if (refused !== undefined) return { status: "skipped", reason: refused.message };
  const deviates = (c.op === undefined ? undefined : client.capabilities.ops[c.op]?.deviates) ?? [];
  const excused = c.about.find((d) => deviates.includes(d));
  if (excused !== undefined)
    return { status: "skipped", reason: `${plugin} states that ${c.op ?? c.id} deviates for ${excused}` };
  const params = signatureOf(trial.program).params.map((p) => p.type as ConcreteType);
  const inputs = trial.inputs.map((x, i) => encode((params[i] as ConcreteType).dtype, x));
  const runs = await runProgram(client, trial.program, inputs, RUNS);
  const why = unequalRuns(runs) ?? (await wrongValues(trial, inputs, runs[0] as Uint8Array[]));
  return why === undefined ? { status: "passed" } : { status: "failed", reason: explain(why, trial) };
}

function unequalRuns(runs: readonly Uint8Array[][]): string | undefined {
  const [first = [], ...others] = runs;
  for (const run of others)
    for (const [i, bytes] of run.entries()) {
      const at = bytes.findIndex((x, k) => x !== first[i]?.[k]);
      if (at >= 0) return `result ${i} differs between runs at byte ${at} [num.same]`;
    }
  return undefined;
}

async function wrongValues(
  trial: Trial,
  inputs: readonly Uint8Array[],
  got: readonly Uint8Array[],
): Promise<string | undefined> {
  const types = signatureOf(trial.program).results.map((r) => r.type as ConcreteType);
  const wanted = trial.want ?? [];
  const needsOracle = types.some((_, i) => wanted[i] === undefined);
  const judged = needsOracle ? await oracleResults(trial.program, inputs) : [];
  for (const [i, { dtype }] of types.entries()) {
    const want = wanted[i]?.map((x) => toElement(dtype, x)) ?? decode(dtype, judged[i] as Uint8Array);
    const mine = decode(dtype, got[i] as Uint8Array);
    if (mine.length !== want.length)
      return `result ${i} has ${mine.length} elements, expected ${want.length}`;
    const difference = firstDifference(dtype, mine, want, toleranceAt(trial, i));
    if (difference === undefined) continue;
    const { index, got: g, want: w } = difference;
    const part = isComplex(dtype) ? `${index >> 1}].${index % 2 === 0 ? "re" : "im"}` : `${index}]`;
    return `result ${i} [${part} is ${show(g)}, expected ${show(w)}${allowed(toleranceAt(trial, i), index)}`;
  }
  return undefined;
}

function toleranceAt({ tolerance = EXACT }: Trial, i: number): Tolerance {
  return "ulp" in tolerance ? tolerance : (tolerance[i] ?? EXACT);
}
function allowed({ ulp, atol = 0 }: Tolerance, index: number): string {
  const more = typeof atol === "number" ? atol : (atol[index] ?? 0);
  return ulp === 0 && more === 0
    ? " exactly"
    : ` ± ${ulp} ulp${more === 0 ? "" : ` ± ${more.toPrecision(3)}`}`;
}
const show = (x: number | bigint): string => (Object.is(x, -0) ? "-0" : String(x));

const LONGEST = 24;
/** The reason with what one needs to see it again. */
function explain(why: string, trial: Trial): string {
  const list = (x: Elements): string =>
    `[${x.slice(0, LONGEST).map(show).join(", ")}${x.length > LONGEST ? `, … ${x.length - LONGEST} more` : ""}]`;
  const inputs = trial.inputs.map((x, i) => `  input ${i}: ${list(x)}`);
  return [why, printProgram(trial.program).trimEnd(), ...inputs].join("\n");
}
