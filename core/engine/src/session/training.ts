// A training session on ONNX Runtime.
import * as ort from '../onnx-runtime.js';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { partAfter, type StepPart, updateAfter } from '../record/accumulate.js';
import { draw } from '../record/random.js';
import { variableInput } from '../record/recording.js';
import { definitionAt, groupsOf, turnsKey, updatesOf } from '../record/groups.js';
import { type InputShapes, scalarInputs, slotInput, userInput } from '../record/step.js';
import type { HostTensor, HostTensors } from '../host-tensor.js';
import type {
  ExplainOptions,
  Explanation,
  Forward,
  MemoryAccount,
  Predictor,
  StepRates,
  StepResult,
  TrainingDefinition,
  TrainingSession,
  TrainingState,
  WeightOptions,
} from '../types.js';
import {
  type CompiledStep,
  type CompileOptions,
  compileStep,
  planStep,
  stepGraph,
  type StepPlan,
} from './compiled-step.js';
import { checkDefinition, freshSlot, slotName, slotsOf, valueOf, weightSlot } from './definition.js';
import { explainGraph } from './explain.js';
import { checkInputs, copyOf, shapesKey, toOrt } from './host.js';
import { ShapeWatch } from './many-shapes.js';
import { accountOf, betweenRuns, type Holder } from './memory.js';
import { Parameters } from './parameters.js';
import { OnnxPredictor } from './predictor.js';
import { checkState } from './state.js';
import { Turns } from './turns.js';

/** Nothing that is explained is kept, so any rate of a usual size will do. */
const explainedRate = 0.01;

export class OnnxTraining implements TrainingSession, Holder {
  private calls = 0;
  private milliseconds = 0;
  private disposed = false;
  private readonly parameters = new Parameters();
  private readonly steps = new Map<string, CompiledStep>();
  private readonly predictors = new Set<OnnxPredictor>();
  private readonly turns = new Turns();
  private readonly watch: ShapeWatch;

  constructor(
    private readonly definition: TrainingDefinition,
    private readonly options: CompileOptions,
  ) {
    this.watch = new ShapeWatch(options.warn);
    checkDefinition(definition);
    for (const variable of definition.variables)
      this.parameters.add(variableInput(variable.name), valueOf(variable));
    for (const { variable, slot, shape } of slotsOf(definition))
      this.parameters.add(slotInput(variable.name, slot.name), freshSlot(slot, shape, variable));
  }

  get step(): number {
    return this.calls;
  }

  get busy(): number {
    return this.milliseconds;
  }

  /** The definition as the next call trains it. */
  private get definitionNow(): TrainingDefinition {
    return definitionAt(this.definition, updateAfter(this.definition, this.calls));
  }

  private stepKey(part: StepPart, inputs: InputShapes): string {
    return `${part} ${turnsKey(this.definition, updateAfter(this.definition, this.calls))} ${shapesKey(inputs)}`;
  }

  private turn<T>(body: () => Promise<T>): Promise<T> {
    return this.turns.take(() => {
      if (this.disposed) throw new EngineError('ENGINE_STATE', 'the training session is disposed');
      return body();
    });
  }

  train(inputs: HostTensors, rates: StepRates): Promise<StepResult> {
    return this.turn(async () => {
      checkInputs(inputs);
      // ONNX Runtime blocks the thread: what others have queued comes first, and does not count.
      await new Promise(setImmediate);
      const begin = performance.now();
      const part = partAfter(this.definition, this.calls);
      const key = this.stepKey(part, inputs);
      let step = this.steps.get(key);
      if (!step) {
        const plan = await planStep(this.definitionNow, inputs, this.options, part);
        this.options.budget.admit(this.held(), this.heldWith(plan), 'a training step', inputs);
        step = await compileStep(plan);
        this.watch.compiled(inputs);
        this.steps.set(key, step);
      }
      const result = await this.run(step, inputs, rates);
      this.milliseconds += performance.now() - begin;
      return result;
    });
  }

  /** What a run of the graph reads: the state as it is, and what this step alone has. */
  private feeds(
    names: readonly string[],
    draws: CompiledStep['draws'],
    inputs: HostTensors,
    { rate, rates = {} }: StepRates,
  ): Record<string, ort.Tensor> {
    const host = new Map<string, HostTensor>(
      Object.entries(inputs).map(([name, tensor]) => [userInput(name), tensor]),
    );
    const update = updateAfter(this.definition, this.calls);
    for (const group of groupsOf(this.definition)) {
      const inputs = scalarInputs(group);
      host.set(inputs.rate, scalar((group.name === undefined ? undefined : rates[group.name]) ?? rate));
      host.set(inputs.step, scalar(updatesOf(group, update)));
    }
    const stream = this.definition.random.at(this.calls);
    for (const at of draws) host.set(at.input, { dtype: 'float32', shape: at.shape, data: draw(stream, at) });
    const feeds: Record<string, ort.Tensor> = {};
    for (const input of names) {
      const tensor = host.get(input);
      feeds[input] = tensor ? toOrt(tensor) : this.parameters.feed(input);
    }
    return feeds;
  }

  private async run(step: CompiledStep, inputs: HostTensors, rates: StepRates): Promise<StepResult> {
    const { program, changes, terms, draws } = step;
    const feeds = this.feeds(program.inputs, draws, inputs, rates);
    const into: Record<string, ort.Tensor> = {};
    const scalars = [step.loss, ...terms.map(({ output }) => output)].map((output) => {
      const data = new Float32Array(1);
      into[output] = new ort.Tensor('float32', data, []);
      return data;
    });
    for (const { input, output } of changes) into[output] = this.parameters.fetch(input);
    await program.fill(feeds, into);
    const [loss, ...others] = scalars.map((data) => data[0] as number) as [number, ...number[]];
    const minimized = new Set(groupsOf(this.definition).map(({ term }) => term));
    const finite = [loss, ...others.filter((_, i) => minimized.has(terms[i]?.name ?? ''))].every(
      Number.isFinite,
    );
    if (finite) {
      this.parameters.swap(changes.map(({ input }) => input));
      for (const input of step.resets) this.parameters.clear(input);
      this.calls++;
    }
    return {
      loss,
      terms: Object.fromEntries(terms.map(({ name }, i) => [name, others[i] as number])),
      finite,
    };
  }

