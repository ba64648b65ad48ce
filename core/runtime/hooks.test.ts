// The hooks of the runtime: what they tell, when, and what a rewriting tap or a persistent cache changes.
import type { Client, Executable, Program } from "tenon-plugin-api";
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import * as np from "../api/numpy/index.ts";
import { installRoot } from "../api/root.ts";
import { jit } from "../api/transforms/index.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { RuntimeDevice } from "./device.ts";
import { setDefaultDevice, use, useSync, withDevice } from "./registry.ts";
import { runtime } from "./runtime.ts";
import { pluginNamed, withExecutables, withMembers } from "./testing/plugins.ts";

beforeAll(() => {
  installRoot();
  setDefaultDevice(useSync(reference())[0] as RuntimeDevice);
});

describe("events", () => {
  it("tell of a plugin, its client, compiles, runs and transfers, in order", async () => {
    const { hooks } = runtime;
    const seen: string[] = [];
    const note = (name: string) => (event: object) => {
      expect(Object.isFrozen(event)).toBe(true);
      seen.push(
        `${name} ${String((event as { name?: string; plugin?: string }).name ?? (event as { plugin?: string }).plugin)}`,
      );
    };
    const names = [
      "registered",
      "clientCreated",
      "beforeCompile",
      "compiled",
      "beforeExecute",
      "executed",
      "settled",
      "transfer",
    ] as const;
    hooks.registered.tap("test", (manifest) => void seen.push(`registered ${manifest.name}`));
    for (const name of names.slice(1)) (hooks[name] as typeof hooks.executed).tap("test", note(name));
    const [device] = (await use(pluginNamed("told"))) as [RuntimeDevice];
    const y = withDevice(device, () => np.array([1, 2])).add(1);
    await y.data();
    await Promise.resolve();
    expect(seen.filter((s) => !s.startsWith("settled"))).toEqual([
      "registered told",
      "clientCreated told",
      "transfer told",
      "beforeCompile told",
      "compiled told",
      "beforeExecute add",
      "executed add",
      "transfer told",
    ]);
    expect(seen).toContain("settled add");
    for (const name of names) hooks[name].taps.length = 0;
  });
  it("pair by id and carry the error of a failed run", () => {
    const { hooks } = runtime;
    const events: { id: number; error?: object }[] = [];
    hooks.beforeExecute.tap("test", (e) => void events.push(e));
    hooks.executed.tap("test", (e) => void events.push(e));
    const device = useSync(
      pluginNamed("failing", (c) =>
        withExecutables(c, () => ({
          execute: () => {
            throw new Error("oops");
          },
        })),
      ),
    )[0] as RuntimeDevice;
    expect(() => withDevice(device, () => np.array([1])).add(1)).toThrow("oops");
    expect(events[0]?.id).toBe(events[1]?.id);
    expect(events[1]?.error).toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("oops") as string,
    });
    hooks.beforeExecute.taps.length = hooks.executed.taps.length = 0;
  });
});

describe("lower", () => {
  /** add → subtract. */
  const swap = (program: Program): Program => ({
    ...program,
    functions: program.functions.map((f) => ({
      ...f,
      ops: f.ops.map((op) => (op.op === "add" ? { ...op, op: "subtract" } : op)),
    })),
  });
  it("rewrites programs, those compiled before included, and the rewrite is verified", () => {
    const f = jit((x: NDArray) => x.add(1));
    expect(f(np.array([5])).tolist()).toEqual([6]);
    runtime.hooks.lower.tap({ name: "swap", fingerprint: "1" }, swap);
    expect(f(np.array([5])).tolist()).toEqual([4]);
    expect(np.array([5]).add(1).tolist()).toEqual([4]);
    runtime.hooks.lower.tap({ name: "breaker", fingerprint: "1" }, (p) => ({ ...p, main: "nowhere" }));
    expect(() => np.array([5, 6]).add(1)).toThrowError(/there is no function nowhere/);
    runtime.hooks.lower.taps.length = 0;
    runtime.lowerings++;
    expect(f(np.array([5])).tolist()).toEqual([6]);
  });
});

describe("the persistent cache", () => {
  /** Executables that serialise to the number of their program. */
  const programs: Program[] = [];
  const storing = (client: Client, readLater = false): Client => {
    const inner = withExecutables(client, (_e, program) => {
      const index = programs.push(program) - 1;
      return { extensions: { serialize: { fingerprint: "test", bytes: async () => Uint8Array.of(index) } } };
    });
    const load = (bytes: Uint8Array): Executable => {
      const program = programs[bytes[0] as number];
      if (program === undefined) throw new Error("unreadable");
      return client.compile(program) as Executable;
    };
    const deserialize = { load: readLater ? async (bytes: Uint8Array) => load(bytes) : load };
    const extensions = { ...client.extensions, deserialize };
    if (readLater) delete (extensions as { readSync?: object }).readSync;
    return withMembers(inner, { extensions });
  };
  it("answers before compile; unreadable bytes are a miss", async () => {
    const { hooks } = runtime;
    const store = new Map<string, Uint8Array>();
    const log: string[] = [];
    hooks.cacheLookup.tap("test", (q) => store.get(q.fingerprint));
    hooks.cacheStore.tap("test", (q, bytes) => void bytes().then((b) => store.set(q.fingerprint, b)));
    hooks.cacheHit.tap("test", () => void log.push("hit"));
    hooks.cacheMiss.tap("test", (m) => void log.push(`miss ${m.because}`));
    const turn = async (name: string, readLater: boolean): Promise<unknown> => {
      const device = useSync(pluginNamed(name, (c) => storing(c, readLater)))[0] as RuntimeDevice;
      const out = withDevice(device, () => np.array([2, 3])).mul(2);
      return [...((await out.data()) as Float32Array)];
    };
    for (const readLater of [false, true]) {
      expect(await turn(`cold ${readLater}`, readLater)).toEqual([4, 6]);
      expect(await turn(`warm ${readLater}`, readLater)).toEqual([4, 6]);
      for (const key of store.keys()) store.set(key, Uint8Array.of(99));
      expect(await turn(`spoilt ${readLater}`, readLater)).toEqual([4, 6]);
      expect(log.splice(0)).toEqual(["miss empty", "hit", "miss unreadable"]);
      store.clear();
    }
    for (const name of ["cacheLookup", "cacheStore", "cacheHit", "cacheMiss"] as const)
      hooks[name].taps.length = 0;
  });
});
