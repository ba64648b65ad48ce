// Regenerates onnx_pb.ts from onnx.proto (onnx-ml.proto of ONNX 1.23).
// Needs `protoc` and `protoc-gen-es` 2.10.2 on the path: node proto/generate.mjs
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const protoc = process.env.PROTOC ?? "protoc";
execFileSync(protoc, [
  "-I",
  here,
  `--es_out=${here}`,
  "--es_opt=target=ts,import_extension=ts",
  "onnx.proto",
]);

// The compiler options allow erasable syntax only, so each `enum` becomes a frozen object and a union of its values.
const path = join(here, "onnx_pb.ts");
const source = readFileSync(path, "utf8").replace(/export enum (\w+) \{([\s\S]*?)\n\}/g, (_, name, body) => {
  const members = body.replace(/^(\s*)(\w+) = (\d+),/gm, "$1$2: $3,");
  return `export const ${name} = {${members}\n} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`;
});
writeFileSync(path, source);
