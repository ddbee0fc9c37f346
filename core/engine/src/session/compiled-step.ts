// A training step for one set of input shapes: recorded, lowered, improved, compiled.
import type { Graph } from '../graph/graph.js';
import type { KernelTable } from '../kernels/rule.js';
import { improve, type PassSwitches, type Target } from '../passes/index.js';
import type { StepPart } from '../record/accumulate.js';
import { lower } from '../record/lower.js';
import type { RandomDraw } from '../record/random.js';
import type { RecordOptions } from '../record/recording.js';
import { type InputShapes, type RecordedStep, recordStep } from '../record/step.js';
import type { EngineWarning, TrainingDefinition } from '../types.js';
import { type GraphMemory, graphMemory, type MemoryBudget } from './memory.js';
import { compile, type Program } from './program.js';

export interface CompiledStep {
  readonly program: Program;
  readonly memory: GraphMemory;
  readonly loss: string;
  /** Output names of the other terms, by the term's name. */
  readonly terms: readonly { readonly name: string; readonly output: string }[];
  /** Graph inputs that the step changes, and the outputs that hold their next values. */
  readonly changes: readonly { readonly input: string; readonly output: string }[];
  readonly draws: readonly RandomDraw[];
  /** Graph inputs that are zeros again after the step. */
  readonly resets: readonly string[];
}

export interface CompileOptions {
  readonly table: KernelTable;
  readonly threads: number;
  readonly passes: PassSwitches;
  readonly target: Target;
  readonly budget: MemoryBudget;
  readonly warn: (warning: EngineWarning) => void;
}

export interface StepGraph {
  readonly step: RecordedStep;
  readonly graph: Graph;
  readonly memory: GraphMemory;
}

/** The graph of one update, or of a part of it: the loss, the other terms, the next value of each thing that changes. */
export function stepGraph(
  definition: TrainingDefinition,
  shapes: InputShapes,
  { table, passes, target }: Pick<CompileOptions, 'table' | 'passes' | 'target'>,
  part?: StepPart,
  record: RecordOptions = { lines: false },
): StepGraph {
  const step = recordStep(table, definition, shapes, part, record);
  const graph = lower(table, [
    step.loss,
    ...step.terms.map(({ value }) => value),
    ...step.changes.map(({ next }) => next),
  ]);
  const improved = improve(graph, passes, target);
  return { step, graph: improved, memory: graphMemory(improved, step.draws) };
}

export async function compileStep(
  { step, graph, memory }: StepGraph,
  options: CompileOptions,
): Promise<CompiledStep> {
  const program = await compile(graph, options.threads, 'input');
  const [loss, ...others] = program.outputs as [string, ...string[]];
  const used = new Set(program.inputs);
  return {
    program,
    memory,
    loss,
    terms: step.terms.map(({ name }, i) => ({ name, output: others[i] as string })),
    changes: step.changes.map(({ input }, i) => ({ input, output: others[step.terms.length + i] as string })),
    draws: step.draws.filter(({ input }) => used.has(input)),
    resets: step.resets,
  };
}
