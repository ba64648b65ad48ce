// The packed product against a plain triple loop: every route, edges, strides, and what IEEE says of infinities.
import { describe, expect, it } from "vitest";
import { along, type Gemm, type Levels, type MatrixStrides } from "tenon-plugin-kit";
import { gemmModule, gemmWords, gemmWorkspaceBytes } from "./gemm.ts";

const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536 });
const table = new WebAssembly.Table({ initial: 1, element: "anyfunc" });
const modules = Object.fromEntries(
  (["f32", "f64"] as const).map((d) => [
    d,
    new WebAssembly.Instance(new WebAssembly.Module(gemmModule(d, false, 65536)), {
      e: { m: memory, t: table },
    }).exports["f0"] as (args: number) => void,
  ]),
);
const ARRAY = { f32: Float32Array, f64: Float64Array } as const;

/** Extent of the elements that the strides reach. */
const reach = (s: MatrixStrides, batch: number, rows: number, cols: number): number =>
  s.offset + s.batch * Math.max(0, batch - 1) + furthest(s.row, rows) + furthest(s.col, cols) + 1;
const places = (levels: Levels, n: number): number[] => Array.from({ length: n }, (_, i) => along(levels, i));
const furthest = (levels: Levels, n: number): number => Math.max(0, ...places(levels, n));
const value = (i: number): number => ((i * 7919) % 23) - 11; // integers: every order of additions is exact

function check(g: Gemm, fill: (i: number) => number = value): void {
  const A = ARRAY[g.dtype];
  const bytes = A.BYTES_PER_ELEMENT;
  const [nl, nr, no] = [
    reach(g.lhs, g.batch, g.m, g.k),
    reach(g.rhs, g.batch, g.k, g.n),
    g.batch * g.m * g.n,
  ];
  const [pl, pr] = [4096, 4096 + 64 * Math.ceil((nl * bytes) / 64) + 64];
  const po = pr + 64 * Math.ceil((nr * bytes) / 64) + 64;
  const work = po + 64 * Math.ceil((no * bytes) / 64) + 128;
  const lhs = new A(memory.buffer, pl, nl).map((_, i) => fill(i));
  new A(memory.buffer, pl, nl).set(lhs);
  const rhs = new A(memory.buffer, pr, nr).map((_, i) => fill(i + 5));
  new A(memory.buffer, pr, nr).set(rhs);
  new A(memory.buffer, po, no + 4).fill(77);
  const end = work + gemmWorkspaceBytes(g);
  new Uint8Array(memory.buffer, end, 64).fill(123);
  new Int32Array(memory.buffer, 1024, 64).set([
    pl + g.lhs.offset * bytes,
    pr + g.rhs.offset * bytes,
    po,
    work,
    ...gemmWords(g),
  ]);
  (modules[g.dtype] as (args: number) => void)(1024);
  const out = new A(memory.buffer, po, no + 4);
  const want = new A(no);
  const [rows, depth] = [places(g.lhs.row, g.m), places(g.lhs.col, g.k)];
  const [across, cols] = [places(g.rhs.row, g.k), places(g.rhs.col, g.n)];
  for (let b = 0; b < g.batch; b++)
    rows.forEach((row, i) =>
      cols.forEach((col, j) => {
        const [l, r] = [g.lhs.offset + b * g.lhs.batch + row, g.rhs.offset + b * g.rhs.batch + col];
        let sum = 0;
        for (let q = 0; q < g.k; q++)
          sum += (lhs[l + (depth[q] as number)] as number) * (rhs[r + (across[q] as number)] as number);
        want[(b * g.m + i) * g.n + j] = sum;
      }),
    );
  expect(out.slice(0, no)).toEqual(want);
  expect([...out.slice(no)]).toEqual([77, 77, 77, 77]);
  expect(new Uint8Array(memory.buffer, end, 64).every((x) => x === 123)).toBe(true);
}

const rowMajor = (rows: number, cols: number): MatrixStrides => ({
  offset: 0,
  batch: rows * cols,
  row: [[rows, cols]],
  col: [[cols, 1]],
});
const columnMajor = (rows: number, cols: number): MatrixStrides => ({
  offset: 3,
  batch: rows * cols,
  row: [[rows, 1]],
  col: [[cols, rows]],
});
const spread = (rows: number, cols: number): MatrixStrides => ({
  offset: 1,
  batch: 0,
  row: [[rows, 2 * cols]],
  col: [[cols, 2]],
});
/** Overlapping windows of an image whose rows have 40 elements; the last level goes on as long as it must. */
const windows = (rows: number, cols: number): MatrixStrides => ({
  offset: 2,
  batch: 5 * (rows + cols),
  row: [[3, 2], [5, 40], [1, 130]], // prettier-ignore
  col: [[6, 1], [4, 40]], // prettier-ignore
});
/** The same, the other way round. */
const windowsAcross = (rows: number, cols: number): MatrixStrides => {
  const { row, col, ...rest } = windows(cols, rows);
  return { ...rest, row: col, col: row };
};
const LAYOUTS = { rowMajor, columnMajor, spread, windows, windowsAcross } as const;

describe.each(["f32", "f64"] as const)("gemm of %s", (dtype) => {
  const sizes: [number, number, number, number][] = [
    [1, 1, 1, 1],
    [1, 4, 8, 4],
    [2, 5, 9, 3],
    [1, 1, 37, 19],
    [1, 3, 70, 5],
    [1, 64, 1, 33],
    [1, 2, 2, 100],
    [3, 67, 17, 13],
    [1, 130, 41, 515],
    [1, 9, 1030, 7],
    [1, 4, 4, 1100],
    [2, 3, 5, 0],
    [0, 3, 4, 5],
    [1, 0, 4, 5],
    [1, 66, 24, 64],
  ];
  for (const [batch, m, n, k] of sizes)
    for (const [left, lhs] of Object.entries(LAYOUTS))
      for (const [right, rhs] of Object.entries(LAYOUTS))
        it(`${batch}×${m}×${n}×${k} ${left} · ${right}`, () => {
          check({ dtype, batch, m, n, k, lhs: lhs(m, k), rhs: rhs(k, n) });
        });
  it("repeats one operand over a batch", () => {
    check({ dtype, batch: 3, m: 6, n: 10, k: 7, lhs: { ...rowMajor(6, 7), batch: 0 }, rhs: rowMajor(7, 10) });
  });
  it("keeps NaN and infinities to their row and column", () => {
    check({ dtype, batch: 1, m: 6, n: 9, k: 5, lhs: rowMajor(6, 5), rhs: rowMajor(5, 9) }, (i) =>
      i === 7 ? NaN : i === 12 ? Infinity : value(i),
    );
  });
});
