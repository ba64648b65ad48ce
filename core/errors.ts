// The kinds of error that core throws. The class says who erred, `reason` is stable and documented in docs/errors.md.
import { CodedError, isTenonError, type ErrorCode, type ErrorFields } from "tenon-plugin-api";
import { trimmed, userLine, withDeepStack } from "./frames.ts";

/** Every error of Tenon: `{ code, reason, message, hint, docs }`. Recognise it by `brand`/`code`, not by class. */
export { CodedError as TenonError } from "tenon-plugin-api";

type Kind = new (code: ErrorCode, message: string, fields?: ErrorFields) => CodedError;

/** Shapes that don't fit. */
export class ShapeError extends CodedError {
  override name = "ShapeError";
}
/** A dtype that the operation doesn't accept. */
export class DTypeError extends CodedError {
  override name = "DTypeError";
}
/** An index or axis out of range, or of a kind that can't index. */
export class IndexError extends CodedError {
  override name = "IndexError";
}
/** A tree that isn't one, or trees whose structures differ; the message has the key path. */
export class TreeError extends CodedError {
  override name = "TreeError";
}
/** Something done to a traced value that only concrete arrays can do. */
export class TracerError extends CodedError {
  override name = "TracerError";
}
/** A traced value where a concrete one is needed. */
export class ConcretizationError extends TracerError {
  override name = "ConcretizationError";
}
/** A traced boolean whose value is asked for, as by a branch. */
export class TracerBoolConversionError extends ConcretizationError {
  override name = "TracerBoolConversionError";
}
/** The elements of a traced array asked for as JavaScript data. */
export class TracerArrayConversionError extends ConcretizationError {
  override name = "TracerArrayConversionError";
}
/** A traced value where a plain number is needed: a size, an axis, a count. */
export class TracerIntegerConversionError extends ConcretizationError {
  override name = "TracerIntegerConversionError";
}
/** A traced mask as an index: the result's shape would depend on data. */
export class NonConcreteBooleanIndexError extends ConcretizationError {
  override name = "NonConcreteBooleanIndexError";
}
/** A tracer used after its trace has ended. */
export class LeakError extends TracerError {
  override name = "LeakError";
}
/** A traced function that returned a promise. */
export class AsyncTraceError extends TracerError {
  override name = "AsyncTraceError";
}
/** A disposed or donated array. */
export class LifetimeError extends CodedError {
  override name = "LifetimeError";
}
/** A function of the host that a program called threw, or gave something else than it should. */
export class CallbackError extends CodedError {
  override name = "CallbackError";
}
/** A NaN or an infinity that debugNans or debugInfs met. */
export class FloatingPointError extends CodedError {
  override name = "FloatingPointError";
}
/** A check of checkify that failed. */
export class CheckError extends CodedError {
  override name = "CheckError";
}
/** A plugin broke its contract, or was refused. */
export class PluginError extends CodedError {
  override name = "PluginError";
}

/** Where one stable reason belongs: the class, the code, and what the reader should do. */
export interface Row {
  readonly kind: Kind;
  readonly code: ErrorCode;
  readonly hint?: string;
}

const row = (kind: Kind, code: ErrorCode, hint?: string): Row =>
  hint === undefined ? { kind, code } : { kind, code, hint };
const BAD = "INVALID_ARGUMENT";
const STATE = "FAILED_PRECONDITION";

