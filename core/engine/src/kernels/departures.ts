// Where a lowering gives other numbers than TF.js's cpu backend, and why.

/** Kernel -> the difference, for the documentation. */
export const departures: Readonly<Record<string, string>> = {
  AvgPoolGrad:
    'the true gradient: TF.js divides by the size of the window even where padding was left out of the average',
  AvgPool3DGrad: 'the true gradient, as with AvgPoolGrad',
  BatchMatMul:
    'batch axes broadcast as in NumPy: TF.js pairs the wrong matrices when both operands are broadcast ([2,1] with [3])',
  FloorDiv: 'computed in float32: exact for integers up to 2^24',
  Mod: 'computed in float32: exact for integers up to 2^24',
  RealDiv: 'integers are divided in float32: exact up to 2^24',
  MaxPool3DGrad: 'of equal maxima the first takes the gradient, as in two dimensions; TF.js takes the last',
  ResizeBilinearGrad:
    'the true gradient: TF.js ignores half pixel centres and swaps height and width of the result',
  ResizeNearestNeighborGrad:
    'the true gradient: TF.js ignores half pixel centres and mixes the images of a batch',
  Select: 'a condition of rank 1 chooses rows; TF.js repeats elements (tf.where never asks for this)',
  TopK: 'always sorted',
};
