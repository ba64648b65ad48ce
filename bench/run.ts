// The door of the benchmarks: `npm run bench -- dispatch`, `npm run bench -- soak [--node PATH] [--device NAME] …`.
const [name, ...rest] = process.argv.slice(2);
const BENCHES: { readonly [name: string]: () => Promise<unknown> } = {
  dispatch: () => import("./dispatch.ts"),
  soak: () => import("./soak.ts"),
};
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join(" | ")}`);
  process.exitCode = 1;
} else {
  process.argv.splice(2, Infinity, ...rest);
  await bench();
}
