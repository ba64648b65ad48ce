import type { Axis, Guard, Ix, Kernel, KValue, Schedule, Stage, Storage } from "tenon-plugin-kit";
import { describe, expect, it } from "vitest";
import { expectedKernel, runKernel } from "../testing/run-kernel.ts";

const ix = (c: number, ...terms: [coef: number, axis: number][]): Ix => ({
  c,
  terms: terms.map(([coef, axis]) => ({ coef, atom: { k: "axis", axis } })),
});
const parallel = (extent: number): Axis => ({ extent, role: "parallel" });
const reduced = (extent: number): Axis => ({ extent, role: "reduce" });
const load = (param: number, at: Ix, more: object = {}, dtype: KValue["dtype"] = "f32"): KValue => ({
  op: "load",
  dtype,
  param,
  at,
  ...more,
});
const kernelOf = (
  axes: Axis[],
  shared: number[],
  params: [Storage, "read" | "write" | "readwrite"][],
  ...stages: Stage[]
): Kernel => ({
  name: "test",
  axes,
  shared,
  stages,
  uniforms: 0,
  params: params.map(([dtype, access]) => ({ dtype, access })),
});
const f32 = (n: number, f: (i: number) => number = (i) => ((i * 37) % 101) / 8 - 5): Uint8Array =>
  new Uint8Array(Float32Array.from({ length: n }, (_, i) => f(i)).buffer);

/** Both runs agree, under every schedule. */
function agree(kernel: Kernel, memory: Uint8Array[], schedules: Schedule[], tolerance = 0): void {
  const expected = expectedKernel(kernel, memory);
  for (const schedule of schedules) {
    const extent = schedule.chunk === null ? 0 : (kernel.axes[schedule.chunk]?.extent as number);
    const middle = 64 * Math.floor(extent / 128);
    const got = runKernel(
      kernel,
      schedule,
      memory,
      [],
      schedule.chunk === null
        ? [[0, 0]]
        : [
            [0, middle],
            [middle, extent],
          ],
    );
    expected.forEach((bytes, i) => {
      const label = JSON.stringify(schedule);
      if (tolerance === 0 || kernel.params[i]?.dtype !== "f32") expect(got[i], label).toEqual(bytes);
      else {
        const [x, y] = [got[i] as Uint8Array, bytes].map((b) => new Float32Array(b.slice().buffer));
        y?.forEach((v, k) =>
          expect(Math.abs((x?.[k] as number) - v), `${label} [${k}]`).toBeLessThanOrEqual(
            tolerance * Math.max(1, Math.abs(v)),
          ),
        );
      }
    });
  }
}
const schedule = (vector: number[], chunk: number | null = null, interleave: 1 | 2 | 4 = 1): Schedule => ({
  vector,
  chunk,
  interleave,
  longSums: true,
});

