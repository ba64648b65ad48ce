// One violation of each numbered constraint of each op: refused before a plugin sees it, by the constraint's name.
import { deepFreeze, isTenonError } from "tenon-plugin-api";
import { CASES, caseProgram } from "tenon-plugin-api/constraints";
import { verifyProgram } from "tenon-plugin-api/verify";
import { ruleCase, type Case } from "../case.ts";

/** Cases of violations: `ops/pad:violation=C3`. They judge the host's verifier, the same for every plugin. */
export const VIOLATIONS: readonly Case[] = CASES.flatMap((c, i) =>
  Object.entries(c.breaks).map(([constraint, patch]) => {
    const rule = ruleCase(6, "", () => {
      verifyProgram(deepFreeze(caseProgram(c))); // the control: nothing else is wrong
      const cited = refusal(() => verifyProgram(deepFreeze(caseProgram({ ...c, ...patch }))));
      if (!cited.includes(`${c.op}(${constraint}):`))
        throw new Error(`expected ${c.op}(${constraint}), got: ${cited}`);
    });
    const form = CASES.slice(0, i).filter((earlier) => earlier.op === c.op).length;
    return { ...rule, id: `ops/${c.op}:violation=${constraint}${form === 0 ? "" : `,form=${form}`}` };
  }),
);
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return isTenonError(error) && error.code === "INVALID_ARGUMENT" ? error.message : String(error);
  }
  return "nothing: it was accepted";
}
