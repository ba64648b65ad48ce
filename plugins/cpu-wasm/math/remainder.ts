// The float remainder, exactly: shift-and-subtract on floats, where every step is exact.
import { block, br, brIf, get, loop, set, ifThen, type Code } from "../codegen/assembler.ts";
import { lanewise } from "./lanewise.ts";
import { Lanes, type Float } from "./lanes.ts";

/** x − y · trunc(x / y) with the sign of x; NaN for y = 0, infinite x, NaN. C's fmod. */
export function remainder(L: Lanes, x: Float, y: Float): Float {
  const lane = L.width === 32 ? "f32" : "f64";
  if (L.isVector) {
    const S = new Lanes(L.emitter, L.width, false);
    return lanewise(L.emitter, lane, lane, [x, y], (a, b) => remainder(S, a, b));
  }
  const f = L.emitter;
  const type = L.width === 32 ? 0x7d : 0x7c;
  const r = f.value(type, L.abs(x));
  const d = f.value(type, L.abs(y));
  const s = f.value(type, get(d));
  const doubled = (): Code => L.add(get(s), get(s));
  const grow = loop([block([brIf(0, L.mnot(L.le(doubled(), get(r)))), set(s, doubled()), br(1)])]);
  const reduce = ifThen(L.ge(get(r), get(s)), set(r, L.sub(get(r), get(s))));
  const shrink = loop([reduce, set(s, L.mul(get(s), L.f(0.5))), brIf(0, L.ge(get(s), get(d)))]);
  // 0 < d ≤ r < ∞: otherwise the loops would not end, or change r.
  const proper = L.mand(L.mand(L.lt(get(r), L.f(Infinity)), L.gt(get(d), L.f(0))), L.le(get(d), get(r)));
  f.emit(ifThen(proper, [grow, shrink]));
  const defined = L.mand(L.lt(L.abs(x), L.f(Infinity)), L.gt(get(d), L.f(0)));
  return L.sel(defined, L.copysign(get(r), x), L.f(NaN));
}
