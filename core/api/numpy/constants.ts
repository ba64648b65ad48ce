// np: constants.
/** π. */
export const pi = Math.PI;
/** e, the base of the natural logarithm. */
export const e = Math.E;
/** The Euler–Mascheroni constant γ. */
export const eulerGamma = 0.5772156649015329;
/** +∞. */
export const inf = Infinity;
/** NaN. */
export const nan = NaN;
/** A new axis of size 1 in an index: `x.get(np.newaxis, ":")`. */
export const newaxis = null;
