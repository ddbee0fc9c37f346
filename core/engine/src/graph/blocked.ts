// Operators on images whose channels lie in blocks, as ONNX Runtime's own convolutions expect them.

/** Domain of ONNX Runtime's operators on blocked images: part of its CPU provider, normally put in by its own optimiser. */
const domain = 'com.microsoft.nchwc';

export const ops = {
  /** [n, h, w, c] to [n, c / block, h, w, block]; zeros fill the last block. Ours, never written to a file. */
  to: 'blocked:To',
  /** The other way; `channels` leaves the filling out. */
  from: 'blocked:From',
  conv: `${domain}:Conv`,
  maxPool: `${domain}:MaxPool`,
  averagePool: `${domain}:AveragePool`,
  reorderInput: `${domain}:ReorderInput`,
  reorderOutput: `${domain}:ReorderOutput`,
} as const;
