// The three backends side by side: the same definition trained on each.
import {
  createEngine,
  type Engine,
  type HostTensors,
  type StepResult,
  type TrainingDefinition,
  type TrainingState,
} from '@potstill/engine';

/** The engine on tfjs-node; undefined where that is not set up, which continuous integration does not let pass. */
export async function tensorflowEngine(): Promise<Engine | undefined> {
  try {
    return await createEngine({ backend: 'tensorflow' });
  } catch (cause) {
    if (process.env.CI)
      throw new Error('the tensorflow backend must work in CI: npm run setup:tfjs-node', { cause });
    return undefined;
  }
}

/** One engine of each backend that is there, `onnx` on one thread first. The caller disposes of them. */
export async function everyEngine(): Promise<readonly Engine[]> {
  const tensorflow = await tensorflowEngine();
  return [
    await createEngine({ threads: 1 }),
    await createEngine({ backend: 'cpu' }),
    ...(tensorflow ? [tensorflow] : []),
  ];
}

export interface Trained {
  readonly results: readonly StepResult[];
  readonly state: TrainingState;
}

/** One update for each batch, at a falling rate; the session is closed, the variables are untouched. */
export async function trainOn(
  engine: Engine,
  definition: TrainingDefinition,
  batches: readonly HostTensors[],
  rate = 0.02,
): Promise<Trained> {
  const session = await engine.training(definition);
  const results: StepResult[] = [];
  for (const [i, batch] of batches.entries())
    results.push(await session.train(batch, { rate: rate / (1 + i) }));
  const state = await session.snapshot();
  await session.dispose();
  return { results, state };
}
