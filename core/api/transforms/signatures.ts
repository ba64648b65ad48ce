// Where jit finds what it has traced: a trie of small integers by function, for structure, avals, static arguments, settings.
import { context, type Config } from "../../ir/context.ts";
import { SILENT, type Signature } from "./cache-misses.ts";
import type { StageInfo } from "./lowered.ts";
import { argumentAval } from "./shapes.ts";
import type { AnyFn } from "./types.ts";

/** What one signature compiles to. */
export interface Entry extends StageInfo {
  readonly signature: Signature;
  /** It captured a tracer, and serves this call only. */
  readonly singleUse: boolean;
  /** What later errors say of each leaf that was donated; made by the first call. */
  gone?: readonly string[];
}
/** A level of the trie of signatures. */
export class Node {
  readonly next = new Map<number, Node>();
  entry: Entry | null = null;
  at(id: number): Node {
    let node = this.next.get(id);
    if (node === undefined) this.next.set(id, (node = new Node()));
    return node;
  }
}
/** The signatures of a function for some places of static arguments. */
export interface Root {
  node: Node;
  known: Signature[];
}
/** By function, so that two wrappers of one function share their traces. */
let roots = new WeakMap<AnyFn, Map<string, Root>>();
/** Grows whenever all functions' traces are forgotten. */
export let generation = 0;
/** Forgets what all functions were traced to. */
export function forgetTraces(): void {
  roots = new WeakMap();
  generation++;
}

/** The signatures of a function that jit was given with options of this key. */
export function rootOf(f: AnyFn, key: string): Root {
  let byOptions = roots.get(f);
  if (byOptions === undefined) roots.set(f, (byOptions = new Map()));
  let root = byOptions.get(key);
  if (root === undefined) byOptions.set(key, (root = { node: new Node(), known: [] }));
  return root;
}

// --- integers for what a signature depends on ------------------------------------------------------------------------

const texts = new Map<string, number>();
/** A text's number. */
export const textId = (text: string): number => {
  let id = texts.get(text);
  if (id === undefined) texts.set(text, (id = texts.size));
  return id;
};
const configIds = new WeakMap<Config, number>();
/** The number of the settings and named axes in force. */
export function ambientId(): number {
  const { config, axisEnv } = context();
  let id = configIds.get(config);
  if (id === undefined) {
    const counted = Object.entries(config).filter(([key]) => !SILENT.has(key));
    configIds.set(config, (id = textId(`c${JSON.stringify(counted)}`)));
  }
  return axisEnv.size === 0 ? id : textId(`a${id}${JSON.stringify([...axisEnv])}`);
}
/** The number of a JavaScript number's aval. */
export const NUMBER_ID: number = argumentAval("jit", 0).id;
