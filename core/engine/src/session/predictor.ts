// A forward pass on ONNX Runtime, with its own weights or those of a training session.
import type * as ort from '../onnx-runtime.js';
import { EngineError } from '../errors.js';
import { bindInputs } from '../graph/bind.js';
import type { Graph } from '../graph/graph.js';
import { improve } from '../passes/index.js';
import { recordForward } from '../record/forward.js';
import { lower } from '../record/lower.js';
import { type RecordOptions, variableInput } from '../record/recording.js';
import { type InputShapes, userInput } from '../record/step.js';
import type { HostTensor, HostTensors } from '../host-tensor.js';
import type {
  ExplainOptions,
  Explanation,
  Forward,
  MemoryAccount,
  NamedVariable,
  Predictor,
} from '../types.js';
import type { CompileOptions } from './compiled-step.js';
import { checkVariables, valueOf } from './definition.js';
import { explainGraph } from './explain.js';
import { checkInputs, fromOrt, shapesKey, toOrt } from './host.js';
import { accountOf, betweenRuns, type GraphMemory, graphMemory, type Holder } from './memory.js';
import { compile, type Program, type ProgramOptions } from './program.js';

/** The weights of a session that trains on, and its order of turns. */
export interface LiveWeights {
  /** What a run reads for a graph input that is a variable. */
  feed(input: string): ort.Tensor;
  turn<T>(body: () => Promise<T>): Promise<T>;
}

interface CompiledForward {
  readonly program: Program;
  readonly memory: GraphMemory;
  readonly names: readonly string[];
}

export class OnnxPredictor implements Predictor, Holder {
  private readonly compiled = new Map<string, CompiledForward>();
  private readonly fixed: ReadonlyMap<string, HostTensor> | undefined;
  private disposed = false;

  constructor(
    private readonly variables: readonly NamedVariable[],
    private readonly forward: Forward,
    private readonly options: CompileOptions,
    private readonly live?: LiveWeights,
  ) {
    if (live) return;
    checkVariables(variables);
    this.fixed = new Map(
      variables.map((variable) => [variableInput(variable.name), valueOf(variable)] as const),
    );
  }

  run(inputs: HostTensors): Promise<HostTensors> {
    return this.live ? this.live.turn(() => this.runNow(inputs)) : this.runNow(inputs);
  }

  private async runNow(inputs: HostTensors): Promise<HostTensors> {
    if (this.disposed) throw new EngineError('ENGINE_STATE', 'the predictor is disposed');
    checkInputs(inputs);
    const { program, names } = await this.compiledFor(inputs);
    const results = await program.run(this.feeds(program.inputs, inputs), program.outputs);
    return Object.fromEntries(
      names.map((name, i) => [name, fromOrt(results[program.outputs[i] as string] as ort.Tensor)]),
    );
  }

  private feeds(names: readonly string[], inputs: HostTensors): Record<string, ort.Tensor> {
    const feeds: Record<string, ort.Tensor> = {};
    const host = new Map(Object.entries(inputs).map(([name, tensor]) => [userInput(name), tensor]));
    for (const input of names) {
      const tensor = host.get(input);
      if (!tensor && !this.live) throw new Error(`internal: no value for ${input}`);
      feeds[input] = tensor ? toOrt(tensor) : (this.live as LiveWeights).feed(input);
    }
    return feeds;
  }

  explain(inputs: HostTensors, options?: ExplainOptions): Promise<Explanation> {
    return this.live
      ? this.live.turn(() => this.explainNow(inputs, options))
      : this.explainNow(inputs, options);
  }

  private async explainNow(inputs: HostTensors, options?: ExplainOptions): Promise<Explanation> {
    if (this.disposed) throw new EngineError('ENGINE_STATE', 'the predictor is disposed');
    checkInputs(inputs);
    const { graph, memory } = this.graphFor(inputs, { lines: true });
    const names = graph.inputs.map(({ name }) => name);
    return explainGraph(graph, this.target(memory), this.feeds(names, inputs), options);
  }

  private target({ activations }: GraphMemory): ProgramOptions {
    return { threads: this.options.threads, weights: this.fixed ? 'constant' : 'input', activations };
  }

  async memory(inputs?: InputShapes): Promise<MemoryAccount> {
    if (this.disposed) throw new EngineError('ENGINE_STATE', 'the predictor is disposed');
    if (!inputs) return this.held();
    const known = this.compiled.get(shapesKey(inputs));
    return known
      ? accountOf(this.held(), { inputs: known.memory.inputs })
      : accountOf(this.held(), this.graphFor(inputs).memory);
  }

  held(): MemoryAccount {
    if (this.disposed) return accountOf();
    const own = Array.from(this.fixed?.values() ?? [], ({ data }) => ({ parameters: data.byteLength }));
    return accountOf(...own, ...Array.from(this.compiled.values(), ({ memory }) => betweenRuns(memory)));
  }

  private graphFor(
    inputs: InputShapes,
    record: RecordOptions = { lines: false },
  ): {
    readonly graph: Graph;
    readonly memory: GraphMemory;
    readonly names: readonly string[];
  } {
    const { table, passes, target } = this.options;
    const outputs = recordForward(table, this.variables, this.forward, inputs, record);
    const lowered = lower(
      table,
      outputs.map(({ value }) => value),
    );
    // ONNX Runtime itself blocks convolutions whose filters are constants.
    const graph = this.fixed
      ? improve(bindInputs(lowered, this.fixed), passes)
      : improve(lowered, passes, target);
    return {
      graph,
      memory: graphMemory(graph),
      names: outputs.map(({ name }) => name),
    };
  }

  private async compiledFor(inputs: HostTensors): Promise<CompiledForward> {
    const key = shapesKey(inputs);
    const known = this.compiled.get(key);
    if (known) return known;
    const { graph, memory, names } = this.graphFor(inputs);
    this.options.budget.admit(this.held(), accountOf(this.held(), memory), 'a forward pass', inputs);
    const program = await compile(graph, this.target(memory));
    const compiled = { program, memory, names };
    this.compiled.set(key, compiled);
    return compiled;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    for (const { program } of this.compiled.values()) await program.dispose();
    this.compiled.clear();
  }
}
