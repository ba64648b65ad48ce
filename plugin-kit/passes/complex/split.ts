// Program → Program without complex arithmetic: every complex value is a pair of real ones. Complex arrays are left at the
// edges only: parameters (read by `real` and `imag`), results (made by `complex`), and bit casts.
import {
  DTYPES,
  mainOf,
  rowOf,
  unimplemented,
  type BinaryOp,
  type Block,
  type ConcreteType,
  type DType,
  type Op,
  type OpAttrs,
  type OpName,
  type Program,
  type UnaryOp,
  type Value,
  type ValueId,
} from "tenon-plugin-api";
import { Builder, type Draft, type Ref } from "../../builder.ts";
import { COMPLEX_BINARY, COMPLEX_TO_REAL, COMPLEX_UNARY, Parts, type Pair } from "./formulas.ts";

type Split = Ref | Pair;
const isPair = (x: Split): x is Pair => "re" in x;
const isComplex = (dtype: string): boolean => DTYPES[dtype as DType]?.kind === "c";
/** The type of a part; a real type is its own. */
const partType = (t: ConcreteType): ConcreteType =>
  isComplex(t.dtype) ? { dtype: t.dtype === "c64" ? "f32" : "f64", shape: t.shape } : t;

/** Does any value of the program have a complex type? */
export function usesComplex(program: Program): boolean {
  const values = (list: readonly Value[]): boolean => list.some((v) => isComplex(v.type.dtype));
  const ops = (list: readonly Op[]): boolean =>
    list.some((op) => values(op.results) || (op.regions ?? []).some((r) => values(r.params) || ops(r.ops)));
  return program.functions.some((f) => values(f.params) || ops(f.ops));
}

/** Splits one function. */
class Splitter {
  private readonly plugin: string;
  private readonly attachments: Uint8Array[];
  constructor(plugin: string, attachments: Uint8Array[]) {
    this.plugin = plugin;
    this.attachments = attachments;
  }

  program(program: Program): Program {
    const main = mainOf(program);
    const b = Builder.of(this.attachments);
    const env = new Map<ValueId, Split>();
    const params = main.params.map((p) => {
      const ref = b.value(p.type as ConcreteType);
      env.set(p.id, isComplex(ref.type.dtype) ? parts(b, ref) : ref);
      return { ...p, id: ref.id };
    });
    this.ops(main.ops, b, env);
    const results = main.results.map((r) => ({ ...r, value: whole(b, env.get(r.value) as Split).id }));
    return {
      ...program,
      functions: [{ ...main, params, ops: b.ops, results }],
      attachments: this.attachments,
    };
  }

  private ops(ops: readonly Op[], b: Builder, env: Map<ValueId, Split>): void {
    for (const op of ops) {
      const operands = op.operands.map((id) => env.get(id) as Split);
      const out = this.op(op, operands, b, env);
      op.results.forEach((r, i) => env.set(r.id, out[i] as Split));
    }
  }

  /** A region whose complex parameters are pairs; `order` names the part of a parameter that each new one is. */
  private region(block: Block, b: Builder, env: Map<ValueId, Split>, order: readonly Place[]): Block {
    const types = order.map(({ param }) => partType(block.params[param]?.type as ConcreteType));
    return b.block(types, (inner, ...refs) => {
      block.params.forEach((p, i) => {
        const own = refs.filter((_, k) => order[k]?.param === i);
        env.set(p.id, gather(p.type as ConcreteType, own[Symbol.iterator]()));
      });
      this.ops(block.ops, inner, env);
      return block.results.flatMap((id) => flat(env.get(id) as Split));
    });
  }

  private op(op: Op, xs: readonly Split[], b: Builder, env: Map<ValueId, Split>): readonly Split[] {
    const types = op.results.map((r) => r.type as ConcreteType);
    const touched = xs.some(isPair) || types.some((t) => isComplex(t.dtype));
    if (op.regions !== undefined) return this.withRegions(op, xs, types, b, env);
    if (!touched) return b.append(draftOf(op, xs as readonly Ref[], types));
    if (op.op === "constant") return [this.constant(op.attrs.value, types[0] as ConcreteType, b)];
    const rule = RULES[op.op];
    if (rule !== undefined) return rule(b, xs, op, types);
    const unary = COMPLEX_UNARY[op.op as UnaryOp] ?? COMPLEX_TO_REAL[op.op as UnaryOp];
    if (unary !== undefined) return [unary(new Parts(b), xs[0] as Pair)];
    const binary = COMPLEX_BINARY[op.op as BinaryOp];
    if (binary !== undefined) return [binary(new Parts(b), xs[0] as Pair, xs[1] as Pair)];
    if (rowOf(op.op).traits.structural !== true) throw unimplemented(op.op, types[0]?.dtype, this.plugin);
    return [eachPart(b, xs, op, types[0] as ConcreteType)];
  }

