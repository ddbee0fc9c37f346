// The engine's errors: one register of permanent codes, one class that carries a record.

/** Code -> what it means and what to do about it; printed by `potstill explain CODE`. */
export const engineErrorCodes = {
  ENGINE_NO_LOWERING:
    'A TF.js kernel was recorded that has no ONNX lowering. Use another operation, or the `cpu` or `tensorflow` backend.',
  ENGINE_NO_GRADIENT:
    'TF.js has no gradient for an operation that the loss depends on. Use another operation or register a gradient with tf.registerGradient.',
  ENGINE_HOST_VALUE:
    'The step asked for the value of a tensor while it was being recorded; recording computes shapes only. Return the value as a loss term or an output instead.',
  ENGINE_BAKED_RANDOM:
    'The step drew random numbers on the host, which would be frozen into the graph. Use the `random` of the step context.',
  ENGINE_BAKED_CONSTANT:
    'The step made a large tensor from host data, which would be frozen into the graph. Pass it as an input, or hold it in a variable.',
  ENGINE_OPEN_CELL:
    'The cell of a scan, or the function of a checkpoint, uses a tensor that was not passed to it. Pass it with the constants, the sequences or the carry, or as an argument.',
  ENGINE_SHAPE: 'An input, a variable or an operand has a shape or dtype that does not fit.',
  ENGINE_MEMORY:
    'A step or a model needs more memory than there is. Use a smaller batch and accumulate gradients, or recompute activations with `checkpoint`.',
  ENGINE_MANY_SHAPES:
    'A warning: a session compiled a graph for each of many sets of input shapes, which costs time and memory. Pad to a few lengths.',
  ENGINE_CACHE:
    'A warning: the folder that keeps compiled graphs between runs cannot be read or written. Use another folder, or none; the run continues without a cache.',
  ENGINE_BACKEND_MISSING: 'The backend is not installed.',
  ENGINE_STATE: 'A training state does not fit the model: another name, shape or optimiser.',
  ENGINE_NO_BATCH_AXIS:
    'The model cannot be exported with a free batch axis: an operation mixes the batch axis with others.',
  ENGINE_BAD_ONNX: 'A file is not a readable ONNX model, or lacks the named node or output.',
  ENGINE_OPTION: 'An option of an optimiser or of the engine is out of range.',
} as const satisfies Record<string, string>;

export type EngineErrorCode = keyof typeof engineErrorCodes;

export interface EngineErrorDetails {
  /** What to do instead. */
  readonly hint?: string;
  /** The user's line that led here, as `file:line:column`. */
  readonly location?: string;
  readonly cause?: unknown;
}

/** An error caused by the caller; bugs of the engine are plain errors that begin with `internal:`. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly hint: string | undefined;
  readonly location: string | undefined;

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    details: EngineErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
    this.location = details.location;
  }
}
