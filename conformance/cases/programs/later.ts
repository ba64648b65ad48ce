// Functions that are built when they are called: what can't be built then fails its own case, not the whole module.

type AnyFunction = (...args: never[]) => unknown;

/** The function that `make` builds, at each call. */
export const later = <F extends AnyFunction>(make: () => F): F =>
  ((...args: never[]) => make()(...args)) as F;
