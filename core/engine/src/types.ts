// What the engine takes and gives: host tensors, steps, optimisers, sessions. Interfaces only.
import type * as tf from '@tensorflow/tfjs-core';
import type { EngineErrorCode } from './errors.js';
import type { DType, HostTensors } from './host-tensor.js';
import type { PassSwitches } from './passes/index.js';
import type { RandomStream } from './random/stream.js';

export type { DType, DTypeArray, HostTensor, HostTensors } from './host-tensor.js';

/** TF.js tensors by name. */
export type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** Where a step runs. `onnx`: one ONNX Runtime graph; `tensorflow`: eager tfjs-node; `cpu`: eager plain TF.js, the reference. */
export type BackendName = 'onnx' | 'tensorflow' | 'cpu';

export interface EngineOptions {
  /** Default `onnx`. */
  readonly backend?: BackendName;
  /** Threads within an operator (onnx only). Default: the number of available processors. */
  readonly threads?: number;
  /** Graph passes to leave out, by name: `{ 'fuse-gemm-add': false }` (onnx only). Default: all run. */
  readonly passes?: PassSwitches;
  /** Bytes that all sessions of the engine may hold together, as {@link Engine.memory} counts them (onnx only). Default: what the machine has left. */
  readonly memoryLimit?: number;
  /**
   * A folder for compiled training steps, so that a second run starts faster (onnx only). It is created when missing,
   * holds at most 256 MB and may be shared by processes. Default false: no cache.
   */
  readonly cache?: string | false;
  /** Receives warnings. Default: Node's `process.emitWarning`. */
  readonly onWarning?: (warning: EngineWarning) => void;
}

