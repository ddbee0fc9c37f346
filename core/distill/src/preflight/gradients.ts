// Does each loss teach anything? One step of each, whose result is discarded.
import { EngineError, sgd, type Engine, type HostTensors, type RandomStream } from '@potstill/engine';
import type { Batch, Finding, GraphTeacher, Student } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { createObjective, type WeightedLoss } from '../train/objective.js';
import { keepVariables } from './keep-variables.js';

export interface GradientInput {
  readonly engine: Engine;
  readonly student: Student;
  readonly inputs: readonly string[];
  readonly losses: readonly WeightedLoss[];
  /** The teacher, where it is computed in the step. */
  readonly taughtBy: GraphTeacher | undefined;
  readonly random: RandomStream;
  readonly batch: Batch;
  readonly teacherOutputs: HostTensors;
}

/**
 * A loss whose gradient is zero for every trainable variable, the student's and its own, is a warning; where all are so,
 * `PREFLIGHT_LOSS_CONSTANT`.
 */
export async function checkGradients(input: GradientInput): Promise<Finding[]> {
  const constant: string[] = [];
  for (const loss of input.losses) {
    const gradient = await hasGradient(input, loss).catch((error: unknown) => {
      if (error instanceof EngineError && error.code === 'ENGINE_NO_GRADIENT') return false;
      throw error;
    });
    if (!gradient) constant.push(loss.name);
  }
  if (constant.length === 0) return [];
  const names = constant.map((name) => `\`${name}\``).join(', ');
  const message = `${constant.length === 1 ? `the loss ${names} is` : `the losses ${names} are`} constant: no variable of the student gets a gradient`;
  const hint =
    'Compute the loss from the outputs of the student with differentiable operations, and check `train.freeze`.';
  const found = { code: 'PREFLIGHT_LOSS_CONSTANT', message, hint } as const;
  if (constant.length === input.losses.length) throw new PotstillError({ ...found, path: 'losses' });
  return [{ level: 'warning', ...found }];
}

async function hasGradient(
  { engine, student, inputs, random, batch, teacherOutputs, taughtBy }: GradientInput,
  loss: WeightedLoss,
): Promise<boolean> {
  const objective = createObjective(student, inputs, [{ ...loss, weight: 1 }], taughtBy);
  if (objective.variables.every(({ trainable }) => trainable === false)) return false;
  const restore = keepVariables(objective.variables);
  const session = await engine.training({
    variables: objective.variables,
    loss: (tensors, at) => objective.loss(tensors, at),
    // After one step from rest, its velocity is the gradient.
    optimizer: sgd({ momentum: 0.9 }),
    random,
  });
  try {
    const feed = objective.feed(batch, teacherOutputs, { step: 0, steps: 1, stepsPerEpoch: 1 });
    const { finite } = await session.train(feed, { rate: 0 });
    if (!finite) return true;
    const { slots } = await session.snapshot();
    return Object.values(slots).some(({ data }) => data.some((value: number) => value !== 0));
  } finally {
    await session.dispose();
    restore();
  }
}
