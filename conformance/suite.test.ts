// The suite itself: what it holds, and that it convicts plugins which break a rule or compute wrongly.
import {
  OP_NAMES,
  signatureOf,
  type Client,
  type ConcreteType,
  type DeviceBuffer,
  type Executable,
  type Plugin,
} from "tenon-plugin-api";
import { verifyProgram } from "tenon-plugin-api/verify";
import { nullPlugin } from "tenon-null";
import { reference } from "tenon-reference";
import { firstPlugin } from "tenon-example-first-plugin";
import { describe, expect, it } from "vitest";
import { levelOf, type OpCase } from "./case.ts";
import { readExpectations } from "./expectations.ts";
import { DTYPES } from "./inputs.ts";
import { matches } from "./query.ts";
import { lastLine, markdown, summary, supportTable } from "./report.ts";
import { runCases, type RunResult } from "./run.ts";
import { Subject } from "./subject.ts";
import { select, SUITE } from "./suite.ts";

const OPS = SUITE.filter((c): c is OpCase => c.kind === "op");

describe("the cases", () => {
  it("have unique ids", () => {
    const seen = new Set<string>();
    expect(SUITE.filter((c) => seen.has(c.id) || !seen.add(c.id)).map((c) => c.id)).toEqual([]);
  });
  it("are verified programs", () => {
    for (const c of OPS) expect(() => verifyProgram(c.build().program), c.id).not.toThrow();
  });
  it("state inputs and results of the size of their types", () => {
    const sizes = (types: readonly ConcreteType[]): number[] =>
      types.map((t) => t.shape.reduce((n, d) => n * d, t.dtype.startsWith("c") ? 2 : 1));
    for (const c of OPS) {
      const { program, inputs, want } = c.build();
      const { params, results } = signatureOf(program);
      expect(
        inputs.map((x) => x.length),
        c.id,
      ).toEqual(sizes(params.map((p) => p.type as ConcreteType)));
      if (want !== undefined)
        expect(
          want.map((x) => x?.length),
          c.id,
        ).toEqual(sizes(results.map((r) => r.type as ConcreteType)));
    }
  });
  it("cover every op, at its level", () => {
    const missing = OP_NAMES.filter((op) => !OPS.some((c) => c.op === op && c.level === levelOf(op)));
    expect(missing).toEqual([]);
  });
  it("cover every dtype", () => {
    expect(DTYPES.filter((d) => !OPS.some((c) => c.dtype === d))).toEqual([]);
  });
});

describe("queries", () => {
  it.each([
    ["ops/add", "ops/add:f32:values=edges", true],
    ["ops/add", "ops/add_more:f32:values=edges", false],
    ["ops/add:f32", "ops/add:f32:values=edges", true],
    ["ops/add:f", "ops/add:f32:values=edges", false],
    ["ops/", "ops/add:f32:values=edges", true],
    ["ops/*:f32:values=edges", "ops/add:f32:values=edges", true],
    ["*edges", "ops/add:f32:values=edges", true],
    ["abi/host", "abi/host/read:f32:shape=7", true],
    ["abi/host/read:f32:shape=7", "abi/host/read:f32:shape=7", true],
    ["a.i", "abi/host", false],
  ])("%s on %s: %s", (query, id, want) => {
    expect(matches(query, id)).toBe(want);
  });
});

async function conduct(plugin: Plugin, query: string, expectations: unknown = []): Promise<RunResult> {
  const rows = readExpectations(expectations, "test");
  return runCases(select({ query }), new Subject(plugin), { expectations: rows });
}
const row = { reason: "a test", since: "0.9", link: "none" };

