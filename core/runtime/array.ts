// Concrete arrays: a device buffer with an aval. Reading, readiness, lifetime.
import { isTenonError, type DeviceBuffer } from "tenon-plugin-api";
import { fail, located } from "../errors.ts";
import { userLine } from "../frames.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isComplex, type DType, type TypedArrays } from "../ir/dtype.ts";
import { CONCRETE, NDArray } from "../ir/ndarray.ts";
import { collector, type Box } from "./collector.ts";
import type { RuntimeDevice } from "./device.ts";
import { GatedBuffer } from "./gate.ts";
import { raise, runtime } from "./runtime.ts";

export { elementAt, itemOf, listOf, literalData, unreadable, valuesOf } from "./read.ts";

/** An array whose elements are on a device. */
export class ConcreteArray extends NDArray {
  readonly home: RuntimeDevice;
  /** Placed by devicePut: operations must not move it. */
  readonly committed: boolean;
  /** Why there is no buffer any more. */
  gone: string | null = null;
  /** Made where it was given away: its stack is read only if someone uses the array afterwards. */
  site: Error | null = null;
  private readonly box: Box;
  private host: TypedArrays[DType] | null = null;
  constructor(aval: ShapedArray, buffer: DeviceBuffer, home: RuntimeDevice, committed: boolean) {
    super(CONCRETE, aval);
    this.home = home;
    this.committed = committed;
    this.box = collector.track(this, buffer, aval);
    context().scope?.add(this);
  }

  /** The device's buffer; null once the array was disposed or donated. */
  get buffer(): DeviceBuffer | null {
    return this.box.buffer;
  }

  /** The live buffer. @throws E_DISPOSED, E_DONATED naming where it went */
  live(what: string): DeviceBuffer {
    const { buffer } = this.box;
    if (buffer !== null) return buffer;
    const donated = this.gone !== null && this.gone !== "disposed";
    const line = this.site === null ? undefined : userLine(this.site.stack);
    throw fail(
      donated ? "E_DONATED" : "E_DISPOSED",
      `${what}: the array ${this.aval} was ${this.gone ?? "disposed"}${line === undefined ? "" : `, at ${line}`}`,
    );
  }

  override assertLive(name: string, word?: string): void {
    if (this.box.buffer === null) this.live(word === undefined ? name : `${name}: ${word}`);
  }

  override dispose(): void {
    this.release("disposed");
  }
  override [Symbol.dispose](): void {
    this.release("disposed");
  }

  /** Gives the buffer up; `why` goes into later errors. */
  release(why: string, site: Error | null = null): void {
    if (this.box.buffer === null) return;
    this.gone = why;
    this.site = site;
    collector.free(this.box);
  }

  private empty(): TypedArrays[DType] {
    const { dtype, size } = this.aval;
    const row = DTYPES[dtype];
    const physical = row.physicalShape.reduce((n, d) => n * d, 1);
    return new row.array(size * physical * (isComplex(dtype) ? 2 : 1));
  }

  /** The elements, without waiting. @throws E_NO_READ_SYNC on a device that can't, before deviceGet */
  readSync(): TypedArrays[DType] {
    if (this.host !== null) return this.host.slice();
    const buffer = this.live("x.dataSync()");
    const { readSync } = this.home.session;
    if (readSync === undefined)
      throw fail("E_NO_READ_SYNC", `x.dataSync(), x.item(): ${this.home} can't read without waiting`);
    const into = this.empty();
    try {
      readSync.read(buffer, into);
    } catch (error) {
      throw this.readError(error, buffer);
    }
    runtime.transferred("toHost", into.byteLength, this.home);
    return into;
  }

  /** The elements. Reads the value as of the call. @throws what the execution that made the array failed with */
  async read(): Promise<TypedArrays[DType]> {
    if (this.host !== null) return this.host.slice();
    const buffer = this.live("x.data()");
    const into = this.empty();
    try {
      await (buffer instanceof GatedBuffer
        ? buffer.read(this.home.client, into)
        : this.home.client.toHost(buffer, into));
    } catch (error) {
      throw this.readError(error, buffer);
    }
    runtime.transferred("toHost", into.byteLength, this.home);
    return into;
  }

  /** Resolves when the value is computed. @throws what its execution failed with */
  async whenReady(): Promise<void> {
    const buffer = this.live("x.ready");
    try {
      await buffer.whenReady();
    } catch (error) {
      throw this.readError(error, buffer);
    }
  }

  /** The root error of a failed buffer, with the line that reads it; a foreign exception names the plugin. */
  private readError(error: unknown, buffer: DeviceBuffer): Error {
    if (buffer.error !== undefined) return located(raise(buffer.error));
    if (isTenonError(error)) return located(error);
    const { plugin } = this.home;
    return fail("E_PLUGIN", `plugin ${plugin} failed to read ${this.aval}: ${String(error)}`, {
      plugin,
      cause: error,
    });
  }

  /** Keeps a copy of the elements that is on the host already. */
  hold(data: TypedArrays[DType]): this {
    this.host = data;
    return this;
  }

  /** Copies to the host and keeps the copy: afterwards the synchronous readers work on every device. */
  async fetch(): Promise<this> {
    this.host ??= await this.read();
    return this;
  }
}

/** Has this value elements on a device? */
export const isConcrete = (x: NDArray): x is ConcreteArray => x.kind === CONCRETE;
