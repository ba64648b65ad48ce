// The door of core: what users call, what packages/tenon installs, and what exporters and the suite read.
// The function namespaces are entries of their own: tenon-core/numpy, /lax, /nn, /ops, /random, /tree, /transforms.
export {
  AsyncTraceError,
  CallbackError,
  callerLine,
  CheckError,
  ConcretizationError,
  DTypeError,
  FloatingPointError,
  IndexError,
  LeakError,
  LifetimeError,
  located,
  NonConcreteBooleanIndexError,
  PluginError,
  REASONS,
  ShapeError,
  TenonError,
  TracerArrayConversionError,
  TracerBoolConversionError,
  TracerError,
  TracerIntegerConversionError,
  TreeError,
  type Reason,
} from "./errors.ts";
export type { Shape } from "./ir/aval.ts";
export type { Config } from "./ir/context.ts";
export type { DType, TypedArrays } from "./ir/dtype.ts";
export type { Jaxpr } from "./ir/jaxpr.ts";
export {
  NDArray,
  type ArrayLike,
  type At,
  type AtOptions,
  type Complex,
  type Index,
  type NestedNumbers,
  type Scalar,
  type Slice,
  type SliceText,
} from "./ir/ndarray.ts";
export { checkOptions, complex, int, float, type Nested } from "./api/arrays.ts";
export { config, configFromEnvironment, withConfig, type ConfigChange } from "./api/config.ts";
export {
  effectsBarrier,
  pureCallback,
  type CallbackResult,
  type IoCallbackOptions,
  type PureCallbackOptions,
} from "./api/debug/callbacks.ts";
export { checkingLeaks, debugInfs, debugNans, disableJit, namedScope } from "./api/debug/settings.ts";
export { blockUntilReady, deviceGet, devicePut, scope, Scope } from "./api/devices.ts";
export { slice } from "./api/slices.ts";
export type { Axis, Keywords, Options, PrecisionLike } from "./api/keywords.ts";
export { argumentsLike, programOf, wireBytes, wireLeaves, type FunctionProgram } from "./api/program-of.ts";
export { installRoot } from "./api/root.ts";
export type { Arg, Args, Key, Keys, Lift, MapTree, Traced } from "./api/types.ts";
export {
  devices,
  discover,
  offer,
  pickDevice,
  registerEmbedded,
  RuntimeDevice,
  setDefaultDevice,
  use,
  withDevice,
  type Discovered,
} from "./runtime/registry.ts";
export { runtime } from "./runtime/runtime.ts";
