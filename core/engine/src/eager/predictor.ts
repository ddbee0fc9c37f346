// A forward pass run at once on a TF.js backend.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { checkOutputs } from '../record/outputs.js';
import { noRandom } from '../record/random.js';
import { checkVariables, valueOf } from '../session/definition.js';
import { checkInputs } from '../session/host.js';
import { accountOf, type Holder } from '../session/memory.js';
import type { HostTensors } from '../host-tensor.js';
import type { Explanation, Forward, InputShapes, MemoryAccount, NamedVariable, Predictor } from '../types.js';
import { onEager } from './backend.js';
import { fromTensor, tensorsOf } from './tensors.js';
import { lend, own } from './lend.js';

export class EagerPredictor implements Predictor, Holder {
  private disposed = false;

  /** `values`: what the variables hold while it runs. `turn` runs a body on the right backend, when it may. */
  constructor(
    private readonly forward: Forward,
    private readonly values: ReadonlyMap<NamedVariable, tf.Variable>,
    private readonly turn: <T>(body: () => T) => Promise<T>,
    /** Values that are the predictor's own. */
    private readonly own: readonly tf.Variable[] = [],
  ) {}

  run(inputs: HostTensors): Promise<HostTensors> {
    return this.turn(() => {
      if (this.disposed) throw new EngineError('ENGINE_STATE', 'the predictor is disposed');
      checkInputs(inputs);
      return lend(this.values, () => {
        let outputs: HostTensors = {};
        tf.tidy(() => {
          const made = checkOutputs(this.forward(tensorsOf(inputs), { training: false, random: noRandom }));
          outputs = Object.fromEntries(made.map(([name, tensor]) => [name, fromTensor(tensor)]));
        });
        return outputs;
      });
    });
  }

  explain(): Promise<Explanation> {
    return refuseExplain();
  }

  memory(inputs?: InputShapes): Promise<MemoryAccount> {
    return inputs ? refuseEstimate() : Promise.resolve(this.held());
  }

  held(): MemoryAccount {
    return this.disposed ? accountOf() : accountOf({ parameters: bytesHeld(this.own) });
  }

  dispose(): Promise<void> {
    if (!this.disposed) for (const value of this.own) value.dispose();
    this.disposed = true;
    return Promise.resolve();
  }
}

/** Bytes of variables. */
export function bytesHeld(values: Iterable<tf.Variable>): number {
  return Array.from(values).reduce((sum, { dtype, size }) => sum + size * tf.util.bytesPerElement(dtype), 0);
}

export function refuseEstimate(): Promise<never> {
  return Promise.reject(
    new EngineError('ENGINE_OPTION', 'memory: only the `onnx` backend can tell what a step will take', {
      hint: "Call memory() without inputs for what is held now, or use createEngine({ backend: 'onnx' }).",
    }),
  );
}

/** Eager backends have no graph to explain. */
export function refuseExplain(): Promise<never> {
  return Promise.reject(
    new EngineError('ENGINE_OPTION', 'explain: only the `onnx` backend has a graph to explain', {
      hint: "Use createEngine({ backend: 'onnx' }), or TF.js's own tf.profile.",
    }),
  );
}

/** A predictor over the values that the variables have now. */
export function fixedEagerPredictor(
  backend: string,
  variables: readonly NamedVariable[],
  forward: Forward,
): EagerPredictor {
  checkVariables(variables);
  const values = onEager(
    backend,
    () => new Map(variables.map((variable) => [variable, own(valueOf(variable))] as const)),
  );
  return new EagerPredictor(forward, values, async (body) => Promise.resolve(onEager(backend, body)), [
    ...values.values(),
  ]);
}
