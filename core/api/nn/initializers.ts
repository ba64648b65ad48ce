// nn.initializers: functions (key, shape, dtype?) that make the first weights of a network.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isComplex, realDType, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkList, literal, numberList, toArray } from "../../primitives/operand.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { full } from "../numpy/creation.ts";
import * as random from "../random/index.ts";
import type { KeyLike } from "../random/index.ts";

/** Makes an array of a shape from a key. */
export type Initializer = (key: KeyLike, shape: Shape, dtype?: DType) => NDArray;

const defaultDType = (dtype: DType | null | undefined): DType => canonicalDType(dtype ?? "float64");

/** Zeros. Source: jax.nn.initializers.zeros. */
export const zeros = (key: KeyLike, shape: Shape, dtype?: DType): NDArray => {
  void key;
  return full(shape, 0, { dtype: defaultDType(dtype) });
};
/** Ones. Source: jax.nn.initializers.ones. */
export const ones = (key: KeyLike, shape: Shape, dtype?: DType): NDArray => {
  void key;
  return full(shape, 1, { dtype: defaultDType(dtype) });
};
/** A constant. Source: jax.nn.initializers.constant. */
export function constant(value: ArrayLike, options: Options<"dtype"> = {}): Initializer {
  checkOptions("nn.initializers.constant", options, ["dtype"]);
  return (_key, shape, dtype) => full(shape, value, { dtype: defaultDType(dtype ?? options.dtype) });
}

const scaled = (x: NDArray, factor: ArrayLike): NDArray => {
  const { lax } = context();
  return lax.mul(x, lax.convertElementType(toArray("nn.initializers", factor, "factor"), x.dtype));
};
/** Uniform in [0, scale); the scale is 0.01 by default. Source: jax.nn.initializers.uniform. */
export function uniform(options: Options<"dtype", { scale: ArrayLike }> = {}): Initializer {
  checkOptions("nn.initializers.uniform", options, ["scale", "dtype"]);
  return (key, shape, dtype) =>
    scaled(
      random.uniform(key, shape, { dtype: defaultDType(dtype ?? options.dtype) }),
      options.scale ?? 1e-2,
    );
}
/** Normal with a deviation, 0.01 by default. Source: jax.nn.initializers.normal. */
export function normal(options: Options<"dtype", { stddev: ArrayLike }> = {}): Initializer {
  checkOptions("nn.initializers.normal", options, ["stddev", "dtype"]);
  return (key, shape, dtype) =>
    scaled(
      random.normal(key, shape, { dtype: defaultDType(dtype ?? options.dtype) }),
      options.stddev ?? 1e-2,
    );
}
/**
 * Normal between bounds (default −2, 2), times a deviation (default 0.01). Source: jax.nn.initializers.truncated_normal.
 */
export function truncatedNormal(
  options: Options<"dtype", { stddev: ArrayLike; lower: ArrayLike; upper: ArrayLike }> = {},
): Initializer {
  checkOptions("nn.initializers.truncatedNormal", options, ["stddev", "dtype", "lower", "upper"]);
  return (key, shape, dtype) => {
    const to = defaultDType(dtype ?? options.dtype);
    const x = random.truncatedNormal(key, options.lower ?? -2, options.upper ?? 2, shape, { dtype: to });
    return scaled(x, options.stddev ?? 1e-2);
  };
}

// --- variance scaling ------------------------------------------------------------------------------------------------------

interface Fans {
  /** Axes of the inputs (default −2). */
  readonly inAxis: number | readonly number[];
  /** Axes of the outputs (default −1). */
  readonly outAxis: number | readonly number[];
  /** Axes that count for neither. */
  readonly batchAxis: number | readonly number[];
}
/** Options of the variance-scaling initialisers. */
export type FanOptions = Options<"dtype", Fans>;
const FANS = ["inAxis", "outAxis", "batchAxis", "dtype"];

/** Inputs and outputs of one unit: the sizes of the axes, times the size of the receptive field. */
function fansOf(name: string, shape: Shape, options: FanOptions): readonly [fanIn: number, fanOut: number] {
  checkList(name, "the shape", shape);
  if (shape.length < 2 && options.inAxis === undefined)
    throw fail(
      "E_SHAPE",
      `${name}: the shape [${shape.join(",")}] needs at least two axes to tell in from out`,
    );
  const product = (axes: number | readonly number[]): number =>
    numberList(name, "an axis", axes).reduce(
      (n, axis) => n * (shape[canonicalAxis(name, axis, shape.length)] as number),
      1,
    );
  const [into, out, batch] = [options.inAxis ?? -2, options.outAxis ?? -1, options.batchAxis ?? []].map(
    product,
  ) as [number, number, number];
  const field = shape.reduce((n, d) => n * d, 1) / (into * out * batch);
  return [into * field, out * field];
}

/** Deviation of a unit normal cut at ±2. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/**
 * Variance scale / n, where n is the number of inputs, of outputs, or their mean.
 * Source: jax.nn.initializers.variance_scaling.
 */
