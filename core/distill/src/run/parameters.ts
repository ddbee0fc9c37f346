// `train.groups`, `train.freeze` and `train.accumulate` held against the student and the data they are meant for.
import { freeze, matchesName } from '@potstill/engine';
import type { Student } from '../contracts/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { allowedWords } from '../errors/suggest.js';
import type { Plan } from '../recipe/plan.js';

/**
 * The student as the recipe trains it: the variables that `train.freeze` names are not trainable. Throws
 * `RECIPE_BAD_VALUE` with every pattern that no variable of the student fits, or only such as an earlier group has.
 */
export function withFrozenVariables(plan: Plan, student: Student): Student {
  const { groups = [], freeze: patterns = [] } = plan.train;
  const names = student.variables.map(({ name }) => name);
  const fits = (pattern: string) => names.filter((name) => matchesName(pattern, name));
  const unknown = (path: string, pattern: string): ErrorRecord => ({
    code: 'RECIPE_BAD_VALUE',
    message: `no variable of the student \`${plan.student.definition.name}\` is named like \`${pattern}\``,
    path,
    ...allowedWords(pattern, names),
  });
  const records: ErrorRecord[] = [];
  const taken = new Set<string>();
  groups.forEach(({ match }, i) => {
    const path = `train.groups.${i}.match`;
    const found = fits(match);
    if (found.length === 0) records.push(unknown(path, match));
    else if (found.every((name) => taken.has(name)))
      records.push({
        code: 'RECIPE_BAD_VALUE',
        message: `every variable named like \`${match}\` is in an earlier group`,
        path,
        hint: 'the first group that fits counts: put narrow patterns before wide ones',
      });
    for (const name of found) taken.add(name);
  });
  patterns.forEach((pattern, i) => {
    if (fits(pattern).length === 0) records.push(unknown(`train.freeze.${i}`, pattern));
  });
  const [first, ...others] = records.map((record) => plan.trace.place(record));
  if (first) throw new PotstillError([first, ...others]);
  if (patterns.length === 0) return student;
  return {
    outputs: student.outputs,
    variables: freeze(student.variables, patterns),
    forward: (inputs, at) => student.forward(inputs, at),
    ...(student.layersModel ? { layersModel: student.layersModel } : {}),
  };
}

/** Throws `RECIPE_BAD_VALUE` when the training ends before its first update. `examples`: those of the training data. */
export function checkAccumulation({ train, trace }: Plan, examples: number): void {
  const batches = train.epochs * Math.ceil(examples / train.batch);
  if (train.accumulate <= batches || examples === 0) return;
  throw new PotstillError(
    trace.place({
      code: 'RECIPE_BAD_VALUE',
      message: `\`train.accumulate\` makes one update of ${train.accumulate} batches, and the whole training has ${batches}`,
      path: 'train.accumulate',
      hint: 'accumulate fewer, make batches smaller, or train for more epochs',
    }),
  );
}
