// scipy.linalg.expm: a Padé approximant of the scaled matrix, squared back. Source: jax.scipy.linalg.expm (Higham 2005).
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkInteger } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { scan } from "../lax/scan.ts";
import { L, pick } from "../numpy/define.ts";
import { norm } from "./norms.ts";
import * as p from "./parts.ts";
import { solveWith } from "./solve.ts";
import { solveLeft } from "./triangular.ts";

/** Coefficients by degree. */
const PADE: readonly (readonly number[])[] = [
  [120, 60, 12, 1],
  [30240, 15120, 3360, 420, 30, 1],
  [17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1],
  [17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1],
  [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
  ],
];
const SINGLE = { largest: 3.92572478313866, limits: [4.258730016922831e-1, 1.880152677804762] };
const DOUBLE = {
  largest: 5.371920351148152,
  limits: [1.495585217958292e-2, 2.53939833006323e-1, 9.504178996162932e-1, 2.097847961257068],
};

/** The odd and the even part of one approximant, from the even powers of a. */
function parts(
  a: NDArray,
  powers: readonly NDArray[],
  b: readonly number[],
): readonly [u: NDArray, v: NDArray] {
  const half = b.length / 2;
  const series = (from: number, start: number, end: number): NDArray => {
    const terms = powers.slice(start, end).map((x, i) => x.mul(b[2 * (start + i) + from] as number));
    return terms.reduce((x, y) => x.add(y));
  };
  // Degree 13 uses a⁶ twice instead of a⁸, a¹⁰ and a¹².
  const part = (from: number): NDArray => {
    if (half < 7) return series(from, 0, half);
    const high = powers.slice(1, 4).map((x, i) => x.mul(b[2 * (4 + i) + from] as number));
    return p
      .product(
        powers[3] as NDArray,
        high.reduce((x, y) => x.add(y)),
      )
      .add(series(from, 0, 4));
  };
  return [p.product(a, part(1)), part(0)];
}

const run = composite(
  "scipy.linalg.expm",
  ([given]: readonly [NDArray], isUpper: boolean, maxSquarings: number) => {
    const lax = L();
    const double = p.epsOf(given) < 1e-10;
    const { largest, limits } = double ? DOUBLE : SINGLE;
    const size = norm(given, { ord: 1, axis: [-2, -1], keepdims: true });
    const wanted = lax.floor(lax.log(size.div(largest)).div(Math.LN2));
    const squarings = lax.stopGradient(pick(wanted.gt(0), wanted, 0));
    const a = given.div(lax.exp2(squarings).astype(given.dtype));
    const square = p.product(a, a);
    const powers = [p.eyeLike(a, p.rows(a)), square];
    for (let k = 2; k < (double ? 5 : 4); k++) powers.push(p.product(powers[k - 1] as NDArray, square));
    let [u, v] = parts(a, powers, PADE[0] as readonly number[]);
    limits.forEach((limit, i) => {
      const next = parts(a, powers, PADE[i + 1] as readonly number[]);
      [u, v] = [pick(size.ge(limit), next[0], u), pick(size.ge(limit), next[1], v)];
    });
    const [top, bottom] = [u.add(v), v.sub(u)];
    const first = isUpper ? solveLeft(bottom, top, false) : solveWith(bottom, top);
    const [out] = scan(
      (x: NDArray, i: NDArray) =>
        [pick(squarings.gt(i.astype(squarings.dtype)), p.product(x, x), x), null] as const,
      first,
      lax.iota("int32", maxSquarings),
    );
    return pick(squarings.gt(maxSquarings), NaN, out);
  },
);

/** Options of expm. */
export type ExpmOptions = Options<never, { upperTriangular: boolean; maxSquarings: number }>;
/** The exponentials of square matrices; NaN where more than `maxSquarings` (16) were needed. Source: jax.scipy.linalg.expm. */
export function expm(A: ArrayLike, options: ExpmOptions = {}): NDArray {
  const name = "scipy.linalg.expm";
  checkOptions(name, options, ["upperTriangular", "maxSquarings"]);
  const { upperTriangular = false, maxSquarings = 16 } = options;
  checkInteger(name, "maxSquarings", maxSquarings);
  const x = p.squareOf(name, A, "A");
  p.checkDType(name, x);
  return x.size === 0 ? x : run([x], upperTriangular, maxSquarings);
}
