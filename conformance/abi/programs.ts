// The small programs that cases of rules run, in a dtype that the client claims.
import { unsupported, type Client, type ConcreteType, type DType, type Program } from "tenon-plugin-api";
import { program, type, type Ref, type Scope } from "../builder.ts";
import { encode, type Elements } from "../values.ts";
import { claims } from "./expect.ts";

/** An op of addition in the first of these dtypes that the client adds in. */
const PREFERRED: readonly DType[] = ["f32", "i32", "f16", "bf16", "u32", "f64", "i64", "i8", "u8"];

/** What the rules are tried with on one client. */
export interface Arithmetic {
  readonly dtype: DType;
  readonly t: ConcreteType;
  /** Wire bytes of small numbers, one array of type t. */
  readonly bytes: (...elements: number[]) => Uint8Array;
  /** x + y; `donate`: params given away. */
  readonly sum: (donate?: readonly number[]) => Program;
  /** x + x */
  readonly double: Program;
}
const SIZE = 3;

/** @throws NotClaimed if the client adds in no dtype */
export function arithmetic(client: Client): Arithmetic {
  const sumIn = (t: ConcreteType, donate: readonly number[] = []): Program =>
    program("sum", [t, t], (s, x, y) => [s.one("add", [x, y], {}, t)], { donate });
  const dtype = PREFERRED.find(
    (d) => unsupported(sumIn(type(d, SIZE)), client.capabilities, "") === undefined,
  );
  claims(dtype !== undefined, "add");
  const t = type(dtype, SIZE);
  return {
    dtype,
    t,
    bytes: (...elements) => encode(dtype, elements),
    sum: (donate) => sumIn(t, donate),
    double: program("double", [t], (s, x) => [s.one("add", [x, x], {}, t)]),
  };
}

/** A program that calls back into the host, in order. */
export function calling(t: ConcreteType, names: readonly string[]): Program {
  return program("calling", [t], (s, x) => [names.reduce((y: Ref, name) => call(s, name, y), x)]);
}
const call = (s: Scope, name: string, x: Ref): Ref =>
  s.one(
    "custom_call",
    [x],
    { target: "tenon.callback", version: 1, attributes: { name }, sideEffect: "ordered" },
    x.type,
  );

/** Elements of bytes for messages. */
export const shown = (x: Elements): string => `[${x.map(String).join(", ")}]`;
