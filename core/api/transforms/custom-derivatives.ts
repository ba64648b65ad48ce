// jax.custom_derivatives: functions with derivatives of their own, and what their rules need.
export { closureConvert, customGradient } from "./custom-gradient.ts";
export { customJvp, type CustomJvpOptions } from "./custom-jvp.ts";
export {
  customVjp,
  CustomVJPPrimal,
  customVjpPrimalTreeValues,
  zeroFromPrimal,
  type CustomVJPPrimals,
  type CustomVjpOptions,
  type PrimalValues,
} from "./custom-vjp.ts";
export { linearCall } from "./linear-call.ts";
