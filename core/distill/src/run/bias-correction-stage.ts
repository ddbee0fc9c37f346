// After training: the output bias of some classes shifted by the offset that is best on validation data.
import type { HostTensor } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch, NamedVariable } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { batches } from '../data/index.js';
import { writeWeights } from '../train/checkpoint.js';
import type { BiasCorrectionPlan } from '../recipe/plan.js';
import { bestBiasOffset, type BiasOffset } from './bias-correction.js';
import { stage, type RunContext, type Stage } from './context.js';
import { evaluationBatch } from './evaluation.js';
import { predictorOf } from './predict.js';
import { loadWeights, readOwnWeights, weightsOf } from './weights.js';

/** Corrects the student in place and keeps the weights in `student/corrected.safetensors`. */
export const biasCorrectionStage: Stage<'bias-correction'> = {
  name: 'bias-correction',
  applies: ({ plan }) => plan.biasCorrection !== undefined,
  async run(context) {
    const { plan, folder, student } = context;
    const { biasCorrection } = plan;
    if (!biasCorrection) throw new Error('internal: a correction that the recipe does not ask for');
    const done = folder.finished<BiasOffset>('bias-correction');
    if (!done) return correct(context, biasCorrection);
    const path = folder.file('student', 'corrected.safetensors');
    loadWeights(student, await readOwnWeights(path, context.identity), path);
    return done;
  },
};

async function correct(context: RunContext, correction: BiasCorrectionPlan): Promise<BiasOffset> {
  const { folder, log, student } = context;
  const path = folder.file('student', 'corrected.safetensors');
  return stage(
    log,
    'bias-correction',
    async () => {
      const { scores, targets, classes, first } = await validationScores(context);
      const outside = correction.classes.filter((c) => c >= classes);
      if (outside.length > 0)
        throw new PotstillError({
          code: 'RECIPE_BAD_VALUE',
          message: `\`biasCorrection.classes\` names ${outside.join(', ')}; the student has classes 0 to ${classes - 1}`,
          path: 'biasCorrection.classes',
        });
      const bias = await outputBias(context, first, classes);
      const found = bestBiasOffset(scores, targets, classes, correction.classes);
      const shift = new Float32Array(classes);
      for (const c of correction.classes) shift[c] = found.offset;
      tf.tidy(() => bias.variable.assign(tf.add(bias.variable, tf.tensor1d(shift))));
      await writeWeights(path, {
        variables: weightsOf(student),
        metadata: { 'potstill.identity': context.identity },
      });
      await folder.finish('bias-correction', found);
      return found;
    },
    ({ offset, errorsBefore, errorsAfter }) =>
      `classes ${correction.classes.join(', ')} shifted by ${offset.toPrecision(3)}: ${errorsBefore} errors on validation data before, ${errorsAfter} after`,
  );
}

/** The student's scores and the truth for all validation data. */
async function validationScores({ plan, data, student, container, random }: RunContext) {
  const { validation, description } = data;
  const { target } = description;
  if (!validation || target === undefined)
    throw new PotstillError({
      code: 'RECIPE_MISSING_KEY',
      message: '`biasCorrection` chooses its offset on labelled validation data, and there are none',
      path: 'biasCorrection',
      hint: 'Add `validation:` to `data`.',
    });
  const predictor = await predictorOf(container.services.engine, student, description.inputs);
  const scores: number[] = [];
  const targets: number[] = [];
  let classes = 0;
  let first: Batch | undefined;
  try {
    const { dataset, transforms, name } = validation;
    for await (const batch of batches(dataset, {
      size: evaluationBatch,
      transforms,
      name,
      random: random.child(name),
    })) {
      first ??= batch;
      const logits = logitsOf((await predictor.run(batch)).logits, plan.student.definition.name);
      classes = logits.shape[1] as number;
      for (const score of logits.data) scores.push(score);
      for (const truth of batch.tensors[target]?.data ?? []) targets.push(truth);
    }
  } finally {
    await predictor.dispose();
  }
  if (!first) throw new PotstillError({ code: 'DATA_EMPTY', message: 'the validation data has no examples' });
  return { scores, targets, classes, first };
}

/**
 * The variable that is added to the logits: the last of one axis and that length whose change by one changes every
 * logit by one. Tried out, not guessed by name, so that it works for any student that has one.
 */
async function outputBias(context: RunContext, batch: Batch, classes: number): Promise<NamedVariable> {
  const { student, plan } = context;
  const name = plan.student.definition.name;
  const before = logitsOf((await once(context, batch)).logits, name);
  const candidates = student.variables.filter(
    ({ variable, trainable }) =>
      trainable !== false && variable.shape.length === 1 && variable.shape[0] === classes,
  );
  for (const candidate of candidates.reverse()) {
    const kept = candidate.variable.clone();
    try {
      tf.tidy(() => candidate.variable.assign(tf.add(kept, 1)));
      const after = logitsOf((await once(context, batch)).logits, name);
      const added = after.data.every((value, i) => {
        const was = before.data[i] as number;
        return Math.abs(value - was - 1) <= 1e-3 * Math.max(1, Math.abs(was));
      });
      if (added) return candidate;
    } finally {
      candidate.variable.assign(kept);
      kept.dispose();
    }
  }
  throw new PotstillError({
    code: 'STUDENT_INVALID',
    message: `\`biasCorrection\` shifts the bias of the logits, and no variable of the student \`${name}\` is such a bias`,
    hint: 'Give the output layer a bias, or leave out `biasCorrection`.',
    path: 'biasCorrection',
  });
}

async function once({ container, student, data }: RunContext, batch: Batch) {
  const predictor = await predictorOf(container.services.engine, student, data.description.inputs);
  try {
    return await predictor.run(batch);
  } finally {
    await predictor.dispose();
  }
}

function logitsOf(
  tensor: HostTensor | undefined,
  student: string,
): HostTensor & { readonly dtype: 'float32' } {
  if (tensor?.dtype === 'float32' && tensor.shape.length === 2) return tensor;
  throw new PotstillError({
    code: 'STUDENT_INVALID',
    message: `\`biasCorrection\` needs an output \`logits\`, float32 [batch, classes]; the student \`${student}\` has ${tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'none'}`,
    path: 'biasCorrection',
  });
}
