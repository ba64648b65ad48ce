// One door for public functions made of several primitives, so that eager calls can run them as one program.

/** A public function of several operations, by its name in errors and traces. */
export const composite = <F extends (...args: never[]) => unknown>(_name: string, impl: F): F => impl;
