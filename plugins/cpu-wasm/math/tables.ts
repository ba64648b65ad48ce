// Constants that code reads from memory. Every heap holds them at fixed addresses below the first block.

/** Address of `TWO_OVER_PI` in every heap. */
export const TWO_OVER_PI_ADDRESS = 64;
/** A zero word, then the bits of 2/π after the binary point, 64 to a word, from the most significant one. */
const TWO_OVER_PI = [
  0n,
  0xa2f9836e4e441529n, 0xfc2757d1f534ddc0n, 0xdb6295993c439041n, 0xfe5163abdebbc561n,
  0xb7246e3a424dd2e0n, 0x06492eea09d1921cn, 0xfe1deb1cb129a73en, 0xe88235f52ebb4484n,
  0xe99c7026b45f7e41n, 0x3991d639835339f4n, 0x9c845f8bbdf9283bn, 0x1ff897ffde05980fn,
  0xef2f118b5a0a6d1fn, 0x6d367ecf27cb09b7n, 0x4f463f669e5fea2dn, 0x7527bac7ebe5f17bn,
  0x3d0739f78a5292ean, 0x6bfb5fb11f8d5d08n, 0x56033046fc7b6babn, 0xf0cfbc209af4361dn,
]; // prettier-ignore

/** Writes the tables into fresh memory. */
export function writeTables(view: DataView): void {
  TWO_OVER_PI.forEach((word, i) => view.setBigUint64(TWO_OVER_PI_ADDRESS + 8 * i, word, true));
}
