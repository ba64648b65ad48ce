// The apis that the placing rule doesn't cover: indexing, factories, the raw hash, and the tables of promotion.
// This is the one table of the runner that names functions.
import * as tenon from "tenon";
import { isInexact, roundTo } from "../values.ts";
import type { Case, Encoded } from "./case-files.ts";
import { decode, knownDType } from "./decode.ts";
import { misfit } from "./errors.ts";
import { judge, type Verdict } from "./judge.ts";
import { leavesOf } from "./leaves.ts";
import { camelCase, jaxParameters, ourPath, publicFunction, Skip } from "./names.ts";
import { apply, place, bind } from "./place.ts";
import { signaturesOf } from "./signatures.ts";
import { wireDType } from "./wire.ts";

/** Runs one case of a special api. */
export type Special = (c: Case) => Promise<Verdict>;

const EXACT: Readonly<Record<string, Special>> = {
  "jnp.getitem": (c) => judged(c, indexed(c).array.get(...indexed(c).index)),
  "random.key": (c) => judged(c, publicFunction("random.keyData")(apply(c))),
  threefry_2x32: (c) => judged(c, publicFunction("random.threefry2x32")(...operands(c))),
  promotion: (c) => promotionTable(c, (rhs) => [binaryOf(c.op as string), [c.lhs as string, rhs]]),
  "promotion.unary": (c) => promotionTable(c, (name) => [unaryOf(name), [c.lhs as string]]),
  "dtypes.canonicalize_dtype": canonicalDtypes,
  finfo: (c) => numericLimits(c, "np.finfo"),
  iinfo: (c) => numericLimits(c, "np.iinfo"),
};
const PREFIXES: readonly (readonly [string, Special])[] = [
  ["at.", (c) => judged(c, updated(c))],
  ["nn.initializers.", (c) => judged(c, initialized(c))],
];

/** How a case of a special api runs, or undefined where the placing rule applies. */
export function specialOf(api: string): Special | undefined {
  return EXACT[api] ?? PREFIXES.find(([prefix]) => api.startsWith(prefix))?.[1];
}

const judged = async (c: Case, result: unknown): Promise<Verdict> =>
  judge(c, await leavesOf(result, "declared"));
const operands = (c: Case): unknown[] => (c.args ?? []).map((v) => decode(v, "array"));

// --- indexing -----------------------------------------------------------------------------------------------------------

function indexed(c: Case): { array: tenon.NDArray; index: tenon.Index[]; rest: readonly Encoded[] } {
  const [x, index, ...rest] = c.args as readonly [Encoded, Encoded, ...Encoded[]];
  const items = index.t === "tuple" ? index.items : [index];
  return {
    array: decode(x, "array") as tenon.NDArray,
    index: items.map((v) => decode(v, "setting") as tenon.Index),
    rest,
  };
}

/** Names of `.at[…]` operations that our methods shorten, as the operators do. */
const AT_METHODS: Readonly<Record<string, string>> = {
  subtract: "sub",
  multiply: "mul",
  divide: "div",
  power: "pow",
};
function updated(c: Case): unknown {
  const { array, index, rest } = indexed(c);
  const operation = c.api.slice("at.".length);
  const options = Object.fromEntries(
    Object.entries(c.kwargs ?? {}).map(([k, v]) => [
      camelCase(k),
      decode(v, k === "mode" ? "setting" : "array"),
    ]),
  );
  // `at.get/fill_value` means mode='fill' though its kwargs lack `mode`.
  if ("fillValue" in options && !("mode" in options)) options["mode"] = "fill";
  const at = array.at(...index) as unknown as Record<string, (...args: unknown[]) => unknown>;
  const method = AT_METHODS[operation] ?? camelCase(operation);
  const values = rest.map((v) => decode(v, "array"));
  return (at[method] as (...args: unknown[]) => unknown)(...values, options);
}

// --- factories ----------------------------------------------------------------------------------------------------------

/** `X()(key, shape)`; what JAX gives a key directly (zeros, ones) is no factory. */
function initialized(c: Case): unknown {
  if (jaxParameters(c.api)?.[0] === "key") return apply(c);
  const path = ourPath(c.api);
  const factory = publicFunction(path);
  const settings = place(path, signaturesOf(path), bind(jaxParameters(c.api), [], c.kwargs ?? {}));
  const made = factory(...settings) as (...args: unknown[]) => unknown;
  return made(...(c.args ?? []).map((v) => decode(v, "setting")));
}

