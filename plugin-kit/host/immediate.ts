// A rank-0 argument given as a JavaScript value, in the bytes that toDevice would have been given.
import { DTYPES, tenonError, type DType, type Immediate } from "tenon-plugin-api";
import { storageOf, writeElement } from "../loops/storage.ts";

/** Bytes of a number, bigint or boolean that the host has rounded to the dtype. */
export function immediateBytes(dtype: DType, x: Immediate): Uint8Array {
  const bytes = new Uint8Array(DTYPES[dtype].itemsize);
  const storage = storageOf(dtype);
  if (storage === null)
    throw tenonError("INVALID_ARGUMENT", `an immediate of ${dtype}: pass a buffer`, {
      reason: "E_IMMEDIATE",
    });
  const big = dtype === "i64" || dtype === "u64";
  writeElement(storage, new DataView(bytes.buffer), 0, big ? BigInt(x) : Number(x));
  return bytes;
}
