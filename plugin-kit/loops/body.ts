// Builds the scalar body of a stage or region: equal values are made once, exact operations on constants are folded.
import { constIx, keyOf, type Bounds } from "./index-map.ts";
import type { Compute, Guard, Ix, KValue, ScalarOp, ValueId } from "./loop-ir.ts";
import { evalScalar, type Scalar } from "./scalars.ts";

/** Results that depend on a library's accuracy are left to run time, so that folded and unfolded runs agree. */
const INEXACT: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  "cbrt", "exp", "expm1", "log", "log1p", "logistic", "tanh", "sin", "cos", "tan", "pow", "atan2", "rsqrt",
]); // prettier-ignore

/** Integer ops that give x for (x, 0). */
const WITH_ZERO: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  "add",
  "sub",
  "or",
  "xor",
  "shl",
  "shr_u",
  "shr_s",
]);

/** Those that give y for (0, y) too. */
const EITHER_SIDE: ReadonlySet<ScalarOp> = new Set<ScalarOp>(["add", "or", "xor"]);

/** The values of one body, in order. */
export class Body {
  readonly values: KValue[] = [];
  private readonly known = new Map<string, ValueId>();
  private readonly bounds = new Map<ValueId, Bounds>();

  private add(key: string, value: KValue): ValueId {
    let id = this.known.get(key);
    if (id === undefined) {
      id = this.values.push(value) - 1;
      this.known.set(key, id);
    }
    return id;
  }

  /** A constant; booleans as 0 and 1. */
  constant(dtype: Compute, value: Scalar): ValueId {
    const text = Object.is(value, -0) ? "-0" : String(value);
    return this.add(`c${dtype}:${text}`, { op: "const", dtype, value });
  }

  /** An operation; folded where it is exact and its operands are constants. */
  op(op: ScalarOp, dtype: Compute, ...args: readonly ValueId[]): ValueId {
    if (!INEXACT.has(op)) {
      const operands = args.map((id) => this.values[id] as KValue);
      if (operands.every((v) => v.op === "const")) {
        const values = operands.map((v) => v.value);
        return this.constant(dtype, evalScalar(op, dtype, (operands[0] as KValue).dtype, values));
      }
    }
    const neutral = this.neutral(op, dtype, args);
    return neutral ?? this.add(`${op}:${dtype}:${args.join(",")}`, { op, dtype, args });
  }
  /** The operand that an integer op with 0 gives. */
  private neutral(op: ScalarOp, dtype: Compute, args: readonly ValueId[]): ValueId | undefined {
    if (dtype === "f32" || dtype === "f64" || !WITH_ZERO.has(op)) return undefined;
    const isZero = (id: ValueId | undefined): boolean => {
      const v = this.values[id as number];
      return v?.op === "const" && (v.value === 0 || v.value === 0n);
    };
    const [x, y] = args;
    if (isZero(y)) return x;
    return EITHER_SIDE.has(op) && isZero(x) ? y : undefined;
  }

  /** An index expression as a number. */
  index(at: Ix): ValueId {
    if (at.terms.length === 0) return this.constant("i32", at.c as number);
    return this.add(`i${keyOf(at)}`, { op: "index", dtype: "i32", at });
  }

  /** An element of a parameter. */
  load(dtype: Compute, param: number, at: Ix, guard: readonly Guard[] = [], otherwise?: ValueId): ValueId {
    const guards = guard.map(guardKey).join("&");
    const key = `l${dtype}:${param}:${keyOf(at)}:${guards}:${otherwise ?? ""}`;
    return this.add(key, {
      op: "load",
      dtype,
      param,
      at,
      ...(guard.length === 0 ? {} : { guard, otherwise: otherwise as ValueId }),
    });
  }

  /** Part of an earlier stage's reduction. */
  stage(dtype: Compute, stage: number, result: number, part: number): ValueId {
    return this.add(`s${stage}.${result}.${part}`, { op: "stage", dtype, stage, result, part });
  }

  /** Argument of a region. */
  arg(dtype: Compute, index: number): ValueId {
    return this.add(`a${index}`, { op: "arg", dtype, index });
  }

  /** Type of a value. */
  dtype(id: ValueId): Compute {
    return (this.values[id] as KValue).dtype;
  }

  /** A size as a scalar. Larger ones are kept apart from constants, so that they can become uniforms. */
  private size(dtype: Compute, n: number): ValueId {
    if (n <= 16) return this.constant(dtype, dtype === "i64" || dtype === "u64" ? BigInt(n) : n);
    const id = this.add(`n${n}`, { op: "index", dtype: "i32", at: constIx(n) });
    return dtype === "i32" ? id : this.op("convert", dtype, id);
  }
  /** x clamped between sizes, with its bounds remembered. Integers of any width; the result is an i32. */
  clampIndex(x: ValueId, lo: number, hi: number): ValueId {
    const known = this.values[x] as KValue;
    if (known.op === "const") {
      const n = Number(known.value);
      return this.constant("i32", Math.min(Math.max(n, lo), hi));
    }
    const { dtype } = known;
    const signed = dtype === "i32" || dtype === "i64";
    const raised = signed ? this.op("max", dtype, x, this.size(dtype, lo)) : x;
    const clamped = this.op("min", dtype, raised, this.size(dtype, hi));
    const id = dtype === "i32" ? clamped : this.op("convert", "i32", clamped);
    this.bounds.set(id, [lo, hi]);
    return id;
  }
  /** Bounds of a value made by `clampIndex`. */
  boundsOf(id: ValueId): Bounds {
    return this.bounds.get(id) ?? [-(2 ** 31), 2 ** 31 - 1];
  }

  /** The conjunction of guards as a bool; undefined if there is none. */
  holds(guards: readonly Guard[]): ValueId | undefined {
    let all: ValueId | undefined;
    const and = (id: ValueId): void => {
      all = all === undefined ? id : this.op("and", "bool", all, id);
    };
    for (const g of guards) {
      const x = this.index(g.x);
      const at = (n: number): ValueId => this.constant("i32", n);
      and(this.op("ge", "bool", x, at(g.lo as number)));
      and(this.op("lt", "bool", x, at(g.hi as number)));
      if (g.every === undefined || g.every === 1) continue;
      const offset = this.op("sub", "i32", x, at(g.lo as number));
      and(this.op("eq", "bool", this.op("rem", "i32", offset, at(g.every as number)), at(0)));
    }
    return all;
  }
}

/** Canonical text of a guard. */
export const guardKey = (g: Guard): string =>
  `${keyOf(g.x)}[${String(g.lo)},${String(g.hi)})${g.every === undefined ? "" : `%${String(g.every)}`}`;
