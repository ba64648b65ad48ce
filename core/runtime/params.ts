// Parameters of operations as small integers: equal data gives the same one, found by comparing with what this primitive
// was given before, so that a hit builds no text.
import { NO_PARAMS, paramsKey, type Params, type Primitive } from "../ir/primitive.ts";

interface Known {
  readonly params: Params;
  readonly id: number;
}
/** By primitive id, the latest found in front. */
const recent: Known[][] = [];
const MAX_RECENT = 8;
/** All of them, by text: what isn't recent is looked up here. */
const ids = new Map<string, number>();

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
    return true;
  }
  const plain = (x: object): boolean => {
    const p = Object.getPrototypeOf(x) as unknown;
    return p === Object.prototype || p === null;
  };
  return plain(a) && plain(b) && sameParams(a as Params, b as Params);
}
function sameParams(a: Params, b: Params): boolean {
  let n = 0;
  for (const key in a) {
    if (!same(a[key], b[key]) || !(key in b)) return false;
    n++;
  }
  for (const _key in b) n--;
  return n === 0;
}

/** An integer that is equal for equal parameters of one primitive. Functions and interned objects count by identity. */
export function paramsId(primitive: Primitive, params: Params): number {
  if (params === NO_PARAMS) return 0;
  const list = (recent[primitive.id] ??= []);
  for (let i = 0; i < list.length; i++) {
    const k = list[i] as Known;
    if (!sameParams(k.params, params)) continue;
    if (i > 0) list.unshift(...list.splice(i, 1));
    return k.id;
  }
  const key = `${primitive.id}|${paramsKey(params)}`;
  let id = ids.get(key);
  if (id === undefined) ids.set(key, (id = ids.size + 1));
  list.unshift({ params, id });
  if (list.length > MAX_RECENT) list.pop();
  return id;
}
