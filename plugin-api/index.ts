// The public list of the device-plugin ABI. Types, and pure functions that a bare plugin may use; zod and tapable
// stay behind entries of their own.
export type * from "./plugin.ts";
export type * from "./program.ts";
export { evalDim, mainOf, resultTypes, signatureOf } from "./program.ts";
export {
  CodedError,
  fromErrorRecord,
  isTenonError,
  tenonError,
  toErrorRecord,
  unimplemented,
} from "./errors.ts";
export type { ErrorFields } from "./errors.ts";
export { ABI, IR } from "./version.ts";
