// What the conformance suite finds and is left so.
/** Rows of the suite's form. */
export const expectations = [
  {
    query: "ops/tanh:f32:values=edges",
    expect: "fail",
    reason:
      "intermediate results of onnxruntime's tanh are denormal at the smallest normal number: 27 ulp off",
    since: "onnxruntime 1.30",
    link: "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/mlas/lib/tanh.cpp",
  },
  {
    query: "ops/sine:f64:shape=2053",
    expect: "fail",
    reason:
      "onnxruntime reduces float64 angles by two parts of pi/2: near a zero of the function 5.5e-16 is lost",
    since: "onnxruntime 1.30",
    link: "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/providers/cpu/math/element_wise_ops.cc",
  },
  {
    query: "ops/cosine:f64:shape=2053",
    expect: "fail",
    reason:
      "onnxruntime reduces float64 angles by two parts of pi/2: near a zero of the function 5.5e-16 is lost",
    since: "onnxruntime 1.30",
    link: "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/providers/cpu/math/element_wise_ops.cc",
  },
] as const;
