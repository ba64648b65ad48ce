// Trap 2: effects hoisted, dropped or doubled. Random programs that log; how often and in which order they do is what plain
// JavaScript does, under every transformation, on a device that calls the host itself and on one whose programs are cut.
import * as fc from "fast-check";
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import {
  debug,
  devices,
  experimental,
  grad,
  jit,
  jvp,
  lax,
  linearize,
  np,
  use,
  vmap,
  withDevice,
} from "./index.ts";
import type { Device, NDArray } from "./index.ts";

type Stmt =
  | {
      readonly do: "log";
      readonly tag: number;
      readonly invariant: boolean;
      readonly how: "debug" | "ordered" | "io";
    }
  | { readonly do: "op"; readonly op: "sin" | "half" | "neg" }
  | { readonly do: "scan" | "fori" | "while"; readonly n: number; readonly body: Program }
  | { readonly do: "cond"; readonly yes: Program; readonly no: Program }
  | { readonly do: "jit"; readonly body: Program };
type Program = readonly Stmt[];

/** One call of the host: whose example, which call, of what. */
type Event = readonly [lane: number, tag: number, value: number];
const rounded = (v: number): number => Math.round(v * 1e3) / 1e3;

// --- plain JavaScript --------------------------------------------------------------------------------------------------------

function plain(program: Program, x: number, w: number, lane: number, events: Event[]): number {
  for (const s of program) {
    if (s.do === "log") events.push([lane, s.tag, rounded(s.invariant ? w : x)]);
    else if (s.do === "op") x = s.op === "sin" ? Math.sin(x) : s.op === "half" ? x / 2 : -x;
    else if (s.do === "cond") x = plain(x > 0 ? s.yes : s.no, x, w, lane, events);
    else if (s.do === "jit") x = plain(s.body, x, w, lane, events);
    else for (let i = 0; i < s.n; i++) x = plain(s.body, x, w, lane, events);
  }
  return x;
}

// --- the same on arrays --------------------------------------------------------------------------------------------------------

class Logger {
  events: Event[] = [];
  readonly note = (lane: NDArray, tag: NDArray, value: NDArray): null => {
    this.events.push([lane.item(), tag.item(), rounded(value.item())]);
    return null;
  };
  readonly noteAndCount = (lane: NDArray, tag: NDArray, value: NDArray): number => {
    this.note(lane, tag, value);
    return 0;
  };
}
const TAGS = { shape: [], dtype: "float32" } as const;
type Step = (x: NDArray, w: NDArray, lane: NDArray) => NDArray;

function traced(program: Program, log: Logger): Step {
  return (x, w, lane) => {
    for (const s of program) {
      if (s.do === "log") x = logged(s, log, x, w, lane);
      else if (s.do === "op") x = s.op === "sin" ? np.sin(x) : s.op === "half" ? x.div(2) : x.neg();
      else if (s.do === "cond") {
        const [yes, no] = [traced(s.yes, log), traced(s.no, log)];
        x = lax.cond(
          x.gt(0),
          (y: NDArray) => yes(y, w, lane),
          (y: NDArray) => no(y, w, lane),
          x,
        );
      } else if (s.do === "jit") x = jit(traced(s.body, log))(x, w, lane);
      else x = looped(s.do, s.n, traced(s.body, log), x, w, lane);
    }
    return x;
  };
}
function logged(s: Stmt & { do: "log" }, log: Logger, x: NDArray, w: NDArray, lane: NDArray): NDArray {
  const value = lax.stopGradient(s.invariant ? w : x);
  const tag = np.array(s.tag);
  if (s.how === "io") {
    const zero = experimental.ioCallback(log.noteAndCount, TAGS, lane, tag, value);
    return x.add(zero);
  }
  debug.callback({ ordered: s.how === "ordered" })(log.note, lane, tag, value);
  return x;
}
function looped(
  how: "scan" | "fori" | "while",
  n: number,
  body: Step,
  x: NDArray,
  w: NDArray,
  lane: NDArray,
): NDArray {
  if (how === "scan")
    return lax.scan((c: NDArray, _: null) => [body(c, w, lane), null] as const, x, null, { length: n })[0];
  if (how === "fori") return lax.foriLoop(0, n, (_: NDArray, c: NDArray) => body(c, w, lane), x);
  const limit = lax.convertElementType(n, "int32").add(lane.mul(0).astype("int32"));
  const zero = lax.convertElementType(0, "int32");
  const [, out] = lax.whileLoop(
    ([i]: readonly [NDArray, NDArray]) => i.lt(limit),
    ([i, c]: readonly [NDArray, NDArray]) => [i.add(1).astype("int32"), body(c, w, lane)] as const,
    [zero, x] as const,
  );
  return out;
}

// --- transformations -----------------------------------------------------------------------------------------------------------

