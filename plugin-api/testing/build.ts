// Small Programs for the tests of this package.
import type { ArrayType, Func, Op, OpAttrs, OpName, Program, Type, Value } from "../program.ts";
import { IR } from "../version.ts";

export { comparator, programOf, reducer, t } from "../constraints/sketch.ts";

/** A chain of typed ops on one function, for tests of passes. */
export class Chain {
  private next = 0;
  readonly params: Value[] = [];
  readonly ops: Op[] = [];
  readonly attachments: Uint8Array[] = [];
  param(type: Type): Value {
    const v = { id: this.next++, type };
    this.params.push(v);
    return v;
  }
  op<N extends OpName>(op: N, operands: readonly Value[], attrs: OpAttrs[N], type: Type): Value {
    const result = { id: this.next++, type };
    this.ops.push({ op, operands: operands.map((v) => v.id), attrs, results: [result] } as unknown as Op);
    return result;
  }
  constant(type: ArrayType, bytes: Uint8Array): Value {
    return this.op("constant", [], { value: { type, bytes: this.attachments.push(bytes) - 1 } }, type);
  }
  func(name: string, results: readonly Value[]): Func {
    return { name, params: this.params, ops: this.ops, results: results.map((r) => ({ value: r.id })) };
  }
  program(results: readonly Value[], callees: readonly Func[] = []): Program {
    const functions = [...callees, this.func("main", results)];
    return { ir: IR, name: "chain", main: "main", functions, attachments: this.attachments };
  }
}
