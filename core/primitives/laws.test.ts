// The laws of every primitive: jit = eager, vmap = loop, jvp = differences, ⟨ct, J v⟩ = ⟨Jᵀ ct, v⟩.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import { fromHost, packed } from "../api/arrays.ts";
import { jit, jvp, vjp, vmap } from "../api/transforms/index.ts";
import { isFloat, type DType } from "../ir/dtype.ts";
import { LITERAL, type NDArray } from "../ir/ndarray.ts";
import { literalData, valuesOf } from "../runtime/array.ts";
import { stage } from "../transforms/stage.ts";
import { PRIMITIVES } from "./index.ts";
import { lax } from "./lax.ts";
import { GENERATORS as PLAIN, HIGHER_ORDER, PARTS, type Case, type Draw } from "./testing/generators.ts";
import { RULES } from "./testing/rules.ts";
import { installTestRoot, withX64 } from "./testing/root.ts";

const GENERATORS: Readonly<Record<string, readonly Case[]>> = { ...PLAIN, ...RULES };

beforeAll(() => {
  installTestRoot(reference());
});

type Rng = () => number;
/** Park–Miller: reproducible draws. */
function generator(seed: number): Rng {
  let state = (seed * 7919 + 12345) % 2147483647;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
const array = (values: readonly number[], shape: readonly number[], dtype: DType): NDArray =>
  fromHost(packed(dtype === "bool" ? values.map(Boolean) : values, dtype), shape, dtype);
function draw(rng: Rng, d: Draw, lead: readonly number[] = []): NDArray {
  const shape = [...lead, ...d.shape];
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, () => {
    const at = rng();
    return d.kind === "float"
      ? d.low + at * (d.high - d.low)
      : Math.min(d.high, Math.floor(d.low + at * (d.high - d.low + 1)));
  });
  return array(
    values,
    shape,
    d.kind === "float" ? "float64" : d.kind === "bool" ? "bool" : (d.dtype as DType),
  );
}
const numbers = (x: NDArray): number[] =>
  Array.from(
    (x.kind === LITERAL ? literalData(x as never) : valuesOf(x, "test")) as ArrayLike<number | bigint>,
    Number,
  );
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((s, x, k) => s + x * (b[k] as number), 0);
const isList = (x: unknown): x is readonly NDArray[] => Array.isArray(x);

/** The case as a function of its arguments alone; collectives run under their vmap. */
function functionOf(c: Case): (...xs: NDArray[]) => readonly NDArray[] {
  const plain = (...xs: NDArray[]): readonly NDArray[] => {
    const out = c.f(lax, ...xs);
    return isList(out) ? out : [out];
  };
  return c.axis === true ? (vmap(plain as never, { axisName: "i" }) as unknown as typeof plain) : plain;
}
/** Arguments: collectives get the named axis in front. */
const drawAll = (rng: Rng, c: Case, lead: readonly number[] = []): NDArray[] =>
  c.args.map((d) => draw(rng, d, [...lead, ...(c.axis ? [4] : [])]));