const LANES = 3;
const XS = [0.5, -0.25, 1.5];
const W = 0.75;
type Mode = (f: Step) => void;
const one = (): [NDArray, NDArray, NDArray] => [np.array(XS[0] as number), np.array(W), np.array(0)];
const many = (): [NDArray, NDArray, NDArray] => [np.array(XS), np.array(W), np.array([0, 1, 2])];
const over = (f: Step): Step => vmap(f, { inAxes: [0, null, 0] });
const wrt =
  (f: Step): Step =>
  (x, w, lane) =>
    grad((y: NDArray) => f(y, w, lane))(x);
const MODES: Readonly<
  Record<string, { readonly lanes: number; readonly reverse: boolean; readonly run: Mode }>
> = {
  eager: { lanes: 1, reverse: false, run: (f) => void f(...one()) },
  jit: { lanes: 1, reverse: false, run: (f) => void jit(f)(...one()) },
  jvp: {
    lanes: 1,
    reverse: false,
    run: (f) => void jvp((x) => f(x, one()[1], one()[2]), [one()[0]], [np.array(1)]),
  },
  linearize: {
    lanes: 1,
    reverse: true,
    run: (f) => void linearize((x: NDArray) => f(x, one()[1], one()[2]), one()[0]),
  },
  grad: { lanes: 1, reverse: true, run: (f) => void wrt(f)(...one()) },
  "jit of grad": { lanes: 1, reverse: true, run: (f) => void jit(wrt(f))(...one()) },
  "grad of jit": { lanes: 1, reverse: true, run: (f) => void wrt(jit(f))(...one()) },
  vmap: { lanes: LANES, reverse: false, run: (f) => void over(f)(...many()) },
  "jit of vmap": { lanes: LANES, reverse: false, run: (f) => void jit(over(f))(...many()) },
  "vmap of jit": { lanes: LANES, reverse: false, run: (f) => void over(jit(f))(...many()) },
  "vmap of grad": { lanes: LANES, reverse: true, run: (f) => void over(wrt(f))(...many()) },
  "jit of vmap of grad": { lanes: LANES, reverse: true, run: (f) => void jit(over(wrt(f)))(...many()) },
  "grad of vmap": {
    lanes: LANES,
    reverse: true,
    run: (f) =>
      void jit((xs: NDArray) => grad((ys: NDArray) => over(f)(ys, many()[1], many()[2]).sum())(xs))(
        many()[0],
      ),
  },
};

// --- programs ------------------------------------------------------------------------------------------------------------------

let nextTag = 0;
const leaf: fc.Arbitrary<Stmt> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("log" as const),
      tag: fc.integer({ min: 0, max: 1e6 }),
      invariant: fc.boolean(),
      how: fc.constantFrom("debug" as const, "debug" as const, "ordered" as const, "io" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("op" as const),
      op: fc.constantFrom("sin" as const, "half" as const, "neg" as const),
    }),
  },
);
const program = (depth: number, loops: readonly ("scan" | "fori" | "while")[]): fc.Arbitrary<Program> => {
  if (depth === 0) return fc.array(leaf, { minLength: 1, maxLength: 3 });
  const inner = program(depth - 1, loops);
  const nested: fc.Arbitrary<Stmt> = fc.oneof(
    fc.record({ do: fc.constantFrom(...loops), n: fc.integer({ min: 0, max: 3 }), body: inner }),
    fc.record({ do: fc.constant("cond" as const), yes: inner, no: inner }),
    fc.record({ do: fc.constant("jit" as const), body: inner }),
  );
  return fc.array(fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 2, arbitrary: nested }), {
    minLength: 1,
    maxLength: 4,
  });
};
/** Numbers the logs, so that each has a tag of its own. */
function tagged(p: Program): Program {
  return p.map((s): Stmt => {
    if (s.do === "log") return { ...s, tag: nextTag++ % 4096 };
    if (s.do === "cond") return { ...s, yes: tagged(s.yes), no: tagged(s.no) };
    return s.do === "op" ? s : { ...s, body: tagged(s.body) };
  });
}

const RUNS = 12;
let onReference: Device;
beforeAll(async () => {
  [onReference] = (await use(reference())) as [Device];
});

describe.each(["cpu-wasm", "reference"])("a logging program on %s", (name) => {
  const device = (): Device => (name === "reference" ? onReference : (devices("cpu-wasm")[0] as Device));
  it.each(Object.keys(MODES))("logs under %s as plain JavaScript does", (mode) => {
    const { lanes, reverse, run } = MODES[mode] as (typeof MODES)[string];
    const loops = reverse ? (["scan", "fori"] as const) : (["scan", "fori", "while"] as const);
    fc.assert(
      fc.property(program(2, loops).map(tagged), (p) => {
        const log = new Logger();
        withDevice(device(), () => run(traced(p, log)));
        for (let lane = 0; lane < lanes; lane++) {
          const want: Event[] = [];
          plain(p, XS[lane] as number, W, lane, want);
          expect(log.events.filter(([l]) => l === lane)).toEqual(want);
        }
        expect(log.events.every(([l]) => l < lanes)).toBe(true);
      }),
      { numRuns: RUNS, seed: 42 + mode.length },
    );
  });
});
