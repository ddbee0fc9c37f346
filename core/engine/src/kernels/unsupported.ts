// The kernels of TF.js's cpu backend that have no rule, and why.

const complex = 'complex numbers: ONNX Runtime has no complex tensors';
const strings = 'strings: text is prepared before a step, not in it';
const ragged = 'the shape of the result depends on values, and a graph has fixed shapes';
const suppression = 'the number of boxes that stay depends on values; choose boxes after the step';
const pixels = 'augmentation of images: do it on the data, before the step';

/** Kernel -> reason, for the documentation and for errors. Every cpu kernel is here or in the kernel table. */
export const unsupportedKernels: Readonly<Record<string, string>> = {
  BroadcastArgs: 'computes a shape from values, and a graph has fixed shapes',
  Complex: complex,
  ComplexAbs: complex,
  CropAndResize: pixels,
  Dilation2D: 'morphology of images: no layer or loss of TF.js uses it',
  Dilation2DBackpropFilter: 'morphology of images: no layer or loss of TF.js uses it',
  Dilation2DBackpropInput: 'morphology of images: no layer or loss of TF.js uses it',
  Draw: 'draws on a canvas',
  FFT: complex,
  IFFT: complex,
  Imag: complex,
  Multinomial: 'draws random numbers on the host; use the random tensors of the step context',
  NonMaxSuppressionV3: suppression,
  NonMaxSuppressionV4: suppression,
  NonMaxSuppressionV5: suppression,
  RaggedGather: ragged,
  RaggedRange: ragged,
  RaggedTensorToTensor: ragged,
  Real: complex,
  RotateWithOffset: pixels,
  SparseFillEmptyRows: ragged,
  SparseReshape: 'computes a shape from values, and a graph has fixed shapes',
  SparseSegmentMean: ragged,
  SparseSegmentSum: ragged,
  StaticRegexReplace: strings,
  StringNGrams: strings,
  StringSplit: strings,
  StringToHashBucketFast: strings,
  Transform: pixels,
  Unique: ragged,
};
