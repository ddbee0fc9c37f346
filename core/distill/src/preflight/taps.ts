// Do the teacher outputs that losses read, and the inputs, carry any information?
import type { Batch, Finding, HostTensors, Teacher } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { describeMoments, momentsOf } from './statistics.js';

/** A tap that is not finite, or the same for every example, is `PREFLIGHT_TAP`. */
export function checkTaps(
  outputs: HostTensors,
  read: readonly string[],
  batch: Batch,
  sources: Teacher['sources'] = {},
): Finding[] {
  return read.map((name) => {
    const tensor = outputs[name];
    if (!tensor)
      throw new PotstillError({
        code: 'TEACHER_OUTPUT',
        message: `the teacher gave no output \`${name}\`, which a loss reads`,
        allowed: Object.keys(outputs),
      });
    const moments = momentsOf(tensor);
    if (moments.notFinite >= 0) {
      const row = Math.floor(moments.notFinite / (tensor.data.length / batch.size));
      throw refuse(
        `the teacher's output \`${name}\` is ${String(tensor.data[moments.notFinite])} for example ${batch.indices[row] ?? '?'} of the training data`,
        'Check that example, and that the teacher receives inputs as in its own training (scale, mean, layout).',
      );
    }
    if (batch.size > 1 && moments.sameForAll)
      throw refuse(
        `the teacher's output \`${name}\` is the same for all ${batch.size} examples looked at (${describeMoments(tensor, moments)}): nothing can be learned from it`,
        'Choose another output or layer, and check that the teacher receives inputs as in its own training.',
      );
    const from = sources[name]?.from;
    return {
      level: 'ok',
      code: `tap ${name}`,
      message: `teacher \`${name}\`${from === undefined || from === name ? '' : `, the model's \`${from}\``}: ${describeMoments(tensor, moments)}`,
    };
  });
}

/** Inputs that are not finite are `DATA_DAMAGED`; inputs that never differ are a warning. */
export function checkInputs(batch: Batch, inputs: readonly string[]): Finding[] {
  return inputs.flatMap((name): Finding[] => {
    const tensor = batch.tensors[name];
    if (!tensor) return [];
    const moments = momentsOf(tensor);
    if (moments.notFinite >= 0) {
      const row = Math.floor(moments.notFinite / (tensor.data.length / batch.size));
      throw new PotstillError({
        code: 'DATA_DAMAGED',
        message: `input \`${name}\` of example ${batch.indices[row] ?? '?'} of the training data holds ${String(tensor.data[moments.notFinite])}`,
        hint: 'Fix or drop that example: one non-finite value corrupts every weight.',
      });
    }
    if (batch.size > 1 && moments.sameForAll)
      return [
        {
          level: 'warning',
          code: 'PREFLIGHT_INPUT_CONSTANT',
          message: `input \`${name}\` is the same for all ${batch.size} examples looked at (${describeMoments(tensor, moments)})`,
          hint: 'Check how the data is read and preprocessed: nothing can be learned from it.',
        },
      ];
    return [
      {
        level: 'ok',
        code: `input ${name}`,
        message: `input \`${name}\`: ${describeMoments(tensor, moments)}`,
      },
    ];
  });
}

function refuse(message: string, hint: string): PotstillError {
  return new PotstillError({ code: 'PREFLIGHT_TAP', message, hint });
}
