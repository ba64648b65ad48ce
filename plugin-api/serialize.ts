// The file form of a Program: "TENONIR1", u64 LE header length, JSON, padding to 64, bytes. Reading trusts nothing: every
// length is checked against the bytes that are there, nesting is bounded before JSON is parsed, then schema and verifier run.
import { tenonError } from "./errors.ts";
import { deepFreeze } from "./freeze.ts";
import type { Program } from "./program.ts";
import { readProgramHeader } from "./schemas/index.ts";
import { verifyProgram } from "./verify.ts";
import { IR } from "./version.ts";

const MAGIC = "TENONIR1";
const PREFIX = 16;
const ALIGN = 64;
/** Regions, attributes and dimensions nest; each level of a region takes four of JSON. */
const MAX_NESTING = 256;

interface Attachment {
  readonly offset: number;
  readonly nbytes: number;
}
const aligned = (n: number): number => Math.ceil(n / ALIGN) * ALIGN;

/** The bytes of a program's file. Offsets of attachments count from the end of the padded header. */
export function writeProgram(program: Program): Uint8Array {
  const { attachments, ...header } = program;
  let size = 0;
  const places = attachments.map((a): Attachment => {
    const offset = size;
    size = aligned(size + a.byteLength);
    return { offset, nbytes: a.byteLength };
  });
  const json = new TextEncoder().encode(JSON.stringify({ ...header, attachments: places }));
  const start = aligned(PREFIX + json.byteLength);
  const out = new Uint8Array(start + size);
  new TextEncoder().encodeInto(MAGIC, out);
  new DataView(out.buffer).setBigUint64(8, BigInt(json.byteLength), true);
  out.set(json, PREFIX);
  attachments.forEach((a, i) => out.set(a, start + (places[i] as Attachment).offset));
  return out;
}

function unreadable(why: string, cause?: unknown): Error {
  return tenonError("DATA_LOSS", `program file: ${why}`, { reason: "E_PROGRAM_FILE", cause });
}

/** The JSON text of the header. */
function headerText(bytes: Uint8Array): { text: string; start: number } {
  if (bytes.byteLength < PREFIX) throw unreadable(`${bytes.byteLength} bytes are no program`);
  const magic = String.fromCharCode(...bytes.subarray(0, 8));
  if (magic !== MAGIC) throw unreadable(`starts with ${JSON.stringify(magic)}, expected ${MAGIC}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true);
  if (length > BigInt(bytes.byteLength - PREFIX))
    throw unreadable(`a header of ${length} bytes in a file of ${bytes.byteLength}: it is truncated`);
  const end = PREFIX + Number(length);
  const header = bytes.subarray(PREFIX, end);
  checkNesting(header);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(header), start: aligned(end) };
  } catch (cause) {
    throw unreadable("the header is no UTF-8", cause);
  }
}

/** Bounds the nesting of JSON by its brackets outside of strings, so that no reader of the tree runs out of stack. */
function checkNesting(json: Uint8Array): void {
  const [QUOTE, BACKSLASH] = [0x22, 0x5c];
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (quoted) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_NESTING) throw unreadable(`the header nests deeper than ${MAX_NESTING}`);
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable("the header is no JSON", cause);
  }
}

/** The attachments as views of one copy of the file's tail: what the caller does with its bytes later doesn't matter. */
function attachmentsOf(places: unknown, tail: Uint8Array): Uint8Array[] {
  if (!Array.isArray(places)) throw unreadable("attachments: expected a list of { offset, nbytes }");
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  return places.map((place: Partial<Attachment> | null, i) => {
    const { offset, nbytes } = place ?? {};
    if (!isCount(offset) || !isCount(nbytes) || offset % ALIGN !== 0)
      throw unreadable(`attachment ${i}: expected an offset in steps of ${ALIGN} and nbytes`);
    if (offset + nbytes > tail.byteLength)
      throw unreadable(
        `attachment ${i} ends at ${offset + nbytes} of ${tail.byteLength} bytes: it is truncated`,
      );
    return tail.subarray(offset, offset + nbytes);
  });
}

/**
 * Reads a program's file: frozen, schema-checked, verified, at this host's IR.
 * @throws DATA_LOSS (no program file), INVALID_ARGUMENT (E_SCHEMA, E_VERIFY), UNIMPLEMENTED (a newer IR or an unknown op)
 */
export function readProgram(bytes: Uint8Array): Program {
  const { text, start } = headerText(bytes);
  const data = parseJson(text);
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw unreadable("the header is no object");
  const { attachments, ...header } = data as { attachments?: unknown; ir?: unknown };
  // While the major is 0 a minor may break: both sides must agree in it.
  if (typeof header.ir === "string" && header.ir !== IR)
    throw tenonError(
      "UNIMPLEMENTED",
      `program file: it is written in ir ${header.ir}, this host reads ${IR}`,
      {
        reason: "E_IR_VERSION",
      },
    );
  const tail = bytes.slice(Math.min(start, bytes.byteLength));
  const program = { ...readProgramHeader(header), attachments: attachmentsOf(attachments, tail) };
  return verifyProgram(deepFreeze(program));
}
