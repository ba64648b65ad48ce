// Executables under watch: what the caller passes, and what the plugin gives back.
import { CheckedBuffer, hostBroke, judged, pluginBroke } from "./buffer.ts";
import { printType } from "../dims.ts";
import type {
  Argument,
  Device,
  DeviceBuffer,
  ErrorRecord,
  ExecutableExtensions,
  ExecuteOptions,
  Executable,
} from "../plugin.ts";
import { resultTypes, type ConcreteType, type Signature, type Type } from "../program.ts";

/** What an executable needs of its checked client. */
interface Owner {
  readonly plugin: string;
  readonly capabilities: { readonly immediates?: boolean };
  readonly ended: () => boolean;
  readonly unwrap: (buffer: DeviceBuffer, what: string) => CheckedBuffer;
}

/** An executable of a checked client. */
export class CheckedExecutable implements Executable {
  readonly signature: Signature;
  readonly devices: readonly Device[];
  readonly extensions: Partial<ExecutableExtensions>;
  private readonly inner: Executable;
  private readonly owner: Owner;
  private open = true;
  constructor(inner: Executable, owner: Owner, signature: Signature) {
    this.inner = inner;
    this.owner = owner;
    this.signature = signature;
    this.devices = inner.devices;
    this.extensions = inner.extensions ?? {};
  }

  execute(
    rows: readonly (readonly Argument[])[],
    options?: ExecuteOptions,
  ): readonly (readonly DeviceBuffer[])[] {
    if (!this.open || this.owner.ended())
      throw hostBroke("FAILED_PRECONDITION", "life.use", "execute: the executable was disposed");
    if (rows.length !== this.devices.length)
      throw hostBroke(
        "INVALID_ARGUMENT",
        "exec.rows",
        `execute: ${rows.length} rows for ${this.devices.length} devices`,
      );
    const inner = rows.map((row, d) => this.row(row, this.devices[d] as Device, options));
    let results: readonly (readonly DeviceBuffer[])[];
    try {
      results = this.inner.execute(inner, options);
    } catch (error) {
      this.nothingConsumed(rows);
      throw judged(error, this.owner.plugin);
    }
    return this.results(results, rows);
  }

  private row(row: readonly Argument[], device: Device, options: ExecuteOptions | undefined): Argument[] {
    const { params } = this.signature;
    if (row.length !== params.length)
      throw hostBroke(
        "INVALID_ARGUMENT",
        "exec.args",
        `execute: ${row.length} arguments, expected ${params.length}`,
      );
    row.forEach((a, i) => {
      const donated = params[i]?.donate !== undefined && options?.keep?.includes(i) !== true;
      if (donated && typeof a === "object" && row.some((b, k) => k !== i && b === a))
        throw hostBroke(
          "INVALID_ARGUMENT",
          "donate.twice",
          `execute: argument ${i} is donated and passed twice`,
        );
    });
    return row.map((a, i) => this.argument(a, params[i]?.type as Type, i, device));
  }

  private argument(a: Argument, want: Type, i: number, device: Device): Argument {
    if (typeof a !== "object") {
      const scalar = want.dtype !== "token" && want.shape.length === 0;
      if (this.owner.capabilities.immediates !== true || !scalar)
        throw hostBroke(
          "INVALID_ARGUMENT",
          "exec.args",
          `execute: argument ${i} is the immediate ${String(a)}`,
        );
      return a;
    }
    const buffer = this.owner.unwrap(a, `execute: argument ${i}`);
    const { type, memory } = buffer;
    const fits =
      want.dtype === type.dtype &&
      want.shape.length === type.shape.length &&
      want.shape.every((d, k) => typeof d !== "number" || d === type.shape[k]);
    if (!fits)
      throw hostBroke(
        "INVALID_ARGUMENT",
        "exec.args",
        `execute: argument ${i} is ${printType(type)}, expected ${printType(want)}`,
      );
    if (!memory.deviceIds.includes(device.id))
      throw hostBroke("INVALID_ARGUMENT", "exec.args", `execute: argument ${i} isn't on device ${device.id}`);
    return buffer.inner;
  }

  /** A synchronous throw consumed nothing, donated arguments included. [exec.throw] */
  private nothingConsumed(rows: readonly (readonly Argument[])[]): void {
    for (const a of rows.flat())
      if (typeof a === "object" && (a as CheckedBuffer).inner.status === "disposed")
        throw pluginBroke(this.owner.plugin, "exec.throw", "execute threw, but an argument is gone");
  }

  private results(
    results: readonly (readonly DeviceBuffer[])[],
    rows: readonly (readonly Argument[])[],
  ): readonly (readonly DeviceBuffer[])[] {
    const { plugin } = this.owner;
    if (!Array.isArray(results) || results.length !== rows.length)
      throw pluginBroke(
        plugin,
        "exec.results",
        `execute gave ${results?.length ?? "no"} rows, expected ${rows.length}`,
      );
    return results.map((row, d) => {
      const args = (rows[d] as readonly Argument[]).filter((a) => typeof a === "object") as CheckedBuffer[];
      const types = resultTypes(this.signature, this.concrete(rows[d] as readonly Argument[]));
      if (!Array.isArray(row) || row.length !== types.length)
        throw pluginBroke(
          plugin,
          "exec.results",
          `execute gave ${row?.length ?? "no"} results, expected ${types.length}`,
        );
      if (new Set(row).size !== row.length)
        throw pluginBroke(plugin, "exec.results", "execute gave one buffer twice");
      return row.map((b: DeviceBuffer, i) => this.result(b, types[i] as ConcreteType, i, args));
    });
  }
  private concrete(row: readonly Argument[]): ConcreteType[] {
    return row.map((a, i) =>
      typeof a === "object" ? a.type : (this.signature.params[i]?.type as ConcreteType),
    );
  }

  private result(
    b: DeviceBuffer,
    want: ConcreteType,
    i: number,
    args: readonly CheckedBuffer[],
  ): DeviceBuffer {
    const { plugin } = this.owner;
    const got = b?.type;
    if (got === undefined || printType(got) !== printType(want))
      throw pluginBroke(
        plugin,
        "exec.results",
        `result ${i} is ${got === undefined ? "no buffer" : printType(got)}, expected ${printType(want)}`,
      );
    if (args.some((a) => a.inner === b))
      throw pluginBroke(plugin, "exec.results", `result ${i} is the buffer of an argument`);
    if (b.status === "disposed") throw pluginBroke(plugin, "exec.results", `result ${i} is disposed`);
    const poison = (): ErrorRecord | undefined => args.find((a) => a.error !== undefined)?.error;
    if (poison() !== undefined && b.status === "ready")
      throw pluginBroke(plugin, "async.poison", `result ${i} of a poisoned argument is ready`);
    const wrapped = new CheckedBuffer(b, this.owner, poison);
    void wrapped.status; // checks the record of a result that failed at once
    return wrapped;
  }

  dispose(): void {
    this.open = false;
    try {
      this.inner.dispose();
    } catch (error) {
      throw pluginBroke(this.owner.plugin, "life.idempotent", `executable.dispose() threw ${String(error)}`);
    }
  }
}
