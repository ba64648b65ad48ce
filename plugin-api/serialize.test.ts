// The file form: what is written reads back equal, and no bytes make the reader crash, hang or allocate hugely.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Op, Program } from "./program.ts";
import { readProgram, writeProgram } from "./serialize.ts";
import { isTenonError } from "./errors.ts";
import { Chain, programOf, reducer, t } from "./testing/build.ts";

function example(): Program {
  const c = new Chain();
  const x = c.param(t("f32", 2, 3));
  const k = c.constant(t("f32", 3), new Uint8Array(new Float32Array([1, Number.NaN, -0]).buffer));
  const row = c.op("broadcast_in_dim", [k], { dimensions: [1] }, t("f32", 2, 3));
  const y = c.op("multiply", [x, row], {}, t("f32", 2, 3));
  const one = c.constant(t("i64"), new Uint8Array(new BigInt64Array([2n ** 62n]).buffer));
  return c.program([y, one]);
}
const code = (f: () => unknown): string => {
  try {
    f();
    return "read";
  } catch (error) {
    if (!isTenonError(error)) throw error;
    return error.code;
  }
};
/** A file with another header. */
function withHeader(change: (header: Record<string, unknown>) => unknown): Uint8Array {
  const { attachments, ...header } = example();
  const places = attachments.map((a, i) => ({ offset: 64 * i, nbytes: a.byteLength }));
  const json = new TextEncoder().encode(JSON.stringify(change({ ...header, attachments: places })));
  const start = Math.ceil((16 + json.length) / 64) * 64;
  const out = new Uint8Array(start + 128);
  out.set(new TextEncoder().encode("TENONIR1"));
  new DataView(out.buffer).setBigUint64(8, BigInt(json.length), true);
  out.set(json, 16);
  attachments.forEach((a, i) => out.set(a, start + 64 * i));
  return out;
}

describe("writeProgram and readProgram", () => {
  it("reads back what was written", () => {
    const p = example();
    const read = readProgram(writeProgram(p));
    expect({ ...read, attachments: read.attachments.map((a) => [...a]) }).toEqual({
      ...p,
      attachments: p.attachments.map((a) => [...a]),
    });
  });
  it("gives a frozen program that doesn't see later writes to the bytes", () => {
    const bytes = writeProgram(example());
    const read = readProgram(bytes);
    bytes.fill(0);
    expect(Object.isFrozen(read.functions[0]?.ops)).toBe(true);
    expect([...new Float32Array((read.attachments[0] as Uint8Array).slice().buffer)]).toEqual([
      1,
      Number.NaN,
      -0,
    ]);
  });
  it("keeps regions and symbols", () => {
    const sketch = {
      op: "reduce" as const,
      operands: [t("f32", "n", 3), t("f32")],
      attrs: { dimensions: [1] },
      regions: [reducer("f32")],
      results: [t("f32", "n")],
    };
    const p = programOf(sketch, { symbols: [{ name: "n", min: 1, multipleOf: 2 }] });
    expect(readProgram(writeProgram(p))).toEqual(p);
  });
  it("reads views at any offset", () => {
    const bytes = writeProgram(example());
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(readProgram(shifted.subarray(3)).name).toBe("chain");
  });
});

