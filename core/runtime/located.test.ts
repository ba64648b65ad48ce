// A plugin's error gets the user's line: once, in its message and in its stack.
import { tenonError } from "tenon-plugin-api";
import { expect, it } from "vitest";
import { located } from "../errors.ts";

const count = (text: string | undefined, part: string): number => (text ?? "").split(part).length - 1;

it("has the user's line once, in message and stack", () => {
  const error = located(tenonError("INTERNAL", "mine: add threw: oops"), "app.ts:1:2");
  expect(error.message).toBe("mine: add threw: oops\n  at app.ts:1:2");
  expect(count(error.stack, "at app.ts:1:2")).toBe(1);
  expect(error.stack).toContain("mine: add threw: oops\n  at app.ts:1:2\n");
});
it("has it once where a stack is written when asked for, with the message of then", () => {
  const error = tenonError("INTERNAL", "mine: add threw: oops");
  Object.defineProperty(error, "stack", {
    configurable: true,
    get: () => `TenonError: ${error.message}\n    at add (kernels.ts:3:4)`,
    set: (stack: string) => Object.defineProperty(error, "stack", { value: stack }),
  });
  expect(count(located(error, "app.ts:1:2").stack, "at app.ts:1:2")).toBe(1);
});
