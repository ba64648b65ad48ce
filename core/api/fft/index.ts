// jax.numpy.fft, camelCased.
export {
  fft,
  fft2,
  fftn,
  hfft,
  ifft,
  ifft2,
  ifftn,
  ihfft,
  irfft,
  irfft2,
  irfftn,
  rfft,
  rfft2,
  rfftn,
  type FftnOptions,
  type FftOptions,
  type Norm,
} from "./numpy.ts";
export {
  fftfreq,
  fftshift,
  ifftshift,
  rfftfreq,
  type FreqOptions,
  type ShiftOptions,
} from "./frequencies.ts";
