// Type-aware lint of every TypeScript source. What the formatter or the compiler decides is not repeated here.
import tseslint from "typescript-eslint";
import tenon from "eslint-plugin-tenon";

const typed = {
  files: ["**/*.ts"],
  languageOptions: {
    parser: tseslint.parser,
    parserOptions: {
      project: [
        "plugin-api/tsconfig.json",
        "core/tsconfig.json",
        "plugin-kit/tsconfig.json",
        "plugins/*/tsconfig.json",
        "conformance/tsconfig.json",
        "bench/tsconfig.json",
        "packages/tenon/tsconfig.json",
        "examples/*/tsconfig.json",
        "tsconfig.tests.json",
      ],
      tsconfigRootDir: import.meta.dirname,
    },
  },
  plugins: { "@typescript-eslint": tseslint.plugin, tenon },
  linterOptions: { reportUnusedDisableDirectives: "error" },
  rules: {
    "@typescript-eslint/no-floating-promises": "error",
    "@typescript-eslint/no-misused-promises": "error",
    "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
    "@typescript-eslint/no-explicit-any": "error",
    "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    "@typescript-eslint/no-unnecessary-type-assertion": "error",
    "@typescript-eslint/only-throw-error": "error",
    "prefer-const": "error",
    eqeqeq: ["error", "always", { null: "ignore" }],
    "no-console": "off",
    "tenon/no-array-condition": "error",
  },
};
/** Core compares traced values by identity on purpose. */
const core = {
  files: ["core/**/*.ts"],
  rules: { "tenon/no-array-condition": ["error", { allowIdentity: true }] },
};

export default [
  {
    ignores: [
      "**/dist/",
      "**/node_modules/",
      "plugins/onnx-export/proto/onnx_pb.ts",
      "plugin-api/api.snapshot.d.ts",
    ],
  },
  typed,
  core,
];
