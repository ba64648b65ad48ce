// Run by collector.test.ts under TENON_GC=0: nothing is forced, the registry still frees what V8 collects by itself.
import type { DeviceBuffer } from "tenon-plugin-api";
import { shaped } from "../../ir/aval.ts";
import { collector } from "../collector.ts";

const aval = shaped([2 ** 18], "float32");
let freed = 0;
const buffer = { status: "ready", dispose: () => void freed++ } as unknown as DeviceBuffer;
for (let i = 0; i < 2000; i++) collector.track({ weight: new Array(2000).fill(i) }, buffer, aval);
/** Old space grows, so V8 collects it by itself. */
const held: number[][] = [];
for (let i = 0; i < 50 && freed === 0; i++) {
  for (let k = 0; k < 100; k++) held.push(new Array<number>(20_000).fill(k));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(
  JSON.stringify({ collections: collector.collections, afterTurn: freed > 0 ? "freed some" : "freed none" }),
);
