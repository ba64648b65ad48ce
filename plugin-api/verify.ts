// The verifier: is this a well-formed Program? It runs on what was read and in tests, never on the hot path. A violation
// is INVALID_ARGUMENT with reason E_VERIFY; of an op's own rule it cites the constraint: `dot_general(C10): …`.
import { printType, symbolsOf } from "./dims.ts";
import { byteLength, DTYPES, isDType } from "./dtype.ts";
import { tenonError } from "./errors.ts";
import { isOpName, rowOf, type RegionType, type Site } from "./opset.ts";
import { typesDiffer, violation } from "./ops/row.ts";
import type { ArrayType, Block, ConcreteType, Func, Op, Program, Result, Type, Value } from "./program.ts";

/** numpy's limit, too; keeps every check linear in the size of the program. */
const MAX_RANK = 64;

function broken(where: string, why: string): Error {
  return tenonError("INVALID_ARGUMENT", `${where}: ${why}`, { reason: "E_VERIFY" });
}

/** Values visible at a point: ids to types. */
type Scope = ReadonlyMap<number, Type>;

/** Checks one function. */
class FunctionVerifier {
  private readonly program: Program;
  private readonly callees: ReadonlyMap<string, RegionType>;
  private readonly where: string;
  private readonly symbols: ReadonlySet<string>;
  private readonly seen = new Set<number>();
  private largest = -1;
  constructor(
    program: Program,
    f: Func,
    callees: ReadonlyMap<string, RegionType>,
    symbols: ReadonlySet<string>,
  ) {
    this.program = program;
    this.callees = callees;
    this.symbols = symbols;
    this.where = `function ${f.name}`;
  }

  verify(f: Func): RegionType {
    const block = { params: f.params, ops: f.ops, results: f.results.map((r) => r.value) };
    const type = this.block(block, new Map(), this.where);
    if (this.largest !== this.seen.size - 1)
      throw broken(this.where, `ids aren't dense: ${this.seen.size} values, largest id ${this.largest}`);
    f.params.forEach((p, i) => {
      const alias = p.donate?.alias;
      const result = alias === undefined ? p.type : type.results[alias];
      if (result === undefined || typesDiffer(result, p.type))
        throw broken(this.where, `param ${i}, ${printType(p.type)}, can't alias result ${alias}`);
    });
    f.results.forEach((r, i) => this.sharding(r, type.results[i] as Type));
    return type;
  }

  private block(block: Block, outer: Scope, where: string): RegionType {
    const scope = new Map(outer);
    for (const p of block.params) this.define(p, scope, where);
    block.ops.forEach((op, i) => this.op(op, scope, `${where}, op ${i}`));
    return {
      params: block.params.map((p) => p.type),
      results: block.results.map((id) => this.use(id, scope, where)),
    };
  }

  private use(id: number, scope: Scope, where: string): Type {
    const type = scope.get(id);
    if (type === undefined) throw broken(where, `value ${id} isn't defined here`);
    return type;
  }

  private define(v: Value, scope: Map<number, Type>, where: string): void {
    if (!Number.isSafeInteger(v.id) || v.id < 0) throw broken(where, `${v.id} is no value id`);
    if (this.seen.has(v.id)) throw broken(where, `value ${v.id} is defined twice`);
    this.seen.add(v.id);
    this.largest = Math.max(this.largest, v.id);
    this.type(v.type, where);
    this.sharding(v, v.type);
    scope.set(v.id, v.type);
  }

  private type(type: Type, where: string): void {
    if (type.dtype === "token") return;
    if (!isDType(type.dtype)) throw broken(where, `there is no dtype ${String(type.dtype)}`);
    if (type.shape.length > MAX_RANK) throw broken(where, `rank ${type.shape.length} exceeds ${MAX_RANK}`);
    let bytes: number = DTYPES[type.dtype].itemsize;
    for (const dim of type.shape) {
      if (typeof dim === "number") {
        if (!Number.isSafeInteger(dim) || dim < 0) throw broken(where, `${String(dim)} is no dimension`);
        bytes *= Math.max(dim, 1);
      } else this.symbolic(dim, where);
    }
    if (!Number.isSafeInteger(bytes)) throw broken(where, `${printType(type)} exceeds 2^53 bytes`);
  }

  private symbolic(dim: ArrayType["shape"][number], where: string): void {
    const names = new Set<string>();
    symbolsOf(dim, names);
    for (const name of names)
      if (!this.symbols.has(name)) throw broken(where, `symbol ${name} isn't declared`);
  }

