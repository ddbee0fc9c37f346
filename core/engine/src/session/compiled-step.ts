// A training step for one set of input shapes: recorded, lowered, improved, compiled.
import { createHash } from 'node:crypto';
import type { Graph } from '../graph/graph.js';
import type { KernelTable } from '../kernels/rule.js';
import type { Target } from '../graph/target.js';
import { improve, type PassSwitches } from '../passes/index.js';
import type { StepPart } from '../record/accumulate.js';
import { recordingKey } from '../record/key.js';
import { lower } from '../record/lower.js';
import type { RandomDraw } from '../record/random.js';
import type { RecordOptions } from '../record/recording.js';
import { type InputShapes, type RecordedStep, recordStep } from '../record/step.js';
import type { Recorded } from '../record/tape.js';
import type { EngineWarning, TrainingDefinition } from '../types.js';
import { buildKey } from './build.js';
import type { GraphCache } from './cache.js';
import { type GraphMemory, graphMemory, type MemoryBudget } from './memory.js';
import { compile, load, namesOf, type Program, type ProgramNames } from './program.js';

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
  /** Where compiled steps are kept between runs. */
  readonly cache?: GraphCache | undefined;
}

/** A step that was recorded, and may be compiled. */
export interface StepPlan {
  readonly step: RecordedStep;
  readonly memory: GraphMemory;
  readonly program: () => Promise<Program>;
}

export interface StepGraph {
  readonly step: RecordedStep;
  readonly graph: Graph;
  readonly memory: GraphMemory;
}

type GraphOptions = Pick<CompileOptions, 'table' | 'passes' | 'target'>;

/** The graph of one update, or of a part of it: the next value of each thing that changes, the other terms, the loss. */
export function stepGraph(
  definition: TrainingDefinition,
  shapes: InputShapes,
  options: GraphOptions,
  part?: StepPart,
  record: RecordOptions = { lines: false },
): StepGraph {
  return graphOf(recordStep(options.table, definition, shapes, part, record), options);
}

/** The loss last: what is asked for last is computed first. See record/run-order.ts. */
function outputsOf({ loss, terms, changes }: RecordedStep): Recorded[] {
  return [...changes.map(({ next }) => next), ...terms.map(({ value }) => value), loss];
}

function graphOf(step: RecordedStep, { table, passes, target }: GraphOptions): StepGraph {
  const graph = improve(lower(table, outputsOf(step), { target }), passes, target);
  return { step, graph, memory: graphMemory(graph, step.draws) };
}

/** Records a step, and finds its graph in the cache or makes it. */
export async function planStep(
  definition: TrainingDefinition,
  shapes: InputShapes,
  options: CompileOptions,
  part: StepPart,
): Promise<StepPlan> {
  const { cache, threads } = options;
  const step = recordStep(options.table, definition, shapes, part, { lines: false });
  const key = cache && (await stepKey(step, options));
  const found = key === undefined ? undefined : await cache?.find(key);
  const make = (): StepPlan => {
    const { graph, memory } = graphOf(step, options);
    const target = { threads, weights: 'input', activations: memory.activations } as const;
    const facts: StepFacts = { ...namesOf(graph), memory };
    const build = (optimised?: string) => compile(graph, target, optimised);
    return {
      step,
      memory,
      program: () => (cache && key !== undefined ? cache.fill(key, facts, build) : build()),
    };
  };
  if (!found) return make();
  const { memory, ...names } = found.facts as StepFacts;
  const target = { threads, weights: 'input', activations: memory.activations } as const;
  return {
    step,
    memory,
    // A graph that ONNX Runtime refuses to load is compiled again.
    program: () => load(found.model, names, target).catch(() => make().program()),
  };
}

/** What is known of a step's graph without it. */
type StepFacts = ProgramNames & { readonly memory: GraphMemory };

async function stepKey(
  step: RecordedStep,
  { threads, passes, target }: CompileOptions,
): Promise<string | undefined> {
  const [build, recording] = [await buildKey(), recordingKey(outputsOf(step))];
  if (build === undefined || recording === undefined) return undefined;
  const draws = step.draws.map(({ input }) => input);
  return createHash('sha256')
    .update(JSON.stringify([build, recording, draws, threads, target, Object.entries(passes).sort()]))
    .digest('hex');
}

export async function compileStep({ step, memory, program: compiled }: StepPlan): Promise<CompiledStep> {
  const program = await compiled();
  const output = (i: number): string => program.outputs[i] as string;
  const { terms, changes } = step;
  const used = new Set(program.inputs);
  return {
    program,
    memory,
    loss: output(changes.length + terms.length),
    terms: terms.map(({ name }, i) => ({ name, output: output(changes.length + i) })),
    changes: changes.map(({ input }, i) => ({ input, output: output(i) })),
    draws: step.draws.filter(({ input }) => used.has(input)),
    resets: step.resets,
  };
}
