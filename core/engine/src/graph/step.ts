// A step from 0 to 1 at zero as ONNX can say it in one pass over floats.

/** Attributes of a HardSigmoid so steep that every normal number above zero comes out as 1, all others as 0. */
export const stepAttributes = { alpha: { float: 3.4e38 }, beta: { float: 0 } } as const;
