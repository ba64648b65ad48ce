// The table of allowed import edges: between packages, and between the layers inside core. Nothing else is allowed.

/** What a file outside the tests of each package may import: workspace packages and npm packages. `node:` is always allowed. */
export const PACKAGES = [
  { folder: "plugin-api", name: "tenon-plugin-api", may: ["zod", "tapable", "#tapable"] },
  { folder: "plugin-kit", name: "tenon-plugin-kit", may: ["tenon-plugin-api"] },
  { folder: "core", name: "tenon-core", may: ["tenon-plugin-api"] },
  { folder: "plugins/reference", name: "tenon-reference", may: ["tenon-plugin-api", "tenon-plugin-kit"] },
  { folder: "plugins/null", name: "tenon-null", may: ["tenon-plugin-api", "tenon-plugin-kit"] },
  { folder: "plugins/cpu-wasm", name: "tenon-cpu-wasm", may: ["tenon-plugin-api", "tenon-plugin-kit"] },
  {
    folder: "plugins/onnx-export",
    name: "tenon-onnx-export",
    may: ["tenon-plugin-api", "tenon-plugin-kit", "@bufbuild/protobuf", "onnxruntime-node"],
  },
  {
    folder: "packages/tenon",
    name: "tenon",
    may: ["tenon-plugin-api", "tenon-core", "tenon-plugin-kit", "tenon-cpu-wasm", "tenon-onnx-export"],
  },
  {
    folder: "packages/eslint-plugin",
    name: "eslint-plugin-tenon",
    may: ["@typescript-eslint/utils", "typescript"],
  },
  {
    folder: "conformance",
    name: "tenon-conformance",
    may: [
      "tenon-plugin-api",
      "tenon-plugin-kit",
      "tenon-reference",
      "tenon-core",
      "tenon",
      "commander",
      "vitest",
      "tenon-null",
      "tenon-cpu-wasm",
      "tenon-onnx-export",
      "tenon-example-first-plugin",
    ],
  },
  {
    folder: "bench",
    name: "tenon-bench",
    may: ["tenon", "tenon-plugin-api", "tenon-null", "tenon-reference", "tenon-cpu-wasm"],
  },
  {
    folder: "examples/mnist",
    name: "tenon-example-mnist",
    may: [
      "tenon",
      "tenon-onnx-export",
      "tenon-reference",
      "mnist",
      "onnxruntime-node",
      "cli-progress",
      "cli-table3",
      "commander",
    ],
  },
  { folder: "examples/language", name: "tenon-example-language", may: ["tenon"] },
  {
    folder: "examples/first-plugin",
    name: "tenon-example-first-plugin",
    may: ["tenon-plugin-api", "tenon-plugin-kit"],
  },
];

/** Tests may also use these. */
export const TEST_MAY = [
  "vitest",
  "fast-check",
  "wabt",
  "typescript",
  "esbuild",
  "eslint",
  "eslint-plugin-tenon",
  "typescript-eslint",
  "@typescript-eslint/rule-tester",
  "@typescript-eslint/parser",
  "onnxruntime-node",
  "tenon",
  "tenon-core",
  "tenon-plugin-api",
  "tenon-plugin-kit",
  "tenon-reference",
  "tenon-null",
  "tenon-cpu-wasm",
  "tenon-onnx-export",
  "tenon-conformance",
  "tenon-example-first-plugin",
];

/** Layers inside core, lowest first: a layer imports itself and those before it. Some are single files. */
export const CORE_LAYERS = ["frames", "errors", "ir", "transforms", "primitives", "runtime", "api", "index"];

/** The one upward edge in core, for types only: what a rule may call is named by the layer above. */
export const UPWARD_TYPES = {
  from: ["core/ir/context.ts", "core/ir/primitive.ts", "core/ir/trace.ts"],
  to: "core/primitives/lax.ts",
};

/** Generated files: neither documented nor measured. */
export const GENERATED = /(_pb|\.snapshot)\.(d\.)?ts$/;
