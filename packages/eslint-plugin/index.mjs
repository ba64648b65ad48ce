// eslint-plugin-tenon: rules for code that uses Tenon arrays. In eslint.config.js: `import tenon from "eslint-plugin-tenon";`
// then `tenon.configs.recommended` beside a typed parser configuration.
import { noArrayCondition } from "./no-array-condition.mjs";

const plugin = {
  meta: { name: "eslint-plugin-tenon", version: "0.9.0" },
  rules: { "no-array-condition": noArrayCondition },
  configs: {},
};
plugin.configs.recommended = { plugins: { tenon: plugin }, rules: { "tenon/no-array-condition": "error" } };

export default plugin;
