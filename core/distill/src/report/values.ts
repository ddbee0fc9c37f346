// The values that reports know by name: what they are called, how they are written, which way is better.
import type { Evaluation } from '../evaluate/evaluate-model.js';
import { count, number, percent, setting } from './format.js';
import type { CustomValues, ReportModel } from './report-input.js';
import { valueOf, type Primary } from './verdict.js';

export interface ValueDescription {
  readonly title: string;
  /** One line for those who do not know it. */
  readonly help?: string;
  readonly format: (value: number | undefined) => string;
  readonly better?: 'lower' | 'higher';
}

const described: Readonly<Record<string, ValueDescription>> = {
  errors: { title: 'Errors', format: count, better: 'lower', help: 'examples whose answer is wrong' },
  accuracy: {
    title: 'Accuracy',
    format: percent,
    better: 'higher',
    help: 'share of examples answered right',
  },
  crossEntropy: {
    title: 'Cross-entropy',
    format: number,
    better: 'lower',
    help: 'mean of −log of the probability given to the truth, in nats',
  },
  agreement: {
    title: 'Agreement with teacher',
    format: percent,
    better: 'higher',
    help: 'share of examples answered as the teacher does, right or wrong',
  },
  divergence: {
    title: 'Divergence from teacher',
    format: number,
    better: 'lower',
    help: 'mean Kullback–Leibler divergence of the probabilities, in nats',
  },
  calibrationError: {
    title: 'Calibration error',
    format: percent,
    better: 'lower',
    help: 'expected calibration error: how far confidence and accuracy lie apart',
  },
  loss: { title: 'Training loss', format: number, better: 'lower' },
  rate: { title: 'Learning rate', format: setting },
};

/**
 * The description of a value. A name that is not known stands for itself, with the help and direction that its metric
 * gives, if any.
 */
export function describe(name: string, custom: CustomValues = {}): ValueDescription {
  const known = Object.hasOwn(described, name) ? described[name] : undefined;
  if (known !== undefined) return known;
  const top = /^top(\d+)$/.exec(name);
  if (top)
    return {
      title: `Top-${top[1] ?? ''} accuracy`,
      format: percent,
      better: 'higher',
      help: `share of examples whose true class is among the ${top[1] ?? ''} highest scores`,
    };
  const softened = /^divergenceT(.+)$/.exec(name);
  if (softened)
    return { title: `Divergence from teacher, T = ${softened[1] ?? ''}`, format: number, better: 'lower' };
  const part = /^loss\.(.+)$/.exec(name);
  if (part) return { title: `Training loss: ${part[1] ?? ''}`, format: number, better: 'lower' };
  return { title: name, format: number, ...(Object.hasOwn(custom, name) ? custom[name] : {}) };
}

/** Whether a value is a share of 1, written in percent. */
export function isShare(name: string): boolean {
  return describe(name).format === percent;
}

/** Known names first, in their order; then the others as they came. */
export function inOrder(names: Iterable<string>): string[] {
  const order = Object.keys(described);
  const place = (name: string) => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  return [...new Set(names)].sort((a, b) => place(a) - place(b));
}

/** A model's value of that name, when it is a number. */
export function numberOf(model: ReportModel | undefined, name: string): number | undefined {
  return valueOf(model?.evaluation, name);
}

/**
 * The value that decides: the one that is chosen, else the first of the student's that has a direction (errors,
 * accuracy, cross-entropy, ...), else the first custom value that has one. `errors` when there is none at all.
 */
export function primaryOf(
  student: Evaluation | undefined,
  chosen?: Primary,
  custom: CustomValues = {},
): Primary {
  if (chosen !== undefined) return chosen;
  for (const [value, { better }] of [...Object.entries(described), ...Object.entries(custom)])
    if (better !== undefined && valueOf(student, value) !== undefined) return { value, better };
  return { value: 'errors', better: 'lower' };
}