describe("expectations", () => {
  it("make a known failure a skip", async () => {
    const result = await conduct(nullPlugin(), "ops/add:f32:values=random", [
      { query: "ops/add", expect: "fail", ...row },
    ]);
    expect(lastLine(result)).toBe("0 passed, 0 failed, 1 skipped");
  });
  it("fail when what they excuse passes", async () => {
    const result = await conduct(reference(), "ops/add:f32:values=random", [
      { query: "ops/add", expect: "fail", ...row },
    ]);
    expect(result.cases[0]?.reason).toContain("remove the row");
    expect(lastLine(result)).toBe("0 passed, 1 failed, 0 skipped");
  });
  it("fail when they match nothing", async () => {
    const result = await conduct(reference(), "ops/add:f32:values=random", [
      { query: "ops/ad", expect: "fail", ...row },
    ]);
    expect(lastLine(result)).toBe("1 passed, 1 failed, 0 skipped");
  });
  it("don't run what would hang", async () => {
    const result = await conduct(reference(), "ops/add:f32:values=random", [
      { query: "ops/add*", expect: "skip", ...row },
    ]);
    expect(lastLine(result)).toBe("0 passed, 0 failed, 1 skipped");
  });
  it("name the row that lacks something", () => {
    expect(() => readExpectations([{ query: "ops/add", expect: "fail" }], "rows.json")).toThrow(
      "rows.json: row 0 has no reason",
    );
  });
});

/** The reference with one method of its client, or its executables, replaced. */
function broken(change: (client: Client) => Partial<Client>): Plugin {
  const plugin = reference();
  return {
    ...plugin,
    createClient: async (selection, host) => {
      const client = await plugin.createClient(selection, host);
      const rest: Client = {
        platform: client.platform,
        devices: client.devices,
        memories: client.memories,
        capabilities: client.capabilities,
        lost: client.lost,
        compile: (program, options) => client.compile(program, options),
        toDevice: (...args) => client.toDevice(...args),
        toHost: (...args) => client.toHost(...args),
        dispose: () => client.dispose(),
      };
      return { ...rest, ...change(client) };
    },
  };
}
/** The same for what execute gives. */
const withResults = (
  change: (results: readonly DeviceBuffer[], client: Client) => readonly DeviceBuffer[],
): Plugin =>
  broken((client) => ({
    compile: (program, options) => {
      const inner = client.compile(program, options) as Executable;
      return {
        signature: inner.signature,
        devices: inner.devices,
        execute: (rows, run) => inner.execute(rows, run).map((r) => change(r, client)),
        dispose: () => {
          inner.dispose();
        },
      };
    },
  }));