  /** Ops that fold, order or loop take their arrays in parts, and their regions as functions of parts. */
  private withRegions(
    op: Op,
    xs: readonly Split[],
    types: readonly ConcreteType[],
    b: Builder,
    env: Map<ValueId, Split>,
  ): readonly Split[] {
    if (op.op === "select_and_scatter" && types.some((t) => isComplex(t.dtype)))
      throw unimplemented(op.op, types[0]?.dtype, this.plugin);
    const separate = separable(op);
    if (separate !== null && isPair(xs[0] as Split))
      return [this.separately(op, separate, xs, types[0] as ConcreteType, b)];
    const order = op.op === "sort" ? inTurn : inOrder;
    const regions = (op.regions as readonly Block[]).map((r) => this.region(r, b, env, order(r)));
    const draft = { ...draftOf(op, xs.flatMap(flat), types.flatMap(flatTypes)), regions } as Draft;
    const refs = b.append(draft)[Symbol.iterator]();
    return types.map((t) => gather(t, refs));
  }
  /** A constant's parts as constants of their own. */
  private constant(value: OpAttrs["constant"]["value"], type: ConcreteType, b: Builder): Pair {
    const part = partType(type);
    const bytes = this.attachments[value.bytes] as Uint8Array;
    const [re, im] = constantParts(bytes, DTYPES[part.dtype].itemsize).map((data) => {
      const attrs = { value: { ...value, type: part, bytes: this.attachments.push(data) - 1 } };
      return b.append({ op: "constant", operands: [], attrs, results: [part] })[0] as Ref;
    }) as [Ref, Ref];
    return { re, im };
  }
  /** A fold whose parts don't meet: one op for each. */
  private separately(op: Op, monoid: OpName, xs: readonly Split[], type: ConcreteType, b: Builder): Pair {
    const element = { ...partType(type), shape: [] };
    const region = (): Block =>
      b.block([element, element], (r, x, y) => [r.one(monoid, [x, y] as Ref[], {})]);
    const one = (k: "re" | "im"): Ref => {
      const operands = xs.map((x) => (isPair(x) ? x[k] : x));
      return b.append({ ...draftOf(op, operands, [partType(type)]), regions: [region()] })[0] as Ref;
    };
    return { re: one("re"), im: one("im") };
  }
}

const flat = (x: Split): Ref[] => (isPair(x) ? [x.re, x.im] : [x]);
const flatTypes = (t: ConcreteType): ConcreteType[] =>
  isComplex(t.dtype) ? [partType(t), partType(t)] : [t];
/** The value of a type from the next one or two refs. */
function gather(t: ConcreteType, refs: Iterator<Ref>): Split {
  const re = refs.next().value as Ref;
  return isComplex(t.dtype) ? { re, im: refs.next().value as Ref } : re;
}
const parts = (b: Builder, x: Ref): Pair => ({ re: b.apply("real", x), im: b.apply("imag", x) });
const whole = (b: Builder, x: Split): Ref => (isPair(x) ? b.apply("complex", x.re, x.im) : x);
function draftOf(op: Op, operands: readonly Ref[], results: readonly ConcreteType[]): Draft {
  return {
    op: op.op,
    operands,
    attrs: op.attrs,
    results,
    ...(op.loc === undefined ? {} : { loc: op.loc }),
  };
}

/** Which parameter a new one is a part of. */
interface Place {
  readonly param: number;
}
const partsOf = (p: Value): number => (isComplex(p.type.dtype) ? 2 : 1);
/** Parts of a parameter next to each other. */
const inOrder = (block: Block): Place[] =>
  block.params.flatMap((p, param) => Array.from({ length: partsOf(p) }, () => ({ param })));
/** A comparator takes left and right of each operand in turn: re, re′, im, im′. */
const inTurn = (block: Block): Place[] =>
  block.params.flatMap((p, param) =>
    param % 2 === 1 ? [] : Array.from({ length: partsOf(p) }, () => [{ param }, { param: param + 1 }]).flat(),
  );