/** Every `reason` that core throws. A test proves that docs/errors.md lists the same. */
const TABLE = {
  E_ARGUMENT: row(CodedError, BAD),
  E_OPTIONS: row(CodedError, BAD),
  E_UNKNOWN_OPTION: row(CodedError, BAD),
  E_SHAPE: row(ShapeError, BAD),
  E_BROADCAST: row(
    ShapeError,
    BAD,
    "shapes broadcast from the last axis: sizes must be equal, or one of them 1",
  ),
  E_DOT_CONTRACT: row(ShapeError, BAD, "the contracted axes must have the same size"),
  E_CONV: row(ShapeError, BAD),
  E_AXIS_RANGE: row(IndexError, BAD, "axes run from -ndim to ndim - 1"),
  E_INDEX: row(IndexError, BAD),
  E_INDEX_TRACED_MASK: row(
    NonConcreteBooleanIndexError,
    STATE,
    "the result's shape would depend on data: use where(mask, x, y)",
  ),
  E_DTYPE: row(DTypeError, BAD),
  E_DTYPE_MISMATCH: row(DTypeError, BAD, "lax functions don't promote: convert with astype, or use np"),
  E_NUMBER_DTYPE: row(
    DTypeError,
    BAD,
    "a number passed into jit or vmap is a float32: pass 2n, int(2), float(2), or make it static",
  ),
  E_TREE: row(TreeError, BAD),
  E_TREE_LEAF: row(
    TreeError,
    BAD,
    "register the class (tree.registerDataclass, tree.registerPytreeNode), or make the argument static",
  ),
  E_TREE_MISMATCH: row(TreeError, BAD),
  E_TRACER_COERCED: row(
    ConcretizationError,
    STATE,
    "write x.mul(y), x.gt(0) for operators, np.where or lax.cond for branches, or make the argument static",
  ),
  E_COERCED: row(
    CodedError,
    BAD,
    "arrays don't turn into JavaScript values by themselves: write x.item(), x.add(y), x.gt(0)",
  ),
  E_SUBSCRIPT: row(
    CodedError,
    BAD,
    "read with x.get(0); arrays are immutable: x.at(0).set(v) gives a changed copy",
  ),
  E_TRACER_BOOL: row(
    TracerBoolConversionError,
    STATE,
    "branch by np.where(mask, x, y) or lax.cond, loop by lax.whileLoop, or make the argument static",
  ),
  E_TRACER_ARRAY: row(
    TracerArrayConversionError,
    STATE,
    "compute with np in the traced function, and read the values of what it returns",
  ),
  E_TRACER_INTEGER: row(
    TracerIntegerConversionError,
    STATE,
    "make the argument static (jit(f, { staticArgnums: 0 })), or take sizes from a shape (x.shape[0])",
  ),
  E_CONCRETIZATION: row(
    ConcretizationError,
    STATE,
    "the value isn't known while tracing: use np.where or lax.cond, or make the argument static",
  ),
  E_ITEM_DIFFERENTIATED: row(
    ConcretizationError,
    STATE,
    "write lax.stopGradient(x).item() if the derivative shall not see it",
  ),
  E_TRACER_LEAKED: row(LeakError, STATE, "return the value from the traced function instead of keeping it"),
  E_TRACE_ASYNC: row(AsyncTraceError, BAD, "a traced function is synchronous: await before or after it"),
  E_NOT_SCALAR: row(ShapeError, BAD, "grad needs a scalar loss: use .sum(), .mean(), or jacrev"),
  E_NOT_DIFFERENTIABLE: row(
    DTypeError,
    BAD,
    "differentiate with respect to float arguments, or choose others by argnums",
  ),
  E_NO_RULE: row(CodedError, "UNIMPLEMENTED"),
  E_RULE_NOT_LINEAR: row(CodedError, BAD, "a jvp rule's tangents must be linear in the tangents it got"),
  E_RULE_OUTPUT: row(CodedError, BAD),
  E_RULE_CLOSURE: row(
    LeakError,
    STATE,
    "pass the value as an argument, and give it a tangent or cotangent in the rule; or stop its derivative outside",
  ),
  E_CUSTOM_VJP_FWD: row(
    CodedError,
    "UNIMPLEMENTED",
    "customVjp has no forward derivative (jvp, jacfwd, linearize's map): use grad, vjp or jacrev, or customJvp, which gives both",
  ),
  E_REVERSE_WHILE: row(
    CodedError,
    BAD,
    "use lax.scan, or lax.foriLoop with static bounds: both can be differentiated in reverse",
  ),
  E_CARRY: row(CodedError, BAD, "a carry keeps its tree, shapes and dtypes: convert with astype"),
  E_BRANCHES: row(CodedError, BAD, "all branches must return the same tree, shapes and dtypes"),
  E_VMAP: row(CodedError, BAD),
  E_AXIS_NAME: row(CodedError, BAD),
  E_DISPOSED: row(
    LifetimeError,
    STATE,
    "don't use an array after dispose(), or let the garbage collector free it",
  ),
  E_DONATED: row(LifetimeError, STATE, "use the function's result, or call it without donateArgnums"),
  E_DONATED_TWICE: row(LifetimeError, BAD, "pass a copy, or don't donate it"),
  E_SCOPE_ASYNC: row(
    CodedError,
    BAD,
    "scope() is for synchronous functions: use `using s = new Scope()` across await",
  ),
  E_TWO_COPIES: row(
    CodedError,
    STATE,
    "two copies of tenon are loaded: make it a peerDependency and deduplicate (npm ls tenon)",
  ),
  E_NO_DEVICE: row(CodedError, "NOT_FOUND"),
  E_DEVICE_MISMATCH: row(CodedError, BAD, "move one of them with devicePut"),
  E_NO_READ_SYNC: row(CodedError, STATE, "await x.data(), or await deviceGet(x) first"),
  E_NOT_READY: row(CodedError, STATE, "wait for it first: await use(plugin), await deviceGet(x)"),
  E_CALLBACK: row(CallbackError, "INTERNAL", "the function's own error is in `cause`"),
  E_CALLBACK_RESULT: row(
    CallbackError,
    BAD,
    "return what the result shapes and dtypes say: arrays, typed arrays, numbers or nested lists of them",
  ),
  E_NAN: row(FloatingPointError, STATE),
  E_LEAKED_TRACERS: row(
    LeakError,
    STATE,
    "return values from traced functions instead of keeping them in variables, lists or objects outside",
  ),
  E_CHECK: row(CheckError, STATE),
  E_CHECK_STAGED: row(CodedError, BAD, "wrap the function: const [err, out] = checkify(f)(x); err.throw()"),
  E_PLUGIN: row(PluginError, "INTERNAL"),
  E_PLUGIN_REFUSED: row(PluginError, STATE),
  E_CONFIG: row(CodedError, BAD),
  E_UNIMPLEMENTED: row(CodedError, "UNIMPLEMENTED"),
  E_OUT_OF_MEMORY: row(
    CodedError,
    "RESOURCE_EXHAUSTED",
    "free arrays (dispose(), `using`, scope()), donate arguments (donateArgnums), or jit the function, whose intermediates are planned",
  ),
  E_STATIC_ARG: row(CodedError, BAD),
  E_INTERNAL: row(CodedError, "INTERNAL", "this is a bug in tenon: please report it"),
} as const satisfies Record<string, Row>;

