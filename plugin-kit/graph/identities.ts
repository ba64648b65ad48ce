// Elementwise ops that give one of their operands, bit for bit.
import { DTYPES } from "tenon-plugin-api";
import type { ScalarWireOp } from "../loops/scalar-ops.ts";
import type { Scalar } from "../loops/scalars.ts";
import type { Node } from "./node.ts";

/** The scalar of a constant. */
const valueOf = (x: Node | undefined): Scalar | undefined => (x?.kind === "constant" ? x.value : undefined);
const isNumber = (x: Node | undefined, n: number): boolean => {
  const value = valueOf(x);
  return typeof value === "bigint" ? value === BigInt(n) : Object.is(value, n);
};
const isFloat = (x: Node): boolean => DTYPES[x.dtype].kind === "f";
/** x op c = x for this c, on either side. */
const neutral =
  (is: (c: Node, x: Node) => boolean) =>
  ([x, y]: readonly Node[]): Node | null =>
    is(y as Node, x as Node) ? (x as Node) : is(x as Node, y as Node) ? (y as Node) : null;

type Rule = (args: readonly Node[]) => Node | null;
const RULES: { readonly [N in ScalarWireOp]?: Rule } = {
  // −0 + 0 is 0, so that only −0 is neutral.
  add: neutral((c) => (isFloat(c) ? isNumber(c, -0) : isNumber(c, 0))),
  subtract: ([x, y]) => (isNumber(y, 0) ? (x as Node) : null),
  multiply: neutral((c) => isNumber(c, 1)),
  divide: ([x, y]) => (isNumber(y, 1) ? (x as Node) : null),
  or: neutral((c) => isNumber(c, 0)),
  xor: neutral((c) => isNumber(c, 0)),
  and: neutral((c) => c.dtype === "bool" && isNumber(c, 1)),
  select: ([p, x, y]) => {
    if (x === y) return x as Node;
    const value = valueOf(p);
    return value === undefined ? null : ((value === 0 ? y : x) as Node);
  },
};

/** The operand that an op on these operands is, or null. */
export function identityOperand(op: ScalarWireOp, args: readonly Node[]): Node | null {
  return RULES[op]?.(args) ?? null;
}