describe("bad files", () => {
  it("names an unknown op, never skips it", () => {
    const bytes = withHeader((h) => JSON.parse(JSON.stringify(h).replace('"multiply"', '"warp_scan"')));
    expect(() => readProgram(bytes)).toThrowError(/there is no op "warp_scan"/);
  });
  it("refuses another IR version and unknown attributes", () => {
    expect(code(() => readProgram(withHeader((h) => ({ ...h, ir: "0.10" }))))).toBe("UNIMPLEMENTED");
    const extra = withHeader((h) =>
      JSON.parse(JSON.stringify(h).replace('"dimensions":[1]', '"dimensions":[1],"sorted":true')),
    );
    expect(() => readProgram(extra)).toThrowError(/unknown key sorted/);
  });
  it("runs the verifier", () => {
    const p = example();
    const op = p.functions[0]?.ops[2] as Op;
    const broken = JSON.stringify(op).replace('"operands":[0,2]', '"operands":[0,1]');
    const bytes = withHeader((h) => JSON.parse(JSON.stringify(h).replace(JSON.stringify(op), broken)));
    expect(() => readProgram(bytes)).toThrowError(/multiply\(C1\)/);
  });
  it("bounds nesting, headers and attachments by the bytes that are there", () => {
    const nested = (open: string): Uint8Array => {
      const out = new Uint8Array(16 + 1e6).fill(open.charCodeAt(0));
      out.set(new TextEncoder().encode("TENONIR1"));
      new DataView(out.buffer).setBigUint64(8, 1000000n, true);
      return out;
    };
    expect(code(() => readProgram(nested("[")))).toBe("DATA_LOSS");
    const long = writeProgram(example());
    new DataView(long.buffer).setBigUint64(8, 2n ** 63n, true);
    expect(code(() => readProgram(long))).toBe("DATA_LOSS");
    const huge = withHeader((h) => ({ ...h, attachments: [{ offset: 0, nbytes: 2 ** 50 }] }));
    expect(code(() => readProgram(huge))).toBe("DATA_LOSS");
  });
  it("survives dimensions nested as deep as allowed", () => {
    let dim: unknown = "n";
    for (let i = 0; i < 240; i++) dim = ["add", dim, 1];
    const text = (h: object): string =>
      JSON.stringify(h).replaceAll('"shape":[2,3]', `"shape":[${JSON.stringify(dim)},3]`);
    expect(code(() => readProgram(withHeader((h) => JSON.parse(text(h)))))).toBe("INVALID_ARGUMENT");
  });
});

describe("fuzz", () => {
  const file = writeProgram(example());
  const outcomes = new Set(["read", "DATA_LOSS", "INVALID_ARGUMENT", "UNIMPLEMENTED"]);
  const judged = (bytes: Uint8Array): boolean => outcomes.has(code(() => readProgram(bytes)));
  it("every truncation is a coded error", () => {
    const codes = Array.from({ length: file.length }, (_, n) => code(() => readProgram(file.subarray(0, n))));
    expect(new Set(codes.slice(0, -56))).toEqual(new Set(["DATA_LOSS"])); // the last 56 bytes are padding
  });
  it("flipped bytes give a program or a coded error", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (flips) => {
          const bytes = file.slice();
          for (const [at, value] of flips) bytes[at] = value;
          return judged(bytes);
        },
      ),
      { seed: 9, numRuns: 3000 },
    );
  });
  it("headers with values replaced give a program or a coded error", () => {
    const text = JSON.stringify(
      JSON.parse(new TextDecoder().decode(file.subarray(16, 16 + headerLength(file)))),
    );
    const spots = [...text.matchAll(/-?\d+|"[a-z_0-9]+"/g)].map((m) => [m.index, m[0].length] as const);
    const values = [
      "-1",
      "0",
      "1e9",
      "9007199254740992",
      '"f32"',
      '""',
      "null",
      "[]",
      "{}",
      '"__proto__"',
      "true",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...spots), fc.constantFrom(...values), ([at, n], value) =>
        judged(rewrap(`${text.slice(0, at)}${value}${text.slice(at + n)}`)),
      ),
      { seed: 10, numRuns: 3000 },
    );
  });
});
const headerLength = (bytes: Uint8Array): number => Number(new DataView(bytes.buffer).getBigUint64(8, true));
function rewrap(text: string): Uint8Array {
  const json = new TextEncoder().encode(text);
  const out = new Uint8Array(Math.ceil((16 + json.length) / 64) * 64 + 128);
  out.set(new TextEncoder().encode("TENONIR1"));
  new DataView(out.buffer).setBigUint64(8, BigInt(json.length), true);
  out.set(json, 16);
  return out;
}
