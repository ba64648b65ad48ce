// jax.lax.linalg, camelCased.
export { cholesky, type LaxCholeskyOptions } from "./cholesky.ts";
export { laxEigh as eigh, type LaxEighOptions } from "./eigh.ts";
export { lu, luPivotsToPermutation, type LU } from "./lu.ts";
export { householderProduct, laxQr as qr, type LaxQrOptions } from "./qr.ts";
export { laxSvd as svd, type LaxSvdOptions } from "./svd.ts";
export { triangularSolve, type TriangularOptions } from "./triangular.ts";
