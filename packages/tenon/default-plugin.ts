// The one module with a side effect: it installs the root context and registers the factory of the embedded plugin.
// Every entry imports it; nothing starts before the first array.
import { configFromEnvironment, installRoot, registerEmbedded } from "tenon-core";
import { embedded } from "./embedded.ts";

const process = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
installRoot(configFromEnvironment(process?.env ?? {}));
registerEmbedded(embedded);
