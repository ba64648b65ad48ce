// The public list of the device-plugin ABI. Types, and pure functions that a bare plugin may use; zod and tapable
// stay behind entries of their own.
export type * from "./plugin.ts";
export type * from "./program.ts";
export { cost, type Cost } from "./passes/cost.ts";
export { byteLength, DTYPES, elementCount, isDType } from "./dtype.ts";
export type { DTypeKind, DTypeRow } from "./dtype.ts";
export { extension, type Extensions } from "./extension.ts";
export { dimOf, sameDim, sizeOfDims } from "./dims.ts";
export { bf16Bits, bf16FromBits, f16Bits, f16FromBits, roundBf16, roundF16 } from "./floats.ts";
export { deepFreeze } from "./freeze.ts";
export { inline, type InlineOptions } from "./passes/inline.ts";
export { effectOf, isOpName, OP_NAMES, OPSET, rowOf } from "./opset.ts";
export type { Accuracy, AttrForm, AttrKind, AttrRow, OpRow, OpTraits, RegionType, Site } from "./opset.ts";
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
export { specialise } from "./passes/specialise.ts";
export { unsupported, unsupportedOp } from "./passes/supports.ts";
export { printProgram } from "./passes/text.ts";
export { ABI, downlevel, IR, negotiate, uplevel } from "./version.ts";
export type { Downlevel, HostVersions, OpHistory, Verdict } from "./version.ts";
