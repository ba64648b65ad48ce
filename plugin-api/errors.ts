// Errors as they cross the boundary: recognised by brand and code, never by instanceof, because two copies of
// this package may be installed. `ErrorRecord` (plugin.ts) is the same as plain data.
import type { ErrorCode, ErrorRecord, TenonError } from "./plugin.ts";

/** What a coded error carries besides its code and message. */
export type ErrorFields = Omit<ErrorRecord, "code" | "message" | "cause"> & { readonly cause?: unknown };

/** The error as data: survives structuredClone. A foreign exception becomes INTERNAL. */
export function toErrorRecord(error: unknown, plugin?: string): ErrorRecord {
  if (isTenonError(error)) return error.toJSON();
  if (isErrorRecord(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "INTERNAL", message, ...(plugin === undefined ? {} : { plugin }) };
}

const FIELDS = ["code", "reason", "message", "hint", "docs", "plugin", "op", "location", "missing"] as const;

/** The class behind every TenonError; core derives its own kinds from it. */
export class CodedError extends Error implements TenonError {
  // What consoles print of an uncaught error is the class's name beside the error's own: one word for both.
  static {
    Object.defineProperty(this, "name", { value: "TenonError" });
  }
  readonly brand = "tenon.error" as const;
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "TenonError";
    this.code = code;
    const { cause: _cause, ...rest } = fields;
    Object.assign(this, rest);
  }
  toJSON(): ErrorRecord {
    const out: Record<string, unknown> = {};
    for (const key of FIELDS) {
      const value = (this as unknown as Record<string, unknown>)[key];
      if (value !== undefined) out[key] = value;
    }
    if (this.cause !== undefined) out["cause"] = toErrorRecord(this.cause);
    return out as unknown as ErrorRecord;
  }
}

/** A coded error. `message` says what was called, what was expected and what came; `fields.hint` says how to go on. */
export function tenonError(code: ErrorCode, message: string, fields: ErrorFields = {}): TenonError {
  return new CodedError(code, message, fields);
}

/** The error again, from its record (after a port, or from a poisoned buffer). */
export function fromErrorRecord(record: ErrorRecord): TenonError {
  const { code, message, cause, ...fields } = record;
  return tenonError(
    code,
    message,
    cause === undefined ? fields : { ...fields, cause: fromErrorRecord(cause) },
  );
}

/** Is this an error of Tenon? By brand: the other side may have its own copy of this package. */
export function isTenonError(error: unknown): error is TenonError {
  return (
    typeof error === "object" && error !== null && (error as { brand?: unknown }).brand === "tenon.error"
  );
}

function isErrorRecord(error: unknown): error is ErrorRecord {
  return (
    typeof error === "object" &&
    error !== null &&
    !(error instanceof Error) &&
    typeof (error as { code?: unknown }).code === "string" &&
    typeof (error as { message?: unknown }).message === "string"
  );
}

/** UNIMPLEMENTED in one form everywhere: names the op, the dtype and the plugin. */
export function unimplemented(
  op: string,
  dtype: string | undefined,
  plugin: string,
  hint?: string,
): TenonError {
  const what = dtype === undefined ? op : `${op} of ${dtype}`;
  return tenonError("UNIMPLEMENTED", `${plugin} does not implement ${what}`, {
    reason: "E_UNIMPLEMENTED",
    op,
    plugin,
    hint: hint ?? "use another device, or look at its support table",
  });
}
