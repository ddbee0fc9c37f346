// Where a lowering gives other numbers than TF.js's cpu backend, and why.

/** Kernel -> the difference, for the documentation. */
export const departures: Readonly<Record<string, string>> = {
  All: 'true over no elements; TF.js says false',
  Atan2: 'NaN of two infinities, and the sign of a zero is not looked at',
  AvgPoolGrad:
    'the true gradient: TF.js divides by the size of the window even where padding was left out of the average',
  AvgPool3DGrad: 'the true gradient, as with AvgPoolGrad',
  AvgPool3D: "padding 'same', as with Conv3D",
  BatchMatMul:
    'batch axes broadcast as in NumPy: TF.js repeats the matrices of the operand that has fewer, in their order, which is wrong where an axis after the first is broadcast ([2,2] with [2,1]) or both operands are ([2,1] with [3])',
  Conv3D:
    "padding 'same' under a stride wider than the filter is none, as over images: TF.js leaves elements out at the start",
  Conv3DBackpropFilterV2: 'the gradient of that',
  Conv3DBackpropInputV2: 'the gradient of that',
  Cast: 'what no int32 holds (NaN, infinities, 2^31 and beyond) becomes any int32; TF.js wraps it, as JavaScript does',
  Einsum:
    'a label of one operand alone is summed over: of two operands TF.js gives another shape then (ij,k->i)',
  FloorDiv: 'computed in float32: exact for integers up to 2^24; by 0 any int32, in TF.js 0',
  Max: 'NaN is left out, unless there is nothing else; TF.js gives NaN',
  MaxPool:
    'of a window with NaN, either NaN or the largest number; of one with -Infinity alone, the least float32 at the border',
  MaxPool3D: "padding 'same', as with Conv3D; NaN, as with MaxPool",
  Min: 'NaN is left out, as with Max',
  Mod: 'computed in float32: exact for integers up to 2^24; of an integer by 0 any int32, in TF.js 0',
  Pow: '1 to any power is 1, as is -1 to an infinite one; TF.js gives NaN for powers of NaN and infinity',
  RealDiv: 'integers are divided in float32: exact up to 2^24; by 0 any int32, in TF.js 0',
  Sign: 'NaN of NaN; TF.js gives 0',
  MaxPool3DGrad: 'of equal maxima the first takes the gradient, as in two dimensions; TF.js takes the last',
  ResizeBilinearGrad:
    'the true gradient: TF.js ignores half pixel centres and swaps height and width of the result',
  ResizeNearestNeighborGrad:
    'the true gradient: TF.js ignores half pixel centres and mixes the images of a batch',
  Select: 'a condition of rank 1 chooses rows; TF.js repeats elements (tf.where never asks for this)',
  TopK: 'always sorted; the place of NaN is not defined',
};
