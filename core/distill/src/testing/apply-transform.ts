// A transform on one example.
import { randomStream } from '@potstill/engine';
import type { AnyComponent, Contexts, Example } from '../contracts/index.js';
import { makeComponent, type Given } from './make-component.js';
import { tinyDataset } from './tiny.js';
import { hostTensors, type Values } from './values.js';

export interface TransformTrial extends Given {
  /** Fields of one example, without the batch axis. */
  readonly example: Readonly<Record<string, Values>>;
  /** What `create` is told of the data. Default: the tiny data set. */
  readonly context?: Partial<Contexts['transform']>;
}

/**
 * Makes the transform and applies it once; its random numbers come from `seed`. Throws when the transform changes the
 * example that it is given, or when it draws random numbers although it says that it does not.
 */
export async function applyTransform(component: AnyComponent, trial: TransformTrial): Promise<Example> {
  const context = { data: tinyDataset(), ...trial.context };
  const transform = await makeComponent('transform', component, context, trial);
  const [example, before] = [hostTensors(trial.example), hostTensors(trial.example)];
  const apply = (seed: number) => transform.apply(example, randomStream(seed));
  const { seed = 1 } = trial;
  const result = apply(seed);
  if (JSON.stringify(example) !== JSON.stringify(before))
    throw new Error(`\`${component.name}\` changed the example that it was given; it must make a new one`);
  if (!transform.random && JSON.stringify(apply(seed + 1)) !== JSON.stringify(result))
    throw new Error(
      `\`${component.name}\` says \`random: false\`, and gives another result with other random numbers`,
    );
  return result;
}