export function varianceScaling(
  scale: ArrayLike,
  mode: "fan_in" | "fan_out" | "fan_avg" | "fan_geo_avg",
  distribution: "truncated_normal" | "normal" | "uniform",
  options: FanOptions = {},
): Initializer {
  const name = "nn.initializers.varianceScaling";
  checkOptions(name, options, FANS);
  return (key, shape, dtype) => {
    const { lax } = context();
    const to = defaultDType(dtype ?? options.dtype);
    const [fanIn, fanOut] = fansOf(name, shape, options);
    const n = {
      fan_in: fanIn,
      fan_out: fanOut,
      fan_avg: (fanIn + fanOut) / 2,
      fan_geo_avg: Math.sqrt(fanIn * fanOut),
    }[mode];
    if (n === undefined)
      throw fail(
        "E_ARGUMENT",
        `${name}: mode "${String(mode)}" is none of fan_in, fan_out, fan_avg, fan_geo_avg`,
      );
    const part = realDType(to);
    const variance = lax.div(lax.convertElementType(toArray(name, scale, "scale"), part), literal(n, part));
    const times = (x: NDArray, factor: NDArray): NDArray => lax.mul(x, lax.convertElementType(factor, to));
    switch (distribution) {
      case "normal":
        return times(random.normal(key, shape, { dtype: to }), lax.sqrt(variance));
      case "uniform":
        return uniformOf(name, key, shape, to, variance);
      case "truncated_normal":
        if (isComplex(to)) throw fail("E_UNIMPLEMENTED", `${name}: truncated_normal of ${to}`);
        return times(
          random.truncatedNormal(key, -2, 2, shape, { dtype: to }),
          lax.div(lax.sqrt(variance), literal(TRUNCATED_DEVIATION, part)),
        );
      default:
        throw fail(
          "E_ARGUMENT",
          `${name}: distribution "${String(distribution)}" is none of truncated_normal, normal, uniform`,
        );
    }
  };
}
function uniformOf(name: string, key: KeyLike, shape: Shape, dtype: DType, variance: NDArray): NDArray {
  if (isComplex(dtype)) throw fail("E_UNIMPLEMENTED", `${name}: uniform of ${dtype}`);
  const { lax } = context();
  const x = random.uniform(key, shape, { dtype, minval: -1, maxval: 1 });
  return lax.mul(x, lax.sqrt(lax.mul(literal(3, dtype), variance)));
}

const scaling =
  (
    name: string,
    scale: number,
    mode: "fan_in" | "fan_avg",
    distribution: "truncated_normal" | "uniform",
  ): ((options?: FanOptions) => Initializer) =>
  (options = {}) => {
    checkOptions(`nn.initializers.${name}`, options, FANS);
    return varianceScaling(scale, mode, distribution, options);
  };
/** Glorot & Bengio 2010: variance 1 / mean of inputs and outputs, uniform. Source: jax.nn.initializers.glorot_uniform. */
export const glorotUniform: (options?: FanOptions) => Initializer = scaling(
  "glorotUniform",
  1,
  "fan_avg",
  "uniform",
);
/** As `glorotUniform`. Source: jax.nn.initializers.xavier_uniform. */
export const xavierUniform: (options?: FanOptions) => Initializer = glorotUniform;
/** As `glorotUniform`, normal. Source: jax.nn.initializers.glorot_normal. */
export const glorotNormal: (options?: FanOptions) => Initializer = scaling(
  "glorotNormal",
  1,
  "fan_avg",
  "truncated_normal",
);
/** As `glorotNormal`. Source: jax.nn.initializers.xavier_normal. */
export const xavierNormal: (options?: FanOptions) => Initializer = glorotNormal;
/** LeCun et al. 1998: variance 1 / inputs, uniform. Source: jax.nn.initializers.lecun_uniform. */
export const lecunUniform: (options?: FanOptions) => Initializer = scaling(
  "lecunUniform",
  1,
  "fan_in",
  "uniform",
);
/** As `lecunUniform`, normal. Source: jax.nn.initializers.lecun_normal. */
export const lecunNormal: (options?: FanOptions) => Initializer = scaling(
  "lecunNormal",
  1,
  "fan_in",
  "truncated_normal",
);
/** He et al. 2015: variance 2 / inputs, uniform. Source: jax.nn.initializers.he_uniform. */
export const heUniform: (options?: FanOptions) => Initializer = scaling("heUniform", 2, "fan_in", "uniform");
/** As `heUniform`. Source: jax.nn.initializers.kaiming_uniform. */
export const kaimingUniform: (options?: FanOptions) => Initializer = heUniform;
/** As `heUniform`, normal. Source: jax.nn.initializers.he_normal. */
export const heNormal: (options?: FanOptions) => Initializer = scaling(
  "heNormal",
  2,
  "fan_in",
  "truncated_normal",
);
/** As `heNormal`. Source: jax.nn.initializers.kaiming_normal. */
export const kaimingNormal: (options?: FanOptions) => Initializer = heNormal;