/** The op that folds each part by itself, if the region of one operand is one: sums. */
function separable(op: Op): OpName | null {
  if (op.op !== "reduce" && op.op !== "reduce_window" && op.op !== "scatter") return null;
  const region = op.regions?.[0];
  const [inner] = region?.ops ?? [];
  if (region?.ops.length !== 1 || region.params.length !== 2 || inner?.op !== "add") return null;
  return region.results[0] === inner.results[0]?.id ? inner.op : null;
}

/** A structural op on each part. */
function eachPart(b: Builder, xs: readonly Split[], op: Op, type: ConcreteType): Pair {
  const one = (k: "re" | "im"): Ref =>
    b.append(draftOf(op, xs.map((x) => (isPair(x) ? x[k] : x)), [partType(type)]))[0] as Ref; // prettier-ignore
  return { re: one("re"), im: one("im") };
}

type Rule = (b: Builder, xs: readonly Split[], op: Op, types: readonly ConcreteType[]) => readonly Split[];
const product: Rule = (b, xs, op, [type]) => {
  const [x, y] = xs as readonly [Pair, Pair];
  const part = partType(type as ConcreteType);
  const dot = (p: Ref, q: Ref): Ref => b.append(draftOf(op, [p, q], [part]))[0] as Ref;
  const re = b.apply("subtract", dot(x.re, y.re), dot(x.im, y.im));
  return [{ re, im: b.apply("add", dot(x.re, y.im), dot(x.im, y.re)) }];
};
const structural: Rule = (b, xs, op, [type]) => [eachPart(b, xs, op, type as ConcreteType)];

/** Bytes of the parts of a constant. */
function constantParts(bytes: Uint8Array, width: number): [Uint8Array, Uint8Array] {
  const [re, im] = [new Uint8Array(bytes.length / 2), new Uint8Array(bytes.length / 2)];
  for (let i = 0; i < re.length; i += width) {
    re.set(bytes.subarray(2 * i, 2 * i + width), i);
    im.set(bytes.subarray(2 * i + width, 2 * i + 2 * width), i);
  }
  return [re, im];
}

/** Rules for ops that aren't functions of (re, im) at a place, nor the same op on each part. */
const RULES: { readonly [N in OpName]?: Rule } = {
  complex: (_b, [re, im]) => [{ re: re as Ref, im: im as Ref }],
  select: structural,
  gather: structural,
  dynamic_update_slice: structural,
  optimization_barrier: (b, xs, op) => {
    const refs = xs.flatMap(flat);
    const out = b.append(draftOf(op, refs, refs.map((r) => r.type)))[Symbol.iterator](); // prettier-ignore
    return op.results.map((r) => gather(r.type as ConcreteType, out));
  },
  compare: (b, xs, op) => {
    const [x, y] = xs as readonly [Pair, Pair];
    const { direction } = op.attrs as OpAttrs["compare"];
    const part = (p: Ref, q: Ref): Ref => b.compare(direction, p, q);
    return [b.apply(direction === "EQ" ? "and" : "or", part(x.re, y.re), part(x.im, y.im))];
  },
  convert: (b, [x], _op, [type]) => {
    const to = type as ConcreteType;
    if (!isComplex(to.dtype)) return [b.convert((x as Pair).re, to.dtype)];
    const { dtype } = partType(to);
    const { re, im } = isPair(x as Split) ? (x as Pair) : { re: x as Ref, im: null };
    const real = b.convert(re, dtype);
    return [{ re: real, im: im === null ? b.like(real, 0) : b.convert(im, dtype) }];
  },
  bitcast_convert: (b, [x], op, [type]) => {
    const [out] = b.append(draftOf(op, [whole(b, x as Split)], [type as ConcreteType]));
    return [parts(b, out as Ref)];
  },
  iota: (b, _xs, op, [type]) => {
    const re = b.iota(partType(type as ConcreteType), (op.attrs as OpAttrs["iota"]).dimension);
    return [{ re, im: b.like(re, 0) }];
  },
  dot_general: product,
  convolution: product,
};

/** The program in real ops. @throws UNIMPLEMENTED for an op that has no complex form here */
export function splitComplex(program: Program, plugin: string): Program {
  return new Splitter(plugin, [...program.attachments]).program(program);
}