describe("a plugin is convicted that", () => {
  it("is wrong by one bit", async () => {
    const plugin = broken((client) => ({
      toHost: async (buffer, into) => {
        await client.toHost(buffer, into);
        const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
        if (buffer.type.dtype === "f32" && bytes.length > 0) bytes[0] = (bytes[0] as number) ^ 1;
      },
    }));
    expect((await conduct(plugin, "ops/add:f32:values=random")).failed).toBe(1);
    expect((await conduct(plugin, "ops/add:i32:values=random")).failed).toBe(0);
  });
  it("gives other bits the third time", async () => {
    let reads = 0;
    const plugin = broken((client) => ({
      toHost: async (buffer, into) => {
        await client.toHost(buffer, into);
        if (++reads % 3 === 0) new Uint8Array(into.buffer, into.byteOffset, 1)[0] = reads;
      },
    }));
    const { cases } = await conduct(plugin, "ops/add:f32:values=random");
    expect(cases[0]?.reason).toContain("differs between runs at byte 0 [num.same]");
  });
  it("gives a result too few", async () => {
    const { cases } = await conduct(
      withResults((r) => r.slice(1)),
      "ops/add:f32:values=random",
    );
    expect(cases[0]?.reason).toContain("exec.results");
  });
  it("gives results of another type", async () => {
    const plugin = withResults((r, client) =>
      r.map(() =>
        client.toDevice(
          new Uint8Array(8),
          { dtype: "f32", shape: [2] },
          (client.devices[0] as Client["devices"][number]).memory,
        ),
      ),
    );
    const { cases } = await conduct(plugin, "ops/add:f32:values=random");
    expect(cases[0]?.reason).toContain("exec.results");
  });
  it("throws what has no code", async () => {
    const plugin = broken(() => ({
      compile: () => {
        throw new TypeError("no");
      },
    }));
    const { cases } = await conduct(plugin, "ops/add:f32:values=random");
    expect(cases[0]?.reason).toContain("error.foreign");
  });
  it("throws where it must reject", async () => {
    const plugin = broken((client) => ({
      toHost: (buffer, into) => {
        if (buffer.status === "disposed") throw new Error("gone");
        return client.toHost(buffer, into);
      },
    }));
    expect((await conduct(plugin, "abi/style/reject")).failed).toBe(1);
  });
  it("keeps the caller's memory", async () => {
    const plugin = broken((client) => {
      const kept = new Map<DeviceBuffer, Uint8Array>();
      return {
        toDevice: (host, type, memory, options) => {
          const buffer = client.toDevice(host, type, memory, options);
          kept.set(buffer, new Uint8Array(host.buffer, host.byteOffset, host.byteLength));
          return buffer;
        },
        toHost: async (buffer, into) => {
          new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(kept.get(buffer) as Uint8Array);
          return Promise.resolve();
        },
      };
    });
    expect((await conduct(plugin, "abi/host/semantics:copyDuringCall")).failed).toBe(1);
  });
  it("doesn't end with its client", async () => {
    const plugin = broken(() => ({ dispose: () => undefined }));
    expect((await conduct(plugin, "abi/life")).failed).toBeGreaterThan(0);
  });
  it("limits an attribute that an op doesn't have", async () => {
    const ops = { add: { attrs: { precision: { oneOf: ["HIGH"] } } } };
    const plugin = broken((client) => ({ capabilities: { ...client.capabilities, ops } }));
    const { cases } = await conduct(plugin, "abi/load/honest");
    expect(cases[0]?.reason).toContain("add.precision, which the op doesn't have");
  });
  it("claims words that no host knows: noted, not held against it", async () => {
    const plugin = broken((client) => ({
      capabilities: { ...client.capabilities, ops: { ...client.capabilities.ops, adds: {} } } as never,
    }));
    const { cases } = await conduct(plugin, "abi/load/unknown");
    expect(cases[0]).toMatchObject({ status: "skipped", reason: expect.stringContaining("adds") as string });
  });
  it("computes nothing, in every case whose result isn't zeros", async () => {
    const subject = new Subject(nullPlugin());
    const zeros = (c: OpCase): boolean =>
      c.build().want?.every((x) => x?.every((v) => Object.is(v, 0) || v === 0n)) ?? false;
    const telling = OPS.filter((c, i) => i % 7 === 0 && c.build().want !== undefined && !zeros(c));
    const { cases } = await runCases(telling, subject);
    expect(cases.filter((c) => c.status !== "failed").map((c) => c.id)).toEqual([]);
  });
});

describe("the report", () => {
  it("marks ops native, refused or failing by dtype, and counts by level", async () => {
    const subject = new Subject(reference());
    const { capabilities } = await subject.client();
    const result = await runCases(select({ query: "ops/a*:values=random" }), subject);
    const table = supportTable(result.cases, capabilities);
    expect(table.add?.f32).toBe("native");
    expect(table.and?.f32).toBeUndefined();
    const text = markdown(result, table);
    expect(text).toContain("# Conformance of reference 0.9.0");
    expect(text).toMatch(/\| `add` \|( ● \|)+/);
  });
  it("calls a level passed only where a case passed", async () => {
    const of = async (query: string): Promise<readonly string[]> => {
      const result = await runCases(select({ query }), new Subject(firstPlugin()));
      return [markdown(result, {}), summary(result, "again")];
    };
    const [skippedRow, skippedLine] = await of("ops/add:f64:values=random");
    expect(skippedRow).toContain("| – 2 add | 0 | 0 | 1 |");
    expect(skippedLine).toMatch(/^– level 2/);
    const [passedRow, passedLine] = await of("ops/add:f32:values=random");
    expect(passedRow).toContain("| ✓ 2 add | 1 | 0 | 0 |");
    expect(passedLine).toMatch(/^✓ level 2/);
  });
  it("shows the failures of the lowest red level only", async () => {
    const result = await runCases(
      select({ level: 3, query: "ops/*:f32:values=random" }),
      new Subject(nullPlugin()),
    );
    const text = summary(result, "again");
    expect(text).toContain("✗ ops/add:f32:values=random");
    expect(text).not.toContain("✗ ops/tanh");
    expect(text).toContain("of higher levels: level 2 first");
    expect(text).toContain("again --query 'ops/add:f32:values=random'");
  });
});
