// Runs the TypeScript of a documentation page as a reader would: the ```ts blocks in order, each on its own. What a line
// prints stands behind it, `console.log(x); // [1. 2.]`; what it throws, too: `np.ones([2]).add(np.ones([3])); // throws E_BROADCAST`.
// A block after `<!-- not run: WHY -->` isn't run.
import { format } from "node:util";
import { transform } from "esbuild";

const BLOCK = /(<!-- not run: [^\n]*-->\n+)?```ts\n(.*?)```/gs;
const IMPORT = /^import (?:(\w+)|\* as (\w+)|\{([^}]*)\}) from "([^"]+)";$/gm;
const AsyncFunction = (async () => undefined).constructor;

/** The blocks of a page that can be run. */
export const blocksOf = (page) =>
  [...page.matchAll(BLOCK)].filter((m) => m[1] === undefined).map((m) => m[2]);

/** What a block says that it prints, in order. */
export const promisedBy = (block) =>
  [...block.matchAll(/console\.log\(.*\);(?: \/\/ (.*))?$/gm)].map((m) => m[1] ?? "(the page doesn't say)");

/** Runs a block with these modules; gives what it prints. @throws what the block throws, or doesn't where it says so */
export async function run(block, modules) {
  const expecting = block.replace(
    /^(?!.*console\.log)(.*;) \/\/ throws (\S+)$/gm,
    (_, code, what) => `await __throws(async () => { ${code} }, ${JSON.stringify(what)});`,
  );
  const { code } = await transform(expecting, { loader: "ts", format: "esm", target: "es2022" });
  const body = code.replace(IMPORT, (_, one, all, some, from) => {
    const names = one === undefined ? (all ?? `{${some.replaceAll(" as ", ": ")}}`) : `{ default: ${one} }`;
    return `const ${names} = await __load(${JSON.stringify(from)});`;
  });
  const printed = [];
  const consoleOf = { log: (...values) => printed.push(format(...values)) };
  const load = async (name) => {
    if (modules[name] === undefined) throw new Error(`the page imports ${name}`);
    return modules[name];
  };
  await new AsyncFunction("console", "__load", "__throws", body)(consoleOf, load, throwsWhat);
  return printed;
}

async function throwsWhat(code, what) {
  try {
    await code();
  } catch (error) {
    if (`${error.name} ${error.reason} ${error.message}`.includes(what)) return;
    throw error;
  }
  throw new Error(`nothing was thrown; the page says ${what}`);
}
