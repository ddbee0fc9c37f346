// Do teacher, student and data mean the same by class 0, 1, 2…?
import { className } from '../../data/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { Finding } from '../../contracts/index.js';

export interface ClassesOf {
  /** As the message calls it: `the teacher`. */
  readonly who: string;
  readonly labels: readonly string[] | undefined;
  /** Number of classes it scores or names; undefined when unknown. */
  readonly count: number | undefined;
}

/** Compares everyone with the data. Another number, other names or another order is `PREFLIGHT_LABELS`. */
export function checkLabels(data: ClassesOf, others: readonly ClassesOf[]): Finding {
  const known = [data, ...others].filter(({ count }) => count !== undefined);
  const [first, ...rest] = known;
  for (const other of rest)
    if (first && other.count !== first.count)
      throw refuse(
        `${first.who} ${has(first)} ${first.count} classes, ${other.who} ${has(other)} ${other.count}`,
        'Give the student as many classes as the data. A teacher with more classes needs their names in `labels:`, in the order of its scores: those that the data do not have are dropped.',
      );
  const named = [data, ...others].filter(({ labels }) => labels !== undefined);
  const [model, ...compared] = named;
  for (const other of compared) if (model) compareNames(model, other);
  return {
    level: 'ok',
    code: 'labels',
    message:
      compared.length > 0
        ? `${named.map(({ who }) => who).join(' and ')} name the same classes in the same order`
        : known.length > 1
          ? `${known.map(({ who }) => who).join(', ')}: ${first?.count} classes each; names could not be compared, ${named.length === 0 ? 'nobody gives any' : `only ${named[0]?.who} gives any`}`
          : 'nothing to compare: no classes are known',
  };
}

function has({ labels }: ClassesOf): string {
  return labels ? 'names' : 'scores';
}

function compareNames(a: ClassesOf, b: ClassesOf): void {
  const mine = (a.labels ?? []).map(className);
  const theirs = (b.labels ?? []).map(className);
  const at = mine.findIndex((label, i) => label !== theirs[i]);
  if (at < 0 && mine.length === theirs.length) return;
  const missing = mine.filter((label) => !theirs.includes(label));
  if (missing.length === 0 && mine.length === theirs.length)
    throw refuse(
      `${a.who} and ${b.who} name the same classes in another order: class ${at} is \`${mine[at]}\` to ${a.who} and \`${theirs[at]}\` to ${b.who}`,
      'Give the teacher `logits` with one score for each of its labels: they are then put in the order of the data.',
    );
  throw refuse(
    `${a.who} and ${b.who} name other classes: class ${at} is \`${mine[at]}\` to ${a.who} and \`${theirs[at] ?? 'nothing'}\` to ${b.who}` +
      (missing.length > 0
        ? `; ${b.who} does not have ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? `, and ${missing.length - 8} more` : ''}; its classes are ${theirs.slice(0, 8).join(', ')}${theirs.length > 8 ? `, and ${theirs.length - 8} more` : ''}`
        : ''),
    "Name the teacher's classes in `labels:`, in the order of its scores and as the data name them.",
  );
}

function refuse(message: string, hint: string): PotstillError {
  return new PotstillError({ code: 'PREFLIGHT_LABELS', message, hint });
}
