// What a new user reads when a call goes wrong: the function as it was called, the argument, what was expected, and what
// to write instead.
import { jit, np, type NDArray } from "tenon";
import { describe, expect, it } from "vitest";

/** An array or a function as a program without types sees it. */
type Loose = NDArray & number;

/** Reason, message and hint of what is thrown. */
function thrown(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    const { reason, message } = error as { reason?: string; message: string };
    return `${reason ?? "no reason"} ${message}`;
  }
  return "nothing";
}
/** What a call on a traced scalar throws. */
const traced = (f: (x: Loose) => unknown): string =>
  thrown(() => jit(f as (x: NDArray) => NDArray)(np.array(3)));

describe("operators on arrays", () => {
  it.each<[string, (x: Loose) => unknown, RegExp]>([
    [
      "x * 2",
      (x) => x * 2,
      /x \* y.*a traced ~f32\[\] of jit.*\n.*\n.*x\.mul\(y\), x\.sub\(y\), x\.div\(y\), x\.lt\(y\)/,
    ],
    ["x > 0", (x) => x > 0, /x < y.*\n.*\n.*x\.gt\(y\).*np\.where.*lax\.cond.*static/],
    ["Math.exp(x)", (x) => Math.exp(x), /Math\.f\(x\).*\n.*\n.*np\.exp\(x\)/],
    ["x + 1", (x) => x + 1, /x \+ y.*\n.*\n.*x\.add\(y\)/],
    // eslint-disable-next-line eqeqeq -- it is what is tested
    ["x == 1", (x) => x == 1, /x == y.*\n.*\n.*x\.eq\(y\)/],
    ["[1, 2][x]", (x) => [1, 2][x], /list\[x\].*\n.*\n.*np\.array\(list\)\.get\(x\)/],
    ["JSON.stringify(x)", (x) => JSON.stringify(x), /stringify.*\n.*\n.*return the value/],
  ])("%s of a traced value: never .item(), which has no answer there", (_program, f, text) => {
    const message = traced(f);
    expect(message).toMatch(/^E_TRACER_COERCED /);
    expect(message).toMatch(text);
    expect(message).not.toContain("item()");
  });
  it.each<[string, (x: Loose) => unknown, RegExp]>([
    ["x * 2", (x) => x * 2, /x\.mul\(y\).*x\.item\(\)/],
    ["x + 2", (x) => x + 2, /x\.add\(y\).*x\.item\(\)/],
    ["JSON.stringify(x)", (x) => JSON.stringify(x), /x\.tolist\(\)/],
  ])("%s of a concrete array", (_program, f, text) => {
    const message = thrown(() => f(np.array(1) as Loose));
    expect(message).toMatch(/^E_COERCED /);
    expect(message).toMatch(text);
  });
});
