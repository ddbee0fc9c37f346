// After training: teacher, student alone and distilled student on the same data, their size and speed.
import type { HostTensors } from '@potstill/engine';
import type { Evaluation, Example } from '../contracts/index.js';
import { outputsRead } from '../evaluate/evaluate-model.js';
import { parameterCount } from '../students/index.js';
import { readWeights } from '../train/checkpoint.js';
import type { RunContext } from './context.js';
import type { OpenData } from './data.js';
import { exampleOf, measureStudent, type Size } from './measure.js';
import { predictorOf } from './predict.js';
import { loadWeights, weightsOf } from './weights.js';

export interface Compared {
  readonly evaluation: Evaluation | undefined;
  readonly size: Size;
}

/** The data that models are compared on: test data, else what there is. */
export function comparisonData({ data }: Pick<RunContext, 'data'>): {
  readonly role: 'test' | 'validation' | 'train';
  readonly data: OpenData;
} {
  if (data.test) return { role: 'test', data: data.test };
  if (data.validation) return { role: 'validation', data: data.validation };
  return { role: 'train', data: data.train };
}

/** One example on which speed is measured; undefined when there is none. */
export async function speedExample(context: RunContext): Promise<Example | undefined> {
  const { data } = comparisonData(context);
  return exampleOf(data, context.data.description.inputs, context.random.child(data.name));
}

/**
 * The student with the weights of a file: metrics, and with an example also size and speed. Leaves those weights in the
 * student.
 */
export async function compareStudent(
  context: RunContext,
  weightsFile: string,
  example: Example | undefined,
): Promise<Compared> {
  const { student, container, data } = context;
  loadWeights(student, (await readWeights(weightsFile)).variables, weightsFile);
  const evaluation = await evaluateStudent(context);
  const measured = example && (await measureStudent(student, data.description, example));
  container.services.logger.debug({ weightsFile, ...measured }, 'measured');
  return {
    evaluation,
    size: { parameters: parameterCount(student), bytes: measured?.bytes, latencyMs: measured?.latencyMs },
  };
}

/** The student as it stands, on the data that models are compared on. */
async function evaluateStudent(context: RunContext): Promise<Evaluation> {
  const { student, container, evaluator, data, metrics } = context;
  const read = outputsRead(metrics, 'model');
  const predictor = await predictorOf(container.services.engine, student, data.description.inputs, read);
  try {
    return await evaluator.evaluate(comparisonData(context).data, (batch) => predictor.run(batch));
  } finally {
    await predictor.dispose();
  }
}

/** The student with other weights than its own, which are put back. */
export async function evaluateWith(
  context: RunContext,
  weights: HostTensors,
  from: string,
): Promise<Evaluation> {
  const own = weightsOf(context.student);
  try {
    loadWeights(context.student, weights, from);
    return await evaluateStudent(context);
  } finally {
    loadWeights(context.student, own, 'the student');
  }
}
