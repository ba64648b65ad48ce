// How this plugin is called, in its manifest and in its errors.

/** Its name. */
export const PLUGIN = "onnx-export";
/** Its version. */
export const VERSION = "0.9.0";
