// What the engine asks of TF.js beyond its documented API, in one place.
// TF.js's own backend, on which what is not recorded is computed.
import '@tensorflow/tfjs-backend-cpu';
// Registers the gradients of TF.js: tfjs-core has none in its bundle for Node.
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';

/** The TF.js backend that computes nothing while a step is recorded. */
export const recordBackendName = 'potstill-record';

/** Key of a tensor's data within TF.js; compared by identity. */
export type DataId = tf.Tensor['dataId'];

/** Makes a backend current at once. Only for backends that start synchronously, or have started. */
function useBackend(name: string): void {
  void tf.setBackend(name);
  if (tf.getBackend() !== name) throw new Error(`internal: TF.js backend ${name} did not start`);
}

/** Runs `body` on a TF.js backend and goes back to the one before. */
export function onBackend<T>(name: string, body: () => T): T {
  // Asking for the backend starts the default one when none is running.
  tf.backend();
  const before = tf.getBackend();
  if (before === name) return body();
  useBackend(name);
  try {
    return body();
  } finally {
    useBackend(before);
  }
}

/** TF.js's cpu backend advertises tfjs-node on stderr at its first write; a library's output is its caller's. */
export function silenceBanner(): void {
  // Starts the default backend; before that, TF.js would replace the instance found here.
  tf.backend();
  const backend: unknown = tf.findBackend('cpu');
  if (typeof backend === 'object' && backend !== null && 'firstUse' in backend) backend.firstUse = false;
}

/** All live variables of TF.js, by their TF.js names. */
export function registeredVariables(): Readonly<Record<string, tf.Variable>> {
  return tf.engine().registeredVariables;
}

/** Points a variable at other data, with no bookkeeping of references. */
export function setDataId(variable: tf.Variable, dataId: DataId): void {
  variable.dataId = dataId;
}

/** Frees what an interrupted tf.grad saved for its backward pass, which TF.js leaves alive. */
export function dropGradientTape(): void {
  const { state } = tf.engine();
  // The declared type leaves null out; there is no tape outside a gradient.
  const nodes = state.activeTape as typeof state.activeTape | null;
  if (state.gradientDepth > 0 || nodes === null || nodes === undefined) return;
  for (const node of nodes) for (const tensor of node.saved ?? []) tensor.dispose();
  Object.assign(state, { activeTape: null });
}

/**
 * Keeps what is computed in `body` for several backward passes: `tf.engine().gradients` within it may ask for the gradients of
 * any scalar that was computed before.
 */
export function onOneTape<T>(body: () => T): T {
  const engine: object = tf.engine();
  const call = (name: string): void => {
    const method: unknown = Reflect.get(engine, name);
    if (typeof method !== 'function') throw new Error(`internal: TF.js has no ${name}`);
    Reflect.apply(method, engine, []);
  };
  call('startTape');
  try {
    return body();
  } finally {
    call('endTape');
    dropGradientTape();
  }
}

type GradientFunction = (dys: tf.Tensor[]) => unknown;

/** While `body` runs, the gradient function of each operation that TF.js puts on its tape is what `wrap` makes of it. */
export function wrapGradients<T>(wrap: (gradient: GradientFunction) => GradientFunction, body: () => T): T {
  const engine: object = tf.engine();
  const original: unknown = Reflect.get(engine, 'addTapeNode');
  if (typeof original !== 'function') throw new Error('internal: TF.js has no addTapeNode');
  const added = (...args: unknown[]): void => {
    Reflect.apply(original, engine, args);
    // The declared type leaves out that operations without a gradient have none.
    const node = tf.engine().state.activeTape.at(-1) as { gradient?: GradientFunction } | undefined;
    if (node?.gradient) node.gradient = wrap(node.gradient);
  };
  Reflect.set(engine, 'addTapeNode', added);
  try {
    return body();
  } finally {
    // It belongs to the prototype.
    Reflect.deleteProperty(engine, 'addTapeNode');
  }
}

/**
 * Runs `body` as if nothing were going on: gradients that it computes are its own, whatever gradient or kernel is being
 * computed around it.
 */
export function apart<T>(body: () => T): T {
  const { state } = tf.engine();
  const { gradientDepth, kernelDepth, activeTape } = state;
  Object.assign(state, { gradientDepth: 0, kernelDepth: 0, activeTape: null });
  try {
    return body();
  } catch (error) {
    dropGradientTape();
    throw error;
  } finally {
    Object.assign(state, { gradientDepth, kernelDepth, activeTape });
  }
}

/**
 * An operation of several outputs with a gradient of its own; tf.customGrad allows one output. `gradient` gives a function
 * for each input, called when that input's gradient is asked for.
 */
export function withGradient(
  inputs: tf.NamedTensorMap,
  forward: () => tf.Tensor[],
  gradient: (dys: readonly tf.Tensor[]) => Readonly<Record<string, () => tf.Tensor>>,
): tf.Tensor[] {
  const engine: object = tf.engine();
  const run: unknown = Reflect.get(engine, 'runKernelFunc');
  if (typeof run !== 'function') throw new Error('internal: TF.js has no runKernelFunc');
  const backwardsFunc = (dys: tf.Tensor | tf.Tensor[]) => gradient(Array.isArray(dys) ? dys : [dys]);
  return Reflect.apply(run, engine, [{ forwardFunc: forward, backwardsFunc, inputs }]) as tf.Tensor[];
}

/** While `body` runs, calls `used` with each earlier tensor that an operation reads. */
export function watchOperands<T>(used: (tensor: tf.Tensor) => void, body: () => T): T {
  const engine: object = tf.engine();
  const own = Object.getOwnPropertyDescriptor(engine, 'runKernelFunc');
  const original: unknown = Reflect.get(engine, 'runKernelFunc');
  if (typeof original !== 'function') throw new Error('internal: TF.js has no runKernelFunc');
  // Numbers of tensors only grow.
  const first = tf.tidy(() => tf.scalar(0).id);
  const watched = (call: { readonly inputs: tf.NamedTensorMap }): unknown => {
    // TF.js leaves out operands that are optional.
    for (const tensor of Object.values(call.inputs) as (tf.Tensor | null | undefined)[])
      if (tensor instanceof tf.Tensor && tensor.id < first) used(tensor);
    return Reflect.apply(original, engine, [call]);
  };
  Reflect.set(engine, 'runKernelFunc', watched);
  try {
    return body();
  } finally {
    if (own) Object.defineProperty(engine, 'runKernelFunc', own);
    else Reflect.deleteProperty(engine, 'runKernelFunc');
  }
}

/** While `body` runs, each kernel of a gradient's forward pass gets the operands that `complete` makes of its own. */
export function completeOperands<T>(
  complete: (kernel: string, inputs: tf.NamedTensorMap) => tf.NamedTensorMap,
  body: () => T,
): T {
  const engine: object = tf.engine();
  const original: unknown = Reflect.get(engine, 'runKernel');
  if (typeof original !== 'function') throw new Error('internal: TF.js has no runKernel');
  const completed = (kernel: string, inputs: tf.NamedTensorMap, ...rest: unknown[]): unknown => {
    const { gradientDepth, kernelDepth } = tf.engine().state;
    const taped = gradientDepth > 0 && kernelDepth === 0;
    return Reflect.apply(original, engine, [kernel, taped ? complete(kernel, inputs) : inputs, ...rest]);
  };
  Reflect.set(engine, 'runKernel', completed);
  try {
    return body();
  } finally {
    // It belongs to the prototype.
    Reflect.deleteProperty(engine, 'runKernel');
  }
}