// --- promotion ----------------------------------------------------------------------------------------------------------

type Operation = (...operands: tenon.ArrayLike[]) => unknown;
const binaryOf = (op: string): Operation => {
  if (op === "where") return (x, y) => publicFunction("np.where")(tenon.np.array([true, false]), x, y);
  return publicFunction(`np.${camelCase(op)}`);
};
const UNARY: Readonly<Record<string, Operation>> = {
  mean_f16: (x) => publicFunction("np.mean")(x, { dtype: "float16" }),
  astype_float32: (x) => tenon.np.asarray(x).astype("float32"),
};
const unaryOf = (name: string): Operation => UNARY[name] ?? publicFunction(`np.${camelCase(name)}`);

/** Python scalars by their names in the tables. */
const SCALARS: Readonly<Record<string, () => tenon.ArrayLike>> = {
  py_bool: () => true,
  py_int: () => 2n,
  py_float: () => tenon.float(1.5),
  py_complex: () => tenon.complex(1, 1),
};

/** Checks dtype and weak type of every entry without executing the operation. */
function promotionTable(c: Case, entry: (key: string) => [Operation, string[]]): Promise<Verdict> {
  const wrong: string[] = [];
  for (const [key, [dtype, weak]] of Object.entries(c.table ?? {})) {
    const [operation, names] = entry(key);
    let got: string;
    try {
      got = resultType(operation, names);
    } catch (error) {
      if (error instanceof Skip) throw error;
      const problem = weak === null ? misfit(error, [dtype]) : `threw ${String(error)}, expected ${dtype}`;
      if (problem !== null) wrong.push(`${key}: ${problem}`);
      continue;
    }
    const want = weak === null ? `an exception (${dtype})` : typeText(dtype, weak);
    if (got !== want) wrong.push(`${key}: ${got}, expected ${want}`);
  }
  return Promise.resolve({ difference: wrong.length === 0 ? null : wrong.join("; "), maxError: 0 });
}
const typeText = (dtype: string, weak: boolean): string => `${dtype}${weak ? " weak" : ""}`;

/** The operands are concrete, as in JAX's tables: a known integer exponent has no part in promotion. */
function resultType(operation: Operation, names: readonly string[]): string {
  const operands = names.map((n) => SCALARS[n]?.() ?? tenon.np.ones([], { dtype: knownDType(n) }));
  const out = publicFunction("evalShape")(() => operation(...operands)) as {
    dtype: string;
    weakType: boolean;
  };
  return typeText(out.dtype, out.weakType);
}

/** What a dtype becomes in a new array. */
function canonicalDtypes(c: Case): Promise<Verdict> {
  const wrong = Object.entries(c.table ?? {}).flatMap(([key, [want, weak]]) => {
    const x = tenon.np.zeros([2], { dtype: c.lhs as tenon.DType });
    const fits = x.dtype === want && (weak === null || x.weakType === weak);
    return fits ? [] : [`${key}: ${typeText(x.dtype, x.weakType)}, expected ${want}`];
  });
  return Promise.resolve({ difference: wrong.length === 0 ? null : wrong.join("; "), maxError: 0 });
}

/** Attributes of finfo or iinfo: texts that are read, rounded to the dtype and compared. */
function numericLimits(c: Case, path: string): Promise<Verdict> {
  const dtype = c.lhs as string;
  const found = publicFunction(path)(knownDType(dtype)) as Readonly<Record<string, unknown>>;
  const wire = wireDType(dtype);
  const read = (v: unknown): number | bigint =>
    isInexact(wire) ? roundTo(wire, Number(v)) : BigInt(v as string | number | bigint);
  const wrong = Object.entries(c.info ?? {}).flatMap(([name, want]) => {
    const got = found[camelCase(name)];
    if (got === undefined) return [`${name} is missing`];
    return read(got) === read(want) ? [] : [`${name}: ${String(got)}, expected ${want}`];
  });
  return Promise.resolve({ difference: wrong.length === 0 ? null : wrong.join("; "), maxError: 0 });
}
