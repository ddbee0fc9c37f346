// A forward pass on ONNX Runtime, with weights of its own or those of a training session.
import type * as ort from 'onnxruntime-node';
import { EngineError } from '../errors.js';
import { bindInputs } from '../graph/bind.js';
import type { Graph } from '../graph/graph.js';
import { improve } from '../passes/index.js';
import { recordForward } from '../record/forward.js';
import { lower } from '../record/lower.js';
import { variableInput } from '../record/recording.js';
import { userInput } from '../record/step.js';
import type {
  ExplainOptions,
  Explanation,
  Forward,
  HostTensor,
  HostTensors,
  NamedVariable,
  Predictor,
} from '../types.js';
import type { CompileOptions } from './compiled-step.js';
import { checkVariables, valueOf } from './definition.js';
import { explainGraph } from './explain.js';
import { checkInputs, fromOrt, shapesKey, toOrt } from './host.js';
import type { Parameters } from './parameters.js';
import { compile, type Program, type WeightKind } from './program.js';

/** The weights of a session that trains on, and its order of turns. */
export interface LiveWeights {
  readonly parameters: Parameters;
  turn<T>(body: () => Promise<T>): Promise<T>;
}

interface CompiledForward {
  readonly program: Program;
  readonly names: readonly string[];
}

export class OnnxPredictor implements Predictor {
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
    if (this.disposed) throw new EngineError('ENGINE_STATE', 'the predictor was disposed of');
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
      feeds[input] = tensor ? toOrt(tensor) : (this.live as LiveWeights).parameters.feed(input);
    }
    return feeds;
  }

  explain(inputs: HostTensors, options?: ExplainOptions): Promise<Explanation> {
    return this.live
      ? this.live.turn(() => this.explainNow(inputs, options))
      : this.explainNow(inputs, options);
  }

  private async explainNow(inputs: HostTensors, options?: ExplainOptions): Promise<Explanation> {
    if (this.disposed) throw new EngineError('ENGINE_STATE', 'the predictor was disposed of');
    checkInputs(inputs);
    const { graph } = this.graphFor(inputs);
    const names = graph.inputs.map(({ name }) => name);
    return explainGraph(graph, this.options.threads, this.weights, this.feeds(names, inputs), options);
  }

  private get weights(): WeightKind {
    return this.fixed ? 'constant' : 'input';
  }

  private graphFor(inputs: HostTensors): { readonly graph: Graph; readonly names: readonly string[] } {
    const { table, passes, target } = this.options;
    const outputs = recordForward(table, this.variables, this.forward, inputs);
    const lowered = lower(
      table,
      outputs.map(({ value }) => value),
    );
    return {
      // ONNX Runtime blocks convolutions with constant filters itself.
      graph: this.fixed ? improve(bindInputs(lowered, this.fixed), passes) : improve(lowered, passes, target),
      names: outputs.map(({ name }) => name),
    };
  }

  private async compiledFor(inputs: HostTensors): Promise<CompiledForward> {
    const key = shapesKey(inputs);
    const known = this.compiled.get(key);
    if (known) return known;
    const { graph, names } = this.graphFor(inputs);
    const program = await compile(graph, this.options.threads, this.weights);
    const compiled = { program, names };
    this.compiled.set(key, compiled);
    return compiled;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    for (const { program } of this.compiled.values()) await program.dispose();
    this.compiled.clear();
  }
}
