// The text form of a jaxpr, as JAX prints it.
import { isVar, type Atom, type Jaxpr, type Var } from "./jaxpr.ts";
import type { Params } from "./primitive.ts";

const letters = (n: number): string =>
  (n < 26 ? "" : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(97 + (n % 26));

/** `{ lambda ; a:f32[3]. let b:f32[3] = sin a in (b,) }`. */
export function printJaxpr(jaxpr: Jaxpr, indent = ""): string {
  const names = new Map<Var, string>();
  const name = (v: Var): string => {
    let n = names.get(v);
    if (n === undefined) names.set(v, (n = letters(names.size)));
    return n;
  };
  const atom = (a: Atom): string =>
    isVar(a)
      ? name(a)
      : `${typeof a.value === "object" ? `${a.value.re}+${a.value.im}i` : String(a.value)}:${a.aval}`;
  const typed = (v: Var): string => `${name(v)}:${v.aval}`;
  const head = jaxpr.inVars.map(typed).join(" ");
  const lines = jaxpr.eqns.map((e) =>
    `${indent}    ${e.outVars.map(typed).join(" ")} = ${e.primitive.name}${printParams(e.params, indent)} ${e.inputs.map(atom).join(" ")}${e.scope === undefined ? "" : ` # ${e.scope}`}`.trimEnd(),
  );
  return `{ lambda ; ${head}. let\n${lines.join("\n")}\n${indent}  in (${jaxpr.outs.map(atom).join(", ")}${jaxpr.outs.length === 1 ? "," : ""}) }`;
}

function printParams(params: Params, indent: string): string {
  const parts = Object.entries(params)
    .filter(([k, v]) => k !== "source" && typeof v !== "function")
    .map(([k, v]) => `${k}=${printValue(v, indent)}`);
  return parts.length === 0 ? "" : `[${parts.join(" ")}]`;
}
function printValue(value: unknown, indent: string): string {
  if (typeof value === "object" && value !== null && "eqns" in value)
    return printJaxpr(value as Jaxpr, `${indent}    `);
  if (Array.isArray(value)) return `[${value.map((v) => printValue(v, indent)).join(",")}]`;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}:${printValue(v, indent)}`)
      .join(",")}}`;
  return String(value);
}
