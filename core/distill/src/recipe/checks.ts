// What a recipe must be beside well-formed: checks between its parts, none of which needs anything made.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ErrorCodeName } from '../errors/codes.js';
import { beginForm } from './begin.js';
import type { ComponentPlan } from './plan.js';
import type { Problem } from './problems.js';
import { isRecord } from './slots.js';
import { nodeAt, placeOf, type Path, type Traced } from './trace.js';
import { kindWords, quote } from './words.js';

export interface CheckInput {
  /** The recipe file, absolute. */
  readonly file: string;
  readonly root: Traced;
  /** As written; may be wrong in parts, which the schema has reported. */
  readonly data: unknown;
  /** The components that are right, by dotted path. */
  readonly components: ReadonlyMap<string, ComponentPlan>;
  /** Dotted paths that are there but misspelt, which has been reported. */
  readonly misspelt: ReadonlySet<string>;
}

function problem(code: ErrorCodeName, message: string, at: Path, hint?: string, part?: 'key'): Problem {
  return {
    record: { code, message, ...(hint === undefined ? {} : { hint }) },
    path: at,
    ...(part ? { part } : {}),
  };
}

function part(data: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), data);
}

function hasTeacher({ data, misspelt }: Pick<CheckInput, 'data' | 'misspelt'>): boolean {
  return ['teacher', 'teachers'].some((key) => part(data, key) !== undefined || misspelt.has(key));
}

function teacherNeeds({ data, components, misspelt }: CheckInput): Problem[] {
  if (hasTeacher({ data, misspelt })) return [];
  const needy = [...components.values()].filter(({ definition }) => definition.needsTeacher === true);
  const problems = needy.map(({ definition, path: at }) =>
    problem(
      'RECIPE_NO_TEACHER',
      `${kindWords[definition.kind]} ${quote(definition.name)} needs a teacher, and the recipe has none`,
      at.split('.'),
      'add `teacher:`, or remove this',
    ),
  );
  const baseline = part(data, 'baseline');
  if (baseline === true || isRecord(baseline)) {
    const message = '`baseline` trains the student without its teacher, and the recipe has no teacher';
    problems.push(
      problem('RECIPE_NO_TEACHER', message, ['baseline'], 'add `teacher:`, or remove this', 'key'),
    );
  }
  return problems;
}

/** Without a teacher nothing can be learnt from examples without labels. */
function transferNeeds({ data, misspelt }: CheckInput): Problem[] {
  if (part(data, 'data', 'transfer') === undefined) return [];
  if (part(data, 'data', 'sampler') === 'pairs')
    return [
      problem(
        'RECIPE_BAD_VALUE',
        '`data.sampler: pairs` needs the class of every example, which transfer data do not have',
        ['data', 'sampler'],
        'leave out `data.transfer`, or use another sampler',
      ),
    ];
  if (hasTeacher({ data, misspelt })) return [];
  return [
    problem(
      'RECIPE_NO_TEACHER',
      "`data.transfer` is what a teacher's answers are learnt on, and the recipe has no teacher",
      ['data', 'transfer'],
      'add `teacher:`, or remove this',
      'key',
    ),
  ];
}

/** A part comes from the split or from a data set of its own. */
function splitParts({ data }: CheckInput): Problem[] {
  return ['validation', 'test'].flatMap((name) =>
    part(data, 'data', 'split', name) === undefined || part(data, 'data', name) === undefined
      ? []
      : [
          problem(
            'RECIPE_BAD_VALUE',
            `\`data.split\` takes ${name} data out of the training data, and \`data.${name}\` is there too`,
            ['data', 'split', name],
            'keep one of them',
            'key',
          ),
        ],
  );
}

function validationNeeds({ data, misspelt }: CheckInput): Problem[] {
  if (part(data, 'data', 'validation') !== undefined) return [];
  if (part(data, 'data', 'split', 'validation') !== undefined) return [];
  if (misspelt.has('data.validation') || !isRecord(part(data, 'data'))) return [];
  const problems: Problem[] = [];
  const adjust = part(data, 'adjust');
  if (Array.isArray(adjust) && adjust.length > 0) {
    problems.push(
      problem(
        'RECIPE_MISSING_KEY',
        '`adjust` chooses its changes on `data.validation`, which the recipe does not have',
        ['adjust'],
        'add `validation:` to `data`',
        'key',
      ),
    );
  }
  for (const at of rateSearches(data))
    problems.push(
      problem(
        'RECIPE_MISSING_KEY',
        `\`${at.join('.')}\` chooses the learning rate on \`data.validation\`, which the recipe does not have`,
        at,
        'add `validation:` to `data`, or give the rate as a number',
      ),
    );
  const select = part(data, 'train', 'select');
  if (typeof select === 'string' && select !== 'last') {
    problems.push(
      problem(
        'RECIPE_MISSING_KEY',
        `\`train.select\` uses ${quote(select)} on \`data.validation\`, which the recipe does not have`,
        ['train', 'select'],
        'add `validation:` to `data`, or select `last`',
      ),
    );
  }
  return problems;
}

