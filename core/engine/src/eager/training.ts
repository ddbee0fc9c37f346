// A training session that runs each step at once on a TF.js backend: the reference, and tfjs-node.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { accumulatedSlot, gathered, meansOf, partAfter, updateAfter } from '../record/accumulate.js';
import { definitionAt, groupOf, groupsOf, updatesOf } from '../record/groups.js';
import { eagerRandom } from '../record/random.js';
import { gradientsOf, updateAll } from '../record/update.js';
import { checkDefinition, freshSlot, slotName, slotsOf, valueOf, weightSlot } from '../session/definition.js';
import { checkInputs, copyOf, hostOf } from '../session/host.js';
import { accountOf, type Holder } from '../session/memory.js';
import { checkState } from '../session/state.js';
import { Turns } from '../session/turns.js';
import { dropGradientTape } from '../tfjs.js';
import type { DType, HostTensor, HostTensors } from '../host-tensor.js';
import type {
  Explanation,
  Forward,
  InputShapes,
  MemoryAccount,
  NamedTensors,
  NamedVariable,
  Predictor,
  StepRates,
  StepResult,
  TrainingDefinition,
  TrainingSession,
  TrainingState,
  WeightOptions,
} from '../types.js';
import { onEager } from './backend.js';
import { lend, own } from './lend.js';
import { bytesHeld, EagerPredictor, refuseEstimate, refuseExplain } from './predictor.js';
import { tensorsOf, tensorOf } from './tensors.js';

export class EagerTraining implements TrainingSession, Holder {
  private calls = 0;
  private milliseconds = 0;
  private disposed = false;
  /** The session's own copies; the user's variables point at them only while a step runs. */
  private readonly values: Map<NamedVariable, tf.Variable>;
  private readonly slots: Map<string, tf.Variable>;
  private readonly predictors = new Set<Predictor>();
  private readonly turns = new Turns();

  constructor(
    private readonly definition: TrainingDefinition,
    private readonly backend: string,
  ) {
    checkDefinition(definition);
    this.values = new Map();
    this.slots = new Map();
    onEager(backend, () => {
      for (const variable of definition.variables) this.values.set(variable, own(valueOf(variable)));
      for (const { variable, slot, shape } of slotsOf(definition))
        this.slots.set(slotName(variable.name, slot.name), own(freshSlot(slot, shape, variable)));
    });
  }

  get step(): number {
    return this.calls;
  }

  private turn<T>(body: () => T): Promise<T> {
    return this.turns.take(() => {
      if (this.disposed) throw new EngineError('ENGINE_STATE', 'the training session is disposed');
      return Promise.resolve(onEager(this.backend, body));
    });
  }

  get busy(): number {
    return this.milliseconds;
  }

  train(inputs: HostTensors, rates: StepRates): Promise<StepResult> {
    return this.turn(() => {
      checkInputs(inputs);
      const begin = performance.now();
      return lend(this.values, () => {
        let result: StepResult | undefined;
        tf.tidy(() => {
          result = this.update(inputs, rates);
        });
        this.milliseconds += performance.now() - begin;
        return result as StepResult;
      });
    });
  }

  private update(inputs: HostTensors, rates: StepRates): StepResult {
    const { calls } = this;
    const definition = definitionAt(this.definition, updateAfter(this.definition, calls));
    // The forward pass may assign statistics; a discarded step must give them back.
    const before = definition.variables.map(({ variable }) => variable.clone());
    try {
      const { loss, terms, gradients, apart } = gradientsOf(
        definition,
        tensorsOf(inputs),
        { training: true, random: eagerRandom(definition.random.at(calls)) },
        (scalar) => tf.keep(scalar.clone()),
      );
      const read = (scalar: tf.Tensor): number => {
        const value = scalar.dataSync()[0] as number;
        scalar.dispose();
        return value;
      };
      const result = {
        loss: read(loss),
        terms: Object.fromEntries(terms.map(({ name, value }) => [name, read(value)])),
      };
      const minimized = groupsOf(definition).map(({ term }) =>
        term === 'loss' ? 0 : (result.terms[term] ?? 0),
      );
      const finite = [result.loss, ...minimized].every(Number.isFinite);
      if (finite) {
        this.apply(definition, gradients, apart, rates);
        this.calls++;
      } else definition.variables.forEach(({ variable }, i) => variable.assign(before[i] as tf.Tensor));
      return { ...result, finite };
    } catch (error) {
      dropGradientTape();
      definition.variables.forEach(({ variable }, i) => variable.assign(before[i] as tf.Tensor));
      throw error;
    }
  }

