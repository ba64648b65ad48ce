// The two version numbers of the boundary. abi: can the objects talk? ir: can the program be read?
import type { Version } from "./plugin.ts";

export const ABI: Version = { major: 0, minor: 9 };
export const IR = "0.9";