/** Points of a sweep are compared on validation data. */
function sweepNeeds({ data, misspelt }: CheckInput): Problem[] {
  if (part(data, 'sweep') === undefined || misspelt.has('data.validation')) return [];
  if (!isRecord(part(data, 'data')) || part(data, 'data', 'validation') !== undefined) return [];
  if (part(data, 'data', 'split', 'validation') !== undefined) return [];
  return [
    problem(
      'RECIPE_MISSING_KEY',
      '`sweep` compares its points on `data.validation`, which the recipe does not have',
      ['sweep'],
      'add `validation:` to `data`, or `split: { validation: 0.1 }`',
      'key',
    ),
  ];
}

/** Where a recipe asks for a search of the learning rate. */
function rateSearches(data: unknown): Path[] {
  const found: Path[] = [];
  if (part(data, 'train', 'rateSearch') === true) found.push(['train', 'rateSearch']);
  if (part(data, 'baseline', 'rate') === 'search') found.push(['baseline', 'rate']);
  return found;
}

/** What is kept must be reached. */
function keptEpochs({ data }: CheckInput): Problem[] {
  const [keep, epochs] = [part(data, 'train', 'keep'), part(data, 'train', 'epochs')];
  if (!Array.isArray(keep) || typeof epochs !== 'number') return [];
  return keep.flatMap((epoch: unknown, at) =>
    typeof epoch !== 'number' || epoch <= epochs
      ? []
      : [
          problem(
            'RECIPE_BAD_VALUE',
            `\`train.keep\` names epoch ${epoch}, and the training has ${epochs}`,
            ['train', 'keep', at],
            'name an epoch that the training reaches',
          ),
        ],
  );
}

/** A search compares epochs by a metric. */
function rateSearchNeeds({ data }: CheckInput): Problem[] {
  if (part(data, 'train', 'select') !== 'last') return [];
  if (
    part(data, 'data', 'validation') === undefined &&
    part(data, 'data', 'split', 'validation') === undefined
  )
    return [];
  return rateSearches(data).map((at) =>
    problem(
      'RECIPE_BAD_VALUE',
      `\`${at.join('.')}\` compares learning rates by the metric of \`train.select\`, which is \`last\``,
      at,
      'select a figure, such as `primary`',
    ),
  );
}

function lossNames({ data }: CheckInput): Problem[] {
  const losses = part(data, 'losses');
  if (!Array.isArray(losses)) return [];
  const seen = new Map<string, number>();
  return losses.flatMap((loss: unknown, index) => {
    const name = part(loss, 'name');
    if (typeof name !== 'string') return [];
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, index);
      return [];
    }
    const message = `two losses are named ${quote(name)}: \`losses.${first}\` and \`losses.${index}\``;
    return [problem('RECIPE_BAD_VALUE', message, ['losses', index, 'name'], 'give each its own name')];
  });
}

function teacherForm({ file, root, data }: CheckInput): Problem[] {
  const teacher = part(data, 'teacher');
  if (teacher !== undefined && part(data, 'teachers') !== undefined) {
    const message = 'the recipe has both `teacher` and `teachers`, and takes only one of them';
    return [problem('RECIPE_BAD_VALUE', message, ['teachers'], 'keep one of them', 'key')];
  }
  if (!isRecord(teacher)) return [];
  const { recipe } = teacher;
  if (recipe === undefined) {
    if (teacher.set === undefined || teacher.use === undefined) return [];
    const message = '`teacher.set` overrides a teacher recipe, and this teacher is a component';
    return [
      problem('RECIPE_UNKNOWN_KEY', message, ['teacher', 'set'], 'write its options beside `use`', 'key'),
    ];
  }
  if (teacher.use !== undefined) {
    const message = '`teacher` has both `recipe` and `use`, and takes only one of them';
    return [problem('RECIPE_BAD_VALUE', message, ['teacher', 'use'], 'keep one of them', 'key')];
  }
  if (typeof recipe !== 'string') return [];
  const target = resolveWritten(root, ['teacher', 'recipe'], recipe, file);
  if (target === file) {
    return [problem('RECIPE_BAD_VALUE', 'a recipe cannot be its own teacher', ['teacher', 'recipe'])];
  }
  if (existsSync(target)) return [];
  const message = `the teacher's recipe ${quote(recipe)} does not exist`;
  return [
    problem(
      'RECIPE_NOT_FOUND',
      message,
      ['teacher', 'recipe'],
      'the path is relative to the file that it is written in',
    ),
  ];
}

/** A relative path of a recipe, from the file in which it is written; one of the command line from the recipe's. */
export function resolveWritten(root: Traced, at: Path, written: string, file: string): string {
  const source = nodeAt(root, at) === undefined ? undefined : placeOf(root, at, 'value').source.file;
  return path.resolve(path.dirname(source ?? file), written);
}

/** All problems between the parts of a recipe. */
export function crossChecks(input: CheckInput): Problem[] {
  return [
    teacherNeeds,
    transferNeeds,
    splitParts,
    validationNeeds,
    rateSearchNeeds,
    keptEpochs,
    sweepNeeds,
    lossNames,
    teacherForm,
    beginForm,
  ].flatMap((check) => check(input));
}
