// What a student began with, in words.
import type { Begun } from './begin-stage.js';

/** So many names are told one by one. */
const told = 4;

/** `The student began with the weights of generalist (12 of 14 variables; logits.kernel and logits.bias at random).` */
export function begunWords({ from, taken, random, baseline, taught }: Begun, withBaseline: boolean): string {
  const all = taken + random.length;
  const names = [...random.slice(0, told), ...(random.length > told ? [`${random.length - told} more`] : [])];
  const last = names.length > 1 ? ` and ${names.pop() ?? ''}` : '';
  const part =
    random.length === 0
      ? `all ${all} variables`
      : `${taken} of ${all} variables; ${names.join(', ')}${last} at random`;
  const alone = {
    same: 'The student alone began with the same.',
    own: 'The student alone began with those of the student alone there, in which no teacher had a part.',
    taught:
      'The student alone began with the same, in which a teacher had a part: what it shows is what this run adds.',
  }[baseline === 'same' && taught ? 'taught' : baseline];
  return `The student began with the weights of ${from} (${part}).${withBaseline ? ` ${alone}` : ''}`;
}
