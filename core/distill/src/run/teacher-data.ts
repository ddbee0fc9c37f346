// Does the data that a student of another run was trained on fit the data that it is asked about?
import type {
  ColumnStatistics,
  DataDescription,
  ProgressSink,
  Teacher,
  TensorSpec,
} from '../contracts/index.js';
import { canonicalJson, classList, className, sameClasses, shapeText } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { samePreprocessing } from './compare-data.js';

/**
 * Compares inputs and class names. The order of the classes may differ, and the teacher may know more of them.
 * @throws PotstillError TEACHER_INVALID where an input has another dtype or shape, or a class is unknown to the teacher.
 */
export function checkTeacherData(name: string, teacher: DataDescription, data: DataDescription): void {
  for (const input of teacher.inputs) {
    const theirs = teacher.spec[input];
    const ours = data.spec[input];
    if (ours && ours.dtype === theirs?.dtype && ours.shape.join() === theirs.shape.join()) continue;
    throw new PotstillError({
      code: 'TEACHER_INVALID',
      message: `the teacher \`${name}\` was trained on \`${input}\`, ${specText(theirs)}; in this recipe's data it is ${specText(ours)}`,
      hint: 'Give both recipes data of the same form.',
      path: 'teacher',
    });
  }
  compareTables(name, teacher, data);
  const { labels = [] } = data;
  const known = teacher.labels?.map(className);
  const unknown = known ? labels.filter((label) => !known.includes(className(label))) : [];
  if (known === undefined || unknown.length === 0) return;
  throw new PotstillError({
    code: 'TEACHER_INVALID',
    message: [
      `the teacher \`${name}\` was not trained on all classes of the data: it does not know ${classList(unknown, known)}`,
      `  the data (${labels.length}): ${classList(labels, known)}`,
      `  the teacher (${known.length}): ${classList(known, labels)}`,
    ].join('\n'),
    hint: 'Classes are matched by name. Train the teacher on all classes of the data.',
    path: 'teacher',
  });
}

/** A teacher is asked about every part of the data. TEACHER_INVALID where it cannot answer about one. */
export function checkTeacherParts({ parts }: Pick<Teacher, 'parts'>, there: readonly string[]): void {
  const missing = there.filter((part) => parts && !parts.includes(part));
  if (!parts || missing.length === 0) return;
  throw new PotstillError({
    code: 'TEACHER_INVALID',
    message: `the teacher has answers about ${parts.join(', ')}, and the recipe has ${missing.map((part) => `\`data.${part}\``).join(' and ')}, which it is asked about too`,
    hint: 'Give answers for every part of the data (`files: { train: …, test: … }`), or join by a `key` that all parts have.',
    path: 'teacher',
  });
}

/** Of a table, inputs of the same number may still mean other columns and categories. */
function compareTables(name: string, teacher: DataDescription, data: DataDescription): void {
  const ours = data.columns && columnsText(data.columns);
  const theirs = teacher.columns && columnsText(teacher.columns);
  if (ours === undefined || theirs === undefined || ours === theirs) return;
  throw new PotstillError({
    code: 'TEACHER_INVALID',
    message: `the teacher \`${name}\` was trained on other columns or categories\n  the data: ${ours}\n  the teacher: ${theirs}`,
    hint: 'Give both recipes the same `features`, and training rows with the same categories and missing values.',
    path: 'teacher',
  });
}

function columnsText(columns: readonly ColumnStatistics[]): string {
  return columns
    .map(
      (each) =>
        each.column +
        (each.as === 'category' ? ` (${each.categories.join(', ')})` : '') +
        (each.indicator ? ' with an indicator' : ''),
    )
    .join('; ');
}

/** Scores are compared with targets by number, so an evaluated model must have the classes of the data in their order. */
export function checkEvaluatedClasses(
  name: string,
  model: readonly string[] | undefined,
  data: readonly string[] | undefined,
): void {
  if (model === undefined || data === undefined || sameClasses(model, data)) return;
  throw new PotstillError({
    code: 'DATA_PARTS_DIFFER',
    message: [
      `the model ${name} was trained on other classes, or on the same in another order`,
      `  the model (${model.length}): ${classList(model, data)}`,
      `  the data (${data.length}): ${classList(data, model)}`,
    ].join('\n'),
    hint: 'Evaluate it on training data with the same classes in the same order, such as those of its own recipe.',
    path: 'data.train',
  });
}

/** Warns where the teacher saw inputs that were scaled or normalised in another way. */
export function warnOfPreprocessing(
  name: string,
  teacher: DataDescription,
  data: DataDescription,
  progress: ProgressSink,
): void {
  if (teacher.columns && data.columns && canonicalJson(teacher.columns) !== canonicalJson(data.columns))
    progress.emit({
      event: 'warning',
      code: 'TEACHER_PREPROCESSING',
      message: `the teacher \`${name}\` was trained with statistics of other rows: ${numbersText(teacher.columns)}; here they are ${numbersText(data.columns)}`,
      hint: 'Train both on the same rows, with the same `limit` and `split`. Otherwise the teacher sees inputs that are shifted and scaled.',
    });
  const [theirs, ours] = [teacher.preprocessing, data.preprocessing];
  if (theirs === ours || (theirs && ours && samePreprocessing(theirs, ours))) return;
  progress.emit({
    event: 'warning',
    code: 'TEACHER_PREPROCESSING',
    message: `the teacher \`${name}\` was trained on data preprocessed as ${JSON.stringify(theirs ?? 'unknown')}; here it is ${JSON.stringify(ours ?? 'unknown')}`,
    hint: 'Use the same preprocessing in both recipes. Otherwise the teacher sees inputs that it was not trained on.',
  });
}

/** Mean and standard deviation of a few columns. */
function numbersText(columns: readonly ColumnStatistics[]): string {
  const few = columns.flatMap((each) =>
    each.as === 'number' ? [`${each.column} ${each.mean.toPrecision(4)} ± ${each.std.toPrecision(4)}`] : [],
  );
  return few.slice(0, 4).join(', ') + (few.length > 4 ? ', …' : '');
}

function specText(spec: TensorSpec | undefined): string {
  return spec ? `${spec.dtype} ${shapeText(spec.shape)}` : 'not there';
}
