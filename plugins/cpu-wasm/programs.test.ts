// Compiled programs: every elementwise op on every dtype that its rule admits, on edges and random values, in lanes and
// in scalars, against the reference plugin.
import { single, type } from "tenon-conformance/builder";
import { firstDifference, toleranceOf } from "tenon-conformance/tolerance";
import { decode, encode, type Element } from "tenon-conformance/values";
import {
  ABI,
  byteLength,
  DTYPES,
  IR,
  OP_NAMES,
  rowOf,
  signatureOf,
  type BinaryOp,
  type Client,
  type ConcreteType,
  type DType,
  type HostContext,
  type Program,
  type UnaryOp,
} from "tenon-plugin-api";
import { verifyProgram } from "tenon-plugin-api/verify";
import { reference } from "tenon-reference";
import { describe, expect, it } from "vitest";
import { WasmClient } from "./client.ts";

const host: HostContext = { abi: ABI, ir: IR, processIndex: 0, processCount: 1, warn: () => undefined };
const subject = new WasmClient({}, host);
const oracle = await reference().createClient({}, host);

async function run(client: Client, program: Program, args: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const executable = await client.compile(program);
  const types = signatureOf(program).params.map((p) => p.type as ConcreteType);
  const memory = client.memories[0] as Client["memories"][number];
  const buffers = args.map((bytes, i) => client.toDevice(bytes, types[i] as ConcreteType, memory));
  const [results = []] = executable.execute([buffers]);
  return Promise.all(
    results.map(async (r) => {
      const bytes = new Uint8Array(byteLength(r.type));
      await client.toHost(r, bytes);
      return bytes;
    }),
  );
}

const REAL = (Object.keys(DTYPES) as DType[]).filter((d) => DTYPES[d].kind !== "c" && !/^([iu]4|f8)/.test(d));
function edges(dtype: DType): Element[] {
  const { kind, bits } = DTYPES[dtype];
  if (kind === "b") return [0, 1];
  if (kind === "f") {
    const finite = [0, 1, 0.5, 1.5, 2.5, 3, 1e-3, 7.25, 100, 1e-7, 30000, 6e-5, 1e-40, 3e38];
    return [...finite.flatMap((x) => [x, -x]), Infinity, -Infinity, NaN];
  }
  const top = 2n ** BigInt(kind === "i" ? bits - 1 : bits) - 1n;
  const list = [0n, 1n, 2n, 3n, 7n, BigInt(bits - 1), BigInt(bits), top, top - 1n];
  const all = kind === "i" ? [...list, -1n, -2n, -7n, -top, -top - 1n] : list;
  return bits === 64 ? all : all.map(Number);
}
/** All pairs of edges, so that each op sees them in lanes and as what is left over. */
function pairs(dtype: DType): [Element[], Element[]] {
  const list = edges(dtype);
  return [list.flatMap((a) => list.map(() => a)), list.flatMap(() => list)];
}
const isValid = (program: Program): boolean => {
  try {
    verifyProgram(program);
    return true;
  } catch {
    return false;
  }
};

async function agree(program: Program, args: readonly Element[][], exact = false): Promise<void> {
  const { params, results } = signatureOf(program);
  const bytes = args.map((x, i) => encode((params[i]?.type as ConcreteType).dtype, x));
  const [got, want] = [await run(subject, program, bytes), await run(oracle, program, bytes)];
  results.forEach(({ type: { dtype } }, i) => {
    const [g, w] = [decode(dtype, got[i] as Uint8Array), decode(dtype, want[i] as Uint8Array)];
    const op = program.functions[0]?.ops[0]?.op as UnaryOp;
    const found = firstDifference(dtype, g, w, exact ? { ulp: 0 } : toleranceOf(op, dtype));
    expect(found && { ...found, arguments: args.map((x) => x[found.index]) }, program.name).toBeUndefined();
  });
}

describe("elementwise ops", () => {
  const names = OP_NAMES.filter((n) => rowOf(n).traits.elementwise === true) as (UnaryOp | BinaryOp)[];
  for (const name of names)
    for (const dtype of REAL) {
      const [x, y] = pairs(dtype);
      const t = type(dtype, x.length);
      const same = single(name, [t, t], {}, [t]);
      const toBool = single(name, [t], {}, [type("bool", x.length)]);
      const one = single(name, [t], {}, [t]);
      const program = [same, one, toBool].find(isValid);
      if (program !== undefined)
        it(`${name} ${dtype}`, () => agree(program, program === same ? [x, y] : [x]));
    }
});

describe("compare, select, clamp, convert", () => {
  for (const dtype of REAL) {
    const [x, y] = pairs(dtype);
    const n = x.length;
    const t = type(dtype, n);
    it(`compare ${dtype}`, async () => {
      for (const direction of ["EQ", "NE", "GE", "GT", "LE", "LT"] as const)
        for (const compareType of ["FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED"] as const) {
          const program = single("compare", [t, t], { direction, compareType }, [type("bool", n)]);
          if (isValid(program)) await agree(program, [x, y]);
        }
    });
    it(`select ${dtype}`, () =>
      agree(
        single("select", [type("bool", n), t, t], {}, [t]),
        [x.map((_, i) => ((i * 7) % 3) & 1), x, y],
        true,
      ));
    const clamp = single("clamp", [t, t, t], {}, [t]);
    if (isValid(clamp)) it(`clamp ${dtype}`, () => agree(clamp, [y, x, [...y].reverse()], true));
    it(`convert from ${dtype}`, async () => {
      const list = edges(dtype);
      for (const to of REAL)
        await agree(single("convert", [type(dtype, list.length)], {}, [type(to, list.length)]), [list], true);
    });
  }
});
