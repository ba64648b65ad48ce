// What people import: arrays, transformations, devices. Subpaths (tenon/numpy …) hold the same objects.
import "./default-plugin.ts";

export * as np from "./numpy.ts";
export * as lax from "./lax.ts";
export * as scipy from "./scipy.ts";
export * as nn from "./nn.ts";
export * as ops from "./ops.ts";
export * as random from "./random.ts";
export * as tree from "./tree.ts";
export * as treeUtil from "./tree-util.ts";
export * as customBatching from "./custom-batching.ts";
export * as customDerivatives from "./custom-derivatives.ts";
export * as debug from "./debug.ts";
export * as checkify from "./checkify.ts";
export * as experimental from "./experimental.ts";
export * from "./transforms.ts";
export {
  exportOnnx,
  type ExportOnnxOptions,
  type OnnxDifference,
  type OnnxModel,
  type OnnxReport,
} from "./export-onnx.ts";
export {
  AsyncTraceError,
  blockUntilReady,
  CallbackError,
  CheckError,
  checkingLeaks,
  complex,
  config,
  ConcretizationError,
  debugInfs,
  debugNans,
  deviceGet,
  devicePut,
  devices,
  disableJit,
  discover,
  DTypeError,
  effectsBarrier,
  float,
  FloatingPointError,
  IndexError,
  int,
  LeakError,
  LifetimeError,
  namedScope,
  NDArray,
  NonConcreteBooleanIndexError,
  offer,
  pickDevice,
  PluginError,
  pureCallback,
  runtime,
  scope,
  Scope,
  setDefaultDevice,
  ShapeError,
  slice,
  TenonError,
  TracerArrayConversionError,
  TracerBoolConversionError,
  TracerError,
  TracerIntegerConversionError,
  TreeError,
  use,
  withConfig,
  withDevice,
} from "tenon-core";
export type {
  Arg,
  Args,
  ArrayLike,
  At,
  AtOptions,
  Axis,
  Complex,
  Config,
  ConfigChange,
  Discovered,
  DType,
  Index,
  Key,
  Keys,
  Keywords,
  Lift,
  MapTree,
  Nested,
  NestedNumbers,
  Options,
  RuntimeDevice as Device,
  Scalar,
  Shape,
  Slice,
  SliceText,
  Traced,
  TypedArrays,
} from "tenon-core";
