// checkify's way through calls, branches, loops and functions with rules of their own: the error is an operand and a result.
import type { NDArray } from "../../ir/ndarray.ts";
import { bind, type CustomJvp, type CustomVjp, type FlatFn } from "../../ir/trace.ts";
import { context } from "../../ir/context.ts";
import type { Jaxpr } from "../../ir/jaxpr.ts";
import { bindCheckpoint, type CheckpointParams } from "../../primitives/checkpoint.ts";
import { checkpoint_p } from "../../primitives/checkpoint.ts";
import { cond_p, unifyConsts, type CondParams } from "../../primitives/cond.ts";
import { cut } from "../../primitives/fixpoint.ts";
import { all, bindJit, none, type JitParams } from "../../primitives/jit.ts";
import { scan_p, type ScanParams } from "../../primitives/scan.ts";
import { while_p, type WhileParams } from "../../primitives/while.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { stage } from "../../transforms/stage.ts";
import { Checker, type Checked, type CheckRule } from "./interpret.ts";

/** jit and checkpoint: the same call, of a body with checks. */
export const callRule: CheckRule = (checker, eqn, args) => {
  const { jaxpr } = eqn.params as JitParams;
  const part = checker.checked(jaxpr);
  const { values } = checker.error;
  const given = [...values, ...args];
  if (eqn.primitive === checkpoint_p) {
    const { jaxpr: _whole, preventCse, ...rest } = eqn.params as CheckpointParams;
    const settings = { ...rest, preventCse: [...all(values.length), ...preventCse] };
    return checker.take([part], bindCheckpoint(part.jaxpr, part.consts, given, settings));
  }
  const { name, donate } = eqn.params as JitParams;
  const kept = [...none(values.length), ...donate];
  return checker.take([part], bindJit(part.jaxpr, part.consts, given, name, kept));
};

/** Parts staged again with places for each other's errors. */
function merged(checker: Checker, make: () => readonly Checked[]): readonly Checked[] {
  checker.prepare(make());
  return make();
}

/** cond: all branches give the errors of each. */
export const condRule: CheckRule = (checker, eqn, args) => {
  const { branches } = eqn.params as CondParams;
  const parts = merged(checker, () => branches.map((j) => checker.checked(j)));
  const unified = unifyConsts(parts);
  const [index, ...operands] = args as [NDArray, ...NDArray[]];
  const outs = bind(cond_p, [index, ...unified.consts, ...checker.error.values, ...operands], {
    branches: unified.branches,
  });
  return checker.take(parts, outs);
};

/** A jaxpr of (consts, a, b, rest) as one of (consts, b, a, rest). */
function swapped(part: Checked, numA: number, numB: number): Jaxpr {
  const [k, a, b, rest] = cut(part.jaxpr.inVars, part.consts.length, numA, numB);
  return { ...part.jaxpr, inVars: [k, b, a, rest].flatMap((l) => l ?? []) };
}

/** scan: the error is carried. */
export const scanRule: CheckRule = (checker, eqn, args) => {
  const p = eqn.params as ScanParams;
  const [part] = merged(checker, () => [checker.checked(p.jaxpr)]) as [Checked];
  const { values } = checker.error;
  const [consts, carry, xs] = cut(args, p.numConsts, p.numCarry) as [NDArray[], NDArray[], NDArray[]];
  const outs = bind(scan_p, [...part.consts, ...consts, ...values, ...carry, ...xs], {
    ...p,
    jaxpr: swapped(part, values.length, p.numConsts),
    numConsts: part.consts.length + p.numConsts,
    numCarry: values.length + p.numCarry,
  });
  return checker.take([part], outs);
};

