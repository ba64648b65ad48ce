// Cases of the rules of the ABI, by area.
import type { Case } from "../case.ts";
import { CALLBACKS } from "./callbacks.ts";
import { EXECUTE } from "./execute.ts";
import { HOST_MEMORY } from "./host.ts";
import { LIFETIMES } from "./lifetimes.ts";
import { LOAD } from "./load.ts";

/** All of them. */
export const RULE_CASES: readonly Case[] = [...LOAD, ...HOST_MEMORY, ...EXECUTE, ...CALLBACKS, ...LIFETIMES];
