// Which tracers are alive although nothing should hold them: known only after a garbage collection, in a later task.
import { fail } from "../../errors.ts";
import type { Tracked } from "../../ir/trace.ts";

interface Leak {
  readonly aval: string;
  readonly label: string;
  readonly stack: string | undefined;
}
type Collect = () => void;

/** Node's collector, whether or not it was started with --expose-gc; null elsewhere. */
async function collector(): Promise<Collect | null> {
  const given = (globalThis as { gc?: Collect }).gc;
  if (typeof given === "function") return given;
  const isNode =
    typeof (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node ===
    "string";
  if (!isNode) return null;
  const [v8, vm] = ["node:v8", "node:vm"];
  const { setFlagsFromString } = (await import(/* @vite-ignore */ v8)) as {
    setFlagsFromString(f: string): void;
  };
  const { runInNewContext } = (await import(/* @vite-ignore */ vm)) as {
    runInNewContext(c: string): Collect;
  };
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Those of ended traces that survive a collection. @throws E_UNIMPLEMENTED where none can be asked for */
export async function leakedAmong(tracked: readonly Tracked[]): Promise<readonly Leak[]> {
  if (tracked.length === 0) return [];
  const collect = await collector();
  if (collect === null)
    throw fail("E_UNIMPLEMENTED", "checkingLeaks: there is no garbage collector to ask here", {
      hint: "run it in Node, or where globalThis.gc is exposed",
    });
  // A WeakRef that was read holds until its task ends, and one collection may leave what the next one takes.
  for (let i = 0; i < 3; i++) {
    await nextTask();
    collect();
  }
  return tracked.flatMap((t) => {
    const x = t.ref.deref();
    return x === undefined || !x.trace.dead
      ? []
      : [{ aval: String(x.aval), label: x.trace.label, stack: t.stack }];
  });
}
