// A cut program as an executable of a device that reads at once, and the test whether a program needs it.
import {
  IR,
  signatureOf,
  tenonError,
  type Argument,
  type CompileOptions,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type Executable,
  type HostView,
  type MemorySpace,
  type Op,
  type Program,
  type Signature,
} from "tenon-plugin-api";
import { Builder } from "../builder.ts";
import { cutProgram, needsCut, type CutBlock, type Segment } from "./cut.ts";
import { driveSync, runCut, type Ground } from "./run.ts";

const isCallback = (op: Op): boolean => op.op === "custom_call" && op.attrs.target === "tenon.callback";
/** Does a program call functions of the host? */
export const callsHost = (program: Program): boolean => needsCut(program, isCallback);

/** What cutting needs of a client that runs during the call. */
export interface SyncClient {
  readonly plugin: string;
  readonly device: Device;
  /** Compiles a program without calls of the host. */
  compile(program: Program): Executable;
  toDevice(host: HostView, type: ConcreteType, memory: MemorySpace): DeviceBuffer;
  readSync(buffer: DeviceBuffer, into: HostView): void;
}

function segmentsOf(block: CutBlock): Segment[] {
  return block.steps.flatMap((s) =>
    s.do === "segment" ? [s] : s.do === "host" ? [] : s.blocks.flatMap(segmentsOf),
  );
}

/** A program that calls functions of the host, which run between its parts on the device. */
export class CutExecutable implements Executable {
  readonly signature: Signature;
  readonly devices: readonly Device[];
  private readonly client: SyncClient;
  private readonly program: Program;
  private readonly cut: ReturnType<typeof cutProgram>;
  private readonly ground: Ground;
  private readonly poisoned = new Map<string, Executable>();
  private alive = true;
  constructor(client: SyncClient, program: Program, options: CompileOptions) {
    const { plugin, device } = client;
    this.client = client;
    this.program = program;
    this.signature = signatureOf(program);
    this.devices = [device];
    this.cut = cutProgram(program, isCallback, plugin);
    const executables = new Map(segmentsOf(this.cut.main).map((s) => [s, client.compile(s.program)]));
    const toDevice = client.toDevice.bind(client);
    this.ground = { plugin, device, executables, callbacks: options.callbacks ?? {}, toDevice };
  }

  execute(rows: readonly (readonly Argument[])[]): readonly (readonly DeviceBuffer[])[] {
    const { plugin } = this.client;
    if (!this.alive)
      throw tenonError(
        "FAILED_PRECONDITION",
        `${plugin}: the executable of ${this.program.name} was disposed`,
        {
          plugin,
          reason: "E_EXECUTABLE_DISPOSED",
        },
      );
    const args = rows[0] ?? [];
    const failed = args.find((a): a is DeviceBuffer => typeof a === "object" && a.error !== undefined);
    if (failed !== undefined) return [this.poison(failed)];
    const walk = runCut(this.cut, this.ground, args);
    return [driveSync(walk, (buffer, into) => this.client.readSync(buffer, into))];
  }

  /** Failed results with the argument's error: those of a program that takes it. */
  private poison(failed: DeviceBuffer): readonly DeviceBuffer[] {
    const key = JSON.stringify(failed.type);
    let executable = this.poisoned.get(key);
    if (executable === undefined) {
      const program = poisonProgram(failed.type, this.signature);
      this.poisoned.set(key, (executable = this.client.compile(program)));
    }
    return executable.execute([[failed]])[0] as readonly DeviceBuffer[];
  }

  dispose(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const e of [...this.ground.executables.values(), ...this.poisoned.values()]) e.dispose();
  }
}

function poisonProgram(type: ConcreteType, { results }: Signature): Program {
  const attachments: Uint8Array[] = [];
  const b = Builder.of(attachments);
  const param = b.value(type);
  const values = results.map((r) => b.constant(r.type as ConcreteType, 0));
  const main = { name: "main", params: [param], ops: b.ops, results: values.map((v) => ({ value: v.id })) };
  return { ir: IR, name: "poisoned", main: "main", functions: [main], attachments };
}