/** The stable name of an error, in `error.reason`. */
export type Reason = keyof typeof TABLE;
/** The table, for documentation and tests. */
export const REASONS: { readonly [R in Reason]: Row } = TABLE;

/** The user's line that is being run; undefined where it can't be told. */
export const callerLine = (): string | undefined => userLine(withDeepStack(() => new Error().stack));
const withPlace = (message: string, at: string | undefined, hint: string | undefined): string =>
  [
    message,
    ...(at === undefined ? [] : [`  at ${at}`]),
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
  ].join("\n");

const placed = new WeakSet<object>();
/** A plugin's error with the user's line and the next step in its message, as those of core have them. */
export function located<E>(error: E, at: string | undefined = callerLine()): E {
  if (
    !(error instanceof Error) ||
    !isTenonError(error) ||
    error.message.includes("\n  at ") ||
    placed.has(error)
  )
    return error;
  placed.add(error);
  return reworded(error, withPlace(error.message, at, error.hint));
}
/** An error of an operation of lax, told of the public function that the user called: `np.bitwiseAnd: …`. */
export const renamed = (error: unknown, name: string): unknown =>
  error instanceof Error && isTenonError(error)
    ? reworded(error, error.message.replace(/^lax\.\w+(?=: )/, name))
    : error;
function reworded<E extends Error>(error: E, message: string): E {
  const { message: before, stack } = error; // read before: some write the stack when asked for it, with the message of then
  if (message === before) return error;
  error.message = message;
  error.stack = stack?.replace(before, () => message) ?? "";
  return error;
}

/**
 * Throws a coded error: `throw fail("E_AXIS_RANGE", "np.sum: axis 3 is out of range for f32[2,2]")`.
 * The message says what was called, what was expected and what came; the user's line and, from the table, how to go on
 * are added.
 */
export function fail(reason: Reason, message: string, fields: ErrorFields = {}): CodedError {
  const { kind, code, hint } = REASONS[reason];
  const shown = fields.hint ?? hint;
  const text = withPlace(message, callerLine(), shown);
  const error = withDeepStack(
    () =>
      new kind(code, text, {
        reason,
        docs: `docs/errors.md#${reason.toLowerCase()}`,
        ...(shown === undefined ? {} : { hint: shown }),
        ...fields,
      }),
  );
  if (error.stack !== undefined) error.stack = trimmed(error.stack, text);
  return error;
}
