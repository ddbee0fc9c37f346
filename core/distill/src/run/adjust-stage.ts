// Stage `adjust`: changes of the trained student that are chosen on validation data.
import type { AdjustInput, Adjusted, Adjustment } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { batches } from '../data/index.js';
import { writeWeights } from '../train/checkpoint.js';
import { stage, type RunContext, type Stage } from './context.js';
import { evaluationBatch } from './evaluation.js';
import { adjustedWeights } from './names.js';
import { predictorOf } from './predict.js';
import { loadWeights, readOwnWeights, weightsOf } from './weights.js';

/** One adjustment as it was made. */
export interface MadeAdjustment extends Adjusted {
  /** The component's name. */
  readonly kind: string;
}

interface Record {
  readonly adjustments: readonly MadeAdjustment[];
}

/** Adjusts the student in place and keeps the weights in `student/adjusted.safetensors`. */
export const adjustStage: Stage<'adjust'> = {
  name: 'adjust',
  applies: ({ plan }) => plan.adjustments.length > 0,
  async run(context) {
    const { folder, student, identity } = context;
    const path = folder.file(...adjustedWeights);
    const done = folder.finished<Record>('adjust');
    if (!done) return adjust(context, path);
    loadWeights(student, await readOwnWeights(path, identity), path);
    return done.adjustments;
  },
};

async function adjust(context: RunContext, path: string): Promise<readonly MadeAdjustment[]> {
  const { plan, folder, log, student } = context;
  const input = inputOf(context);
  const made: MadeAdjustment[] = [];
  await stage(
    log,
    'adjust',
    async () => {
      for (const [at, component] of plan.adjustments.entries()) {
        const { words, data } = await (context.adjustments[at] as Adjustment).apply(input);
        made.push({ kind: component.definition.name, words, data });
      }
      await writeWeights(path, {
        variables: weightsOf(student),
        metadata: { 'potstill.identity': context.identity },
      });
      await folder.finish('adjust', { adjustments: made } satisfies Record);
    },
    () => made.map(({ words }) => words).join('; '),
  );
  return made;
}

function inputOf({ data, student, container, random }: RunContext): AdjustInput {
  const { validation, training, description } = data;
  if (!validation)
    throw new PotstillError({
      code: 'RECIPE_MISSING_KEY',
      message: '`adjust` chooses its changes on validation data, and there are none',
      path: 'adjust',
      hint: 'Add `validation:` to `data`.',
    });
  const { dataset, transforms, name } = validation;
  return {
    student,
    data: description,
    training: training.dataset.size === undefined ? undefined : training.dataset,
    validation: () =>
      batches(dataset, { size: evaluationBatch, transforms, name, random: random.child(name) }),
    predictor: () => predictorOf(container.services.engine, student, description.inputs),
  };
}