  memory(inputs?: InputShapes): Promise<MemoryAccount> {
    return this.turn(async () => {
      if (!inputs) return this.held();
      const part = partAfter(this.definition, this.calls);
      const known = this.steps.get(this.stepKey(part, inputs));
      return known
        ? accountOf(this.held(), { inputs: known.memory.inputs, random: known.memory.random })
        : this.heldWith(await planStep(this.definitionNow, inputs, this.options, part));
    });
  }

  held(): MemoryAccount {
    return this.disposed ? accountOf() : accountOf(this.heldParameters(), ...this.heldGraphs());
  }

  /** As `held`, while a step of one more graph runs. */
  private heldWith({ step, memory }: Pick<StepPlan, 'step' | 'memory'>): MemoryAccount {
    const changed = new Set(step.changes.map(({ input }) => input));
    return accountOf(this.heldParameters(changed), ...this.heldGraphs(), memory);
  }

  private heldParameters(changed?: ReadonlySet<string>): Partial<MemoryAccount> {
    const variables = new Set(this.definition.variables.map(({ name }) => variableInput(name)));
    return {
      parameters: this.parameters.bytes((input) => variables.has(input), changed),
      slots: this.parameters.bytes((input) => !variables.has(input), changed),
    };
  }

  private heldGraphs(): Partial<MemoryAccount>[] {
    return [
      ...Array.from(this.steps.values(), ({ memory }) => betweenRuns(memory)),
      ...Array.from(this.predictors, (predictor) => predictor.held()),
    ];
  }

  explain(inputs: HostTensors, options?: ExplainOptions): Promise<Explanation> {
    return this.turn(() => {
      checkInputs(inputs);
      const { graph, step, memory } = stepGraph(this.definitionNow, inputs, this.options, 'update', {
        lines: true,
      });
      const names = graph.inputs.map(({ name }) => name);
      const draws = step.draws.filter(({ input }) => names.includes(input));
      return explainGraph(
        graph,
        { threads: this.options.threads, weights: 'input', activations: memory.activations },
        this.feeds(names, draws, inputs, { rate: explainedRate }),
        options,
      );
    });
  }

  /** The parameter that holds each variable under these options, by the variable's graph input. */
  private weights(options?: WeightOptions): ReadonlyMap<string, string> {
    const slotOf = weightSlot(this.definition, options);
    return new Map(
      this.definition.variables.map((variable) => {
        const slot = slotOf(variable);
        const input = variableInput(variable.name);
        return [input, slot === undefined ? input : slotInput(variable.name, slot)];
      }),
    );
  }

  predictor(forward: Forward, options?: WeightOptions): Predictor {
    const weights = this.weights(options);
    const predictor = new OnnxPredictor(this.definition.variables, forward, this.options, {
      feed: (input) => this.parameters.feed(weights.get(input) ?? input),
      turn: (body) => this.turn(body),
    });
    this.predictors.add(predictor);
    return predictor;
  }

  snapshot(): Promise<TrainingState> {
    return this.turn(() => {
      const variables: Record<string, HostTensor> = {};
      const slots: Record<string, HostTensor> = {};
      for (const { name } of this.definition.variables)
        variables[name] = copyOf(this.parameters.value(variableInput(name)));
      for (const { variable, slot } of slotsOf(this.definition))
        slots[slotName(variable.name, slot.name)] = copyOf(
          this.parameters.value(slotInput(variable.name, slot.name)),
        );
      return Promise.resolve({ step: this.calls, variables, slots });
    });
  }

  restore(state: TrainingState): Promise<void> {
    return this.turn(() => {
      const inputs = new Map(this.definition.variables.map(({ name }) => [name, variableInput(name)]));
      const slots = new Map(
        slotsOf(this.definition).map(({ variable, slot }) => [
          slotName(variable.name, slot.name),
          slotInput(variable.name, slot.name),
        ]),
      );
      const shapes = (names: ReadonlyMap<string, string>) =>
        new Map([...names].map(([name, input]) => [name, this.parameters.value(input)]));
      checkState('variable', state.variables, shapes(inputs));
      checkState('slot', state.slots, shapes(slots));
      for (const [name, input] of inputs) this.parameters.set(input, state.variables[name] as HostTensor);
      for (const [name, input] of slots) this.parameters.set(input, state.slots[name] as HostTensor);
      this.calls = state.step;
      return Promise.resolve();
    });
  }

  sync(options?: WeightOptions): Promise<void> {
    return this.turn(() => {
      const weights = this.weights(options);
      for (const { name, variable } of this.definition.variables) {
        const { data, dtype } = this.parameters.value(weights.get(variableInput(name)) as string);
        // TF.js's cpu backend keeps the array it is given; ours is overwritten by later steps.
        tf.tidy(() => variable.assign(tf.tensor(data.slice(), variable.shape, dtype)));
      }
      return Promise.resolve();
    });
  }

  dispose(): Promise<void> {
    return this.turns.take(async () => {
      if (this.disposed) return;
      this.disposed = true;
      for (const { program } of this.steps.values()) await program.dispose();
      this.steps.clear();
      for (const predictor of this.predictors) await predictor.dispose();
    });
  }
}

function scalar(x: number): HostTensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(x) };
}
