// Plugins for the tests of the host: the reference plugin under another name, with its clients changed.
import type { Client, Executable, Plugin, Program } from "tenon-plugin-api";
import { reference } from "tenon-reference";

/** The reference plugin as `name`, its client changed by `change`. */
export function pluginNamed(
  name: string,
  change: (client: Client) => Client = (c) => c,
  manifest: Partial<Plugin["manifest"]> = {},
): Plugin {
  const inner = reference();
  return {
    manifest: { ...inner.manifest, name, platforms: [name], ...manifest },
    discover: (host) => inner.discover(host),
    createClient: (selection, host) => change(inner.createClient(selection, host) as Client),
  };
}

/** A client with some members replaced; methods keep the client they belong to. */
export function withMembers(client: Client, members: Partial<Client>): Client {
  return {
    platform: client.platform,
    devices: client.devices,
    memories: client.memories,
    capabilities: client.capabilities,
    lost: client.lost,
    ...(client.extensions === undefined ? {} : { extensions: client.extensions }),
    compile: (...args) => client.compile(...args),
    toDevice: (...args) => client.toDevice(...args),
    toHost: (...args) => client.toHost(...args),
    dispose: () => client.dispose(),
    ...members,
  };
}

/** A client whose executables are changed; compiles as the inner one does. */
export const withExecutables = (
  client: Client,
  change: (e: Executable, p: Program) => Partial<Executable>,
): Client =>
  withMembers(client, {
    compile: (program, options) => {
      const e = client.compile(program, options) as Executable;
      const base = { signature: e.signature, devices: e.devices, dispose: () => e.dispose() };
      return { ...base, execute: (...args) => e.execute(...args), ...change(e, program) };
    },
  });

/** What a client that can't do anything at once did, in order. */
export interface Journal {
  readonly calls: string[];
}

/** A client that compiles after a macrotask and can't read synchronously. */
export function asynchronous(client: Client, journal: Journal = { calls: [] }): Client {
  return withMembers(client, {
    extensions: {},
    compile: async (program, options) => {
      journal.calls.push(`compile ${program.name}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      const e = client.compile(program, options) as Executable;
      journal.calls.push(`compiled ${program.name}`);
      const execute: Executable["execute"] = (...args) => {
        journal.calls.push(`execute ${program.name}`);
        return e.execute(...args);
      };
      return { signature: e.signature, devices: e.devices, execute, dispose: () => e.dispose() };
    },
  });
}