function close(got: readonly number[], want: readonly number[], tolerance: number, what: string): void {
  expect(got.length, what).toBe(want.length);
  got.forEach((g, k) => {
    const w = want[k] as number;
    if (Object.is(g, w) || (Number.isNaN(g) && Number.isNaN(w)) || g === w) return;
    expect(Math.abs(g - w), `${what}: element ${k}: got ${g}, expected ${w}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(w)),
    );
  });
}
const closeAll = (got: readonly NDArray[], want: readonly NDArray[], tolerance: number, what: string): void =>
  got.forEach((x, k) => {
    expect([x.shape, x.dtype], what).toEqual([(want[k] as NDArray).shape, (want[k] as NDArray).dtype]);
    close(numbers(x), numbers(want[k] as NDArray), tolerance, what);
  });
const moved = (x: NDArray, by: number, t: NDArray): NDArray =>
  isFloat(x.dtype) ? lax.add(x, lax.mul(t, by)) : x;

function eachCase(
  name: string,
  test: (c: Case, f: (...xs: NDArray[]) => readonly NDArray[], xs: NDArray[], rng: Rng) => void,
): void {
  (GENERATORS[name] as readonly Case[]).forEach((c, k) =>
    withX64(() => {
      const rng = generator(k + name.length * 31);
      test(c, functionOf(c), drawAll(rng, c), rng);
    }),
  );
}

describe("the closed list", () => {
  const names = PRIMITIVES.map((p) => p.name);
  it("has a generator for every primitive, and none for others", () => {
    expect([...Object.keys(GENERATORS), ...HIGHER_ORDER, ...Object.keys(PARTS)].sort()).toEqual(
      [...names].sort(),
    );
  });
  it("gives a primitive exactly one of lower and decompose, and a jvp and batching rule unless it is a part", () => {
    for (const p of PRIMITIVES) {
      if (["custom_jvp", "custom_vjp"].includes(p.name)) continue;
      expect([p.lower, p.decompose].filter((r) => r !== undefined).length, p.name).toBe(1);
      if (PARTS[p.name] === undefined && p.name !== "iota")
        expect(
          [p.jvp, p.batch].every((r) => r !== undefined),
          p.name,
        ).toBe(true);
    }
  });
});

const tested = PRIMITIVES.map((p) => p.name).filter((n) => GENERATORS[n] !== undefined);
describe.each(tested)("%s", (name) => {
  it("is bound by its cases", () => {
    (GENERATORS[name] as readonly Case[])
      .filter((c) => c.axis !== true)
      .forEach((c) =>
        withX64(() => {
          const staged = stage(
            (xs) => functionOf(c)(...xs),
            drawAll(generator(1), c).map((x) => x.aval),
            name,
          );
          expect(staged.jaxpr.eqns.map((e) => e.primitive.name)).toContain(name);
        }),
      );
  });

  it("has the shape that its rule says", () =>
    eachCase(name, (_c, f, xs) => {
      const staged = stage(
        (ys) => f(...ys),
        xs.map((x) => x.aval),
        name,
      );
      const type = (a: { shape: readonly number[]; dtype: string }): string =>
        `${a.dtype}[${a.shape.join()}]`;
      expect(f(...xs).map(type)).toEqual(staged.jaxpr.outs.map((o) => type(o.aval)));
    }));

  it("jit = eager", () =>
    eachCase(name, (_c, f, xs) => {
      closeAll((jit(f as never) as unknown as typeof f)(...xs), f(...xs), 1e-12, "jit");
    }));

  it("vmap = loop", () =>
    eachCase(name, (c, f, xs, rng) => {
      const size = 3;
      const many = drawAll(rng, c, [size]);
      const masks =
        xs.length === 1 ? [[true]] : [xs.map(() => true), ...xs.map((_, k) => xs.map((__, m) => m === k))];
      for (const mask of masks)
        for (const last of [false, true]) {
          const args = mask.map((m, k) => (m ? (many[k] as NDArray) : (xs[k] as NDArray)));
          const axis = (k: number): number => (last ? (xs[k] as NDArray).ndim : 0);
          const placed = args.map((x, k) => (mask[k] ? lax.moveAxis(x, 0, axis(k)) : x));
          const got = (
            vmap(f as never, {
              inAxes: mask.map((m, k) => (m ? axis(k) : null)),
            }) as unknown as typeof f
          )(...placed);
          const rows = Array.from({ length: size }, (_, r) =>
            f(...args.map((x, k) => (mask[k] ? lax.squeeze(lax.sliceInDim(x, r, r + 1, 1, 0), [0]) : x))),
          );
          got.forEach((g, o) => expect(g.shape).toEqual([size, ...(rows[0]?.[o] as NDArray).shape]));
          got.forEach((g, o) =>
            close(
              numbers(g),
              rows.flatMap((row) => numbers(row[o] as NDArray)),
              1e-12,
              `vmap ${mask.join()} ${last ? "last" : "first"} output ${o}`,
            ),
          );
        }
    }));

  it("jvp = central differences, and vjp is its transpose", () =>
    eachCase(name, (c, f, xs, rng) => {
      if (c.smooth === false || xs.every((x) => !isFloat(x.dtype))) return;
      const ts = xs.map((x, k) =>
        isFloat(x.dtype)
          ? draw(rng, {
              ...(c.args[k] as Draw),
              shape: x.shape,
              low: -1,
              high: 1,
            })
          : null,
      );
      const h = 1e-5;
      const [outs, tangents] = jvp(f as never, xs, ts) as [NDArray[], (NDArray | null)[]];
      const at = (by: number): readonly NDArray[] =>
        f(...xs.map((x, k) => (ts[k] == null ? x : moved(x, by, ts[k]))));
      const [up, down] = [at(h), at(-h)];
      closeAll(outs, f(...xs), 1e-12, "primal");
      outs.forEach((out, o) => {
        if (!isFloat(out.dtype) || out.dtype !== "float64") return;
        const [p, m] = [numbers(up[o] as NDArray), numbers(down[o] as NDArray)];
        close(
          numbers(tangents[o] as NDArray),
          p.map((v, k) => (v - (m[k] as number)) / (2 * h)),
          c.tolerance ?? 1e-5,
          `jvp of output ${o}`,
        );
      });
      const cts = outs.map((out) =>
        isFloat(out.dtype) ? draw(rng, { kind: "float", shape: out.shape, low: -1, high: 1 }) : null,
      );
      if (cts.every((ct) => ct === null)) return;
      const [, pull] = vjp(f as never, ...(xs as never[])) as unknown as [
        unknown,
        (ct: unknown) => (NDArray | null)[],
      ];
      const back = pull(cts);
      const left = outs.reduce(
        (s, out, o) =>
          isFloat(out.dtype) ? s + dot(numbers(cts[o] as NDArray), numbers(tangents[o] as NDArray)) : s,
        0,
      );
      const right = xs.reduce(
        (s, x, k) => (isFloat(x.dtype) ? s + dot(numbers(back[k] as NDArray), numbers(ts[k] as NDArray)) : s),
        0,
      );
      expect(Math.abs(left - right), `⟨ct, Jv⟩ = ${left}, ⟨Jᵀct, v⟩ = ${right}`).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(left)),
      );
    }));
});
