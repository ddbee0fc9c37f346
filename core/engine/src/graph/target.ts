// What lowerings and passes must know of where a graph will run.

export interface Target {
  /** Channels in a block of ONNX Runtime's own convolutions; 0 where it has none, or where a file must run elsewhere too. */
  readonly block: number;
  /** Threads within an operator. */
  readonly threads: number;
  /** Whether axes may get other lengths, as in exported files. */
  readonly free: boolean;
}

/** Nothing that depends on a machine. */
export const portable: Target = { block: 0, threads: 2, free: true };
