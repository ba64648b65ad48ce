// Encoded values → what our functions take. Python scalars become arrays' scalars (bigint, float(v), boolean) where
// arrays are expected, and plain JavaScript values where a setting is.
import * as tenon from "tenon";
import { decode as decodeElements, sizeOf } from "../values.ts";
import type { Encoded } from "./case-files.ts";
import { camelCase, lookUp, ourPath, publicFunction, Skip } from "./names.ts";
import { bytesOf, wireDType } from "./wire.ts";

/** What stands at the place of a value: an operand (or a tree of them), or a setting. */
export type Wanted = "array" | "setting";

/** The JavaScript value of an encoded one. @throws Skip for a dtype, impl or function that the public API lacks */
export function decode(value: Encoded, wanted: Wanted): unknown {
  switch (value.t) {
    case "py":
      return scalar(value.kind, value.value, wanted);
    case "array":
      return makeArray(value.dtype, value.shape, bytesOf(value.data));
    case "key":
      return makeKey(value);
    case "dtype":
      return knownDType(value.name);
    case "none":
      return null;
    case "ellipsis":
      return "...";
    case "slice":
      return makeSlice(value);
    case "tuple":
    case "list":
      return value.items.map((v) => decode(v, wanted));
    case "dict":
      return Object.fromEntries(Object.entries(value.items).map(([k, v]) => [k, decode(v, wanted)]));
    case "struct":
      return Object.fromEntries(
        Object.entries(value.fields).map(([k, v]) => [camelCase(k), decode(v, "setting")]),
      );
    case "fn":
      return publicFunction(ourPath(value.name));
    default:
      throw new Error(`unknown encoded value ${JSON.stringify(value).slice(0, 80)}`);
  }
}

/** A Python scalar as a JavaScript number, bigint (beyond 2^53), boolean, string or { re, im }. */
export function plainScalar(kind: string, value: unknown): number | bigint | boolean | string | Complex {
  if (kind === "bool") return Boolean(value);
  if (kind === "str") return String(value);
  if (kind === "complex") {
    const [re, im] = value as [unknown, unknown];
    return { re: Number(re), im: Number(im) };
  }
  // "NaN", "Infinity", "-0" are strings that Number reads; so are ints beyond 2^53, which must stay exact.
  if (kind === "int" && !Number.isSafeInteger(Number(value))) return BigInt(String(value));
  return Number(value);
}
interface Complex {
  readonly re: number;
  readonly im: number;
}

function scalar(kind: string, value: unknown, wanted: Wanted): unknown {
  const plain = plainScalar(kind, value);
  if (typeof plain === "object") return tenon.complex(plain.re, plain.im);
  if (wanted === "setting" || typeof plain === "boolean" || typeof plain === "string") return plain;
  return kind === "int" ? BigInt(plain) : tenon.float(plain as number);
}

function makeSlice(value: Extract<Encoded, { t: "slice" }>): unknown {
  const bound = (v: Encoded): number | null => decode(v, "setting") as number | null;
  return tenon.slice(bound(value.start), bound(value.stop), bound(value.step));
}

/** A dtype's name, if the public API has it. @throws Skip */
export function knownDType(name: string): tenon.DType {
  // np has a constant of each dtype's name; bool's may have JAX's underscore.
  if (lookUp(`np.${name}`) === undefined && lookUp(`np.${name}_`) === undefined)
    throw new Skip(`dtype ${name} is absent`);
  return name as tenon.DType;
}

/** An array of the given wire bytes; values pass through JavaScript numbers, which hold every dtype exactly. */
export function makeArray(dtype: string, shape: readonly number[], bytes: Uint8Array): tenon.NDArray {
  const known = knownDType(dtype);
  const parts = decodeElements(wireDType(dtype), bytes);
  const elements = dtype.startsWith("complex")
    ? Array.from({ length: parts.length / 2 }, (_, i) => ({
        re: Number(parts[2 * i]),
        im: Number(parts[2 * i + 1]),
      }))
    : dtype === "bool"
      ? parts.map(Boolean)
      : parts;
  if (elements.length !== sizeOf(shape))
    throw new Error(`${elements.length} elements for the shape [${shape.join(",")}]`);
  return tenon.np.reshape(tenon.np.array(elements, { dtype: known }), [...shape]);
}

function makeKey(value: Extract<Encoded, { t: "key" }>): unknown {
  if (value.impl !== "threefry2x32") throw new Skip(`random keys of ${value.impl} are absent`);
  const words = makeArray("uint32", [...value.shape, 2], bytesOf(value.data));
  return publicFunction("random.wrapKeyData")(words);
}
