// Level 0: what a plugin says of itself before and after it starts.
import { ABI, IR, isDType, isOpName, negotiate, OPSET, type Client } from "tenon-plugin-api";
import { checkDevices, readCapabilities, readDescriptions, readManifest } from "tenon-plugin-api/schemas";
import { NotClaimed, ruleCase, type Case } from "../case.ts";
import { HOST, type Subject } from "../subject.ts";
import { expect, expectError } from "./expect.ts";

async function discover(subject: Subject): Promise<void> {
  const first = readDescriptions(await subject.plugin.discover(HOST), subject.name);
  const again = readDescriptions(await subject.plugin.discover(HOST), subject.name);
  const ids = (list: typeof first): string => list.map((d) => d.id).join();
  expect(ids(first) === ids(again), `discover gives devices ${ids(first)}, then ${ids(again)}`);
  expect(new Set(first.map((d) => d.id)).size === first.length, `device ids repeat: ${ids(first)}`);
  const { platforms } = subject.plugin.manifest;
  const stranger = first.find((d) => !platforms.includes(d.platform));
  expect(
    stranger === undefined,
    `device ${stranger?.id} is of platform ${stranger?.platform}, not in the manifest`,
  );
}

async function create(subject: Subject): Promise<void> {
  const client = await subject.bareClient();
  checkDevices(client.devices, subject.name);
  expect(
    subject.plugin.manifest.platforms.includes(client.platform),
    `platform ${client.platform} isn't in the manifest`,
  );
  for (const d of client.devices)
    expect(client.memories.includes(d.memory), `the memory of device ${d.id} isn't among client.memories`);
  const four = ["compile", "toDevice", "toHost", "dispose"] as const;
  const missing = four.find((m) => typeof client[m] !== "function");
  expect(missing === undefined, `the client has no ${missing}`);
  expect(typeof client.lost?.then === "function", "client.lost is no promise");
}

async function unknownDevice(subject: Subject): Promise<void> {
  await expectError(["UNAVAILABLE", "INVALID_ARGUMENT", "NOT_FOUND"], "createClient of device 10^6", () =>
    subject.plugin.createClient({ deviceIds: [1_000_000] }, HOST),
  );
}

/** A flag or extension that is claimed is there. */
async function honest(subject: Subject): Promise<void> {
  const client = await subject.bareClient();
  const { capabilities } = client;
  readCapabilities(capabilities, subject.name);
  const before = JSON.stringify(capabilities);
  for (const op of Object.keys(capabilities.ops).filter(isOpName)) {
    const attrs = Object.keys(capabilities.ops[op]?.attrs ?? {});
    const wrong = attrs.find((a) => !(a in OPSET[op].attrs));
    expect(wrong === undefined, `it limits ${op}.${wrong}, which the op doesn't have`);
    const dtypes = capabilities.ops[op]?.dtypes ?? [];
    const beyond = dtypes.find((d) => !capabilities.dtypes.includes(d));
    expect(beyond === undefined, `it claims ${op} of ${beyond}, which isn't among its dtypes`);
  }
  honestExtensions(client);
  await subject.client();
  expect(JSON.stringify(client.capabilities) === before, "capabilities have changed since the client exists");
}
/** Words that this host doesn't know are ignored: of a newer plugin they are fine, else a slip of the pen. */
async function unknown(subject: Subject): Promise<void> {
  const { dtypes, ops } = (await subject.bareClient()).capabilities;
  const strange = [...dtypes.filter((d) => !isDType(d)), ...Object.keys(ops).filter((op) => !isOpName(op))];
  if (strange.length > 0)
    throw new NotClaimed(`unknown to this host, which ignores it: ${strange.join(", ")}`);
}
const METHODS = {
  readSync: "read",
  hostView: "view",
  hostAllocator: "allocate",
  deviceCopy: "copy",
  deserialize: "load",
  memoryStats: "read",
  interop: "import",
} as const;
function honestExtensions(client: Client): void {
  const extensions = (client.extensions ?? {}) as {
    readonly [name: string]: { readonly [method: string]: unknown };
  };
  for (const [name, method] of Object.entries(METHODS)) {
    const found = extensions[name];
    expect(
      found === undefined || typeof found[method] === "function",
      `the extension ${name} has no ${method}`,
    );
  }
}

/** Two clients at once: ending one leaves the other. */
async function twoClients(subject: Subject): Promise<void> {
  const [first, second] = [await subject.bareClient(), await subject.bareClient()];
  await first.dispose();
  expect((await Promise.race([second.lost, "alive"])) === "alive", "disposing a client ended another");
}

/** Cases of loading. */
export const LOAD: readonly Case[] = [
  ruleCase(0, "load/manifest", ({ plugin }) => {
    readManifest(plugin.manifest);
  }),
  ruleCase(0, "version/negotiate", ({ plugin }) => {
    const verdict = negotiate({ abi: ABI, ir: IR }, plugin.manifest);
    expect(verdict.ok, verdict.ok ? "" : verdict.why);
  }),
  ruleCase(0, "load/discover", discover),
  ruleCase(0, "load/create", create),
  ruleCase(7, "load/create:device=unknown", unknownDevice),
  ruleCase(0, "load/honest", honest),
  ruleCase(0, "load/unknown", unknown),
  ruleCase(0, "load/two", twoClients),
];