  private sharding(v: Pick<Value | Result, "sharding">, type: Type): void {
    if (v.sharding === undefined) return;
    const { mesh, dims } = v.sharding;
    if (!(this.program.meshes ?? []).some((m) => m.name === mesh))
      throw broken(this.where, `a sharding names mesh ${mesh}, which isn't declared`);
    if (type.dtype === "token" || dims.length !== type.shape.length)
      throw broken(this.where, `a sharding of ${dims.length} dims on ${printType(type)}`);
  }

  private op(op: Op, scope: Map<number, Type>, where: string): void {
    if (!isOpName(op.op)) throw violation(op.op, "X0", `${where}: this IR has no such op`);
    const row = rowOf(op.op);
    const [min, max] = row.arity;
    if (op.operands.length < min || op.operands.length > max)
      throw violation(
        op.op,
        "I",
        `${where}: ${op.operands.length} operands, expected ${min === max ? min : `${min} to ${max}`}`,
      );
    if (op.loc !== undefined && this.program.locations?.[op.loc] === undefined)
      throw broken(where, `location ${op.loc} doesn't exist`);
    const operands = op.operands.map((id) => this.use(id, scope, where));
    const site: Site = {
      op: op.op,
      operands,
      attrs: op.attrs,
      regions: this.regions(op, scope, where),
      declared: op.results.map((r) => r.type),
      callee: (name) => this.callees.get(name),
    };
    this.results(op, row.types(site), row.result);
    if (op.op === "constant") this.attachment(op.attrs.value, where);
    for (const r of op.results) this.define(r, scope, where);
  }

  private regions(op: Op, scope: Scope, where: string): RegionType[] {
    const { regions } = rowOf(op.op);
    const [min, max] = regions?.count ?? [0, 0];
    const given = op.regions ?? [];
    if (given.length < min || given.length > max)
      throw violation(op.op, "I", `${where}: ${given.length} regions, expected ${min}`);
    const outer: Scope = regions?.scope === "capturing" ? scope : new Map();
    return given.map((block, i) => this.block(block, outer, `${where}, region ${i} of ${op.op}`));
  }

  private results(op: Op, types: readonly Type[], ids: readonly [shape: string, dtype: string]): void {
    if (op.results.length !== types.length)
      throw violation(op.op, ids[0], `${op.results.length} results, expected ${types.length}`);
    op.results.forEach((r, i) => {
      const want = types[i] as Type;
      if (!typesDiffer(r.type, want)) return;
      const id = r.type.dtype === want.dtype ? ids[0] : ids[1];
      throw violation(
        op.op,
        id,
        `result ${i} is declared ${printType(r.type)}, the rule gives ${printType(want)}`,
      );
    });
  }

  private attachment(value: { type: ArrayType; bytes: number; splat?: true }, where: string): void {
    const bytes = this.program.attachments[value.bytes];
    const { dtype, shape } = value.type as ConcreteType;
    if (shape.some((d) => typeof d !== "number") && value.splat !== true)
      throw broken(where, "a constant of symbolic shape must be a splat");
    const want = byteLength({ dtype, shape: value.splat === true ? [] : shape });
    if (bytes?.byteLength !== want)
      throw broken(
        where,
        `attachment ${value.bytes} has ${bytes?.byteLength ?? "no"} bytes, ${printType(value.type)} needs ${want}`,
      );
  }
}

/** Symbols: declared once, each bound by a whole dimension of some parameter of main. */
function verifySymbols(program: Program, main: Func): Set<string> {
  const declared = new Set<string>();
  for (const { name } of program.symbols ?? []) {
    if (declared.has(name)) throw broken("symbols", `${name} is declared twice`);
    declared.add(name);
    const binds = main.params.some((p) => p.type.dtype !== "token" && p.type.shape.includes(name));
    if (!binds) throw broken("symbols", `${name} is no whole dimension of any parameter of ${main.name}`);
  }
  return declared;
}

/** Throws the first violation in a program; returns the program otherwise. @throws INVALID_ARGUMENT, E_VERIFY */
export function verifyProgram(program: Program): Program {
  const main = program.functions.find((f) => f.name === program.main);
  if (main === undefined) throw broken("program", `there is no function ${program.main}, its main`);
  const symbols = verifySymbols(program, main);
  const callees = new Map<string, RegionType>();
  for (const f of program.functions) {
    if (callees.has(f.name)) throw broken("program", `function ${f.name} is defined twice`);
    callees.set(f.name, new FunctionVerifier(program, f, callees, symbols).verify(f));
  }
  return program;
}
