// The schema of a Program, strict: types, attributes by the op table, functions. The name of an unknown op is refused.
import * as z from "zod/mini";
import { isDType } from "../dtype.ts";
import { tenonError } from "../errors.ts";
import { isOpName, rowOf, type AttrForm, type AttrRow } from "../opset.ts";
import type { Block, OpName, Program } from "../program.ts";
import { count, int, irVersion, lazily, name, parse, why } from "./parse.ts";

const dtype: () => z.ZodMiniType = lazily(() => z.string().check(z.refine(isDType, why("expected a dtype"))));
const dim = lazily((): z.ZodMiniType => {
  const op = z.enum(["add", "mul", "floordiv", "mod", "max", "min"]);
  const inner = z.lazy(dim);
  return z.union([count(), name(), z.tuple([op, inner, inner])]);
});
const arrayType = lazily(() => z.strictObject({ dtype: dtype(), shape: z.array(dim()) }));
const type = lazily(() => z.union([z.strictObject({ dtype: z.literal("token") }), arrayType()]));
const tensor = lazily(() =>
  z.strictObject({ type: arrayType(), bytes: count(), splat: z.optional(z.literal(true)) }),
);
const scalarValue = lazily(() => z.union([z.number(), z.string(), z.boolean()]));
const attr = lazily((): z.ZodMiniType => {
  const inner = z.lazy(attr);
  const part = z.union([z.number(), z.string()]);
  const value = z.union([scalarValue(), z.tuple([part, part])]);
  return z.union([
    z.boolean(),
    int(),
    z.string(),
    z.strictObject({ scalar: z.strictObject({ dtype: dtype(), value }) }),
    z.strictObject({ tensor: tensor() }),
    z.strictObject({ list: z.array(inner) }),
    z.strictObject({ dict: z.record(z.string(), inner) }),
  ]);
});

const FORMS: { readonly [F in AttrForm]: () => z.ZodMiniType } = {
  int,
  flag: lazily(() => z.boolean()),
  name,
  ints: lazily(() => z.array(int())),
  flags: lazily(() => z.array(z.boolean())),
  dims: lazily(() => z.array(dim())),
  pairs: lazily(() => z.array(z.tuple([int(), int()]))),
  tensor,
  attrs: lazily(() => z.record(z.string(), attr())),
  aliases: lazily(() => z.array(z.strictObject({ result: count(), operand: count() }))),
};
const attrsSchemas = new Map<OpName, z.ZodMiniType>();
/** Schema of the attributes of an op, made from its row. */
export function attrsSchema(op: OpName): z.ZodMiniType {
  let schema = attrsSchemas.get(op);
  if (schema !== undefined) return schema;
  const shape = Object.entries(rowOf(op).attrs as { [key: string]: AttrRow }).map(
    ([key, { kind, optional }]) => {
      const inner = typeof kind === "string" ? FORMS[kind]() : z.enum([...kind]);
      return [key, optional === true ? z.optional(inner) : inner] as const;
    },
  );
  attrsSchemas.set(op, (schema = z.strictObject(Object.fromEntries(shape))));
  return schema;
}

const axisRef = lazily(() =>
  z.union([name(), z.strictObject({ axis: name(), pre: count(), size: count() })]),
);
const sharding = lazily(() => {
  const axes = z.array(axisRef());
  const dimension = z.strictObject({
    axes,
    open: z.optional(z.literal(true)),
    priority: z.optional(int()),
  });
  const listed = z.optional(axes);
  return z.strictObject({ mesh: name(), dims: z.array(dimension), replicated: listed, unreduced: listed });
});
const valueFields = lazily(() => ({ id: count(), type: type(), sharding: z.optional(sharding()) }));
const valueSchema = lazily(() => z.strictObject(valueFields()));
const opSchema = lazily(() =>
  z.strictObject({
    op: z.string(),
    operands: z.array(count()),
    results: z.array(valueSchema()),
    attrs: z.record(z.string(), z.unknown()),
    regions: z.optional(z.array(z.lazy(block))),
    loc: z.optional(count()),
  }),
);
const block = lazily((): z.ZodMiniType =>
  z.strictObject({
    params: z.array(valueSchema()),
    ops: z.array(opSchema()),
    results: z.array(count()),
  }),
);
const functionSchema = lazily(() => {
  const text = z.optional(z.string());
  const donate = z.optional(z.strictObject({ alias: z.optional(count()) }));
  const result = z.strictObject({
    value: count(),
    name: text,
    memoryKind: text,
    sharding: z.optional(sharding()),
  });
  return z.strictObject({
    name: name(),
    params: z.array(z.strictObject({ ...valueFields(), name: text, donate, memoryKind: text })),
    ops: z.array(opSchema()),
    results: z.array(result),
  });
});
const programSchema = lazily(() =>
  z.strictObject({
    ir: irVersion(),
    name: z.string(),
    main: name(),
    functions: z.array(functionSchema()),
    symbols: z.optional(
      z.array(
        z.strictObject({
          name: name(),
          min: int(),
          max: z.optional(int()),
          multipleOf: z.optional(int()),
        }),
      ),
    ),
    meshes: z.optional(
      z.array(
        z.strictObject({
          name: name(),
          axes: z.array(z.strictObject({ name: name(), size: count() })),
          deviceIds: z.optional(z.array(count())),
        }),
      ),
    ),
    partitions: z.optional(count()),
    locations: z.optional(
      z.array(
        z.strictObject({
          file: z.string(),
          line: count(),
          column: z.optional(count()),
          scope: z.optional(z.string()),
          caller: z.optional(count()),
        }),
      ),
    ),
  }),
);

/** Attributes of each op by its row; the name of an unknown op is refused, never skipped. */
function checkAttrs(ops: Block["ops"], where: string): void {
  ops.forEach((op, i) => {
    const at = `${where}.ops[${i}]`;
    if (!isOpName(op.op))
      throw tenonError("UNIMPLEMENTED", `${at}: there is no op ${JSON.stringify(op.op)} in this IR`, {
        reason: "E_UNKNOWN_OP",
        op: String(op.op),
        hint: "update the reader, or write the program at an older IR",
      });
    parse(attrsSchema(op.op), op.attrs, `${at}.attrs`);
    op.regions?.forEach((r, k) => checkAttrs(r.ops, `${at}.regions[${k}]`));
  });
}

/** The header of a program (all but its attachments), checked. @throws E_SCHEMA, E_UNKNOWN_OP */
export function readProgramHeader(data: unknown): Omit<Program, "attachments"> {
  const header = parse(programSchema(), data, "program") as unknown as Omit<Program, "attachments">;
  header.functions.forEach((f, i) => checkAttrs(f.ops, `program.functions[${i}]`));
  return header;
}