/** Something that works but should be fixed. */
export interface EngineWarning {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** What a step's function receives beside its inputs. */
export interface StepContext {
  /** True while a training step is recorded, false in a predictor. Dropout and batch norm depend on it. */
  readonly training: boolean;
  /** Random tensors that differ at every step; see {@link StepRandom}. */
  readonly random: StepRandom;
}

/**
 * Random tensors drawn from counter-based streams. While a step is recorded each call becomes an input of the
 * graph that is filled before every step, so no random number is baked in. All backends draw the same numbers.
 */
export interface StepRandom {
  /** Ones with probability `1 - rate`, else zeros, float32. */
  keepMask(shape: readonly number[], rate: number): tf.Tensor;
  /** Uniform on [0, 1), float32. */
  uniform(shape: readonly number[]): tf.Tensor;
  /** Standard normal, float32. */
  normal(shape: readonly number[]): tf.Tensor;
}

/** Scalars (rank 0, float32) by name. `loss` is what is differentiated; the others are reported beside it. */
export type LossTerms = { readonly loss: tf.Scalar } & Readonly<Record<string, tf.Scalar>>;

/** A model variable: a TF.js variable with the name it has in checkpoints and exports (stable across processes). */
export interface NamedVariable {
  readonly name: string;
  readonly variable: tf.Variable;
  /** False for statistics that the forward pass assigns (batch norm) and for frozen weights. Default true. */
  readonly trainable?: boolean;
  /** True for weight matrices and filters, which weight decay and max-norm act on; biases and scales are false. Default: rank of at least 2. */
  readonly decay?: boolean;
}

/** One optimiser slot of one variable: the same shape as the variable, or a scalar. */
export interface SlotSpec {
  readonly name: string;
  readonly shape: 'variable' | 'scalar';
  /** Initial value: one number for all elements or, for slots of a variable's shape, the variable's `value`. */
  readonly fill: number | 'value';
}

/** What an update rule sees of one variable at one step. `rate` and `step` (from 1) are scalar inputs of the graph. */
export interface UpdateContext {
  readonly rate: tf.Scalar;
  readonly step: tf.Scalar;
  readonly variable: NamedVariable;
  /** The weight decay of the variable's group, in place of the rule's own; see `withGroups`. */
  readonly weightDecay?: number;
  /** Gradients of the terms that the rule asks for, by their names; zeros where a term does not reach the variable. */
  readonly gradients?: NamedTensors;
}

/**
 * An update rule: plain TF.js operations from value, gradient and slots to the next value and slots.
 * `transformGradients` sees all gradients at once (clipping by global norm); `constrain` the updated value (max-norm);
 * `follow` the value that is kept (averages of weights).
 */
export interface Optimizer {
  readonly name: string;
  readonly slots: readonly SlotSpec[];
  /** Scalars of the loss function whose gradients the rule wants apart, in `at.gradients`; `gradient` is then their sum. */
  readonly terms?: readonly string[];
  update(
    value: tf.Tensor,
    gradient: tf.Tensor,
    slots: NamedTensors,
    at: UpdateContext,
  ): { value: tf.Tensor; slots: NamedTensors };
  transformGradients?(gradients: readonly tf.Tensor[]): readonly tf.Tensor[];
  constrain?(value: tf.Tensor, variable: NamedVariable): tf.Tensor;
  /** Next values of slots that depend on the value after `constrain`; `slots` are those before the update. */
  follow?(value: tf.Tensor, slots: NamedTensors, at: UpdateContext): NamedTensors;
  /** Called once with all variables, before anything is computed: throws when options do not fit them. */
  check?(variables: readonly NamedVariable[]): void;
}

/** In which updates of each period something is trained: those from number `from` up to `to`, exclusive, of every `every`, counted from 0. */
export interface Turns {
  readonly every: number;
  readonly from: number;
  readonly to: number;
}

/** Variables with an update rule and a rate of their own, and perhaps a loss of their own: critics, generators. */
export interface TrainingGroup {
  /** Names it in `rates`; unique. */
  readonly name: string;
  /** Names of variables of the definition. */
  readonly variables: readonly string[];
  /** Limits on gradients are those of these variables alone. */
  readonly optimizer: Optimizer;
  /** The scalar of the loss function that they minimize. Default `loss`. To maximize one, return its negative too. */
  readonly minimizes?: string;
  /** Default: it is trained in every update. */
  readonly turns?: Turns;
}

/** A training step: what is trained, its loss, its update rule. */
export interface TrainingDefinition {
  readonly variables: readonly NamedVariable[];
  /** Pure TF.js: inputs to loss terms. Runs once for each set of input shapes (once a step on eager backends). */
  loss(inputs: NamedTensors, at: StepContext): LossTerms;
  readonly optimizer: Optimizer;
  /** Variables that are trained in another way; all in one step, from one forward pass. Default: none. */
  readonly groups?: readonly TrainingGroup[];
  /** When the variables that are in no group are trained. Default: in every update. */
  readonly turns?: Turns;
  /** Streams for dropout and other random tensors; step `n` draws from `random.at(n)`. */
  readonly random: RandomStream;
  /**
   * Calls of `train` that make one update, with the mean of their gradients. Default 1. Batches of `k` parts of equal size
   * train as one batch `k` times as large, in the memory of a part, as far as the loss is a mean over examples; statistics
   * that the forward pass assigns (batch norm) see the parts.
   */
  readonly accumulate?: number;
}

/** Everything that training changes, by name: enough to resume exactly. Slots are named `variable/slot`. */
export interface TrainingState {
  /** Calls of `train` that took effect: the updates made, where `accumulate` is 1. */
  readonly step: number;
  readonly variables: HostTensors;
  readonly slots: HostTensors;
}

/** Learning rates of one step. */
export interface StepRates {
  readonly rate: number;
  /** Of groups, by name. Default: `rate`. */
  readonly rates?: Readonly<Record<string, number>>;
}

export interface StepResult {
  readonly loss: number;
  /** The other scalars that the loss function returned, by name. */
  readonly terms: Readonly<Record<string, number>>;
  /** False when the loss, or a term that a group minimizes, is NaN or infinite: the update was discarded and the state is the one before the step. Other terms do not matter. */
  readonly finite: boolean;
}

/** dtype and shape of each input, by name. */
export type InputShapes = Readonly<
  Record<string, { readonly dtype: DType; readonly shape: readonly number[] }>
>;

/** Bytes by what they are for. ONNX Runtime's workspaces and rounding are not included; measured, they add a fifth to a third. */
export interface MemoryAccount {
  /** Variables; twice those that steps change, as a step reads one buffer and writes another. */
  readonly parameters: number;
  /** The optimiser's slots and accumulated gradients, counted in the same way. */
  readonly slots: number;
  /** Constants of compiled graphs; in a standalone predictor these include a copy of the weights. */
  readonly constants: number;
  /** The inputs of a step. */
  readonly inputs: number;
  /** Random tensors of a step, such as dropout masks. */
  readonly random: number;
  /** Peak size of activations and gradients: each compiled graph keeps that much for its next run. 0 on eager backends, where TF.js holds them. */
  readonly activations: number;
  readonly total: number;
}

export interface ExplainOptions {
  /** Number of measured runs, after two warm-up runs. Default 20. */
  readonly steps?: number;
}

export interface ExplainedOperator {
  /** ONNX operator, or one of ONNX Runtime's own (`FusedConv`). */
  readonly operator: string;
  readonly nodes: number;
  readonly milliseconds: number;
}

export interface ExplainedLine {
  /** `file:line:column`. A gradient counts towards the line of the operation that it differentiates. Without a line: `update rule`, `added by ONNX Runtime`, `no line known`. */
  readonly line: string;
  /** TF.js kernels that the nodes came from, in alphabetical order. */
  readonly kernels: readonly string[];
  readonly nodes: number;
  readonly milliseconds: number;
}

/** Where the time of a graph goes. Times are sums over nodes of the median over runs, with the profiler's own cost, a few microseconds a node. */
export interface Explanation {
  /** Nodes that run, after the engine's passes and those of ONNX Runtime. */
  readonly nodes: number;
  readonly milliseconds: number;
  /** Slowest first. */
  readonly byOperator: readonly ExplainedOperator[];
  /** Slowest first. A fused node counts towards the line of the operation that does most of its work. */
  readonly byLine: readonly ExplainedLine[];
  /** Both as a table. */
  toString(): string;
}

/** A model being trained. Steps must not overlap: await each before the next. */
export interface TrainingSession {
  /** Calls of `train` that took effect: the updates made, where the definition's `accumulate` is 1. */
  readonly step: number;
  /** Milliseconds that `train` has compiled and run steps, without what other code did meanwhile on the same thread. */
  readonly busy: number;
  /**
   * One update, or one part of it where the definition accumulates. Compiles once for each set of input shapes.
   * `rate` is the learning rate; of an accumulated update, the last part's.
   */
  train(inputs: HostTensors, at: StepRates): Promise<StepResult>;
  /**
   * Where the time of a step goes (onnx only, else ENGINE_OPTION): runs it under ONNX Runtime's profiler, on inputs
   * like those of `train`. The weights do not change. Runs after steps that were called before it.
   */
  explain(inputs: HostTensors, options?: ExplainOptions): Promise<Explanation>;
  /**
   * What the session holds now; given inputs (or their dtypes and shapes alone), what it holds while it runs the next
   * step on such inputs, compiled or not (onnx only, else ENGINE_OPTION).
   */
  memory(inputs?: InputShapes): Promise<MemoryAccount>;
  /** A function of the weights as they are now, without gradients; follows the training. */
  predictor(forward: Forward, options?: WeightOptions): Predictor;
  /** A copy of the state. */
  snapshot(): Promise<TrainingState>;
  /** Restores a state. Names and shapes must match exactly. */
  restore(state: TrainingState): Promise<void>;
  /** Writes the weights back into the TF.js variables. */
  sync(options?: WeightOptions): Promise<void>;
  dispose(): Promise<void>;
}

/** Which values of the variables to use. */
export interface WeightOptions {
  /**
   * `trained` (default): as the last update left them. `average`: the running averages that an optimiser made with `averaged`
   * keeps (else `ENGINE_OPTION`); variables that are not trained (statistics, frozen ones) are unchanged.
   */
  readonly weights?: 'trained' | 'average';
}

/** Plain TF.js from inputs to outputs. */
export type Forward = (inputs: NamedTensors, at: StepContext) => NamedTensors;

/** A compiled forward pass; compiles once for each set of input shapes. */
export interface Predictor {
  run(inputs: HostTensors): Promise<HostTensors>;
  /** Where the time of a run goes (onnx only, else ENGINE_OPTION). */
  explain(inputs: HostTensors, options?: ExplainOptions): Promise<Explanation>;
  /** What it holds now; given inputs or their dtypes and shapes, what it holds while it runs on such inputs (onnx only, else ENGINE_OPTION). */
  memory(inputs?: InputShapes): Promise<MemoryAccount>;
  dispose(): Promise<void>;
}

/** dtype and shape of a graph's input, without its free first axis. */
export interface InputSpec {
  readonly dtype: DType;
  /** A name instead of a length leaves that axis free too; axes of one name have one length: `['frames', 80]`. */
  readonly shape: readonly (number | string)[];
  /** Name of the free first axis; inputs that share it have one length there. Default `batch`. Others: `nodes`, `edges`. */
  readonly axis?: string;
  /** Left out of the file where the function does not use it. Default false. */
  readonly optional?: boolean;
}

export interface ExportDefinition {
  readonly variables: readonly NamedVariable[];
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly forward: Forward;
  /** Written to the file's metadata_props. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Engine {
  readonly backend: BackendName;
  readonly threads: number;
  /** What all open sessions and predictors hold now. */
  memory(): MemoryAccount;
  training(definition: TrainingDefinition): Promise<TrainingSession>;
  /** A predictor over variables that are not being trained (read at creation). */
  predictor(definition: {
    readonly variables: readonly NamedVariable[];
    readonly forward: Forward;
  }): Promise<Predictor>;
  dispose(): Promise<void>;
}
