// What the inputs of a recurrent model are given: its state is left out, its sequence may be of any length.
import type { DataDescription } from '../contracts/index.js';
import { checkInputNames, feedsOf, firstInput, type FeedOptions, type Feeds } from './feeds.js';
import { teacherInvalid } from './invalid.js';
import { sequenceInput, stateInputs, type Recurrence, type RecurrentOptions } from './recurrent.js';
import type { GraphValue } from './session.js';

/**
 * The data's first input is the sequence: its first axis is cut into chunks. What else the model takes, it takes with
 * every chunk.
 */
export function recurrentFeeds(
  teacher: string,
  inputs: readonly GraphValue[],
  outputs: readonly string[],
  data: DataDescription,
  options: FeedOptions,
  recurrent: RecurrentOptions,
): { readonly feeds: Feeds; readonly recurrence: Recurrence } {
  const states = stateInputs(teacher, inputs, outputs, recurrent);
  const rest = inputs.filter((input) => !states.includes(input));
  const [field = ''] = data.inputs;
  const rank = data.spec[field]?.shape.length ?? 0;
  if (rank === 0)
    throw teacherInvalid(
      `the data's \`${field}\` is one number an example: there is no sequence for the teacher ${teacher} to go through`,
    );
  checkInputNames(teacher, rest, options);
  const name = firstInput(rest, data, options);
  const sequence = rest.find((input) => input.name === name);
  if (!sequence)
    throw teacherInvalid(
      `no input of the teacher ${teacher} is given the data's \`${field}\`, the sequence`,
      'correct `inputs`',
    );
  const window = recurrent.context + recurrent.chunk;
  const squeezes = sequence.shape?.length === rank;
  if (squeezes && window !== 1)
    throw teacherInvalid(
      `the teacher ${teacher} takes \`${sequence.name}\` without an axis of time, one element at a time`,
      'write `chunk: 1`, without `context`',
    );
  const declared = squeezes ? undefined : sequence.shape?.[1];
  if (typeof declared === 'number' && declared !== window)
    throw teacherInvalid(
      `the teacher ${teacher} takes ${declared} elements of \`${sequence.name}\` at a time; the recipe gives it ${window}`,
      '`recurrent.chunk` and `recurrent.context` must add up to what the model takes',
    );
  const fitted = rest.map((each) => (each === sequence ? sequenceInput(each, squeezes) : each));
  return {
    feeds: feedsOf(teacher, fitted, data, options),
    recurrence: { input: sequence.name, options: recurrent, squeezes, states },
  };
}