describe("kernels in wasm", () => {
  it("add arrays of every length, in chunks", () => {
    for (const n of [0, 1, 3, 4, 7, 16, 37, 64, 131, 150]) {
      const k = kernelOf([parallel(n)], [], [["f32", "read"], ["f32", "read"], ["f32", "write"]], {
        over: [0],
        body: [load(0, ix(0, [1, 0])), load(1, ix(0, [1, 0])), { op: "add", dtype: "f32", args: [0, 1] }],
        results: [{ to: "store", param: 2, at: ix(0, [1, 0]), value: 2 }],
      }); // prettier-ignore
      agree(
        k,
        [f32(n), f32(n, (i) => i), f32(n, () => 0)],
        [schedule([]), schedule([0]), schedule([0], 0, 2), schedule([0], 0, 4)],
      );
    }
  });
  it("read along a row forwards, backwards, strided, broadcast", () => {
    const k = kernelOf(
      [parallel(3), parallel(11)],
      [],
      [
        ["f32", "read"],
        ["f32", "write"],
      ],
      {
        over: [0, 1],
        body: [
          load(0, ix(0, [11, 0], [1, 1])),
          load(0, ix(10, [11, 0], [-1, 1])),
          load(0, ix(1, [2, 1])),
          load(0, ix(2, [11, 0])),
          { op: "sub", dtype: "f32", args: [0, 1] },
          { op: "mul", dtype: "f32", args: [4, 2] },
          { op: "sub", dtype: "f32", args: [5, 3] },
        ],
        results: [{ to: "store", param: 1, at: ix(32, [-11, 0], [-1, 1]), value: 6 }],
      },
    );
    agree(k, [f32(33), f32(33)], [schedule([]), schedule([1]), schedule([1], 0, 2), schedule([1], null, 4)]);
  });
  it("transpose in tiles", () => {
    for (const [m, n] of [
      [5, 37],
      [33, 16],
      [18, 64],
    ] as const) {
      const k = kernelOf([parallel(n), parallel(m)], [], [["f32", "read"], ["f32", "write"]], {
        over: [0, 1],
        body: [load(0, ix(0, [1, 0], [n, 1])), { op: "neg", dtype: "f32", args: [0] }],
        results: [{ to: "store", param: 1, at: ix(0, [m, 0], [1, 1]), value: 1 }],
      }); // prettier-ignore
      agree(k, [f32(m * n), f32(m * n)], [schedule([]), schedule([1]), schedule([1], 0, 4)]);
    }
  });
  it("pad and concatenate by guards", () => {
    const guard = (x: Ix, lo: number, hi: number, every?: number): Guard =>
      every === undefined ? { x, lo, hi } : { x, lo, hi, every };
    const pad = kernelOf(
      [parallel(4), parallel(20)],
      [],
      [
        ["f32", "read"],
        ["f32", "write"],
      ],
      {
        over: [0, 1],
        body: [
          { op: "const", dtype: "f32", value: -0 },
          load(0, ix(-13, [10, 0], [1, 1]), {
            guard: [guard(ix(0, [1, 0]), 1, 3), guard(ix(0, [1, 1]), 3, 13)],
            otherwise: 0,
          }),
        ],
        results: [{ to: "store", param: 1, at: ix(0, [20, 0], [1, 1]), value: 1 }],
      },
    );
    const join = kernelOf(
      [parallel(3), parallel(25)],
      [],
      [
        ["f32", "read"],
        ["f32", "read"],
        ["f32", "write"],
      ],
      {
        over: [0, 1],
        body: [
          { op: "const", dtype: "f32", value: 7 },
          load(1, ix(-9, [16, 0], [1, 1]), { guard: [guard(ix(0, [1, 1]), 9, 25)], otherwise: 0 }),
          load(0, ix(0, [9, 0], [1, 1]), { guard: [guard(ix(0, [1, 1]), 0, 9)], otherwise: 1 }),
        ],
        results: [{ to: "store", param: 2, at: ix(0, [25, 0], [1, 1]), value: 2 }],
      },
    );
    const dilate = kernelOf(
      [parallel(22)],
      [],
      [
        ["f32", "read"],
        ["f32", "write"],
      ],
      {
        over: [0],
        body: [
          { op: "const", dtype: "f32", value: 9 },
          {
            op: "load",
            dtype: "f32",
            param: 0,
            at: { c: 0, terms: [{ coef: 1, atom: { k: "div", x: ix(-1, [1, 0]), d: 3 } }] },
            guard: [guard(ix(0, [1, 0]), 1, 20, 3)],
            otherwise: 0,
          },
        ],
        results: [{ to: "store", param: 1, at: ix(0, [1, 0]), value: 1 }],
      },
    );
    for (const s of [schedule([]), schedule([1]), schedule([1], 0, 2), schedule([1], null, 4)]) {
      agree(pad, [f32(20), f32(80)], [s]);
      agree(join, [f32(27), f32(48), f32(75)], [s]);
    }
    agree(dilate, [f32(7), f32(22)], [schedule([]), schedule([0], 0, 4)]);
  });
  it("reduce rows, columns, everything", () => {
    const sum = (shared: number[], over: number[], out: Ix, chunked = true): void => {
      const axes = [0, 1].map((a) =>
        shared.includes(a) ? parallel(a === 0 ? 5 : 39) : reduced(a === 0 ? 5 : 39),
      );
      const k = kernelOf(
        axes,
        shared,
        [
          ["f32", "read"],
          ["f32", "write"],
          ["f32", "write"],
        ],
        {
          over,
          body: [
            load(0, ix(0, [39, 0], [1, 1])),
            { op: "const", dtype: "f32", value: 0.5 },
            { op: "const", dtype: "f32", value: Infinity },
            { op: "mul", dtype: "f32", args: [0, 0] },
          ],
          results: [
            { to: "reduce", values: [3], init: [1], combine: { monoid: "add" } },
            { to: "reduce", values: [0], init: [2], combine: { monoid: "min" } },
          ],
        },
        {
          over: [],
          body: [
            { op: "stage", dtype: "f32", stage: 0, result: 0, part: 0 },
            { op: "stage", dtype: "f32", stage: 0, result: 1, part: 0 },
          ],
          results: [
            { to: "store", param: 1, at: out, value: 0 },
            { to: "store", param: 2, at: out, value: 1 },
          ],
        },
      );
      const n = shared.reduce((m, a) => m * (axes[a]?.extent as number), 1);
      const chunk = chunked && shared.length > 0 ? (shared[0] as number) : null;
      const vectors = [[], [over[over.length - 1] as number], ...shared.map((a) => [a])];
      const units: (1 | 2 | 4)[] = [1, 2, 4];
      agree(
        k,
        [f32(5 * 39), f32(n), f32(n)],
        vectors.flatMap((v) => units.map((u) => schedule(v, chunk, u))),
        1e-6,
      );
    };
    sum([0], [1], ix(0, [1, 0]));
    sum([1], [0], ix(0, [1, 1]));
    sum([], [0, 1], ix(0));
    sum([], [1, 0], ix(0));
  });
  it("sum a million tenths to almost six digits, along rows, columns and pairs of axes", () => {
    const tenths = f32(1_000_000, () => 0.1);
    const total = 1_000_000 * Math.fround(0.1);
    for (const [outer, inner] of [
      [1, 1_000_000],
      [1_000_000, 1],
      [1000, 1000],
      [200_000, 5],
    ] as const) {
      const k = kernelOf(
        [reduced(outer), reduced(inner)],
        [],
        [
          ["f32", "read"],
          ["f32", "write"],
        ],
        {
          over: [0, 1],
          body: [load(0, ix(0, [inner, 0], [1, 1])), { op: "const", dtype: "f32", value: 0 }],
          results: [{ to: "reduce", values: [0], init: [1], combine: { monoid: "add" } }],
        },
        {
          over: [],
          body: [{ op: "stage", dtype: "f32", stage: 0, result: 0, part: 0 }],
          results: [{ to: "store", param: 1, at: ix(0), value: 0 }],
        },
      );
      for (const s of [schedule([]), schedule([1], null, 4)]) {
        const [, out] = runKernel(k, s, [tenths, f32(1)]);
        const sum = new Float32Array((out as Uint8Array).slice().buffer)[0] as number;
        expect(
          Math.abs(sum - total) / total,
          `${outer} × ${inner} ${JSON.stringify(s)}: ${sum}`,
        ).toBeLessThan(2e-6);
      }
    }
  });
  it("normalise rows in stages: softmax without exp", () => {
    const axes = [parallel(4), reduced(19), reduced(19), parallel(19)];
    const k = kernelOf(axes, [0], [["f32", "read"], ["f32", "readwrite"]],
      { over: [1], body: [load(0, ix(0, [19, 0], [1, 1])), { op: "const", dtype: "f32", value: -Infinity }],
        results: [{ to: "reduce", values: [0], init: [1], combine: { monoid: "max" } }] },
      { over: [2], body: [load(0, ix(0, [19, 0], [1, 2])), { op: "stage", dtype: "f32", stage: 0, result: 0, part: 0 }, { op: "sub", dtype: "f32", args: [0, 1] }, { op: "const", dtype: "f32", value: 0 }],
        results: [{ to: "store", param: 1, at: ix(0, [19, 0], [1, 2]), value: 2 }, { to: "reduce", values: [2], init: [3], combine: { monoid: "add" } }] },
      { over: [3], body: [load(1, ix(0, [19, 0], [1, 3])), { op: "stage", dtype: "f32", stage: 1, result: 1, part: 0 }, { op: "div", dtype: "f32", args: [0, 1] }],
        results: [{ to: "store", param: 1, at: ix(0, [19, 0], [1, 3]), value: 2 }] }); // prettier-ignore
    agree(
      k,
      [f32(76), f32(76)],
      [schedule([]), schedule([1, 2, 3], 0, 4), schedule([2], 0, 2), schedule([0], 0, 1)],
      1e-5,
    );
  });
  it("keep indices, bools and narrow types", () => {
    for (const [storage, compute] of [
      ["bool", "bool"],
      ["i8", "i32"],
      ["u8", "u32"],
      ["i16", "i32"],
      ["u16", "u32"],
    ] as const) {
      const k = kernelOf(
        [parallel(21)],
        [],
        [
          [storage, "read"],
          [storage, "write"],
          ["i32", "write"],
        ],
        {
          over: [0],
          body: [
            load(0, ix(0, [1, 0]), {}, compute),
            load(0, ix(20, [-1, 0]), {}, compute),
            { op: "eq", dtype: "bool", args: [0, 1] },
            { op: "select", dtype: compute, args: [2, 0, 1] },
            { op: "index", dtype: "i32", at: ix(5, [3, 0]) },
            { op: "const", dtype: "i32", value: -1 },
            { op: "select", dtype: "i32", args: [2, 4, 5] },
          ],
          results: [
            { to: "store", param: 1, at: ix(0, [1, 0]), value: 3 },
            { to: "store", param: 2, at: ix(0, [1, 0]), value: 6 },
          ],
        },
      );
      const bytes = Uint8Array.from({ length: 42 }, (_, i) =>
        storage === "bool" ? (i * 7) % 2 : (i * 91) % 256,
      );
      agree(
        k,
        [bytes, bytes.map(() => 0), new Uint8Array(84)],
        [schedule([]), schedule([0]), schedule([0], 0, 4)],
      );
    }
  });
  it("gather and scatter", () => {
    const at: Ix = { c: 0, terms: [{ coef: 1, atom: { k: "value", value: 0 } }] };
    const gather = kernelOf([parallel(13)], [], [["i32", "read"], ["f32", "read"], ["f32", "write"]], {
      over: [0],
      body: [load(0, ix(0, [1, 0]), {}, "i32"), load(1, at)],
      results: [{ to: "store", param: 2, at: ix(0, [1, 0]), value: 1 }],
    }); // prettier-ignore
    const scatter = kernelOf(
      [{ extent: 13, role: "ordered" }],
      [],
      [
        ["i32", "read"],
        ["f32", "read"],
        ["f32", "readwrite"],
      ],
      {
        over: [0],
        body: [load(0, ix(0, [1, 0]), {}, "i32"), load(1, ix(0, [1, 0]))],
        results: [
          {
            to: "update",
            param: 2,
            at,
            guard: [{ x: at, lo: 0, hi: 5 }],
            value: 1,
            combine: { monoid: "add" },
          },
        ],
      },
    );
    const indices = new Uint8Array(Int32Array.from({ length: 13 }, (_, i) => (i * 5) % 8).buffer);
    agree(gather, [indices, f32(8), f32(13)], [schedule([]), schedule([0]), schedule([0], 0, 2)]);
    agree(scatter, [indices, f32(13), f32(5)], [schedule([]), schedule([0])]);
  });
  it("find the position of the largest element by a region", () => {
    const region = {
      body: [
        { op: "arg", dtype: "f32", index: 0 },
        { op: "arg", dtype: "i32", index: 1 },
        { op: "arg", dtype: "f32", index: 2 },
        { op: "arg", dtype: "i32", index: 3 },
        { op: "lt", dtype: "bool", args: [0, 2] },
        { op: "select", dtype: "f32", args: [4, 2, 0] },
        { op: "select", dtype: "i32", args: [4, 3, 1] },
      ] as KValue[],
      results: [5, 6],
    };
    for (const shared of [0, 1]) {
      const over = 1 - shared;
      const axes = shared === 0 ? [parallel(6), reduced(17)] : [reduced(6), parallel(17)];
      const k = kernelOf(
        axes,
        [shared],
        [
          ["f32", "read"],
          ["i32", "write"],
        ],
        {
          over: [over],
          body: [
            load(0, ix(0, [17, 0], [1, 1])),
            { op: "index", dtype: "i32", at: ix(0, [1, over]) },
            { op: "const", dtype: "f32", value: -Infinity },
            { op: "const", dtype: "i32", value: 0 },
          ],
          results: [{ to: "reduce", values: [0, 1], init: [2, 3], combine: { region } }],
        },
        {
          over: [],
          body: [{ op: "stage", dtype: "i32", stage: 0, result: 0, part: 1 }],
          results: [{ to: "store", param: 1, at: ix(0, [1, shared]), value: 0 }],
        },
      );
      agree(k, [f32(102), f32(17)], [schedule([]), schedule([0], shared), schedule([1], shared, 4)]);
    }
  });
});
