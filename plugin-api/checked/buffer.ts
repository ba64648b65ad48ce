// Buffers under watch: status only moves forward, one promise each, failures keep their record.
import { isTenonError, tenonError, toErrorRecord } from "../errors.ts";
import type { DeviceBuffer, ErrorCode, ErrorRecord, MemorySpace, Status } from "../plugin.ts";
import type { ConcreteType } from "../program.ts";

/** A rule that the plugin broke: INTERNAL, naming the plugin and the rule's conformance case. */
export function pluginBroke(plugin: string, rule: string, what: string): Error {
  return tenonError("INTERNAL", `plugin ${plugin} breaks [${rule}]: ${what}`, {
    reason: "E_PLUGIN_RULE",
    plugin,
  });
}
/** A rule that the caller broke. */
export function hostBroke(code: ErrorCode, rule: string, what: string): Error {
  return tenonError(code, `[${rule}] ${what}`, { reason: "E_HOST_RULE" });
}

const ORDER: { readonly [S in Status]: number } = { pending: 0, ready: 1, failed: 1, disposed: 2 };
/** Complete by type. */
const CODES: { readonly [C in ErrorCode]: true } = {
  CANCELLED: true,
  UNKNOWN: true,
  INVALID_ARGUMENT: true,
  DEADLINE_EXCEEDED: true,
  NOT_FOUND: true,
  ALREADY_EXISTS: true,
  PERMISSION_DENIED: true,
  RESOURCE_EXHAUSTED: true,
  FAILED_PRECONDITION: true,
  ABORTED: true,
  OUT_OF_RANGE: true,
  UNIMPLEMENTED: true,
  INTERNAL: true,
  UNAVAILABLE: true,
  DATA_LOSS: true,
  UNAUTHENTICATED: true,
};
const isCode = (code: unknown): boolean => typeof code === "string" && Object.hasOwn(CODES, code);

/** An error of a plugin as the host may see it: coded, with a known code. */
export function judged(error: unknown, plugin: string): unknown {
  if (!isTenonError(error))
    return pluginBroke(plugin, "error.foreign", `it threw ${String(error)}, which has no code`);
  return isCode(error.code)
    ? error
    : pluginBroke(plugin, "error.code", `there is no code ${String(error.code)}`);
}

/** What a call into the plugin gives; what it throws is judged. */
export function judging<R>(plugin: string, call: () => R): R {
  try {
    return call();
  } catch (error) {
    throw judged(error, plugin);
  }
}

/** A buffer of a checked client. */
export class CheckedBuffer implements DeviceBuffer {
  readonly inner: DeviceBuffer;
  readonly owner: object;
  private readonly plugin: string;
  private readonly ended: () => boolean;
  /** The failure that this buffer must carry because an argument of its run carried it. */
  private readonly poison: () => ErrorRecord | undefined;
  private last: Status = "pending";
  private promise: Promise<void> | undefined;
  private innerPromise: Promise<void> | undefined;
  private gone = false;
  constructor(
    inner: DeviceBuffer,
    owner: { readonly plugin: string; readonly ended: () => boolean },
    poison: () => ErrorRecord | undefined = () => undefined,
  ) {
    this.inner = inner;
    this.owner = owner;
    this.plugin = owner.plugin;
    this.ended = owner.ended;
    this.poison = poison;
  }
  get type(): ConcreteType {
    return this.inner.type;
  }
  get memory(): MemorySpace {
    return this.inner.memory;
  }
  get status(): Status {
    if (this.gone) return "disposed";
    const now = this.inner.status;
    if (!(now in ORDER))
      throw pluginBroke(this.plugin, "life.status", `a buffer has the status ${String(now)}`);
    const forward = ORDER[now] > ORDER[this.last] || now === this.last;
    if (!forward) throw pluginBroke(this.plugin, "life.status", `a buffer went from ${this.last} to ${now}`);
    if (now === "disposed" && !this.ended())
      throw pluginBroke(this.plugin, "life.use", "a buffer is disposed that nobody disposed");
    this.last = now;
    if (now === "failed") this.checkRecord();
    return now;
  }
  get error(): ErrorRecord | undefined {
    return this.inner.error;
  }

  private checkRecord(): void {
    const { error } = this.inner;
    if (error === undefined || !isCode(error.code))
      throw pluginBroke(this.plugin, "async.poison", "a failed buffer has no error record");
    const root = this.poison();
    if (root !== undefined && (error.code !== root.code || error.message !== root.message))
      throw pluginBroke(
        this.plugin,
        "async.poison",
        `a poisoned result carries "${error.message}" instead of the root "${root.message}"`,
      );
  }

  whenReady(): Promise<void> {
    const given = this.inner.whenReady();
    if (typeof given?.then !== "function")
      throw pluginBroke(this.plugin, "style.reject", "whenReady() gave no promise");
    this.innerPromise ??= given;
    this.promise ??= this.settle(given);
    this.promise.catch(() => undefined);
    return this.promise;
  }
  private async settle(given: Promise<void>): Promise<void> {
    try {
      await given;
    } catch (error) {
      const { status, inner } = this;
      if (status === "failed" && toErrorRecord(error).message !== inner.error?.message)
        throw pluginBroke(
          this.plugin,
          "async.poison",
          "whenReady() rejects with another error than the buffer's",
        );
      throw error;
    }
    if (this.status === "pending" || this.status === "failed")
      throw pluginBroke(this.plugin, "life.status", `whenReady() resolved a buffer that is ${this.status}`);
    if (this.poison() !== undefined)
      throw pluginBroke(this.plugin, "async.poison", "a result of a poisoned argument became ready");
  }

  dispose(): void {
    try {
      this.inner.dispose();
    } catch (error) {
      throw pluginBroke(this.plugin, "life.idempotent", `buffer.dispose() threw ${String(error)}`);
    }
    this.gone = true;
  }
}
