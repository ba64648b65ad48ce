// The one Runtime of this copy of tenon: its hooks, and warnings. Hooks are made when someone first asks for them; until
// then the hot paths see null and build no payload.
import { fromErrorRecord, type ErrorRecord, type RuntimeHooks, type TransferEvent } from "tenon-plugin-api";
import { createHooks } from "tenon-plugin-api/hooks";

class Runtime {
  /** The hooks if anyone has asked for them. */
  asked: RuntimeHooks | null = null;
  /** Counts taps of `lower`: what was lowered before a tap isn't used after it. */
  lowerings = 0;
  private readonly said = new Set<string>();
  private nextId = 1;

  /** Hooks of the runtime (tapable): taps see compiles, runs, transfers, and may rewrite programs. */
  get hooks(): RuntimeHooks {
    if (this.asked !== null) return this.asked;
    const hooks = createHooks();
    hooks.lower.intercept({
      register: (tap) => {
        this.lowerings++;
        return tap;
      },
    });
    return (this.asked = hooks);
  }

  /** Pairs the events of one compile or run. */
  eventId(): number {
    return this.nextId++;
  }

  /** To the transfer hook. */
  transferred(
    direction: TransferEvent["direction"],
    nbytes: number,
    device: { readonly plugin: string; readonly id: number },
  ): void {
    if (this.asked?.transfer.isUsed() !== true) return;
    const { plugin, id: deviceId } = device;
    this.asked.transfer.call(Object.freeze({ plugin, direction, nbytes, deviceId, aliased: false }));
  }

  /** To the warn hook; where nobody listens, once per message to the console. */
  warn(error: ErrorRecord, plugin?: string): void {
    if (this.asked?.warn.isUsed() === true)
      this.asked.warn.call(Object.freeze({ error, ...(plugin === undefined ? {} : { plugin }) }));
    else if (!this.said.has(error.message)) {
      this.said.add(error.message);
      console.warn(`tenon: ${plugin === undefined ? "" : `${plugin}: `}${error.message}`);
    }
  }
}

/** The runtime. */
export const runtime: Runtime = new Runtime();

const heard = new WeakSet<ErrorRecord>();
/** The error of a failed buffer for the one who asks; it won't be reported as unheard. */
export function raise(record: ErrorRecord): Error {
  heard.add(record);
  return fromErrorRecord(record);
}
/** A failure whose buffer goes away without anyone having asked. [async.unheard] */
export function unheard(record: ErrorRecord): void {
  if (heard.has(record)) return;
  heard.add(record);
  runtime.warn(
    { ...record, message: `an execution failed and nobody read its results: ${record.message}` },
    record.plugin,
  );
}
