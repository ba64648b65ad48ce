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
] as const;
