// Writes the table of devices in README.md: what plugins say of themselves, and what the conformance suite counted.
// `npm run device-table`. The counts stand in docs/conformance/NAME.md, which
// `npm run conformance -- --plugin NAME --markdown docs/conformance/NAME.md` writes.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ABI, IR, OP_NAMES } from "tenon-plugin-api";
import { cpuWasm } from "tenon-cpu-wasm";
import { onnxExport } from "tenon-onnx-export";
import { reference } from "tenon-reference";
import { firstPlugin } from "tenon-example-first-plugin";

const ROOT = join(import.meta.dirname ?? ".", "..");
const README = join(ROOT, "README.md");
const MARKERS = /(<!-- devices[^\n]*-->\n)[\s\S]*?(<!-- \/devices -->)/;

/** The plugins of this repository: where their code is, what they are, where they run. */
export const DEVICES = [
  ["cpu-wasm", cpuWasm, "plugins/cpu-wasm", "WebAssembly SIMD, compiled per program", "Node, browsers"],
  ["reference", reference, "plugins/reference", "plain loops, the oracle", "wherever JavaScript does"],
  ["onnx-export", onnxExport, "plugins/onnx-export", "ONNX models, run by onnxruntime", "Node"],
  ["first-plugin", firstPlugin, "examples/first-plugin", "the example to copy", "wherever JavaScript does"],
];

/** dtypes in families, `i8–i64`, as people write them. */
export function printDTypes(dtypes) {
  const families = [
    ["bool"],
    ["i4", "i8", "i16", "i32", "i64"],
    ["u4", "u8", "u16", "u32", "u64"],
    ["bf16", "f16", "f32", "f64"],
    ["c64", "c128"],
    ["f8e4m3fn", "f8e5m2"],
  ];
  return families
    .flatMap((family) => {
      const held = family.filter((d) => dtypes.includes(d));
      const [first, last] = [held[0], held.at(-1)];
      const whole = family.slice(family.indexOf(first), family.indexOf(last) + 1).length === held.length;
      return held.length > 2 && whole ? [`${first}–${last}`] : held;
    })
    .join(" ");
}

/** How many ops a client does itself, by others, not at all. */
export function countOps({ dtypes, ops }) {
  const byOthers = (op) => ops[op].decomposed ?? [];
  const present = OP_NAMES.filter((op) => ops[op] !== undefined);
  const decomposed = present.filter((op) =>
    (ops[op].dtypes ?? dtypes).every((d) => byOthers(op).includes(d)),
  );
  return {
    native: present.length - decomposed.length,
    decomposed: decomposed.length,
    refused: OP_NAMES.length - present.length,
  };
}

/** The sums of a report's table of levels. */
export function countsOf(name) {
  const report = readFileSync(join(ROOT, `docs/conformance/${name}.md`), "utf8");
  const rows = [...report.matchAll(/^\| [✓–✗] \d [^|]*\| (\d+) \| (\d+) \| (\d+) \|$/gm)];
  const sum = (column) => rows.reduce((n, row) => n + Number(row[column]), 0);
  return { passed: sum(1), failed: sum(2), skipped: sum(3) };
}

async function rowOf([name, factory, folder, what, where]) {
  const plugin = factory();
  const host = { abi: ABI, ir: IR, processIndex: 0, processCount: 1, warn: () => undefined };
  const client = await plugin.createClient({}, host);
  const { native, decomposed, refused } = countOps(client.capabilities);
  const dtypes = printDTypes(client.capabilities.dtypes);
  await client.dispose();
  const { passed, failed, skipped } = countsOf(name);
  const ops = `${native} · ${decomposed} · ${refused}`;
  const counts = `[${passed} · ${failed} · ${skipped}](docs/conformance/${name}.md)`;
  return `| [\`${name}\`](${folder}) | ${what} | ${where} | ${dtypes} | ${ops} | ${counts} |`;
}

/** The table as it stands in the README. */
export async function deviceTable() {
  const rows = [];
  for (const device of DEVICES) rows.push(await rowOf(device));
  return [
    `| device | what | runs in | dtypes | the ${OP_NAMES.length} ops: native · decomposed · refused | conformance: passed · failed · skipped |`,
    "|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** The README with the table that holds now. */
export async function currentReadme() {
  const table = await deviceTable();
  return readFileSync(README, "utf8").replace(MARKERS, (_all, open, close) => `${open}${table}${close}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(README, await currentReadme());
