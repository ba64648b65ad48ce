// The operation surface: what derivative and batching rules get as `lax`, and what the context carries.
import * as arithmetic from "./arithmetic.ts";
import * as bitwise from "./bitwise.ts";
import * as collectives from "./collectives.ts";
import * as compare from "./compare.ts";
import * as concatenate from "./concatenate.ts";
import * as conv from "./conv.ts";
import * as convert from "./convert.ts";
import * as cumulative from "./cumulative.ts";
import * as customJvp from "./custom-jvp.ts";
import * as customVjp from "./custom-vjp.ts";
import * as dotGeneral from "./dot-general.ts";
import * as dynamicSlice from "./dynamic-slice.ts";
import * as fill from "./fill.ts";
import * as gatherScatter from "./gather-scatter.ts";
import * as identity from "./identity.ts";
import * as randomBits from "./random-bits.ts";
import * as randomKeys from "./random-keys.ts";
import * as reduce from "./reduce.ts";
import * as scatter from "./scatter.ts";
import * as shape from "./shape.ts";
import * as slice from "./slice.ts";
import * as sort from "./sort.ts";
import * as special from "./special.ts";
import * as transcendental from "./transcendental.ts";
import * as window from "./window.ts";
import * as zeta from "./zeta.ts";

/** Every operation function by its name in jax.lax. */
export type Lax = typeof arithmetic &
  typeof bitwise &
  typeof compare &
  typeof concatenate &
  typeof conv &
  typeof convert &
  typeof customJvp &
  typeof customVjp &
  typeof dotGeneral &
  typeof dynamicSlice &
  typeof fill &
  typeof gatherScatter &
  typeof identity &
  typeof randomBits &
  typeof randomKeys &
  typeof reduce &
  typeof scatter &
  typeof shape &
  typeof slice &
  typeof sort &
  typeof transcendental &
  typeof collectives &
  typeof cumulative &
  typeof special &
  typeof window &
  typeof zeta;

/** The operation functions. */
export const lax: Lax = {
  ...arithmetic,
  ...bitwise,
  ...compare,
  ...concatenate,
  ...conv,
  ...convert,
  ...customJvp,
  ...customVjp,
  ...dotGeneral,
  ...dynamicSlice,
  ...fill,
  ...gatherScatter,
  ...identity,
  ...randomBits,
  ...randomKeys,
  ...reduce,
  ...scatter,
  ...shape,
  ...slice,
  ...sort,
  ...transcendental,
  ...collectives,
  ...cumulative,
  ...special,
  ...window,
  ...zeta,
};
