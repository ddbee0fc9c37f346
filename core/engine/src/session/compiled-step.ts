// A training step for one set of input shapes: recorded, lowered, improved, compiled.
import type { Graph } from '../graph/graph.js';
import type { KernelTable } from '../kernels/rule.js';
import { improve, type PassSwitches, type Target } from '../passes/index.js';
import { lower } from '../record/lower.js';
import type { RandomDraw } from '../record/random.js';
import { type InputShapes, type RecordedStep, recordStep } from '../record/step.js';
import type { TrainingDefinition } from '../types.js';
import { compile, type Program } from './program.js';

export interface CompiledStep {
  readonly program: Program;
  readonly loss: string;
  /** Output names of the other terms, by the term's name. */
  readonly terms: readonly { readonly name: string; readonly output: string }[];
  /** Graph inputs that the step changes, and the outputs that hold their next values. */
  readonly changes: readonly { readonly input: string; readonly output: string }[];
  readonly draws: readonly RandomDraw[];
}

export interface CompileOptions {
  readonly table: KernelTable;
  readonly threads: number;
  readonly passes: PassSwitches;
  readonly target: Target;
}

/** The graph of one update: the loss, the other terms, the next value of each thing that changes. */
export function stepGraph(
  definition: TrainingDefinition,
  shapes: InputShapes,
  { table, passes, target }: CompileOptions,
): { readonly step: RecordedStep; readonly graph: Graph } {
  const step = recordStep(table, definition, shapes);
  const graph = lower(table, [
    step.loss,
    ...step.terms.map(({ value }) => value),
    ...step.changes.map(({ next }) => next),
  ]);
  return { step, graph: improve(graph, passes, target) };
}

export async function compileStep(
  definition: TrainingDefinition,
  shapes: InputShapes,
  options: CompileOptions,
): Promise<CompiledStep> {
  const { step, graph } = stepGraph(definition, shapes, options);
  const program = await compile(graph, options.threads, 'input');
  const [loss, ...others] = program.outputs as [string, ...string[]];
  const used = new Set(program.inputs);
  return {
    program,
    loss,
    terms: step.terms.map(({ name }, i) => ({ name, output: others[i] as string })),
    changes: step.changes.map(({ input }, i) => ({ input, output: others[step.terms.length + i] as string })),
    draws: step.draws.filter(({ input }) => used.has(input)),
  };
}
