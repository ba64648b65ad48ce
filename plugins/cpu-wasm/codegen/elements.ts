// Elements of parameters at index expressions: one, or one for each lane of each unit.
import type { Compute, Ix, Storage } from "tenon-plugin-kit";
import {
  extractLane,
  loadLanes,
  loadScalar,
  loadVector,
  reverseLanes,
  storeScalar,
  storeVector,
  type Address,
  type Lanes,
} from "./access.ts";
import { strideAlong } from "./analysis.ts";
import { I32, get, i32c, add, select } from "./assembler.ts";
import type { Nest } from "./nest.ts";
import { range, scalarRep, vectorsOf, type Rep } from "./rep.ts";

/** What is read or written. */
export interface Access {
  readonly param: number;
  readonly at: Ix;
  /** May it lie outside the array where it isn't touched? */
  readonly isGuarded: boolean;
  /** Values of the stage that differ between lanes. */
  readonly varies: readonly boolean[];
}
/** Where the lanes of one unit lie: side by side, perhaps backwards, or each somewhere. */
type Place =
  { readonly from: Address; readonly isReversed: boolean } | { readonly lanes: readonly Address[] };

const storageOf = (nest: Nest, param: number): Storage =>
  (nest.kernel.params[param] as { dtype: Storage }).dtype;

/** The place of each unit; null: all lanes are the same element. */
function placesOf(nest: Nest, access: Access): Place[] | null {
  const { lanes, units, laneAxis } = nest;
  const { param, at } = access;
  const stride = lanes === 1 ? 0 : strideAlong(at, laneAxis, access.varies);
  if (stride === 0) return null;
  if (stride === null)
    return range(units).map((u) => ({
      lanes: range(lanes).map((l) => nest.addressAtLane(param, at, u * lanes + l)),
    }));
  const first = nest.address(param, at, access.isGuarded);
  const address = (n: number): Address => nest.shifted(param, first, stride, n);
  return range(units).map((u): Place => {
    const start = u * lanes;
    if (stride === 1) return { from: address(start), isReversed: false };
    if (stride === -1) return { from: address(start + lanes - 1), isReversed: true };
    return { lanes: range(lanes).map((l) => address(start + l)) };
  });
}

/** Reads where `holds`; elsewhere from the start of the array, whatever is there. */
export function loadElements(
  nest: Nest,
  access: Access,
  dtype: Compute,
  holds: true | number,
): Omit<Rep, "level"> {
  const { f, lanes } = nest;
  const storage = storageOf(nest, access.param);
  const safe = (a: Address): Address => {
    if (holds === true) return a;
    const exact = add(a.base, i32c(a.offset));
    return { base: get(f.value(I32, select(get(holds), exact, get(nest.pointer(access.param))))), offset: 0 };
  };
  const places = placesOf(nest, access);
  if (places === null) {
    const address = safe(nest.address(access.param, access.at, access.isGuarded));
    return scalarRep(dtype, loadScalar(f, storage, address), 0);
  }
  const locals = places.map((place) => {
    if ("lanes" in place) return loadLanes(f, storage, dtype, place.lanes.map(safe));
    const vector = loadVector(f, storage, lanes, safe(place.from));
    return place.isReversed ? reverseLanes(f, lanes, vector) : vector;
  });
  return { dtype, isVector: true, locals };
}

/** Writes one element, or one for each lane of each unit. */
export function storeElements(nest: Nest, access: Access, value: Rep): void {
  const { f } = nest;
  const lanes: Lanes = nest.lanes;
  const storage = storageOf(nest, access.param);
  const places = placesOf(nest, access);
  if (places === null) {
    const address = nest.address(access.param, access.at, access.isGuarded);
    storeScalar(f, storage, address, value.locals[0] as number);
    return;
  }
  const vectors = vectorsOf(nest, value);
  places.forEach((place, u) => {
    const vector = vectors[u] as number;
    if ("lanes" in place)
      place.lanes.forEach((address, l) =>
        storeScalar(f, storage, address, extractLane(f, value.dtype, lanes, vector, l)),
      );
    else
      storeVector(f, storage, lanes, place.from, place.isReversed ? reverseLanes(f, lanes, vector) : vector);
  });
}

/** The element as it is, for an update. */
export function currentElement(nest: Nest, access: Access, dtype: Compute): Rep {
  return { ...loadElements(nest, access, dtype, true), level: nest.innermost };
}
