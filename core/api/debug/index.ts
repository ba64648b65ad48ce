// The debug namespace: looks at values of programs that run.
export {
  callback,
  print,
  type BoundCallback,
  type BoundPrint,
  type CallbackOptions,
  type PrintOptions,
} from "./print.ts";
