// One program on one device: arguments in, results out; what is donated, poisoned, or thrown.
import {
  isTenonError,
  mainOf,
  printProgram,
  signatureOf,
  tenonError,
  toErrorRecord,
  type Argument,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type ErrorCode,
  type ErrorRecord,
  type Executable,
  type ExecuteOptions,
  type Param,
  type Program,
  type Signature,
} from "tenon-plugin-api";
import { Cell, HostBuffer, ownBuffer } from "./buffer.ts";
import { immediateBytes } from "./immediate.ts";
import type { Interpreter, Machine } from "./interpreter.ts";

/** Work in a client's queue. */
export interface Task {
  run(): void;
  cancel(why: ErrorRecord): void;
}
/** What an executable needs of its client. */
export interface Queue {
  /** Does the work now, or in its turn. */
  enqueue(task: Task): void;
  readonly isOpen: () => boolean;
}
/** What an executable is made of. */
interface Parts<V extends object> {
  readonly program: Program;
  readonly lowered: Program;
  readonly interpreter: Interpreter<V>;
  readonly device: Device;
  readonly machine: Machine<V>;
  readonly queue: Queue;
}

/** An executable whose device is the interpreter. */
export class KernelExecutable<V extends object> implements Executable {
  readonly signature: Signature;
  readonly devices: readonly [Device];
  readonly extensions: NonNullable<Executable["extensions"]>;
  private readonly parts: Parts<V>;
  private readonly params: readonly Param[];
  private alive = true;
  constructor(parts: Parts<V>) {
    this.parts = parts;
    this.params = mainOf(parts.program).params;
    this.signature = signatureOf(parts.program);
    this.devices = [parts.device];
    this.extensions = {
      text: { stages: ["decomposed"], read: () => Promise.resolve(printProgram(parts.lowered)) },
    };
  }

  private failure(code: ErrorCode, reason: string, why: string): Error {
    const { plugin } = this.parts.machine;
    return tenonError(code, `${plugin}: ${why}`, { plugin, reason });
  }

  execute(
    rows: readonly (readonly Argument[])[],
    options: ExecuteOptions = {},
  ): readonly [readonly DeviceBuffer[]] {
    const { program, device, queue } = this.parts;
    if (!this.alive || !queue.isOpen())
      throw this.failure("FAILED_PRECONDITION", "E_EXECUTABLE_DISPOSED", `${program.name} was disposed`);
    const row = rows[0] ?? [];
    if (row.length !== this.params.length)
      throw this.failure(
        "INVALID_ARGUMENT",
        "E_ARGUMENTS",
        `${program.name} takes ${this.params.length} arguments, got ${row.length}`,
      );
    const cells = row.map((a, i) => this.argument(a, i));
    const given = this.donated(row, options);
    const results = this.run(cells);
    for (const b of given) b.donate(program.name);
    const types = this.signature.results.map((r) => r.type as ConcreteType);
    return [results.map((c, i) => new HostBuffer(types[i] as ConcreteType, device.memory, c, queue.isOpen))];
  }

  /** Enqueues a run. What fails during the call throws, and nothing was consumed; what fails later poisons the results. */
  private run(cells: readonly Cell<V>[]): readonly Cell<V>[] {
    const results = this.signature.results.map(() => new Cell<V>());
    const failAll = (why: ErrorRecord): void => {
      for (const c of results) c.fail(why);
    };
    const { interpreter, machine, queue } = this.parts;
    let thrown: Error | undefined;
    queue.enqueue({
      run: () => {
        const poison = cells.find((c) => c.error !== undefined)?.error;
        if (poison !== undefined) {
          failAll(poison);
          return;
        }
        try {
          const values = interpreter.run(cells.map((c) => c.value as V));
          results.forEach((c, i) => {
            c.resolve(values[i] as V);
          });
        } catch (error) {
          thrown = isTenonError(error) ? error : new Error(String(error), { cause: error });
          failAll(toErrorRecord(error, machine.plugin));
        }
      },
      cancel: failAll,
    });
    if (thrown !== undefined) throw thrown;
    return results;
  }

  private argument(argument: Argument, i: number): Cell<V> {
    const { machine, program } = this.parts;
    const what = `argument ${i} of ${program.name}`;
    if (typeof argument === "object")
      return ownBuffer<V>(argument, machine.plugin, what).cell(machine.plugin, what);
    const type = this.params[i]?.type as ConcreteType;
    const cell = new Cell<V>();
    cell.resolve(machine.form.fromBytes(type, immediateBytes(type.dtype, argument)));
    return cell;
  }

  /** The buffers that this run takes. One that is also another argument can't be given away. */
  private donated(row: readonly Argument[], options: ExecuteOptions): HostBuffer<V>[] {
    const taken: HostBuffer<V>[] = [];
    this.params.forEach((p, i) => {
      const argument = row[i];
      if (p.donate === undefined || options.keep?.includes(i) === true || typeof argument !== "object")
        return;
      if (row.some((other, k) => k !== i && other === argument))
        throw this.failure(
          "INVALID_ARGUMENT",
          "E_DONATED_TWICE",
          `argument ${i} of ${this.parts.program.name} is donated and is another argument, too`,
        );
      taken.push(argument as HostBuffer<V>);
    });
    return taken;
  }

  dispose(): void {
    this.alive = false;
  }
}
