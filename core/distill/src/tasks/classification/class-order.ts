// Does the teacher count its classes in another order than the data?
import type { Finding, Teacher } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { tenths } from '../../report/format.js';
import { bestAssignment } from './assignment.js';

/** The assignment takes the cube of the number of classes; with more, only orders of the names are tried. */
const mostClasses = 256;

/** A better order must explain this share of the examples more to be refused, a tenth of it to be warned of. */
const refusedGain = 0.1;

interface Candidate {
  /** For each of the teacher's scores the class of the data that it stands for. */
  readonly classOf: readonly number[];
  /** Whether each example is answered right. */
  readonly right: readonly boolean[];
  readonly words: string;
}

/**
 * Compares the teacher's answers (class index, -1 for none) with the truth (negative for unknown). Refused with
 * `PREFLIGHT_CLASS_ORDER` where another order of classes is right far more often; where that is so for few classes, it
 * is a warning. An order is found on one half of the examples and judged on the other, so that chance is no reason.
 */
export function checkClassOrder(
  answers: readonly number[],
  truth: ArrayLike<number>,
  classes: number,
  labels: readonly string[] | undefined,
  teacher: Pick<Teacher, 'labels' | 'reordered' | 'sources'>,
): Finding[] {
  const rows = answers.flatMap((answer, row) => {
    const target = truth[row] as number;
    return answer >= 0 && target >= 0 && target < classes ? [[target, answer] as const] : [];
  });
  const given = rightOf(rows, (answer) => answer);
  const best = bestOrder(rows, classes, labels);
  if (!best || rows.length === 0) return [];
  const gained = rows.filter((_, row) => best.right[row] && !given[row]).length;
  const lost = rows.filter((_, row) => !best.right[row] && given[row]).length;
  const gain = (gained - lost) / rows.length;
  // McNemar's test: by chance, examples change sides both ways alike.
  if (gain < refusedGain / 10 || gained - lost < 4 * Math.sqrt(gained + lost)) return [];
  const example = best.classOf.findIndex((target, answer) => target !== answer && used(rows, answer));
  const name = (index: number) => labels?.[index] ?? String(index);
  const message =
    `the teacher answers ${tenths(share(given))} of ${rows.length} examples as labelled, and ` +
    `${tenths(share(best.right))} when its classes are read in another order${best.words}: ` +
    `where it says class ${example} (\`${name(example)}\`), \`${name(best.classOf[example] as number)}\` is right`;
  const hint = hintFor(best.classOf, labels, teacher);
  if (gain >= refusedGain) throw new PotstillError({ code: 'PREFLIGHT_CLASS_ORDER', message, hint });
  return [{ level: 'warning', code: 'PREFLIGHT_CLASS_ORDER', message, hint }];
}

type Rows = readonly (readonly [truth: number, answer: number])[];

function rightOf(rows: Rows, classOf: (answer: number) => number): boolean[] {
  return rows.map(([truth, answer]) => classOf(answer) === truth);
}

function share(right: readonly boolean[]): number {
  return right.filter(Boolean).length / right.length;
}

function used(rows: Rows, answer: number): boolean {
  return rows.some(([, given]) => given === answer);
}

function bestOrder(
  rows: Rows,
  classes: number,
  labels: readonly string[] | undefined,
): Candidate | undefined {
  const named = labels?.length === classes ? ordersOfNames(labels, rows) : [];
  const [order] = named.sort((a, b) => share(b.right) - share(a.right));
  if (classes > mostClasses) return order;
  const fromEven = assigned(
    rows.filter((_, i) => i % 2 === 0),
    classes,
  );
  const fromOdd = assigned(
    rows.filter((_, i) => i % 2 === 1),
    classes,
  );
  const right = rows.map(([truth, answer], i) => (i % 2 === 0 ? fromOdd : fromEven)[answer] === truth);
  // An order of the names settles classes that the sample has not, too.
  if (order && share(order.right) >= share(right)) return order;
  return { classOf: assigned(rows, classes), right, words: '' };
}

function assigned(rows: Rows, classes: number): number[] {
  const cells = new Float64Array(classes * classes);
  for (const [truth, answer] of rows) {
    const cell = answer * classes + truth;
    cells[cell] = (cells[cell] as number) + 1;
  }
  // Of equally good assignments, the one that leaves a class where it is.
  for (let c = 0; c < classes; c++) cells[c * classes + c] = (cells[c * classes + c] as number) + 0.5;
  return bestAssignment(cells, classes);
}

/** Orders in which tools sort the names of folders. */
function ordersOfNames(labels: readonly string[], rows: Rows): Candidate[] {
  const natural = new Intl.Collator('en', { numeric: true }).compare;
  const alphabetic = new Intl.Collator('en').compare;
  const orders: readonly (readonly [string, (a: string, b: string) => number])[] = [
    [' (numbers by their value: 2 before 10)', natural],
    [' (alphabetic, 10 before 2)', (a, b) => (a < b ? -1 : a > b ? 1 : 0)],
    [' (alphabetic, capitals beside small letters)', alphabetic],
  ];
  return orders.map(([words, compare]) => {
    const sorted = labels.map((label, index) => ({ label, index })).sort((a, b) => compare(a.label, b.label));
    const classOf = sorted.map(({ index }) => index);
    return { classOf, right: rightOf(rows, (answer) => classOf[answer] as number), words };
  });
}

/** The names in the order of the model's own scores, which a reordered teacher gives in another. */
function hintFor(
  classOf: readonly number[],
  labels: readonly string[] | undefined,
  { reordered, sources }: Pick<Teacher, 'reordered' | 'sources'>,
): string {
  if (!labels)
    return `The data name no classes. Reorder the scores of the model: its scores stand for the data's classes ${classOf.join(', ')}.`;
  const own = [...(reordered?.labels ?? labels)];
  classOf.forEach((target, answer) => {
    own[reordered?.order[answer] ?? answer] = labels[target] as string;
  });
  const names = `labels: [${own.map(quoted).join(', ')}]`;
  if (!sources)
    return `The teacher's classes must be in the order of the data, or named in its own order: ${names}.`;
  return `Write \`${names}\` in \`teacher\`${reordered ? ', instead of the labels it has now' : ''}: its scores are then put in the order of the data.`;
}

/** Quoted where YAML would read a number or a sign. */
function quoted(label: string): string {
  return /^[A-Za-z][\w-]*$/.test(label) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(label)
    ? label
    : `'${label.replaceAll("'", "''")}'`;
}
