// A Program as text, one op a line: for error messages, diffs and people. Stable, not parsed back.
import { printType } from "../dims.ts";
import type { Block, Func, Op, Program, Value } from "../program.ts";

type Scopes = NonNullable<Program["locations"]>;
const define = (v: Value): string => `%${v.id}: ${printType(v.type)}`;
const list = (ids: readonly number[]): string => ids.map((id) => `%${id}`).join(", ");

function attributes(op: Op): string {
  const entries = Object.entries(op.attrs).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return "";
  return ` {${entries.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(", ")}}`;
}

function printOp(op: Op, indent: string, scopes: Scopes): string {
  const results = op.results.map(define).join(", ");
  const operands = op.operands.length === 0 ? "" : ` ${list(op.operands)}`;
  const regions = (op.regions ?? []).map((r) => ` ${printBlock(r, indent, scopes)}`).join("");
  const scope = op.loc === undefined ? undefined : scopes[op.loc]?.scope;
  const comment = scope === undefined ? "" : ` # ${scope}`;
  return `${indent}${results === "" ? "" : `${results} = `}${op.op}${operands}${attributes(op)}${regions}${comment}`;
}

function printBlock(block: Block, indent: string, scopes: Scopes): string {
  const params = block.params.length === 0 ? "" : `(${block.params.map(define).join(", ")}) `;
  const lines = block.ops.map((op) => `${printOp(op, `${indent}  `, scopes)}\n`).join("");
  return `${params}{\n${lines}${indent}  return ${list(block.results)}\n${indent}}`;
}

function printFunction(f: Func, scopes: Scopes): string {
  const params = f.params.map((p) => {
    const donated =
      p.donate === undefined ? "" : ` donated${p.donate.alias === undefined ? "" : `→${p.donate.alias}`}`;
    return `${define(p)}${p.name === undefined ? "" : ` "${p.name}"`}${donated}`;
  });
  const body = { params: [], ops: f.ops, results: f.results.map((r) => r.value) };
  return `func ${f.name}(${params.join(", ")}) ${printBlock(body, "", scopes)}\n`;
}

/** The text of a program. */
export function printProgram(program: Program): string {
  const { name, ir, main, functions, attachments, locations = [] } = program;
  const bytes = attachments.reduce((n, a) => n + a.byteLength, 0);
  const constants = attachments.length === 0 ? "" : `, ${attachments.length} attachments of ${bytes} bytes`;
  return `program ${name} (ir ${ir}, main ${main}${constants})\n${functions.map((f) => printFunction(f, locations)).join("")}`;
}