  private apply(
    definition: TrainingDefinition,
    gradients: readonly (tf.Tensor | undefined)[],
    apart: readonly (NamedTensors | undefined)[],
    { rate, rates = {} }: StepRates,
  ): void {
    const { slots } = this;
    const group = groupOf(definition);
    const update = updateAfter(definition, this.calls);
    const sumOf = ({ name }: NamedVariable): tf.Variable => this.slot(slotName(name, accumulatedSlot.name));
    if (partAfter(definition, this.calls) === 'add') {
      for (const { variable, sum } of gathered(definition, gradients, sumOf)) sumOf(variable).assign(sum);
      return;
    }
    updateAll(definition, meansOf(definition, gradients, sumOf), apart, {
      scalarsOf: (each) => ({
        rate: tf.scalar((each.name === undefined ? undefined : rates[each.name]) ?? rate),
        step: tf.scalar(updatesOf(each, update)),
      }),
      slotsOf: (variable): NamedTensors =>
        Object.fromEntries(
          group(variable).optimizer.slots.map((slot) => [
            slot.name,
            this.slot(slotName(variable.name, slot.name)),
          ]),
        ),
      put: ({ name, variable }, value, next) => {
        variable.assign(value);
        for (const [slot, tensor] of Object.entries(next)) slots.get(slotName(name, slot))?.assign(tensor);
        const sum = slots.get(slotName(name, accumulatedSlot.name));
        sum?.assign(tf.zerosLike(sum));
      },
    });
  }

  private slot(name: string): tf.Variable {
    const slot = this.slots.get(name);
    if (!slot) throw new Error(`internal: no slot ${name}`);
    return slot;
  }

  explain(): Promise<Explanation> {
    return refuseExplain();
  }

  memory(inputs?: InputShapes): Promise<MemoryAccount> {
    return inputs ? refuseEstimate() : this.turn(() => this.held());
  }

  held(): MemoryAccount {
    if (this.disposed) return accountOf();
    return accountOf({ parameters: bytesHeld(this.values.values()), slots: bytesHeld(this.slots.values()) });
  }

  /** What each variable holds under these options. */
  private weights(options?: WeightOptions): ReadonlyMap<NamedVariable, tf.Variable> {
    const slotOf = weightSlot(this.definition, options);
    return new Map(
      [...this.values].map(([variable, value]) => {
        const slot = slotOf(variable);
        return [variable, slot === undefined ? value : this.slot(slotName(variable.name, slot))];
      }),
    );
  }

  predictor(forward: Forward, options?: WeightOptions): Predictor {
    const predictor = new EagerPredictor(forward, this.weights(options), (body) => this.turn(body));
    this.predictors.add(predictor);
    return predictor;
  }

  snapshot(): Promise<TrainingState> {
    return this.turn(() => ({
      step: this.calls,
      variables: Object.fromEntries(
        [...this.values].map(([{ name }, variable]) => [name, valueOf({ name, variable })]),
      ),
      slots: Object.fromEntries(
        [...this.slots].map(([name, variable]) => [name, valueOf({ name, variable })]),
      ),
    }));
  }

  restore(state: TrainingState): Promise<void> {
    return this.turn(() => {
      const byName = new Map([...this.values].map(([{ name }, variable]) => [name, variable]));
      const shapes = (variables: ReadonlyMap<string, tf.Variable>) =>
        new Map(
          [...variables].map(([name, { dtype, shape }]) => [name, { dtype: dtype as DType, shape }] as const),
        );
      checkState('variable', state.variables, shapes(byName));
      checkState('slot', state.slots, shapes(this.slots));
      tf.tidy(() => {
        for (const [name, variable] of byName)
          variable.assign(tensorOf(copyOf(state.variables[name] as HostTensor)));
        for (const [name, variable] of this.slots)
          variable.assign(tensorOf(copyOf(state.slots[name] as HostTensor)));
      });
      this.calls = state.step;
    });
  }

  sync(options?: WeightOptions): Promise<void> {
    return this.turn(() => {
      for (const [{ variable }, value] of this.weights(options))
        tf.tidy(() =>
          variable.assign(
            tensorOf(hostOf(value.dtype as DType, value.shape, value.dataSync() as ArrayLike<number>)),
          ),
        );
    });
  }

  dispose(): Promise<void> {
    return this.turns.take(async () => {
      if (this.disposed) return;
      this.disposed = true;
      for (const predictor of this.predictors) await predictor.dispose();
      for (const variable of [...this.values.values(), ...this.slots.values()]) variable.dispose();
    });
  }
}