/** while: the error is carried; the condition is checked for the first time here, and after each step in the body. */
export const whileRule: CheckRule = (checker, eqn, args) => {
  const p = eqn.params as WhileParams;
  const [cc, bc, init] = cut(args, p.numCondConsts, p.numBodyConsts) as [NDArray[], NDArray[], NDArray[]];
  checker.run(p.cond, [...cc, ...init]);
  const avals = [...cc, ...bc, ...init].map((x) => x.aval);
  const body = (c: Checker, xs: readonly NDArray[]): readonly NDArray[] => {
    const [ccs, bcs, carry] = cut(xs, cc.length, bc.length) as [NDArray[], NDArray[], NDArray[]];
    const next = c.run(p.body, [...bcs, ...carry]);
    c.run(p.cond, [...ccs, ...next]);
    return next;
  };
  const [part] = merged(checker, () => [checker.stage(body, checker.error.structure, avals)]) as [Checked];
  const { values } = checker.error;
  const cond = stage(
    (xs) =>
      new Checker(checker.rules, new Set()).run(p.cond, [
        ...xs.slice(0, cc.length),
        ...xs.slice(cc.length + values.length),
      ]),
    [...cc, ...values, ...init].map((x) => x.aval),
    "checkify",
  );
  const bodyConsts = [...part.consts, ...cc, ...bc];
  const outs = bind(while_p, [...cond.consts, ...cc, ...bodyConsts, ...values, ...init], {
    ...p,
    cond: cond.jaxpr,
    body: swapped(part, values.length, cc.length + bc.length),
    numCondConsts: cond.consts.length + cc.length,
    numBodyConsts: bodyConsts.length,
  });
  return checker.take([part], outs);
};

// --- functions with rules of their own: their bodies are checked, their rules aren't, and hand the error on ------------------

interface CustomParams<Call> {
  readonly jaxpr: Jaxpr;
  readonly numClosed: number;
  readonly call: () => Omit<Call, "body" | "numClosed">;
}
/** The call's operands with the error between what it captured and its arguments, and the body with checks. */
function customCall(
  checker: Checker,
  jaxpr: Jaxpr,
  numClosed: number,
  args: readonly NDArray[],
): {
  readonly part: Checked;
  readonly operands: readonly NDArray[];
  readonly body: FlatFn;
  readonly n: number;
} {
  const [part] = merged(checker, () => [checker.checked(jaxpr)]) as [Checked];
  const { values } = checker.error;
  const n = values.length;
  const body: FlatFn = (xs) => {
    const errors = xs.slice(numClosed, numClosed + n);
    return evalJaxpr(part.jaxpr, [
      ...part.consts,
      ...errors,
      ...xs.slice(0, numClosed),
      ...xs.slice(numClosed + n),
    ]);
  };
  return { part, operands: [...args.slice(0, numClosed), ...values, ...args.slice(numClosed)], body, n };
}

/** custom_jvp. */
export const customJvpRule: CheckRule = (checker, eqn, args) => {
  const { jaxpr, numClosed, call } = eqn.params as unknown as CustomParams<CustomJvp>;
  const { part, operands, body, n } = customCall(checker, jaxpr, numClosed, args);
  const given = call();
  const lifted: CustomJvp = {
    ...given,
    numClosed,
    body,
    rule: (primals, tangents) => {
      const { outs, tangents: ts } = given.rule(primals.slice(n), tangents.slice(n));
      return {
        outs: [...primals.slice(0, n), ...outs],
        tangents: [...primals.slice(0, n).map(() => null), ...ts],
      };
    },
  };
  return checker.take([part], context().trace.customJvp(lifted, operands));
};
/** custom_vjp. */
export const customVjpRule: CheckRule = (checker, eqn, args) => {
  const { jaxpr, numClosed, call } = eqn.params as unknown as CustomParams<CustomVjp>;
  const { part, operands, body, n } = customCall(checker, jaxpr, numClosed, args);
  const given = call();
  const lifted: CustomVjp = {
    ...given,
    numClosed,
    body,
    fwd: (xs, perturbed) => {
      const { outs, residuals, bwd } = given.fwd(xs.slice(n), perturbed.slice(n));
      return {
        outs: [...xs.slice(0, n), ...outs],
        residuals,
        bwd: (res, cts) => [...xs.slice(0, n).map(() => null), ...bwd(res, cts.slice(n))],
      };
    },
  };
  return checker.take([part], context().trace.customVjp(lifted, operands));
};
