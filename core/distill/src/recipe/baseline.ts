// `baseline.set`: the recipe as the baseline's training sees it.
import { assignAt, Refused } from './overrides.js';
import { pathText, type Problem } from './problems.js';
import { nodeAt, placeOf, type Path, type Traced } from './trace.js';

const where: Path = ['baseline', 'set'];

/** The student and its data are the same, and so is all that they are made from. */
const fixed = ['train.seed', 'train.freeze'];

/** Whether the baseline may have a value of its own there. */
function isOwn(path: string): boolean {
  const [section = ''] = path.split('.');
  return (section === 'train' || section === 'losses') && !fixed.includes(path);
}

/** A recipe whose baseline has settings of its own. */
export interface BaselineRecipe {
  /** The recipe with `baseline.set` applied; values keep the place where they are written. */
  readonly root: Traced;
  /** What cannot be set; it is left out of `root`. */
  readonly problems: readonly Problem[];
  /** Problems of `root` that the recipe itself does not have. */
  ownProblems(found: readonly Problem[], known: readonly Problem[]): Problem[];
}

/** Undefined when the baseline sets nothing. */
export function baselineRecipe(root: Traced): BaselineRecipe | undefined {
  const set = nodeAt(root, where);
  if (set?.kind !== 'map') return undefined;
  const problems: Problem[] = [];
  const paths: string[] = [];
  let changed = root;
  for (const [path, { key, value }] of set.entries) {
    const refuse = (message: string, hint: string): void => {
      problems.push({
        record: { code: 'RECIPE_BAD_VALUE', message, hint },
        path: [...where, path],
        place: key,
      });
    };
    if (!isOwn(path)) {
      refuse(
        `\`baseline.set\` cannot change \`${path}\`: the baseline is the same student on the same data`,
        'it can change `losses` and `train`, except `train.seed` and `train.freeze`',
      );
      continue;
    }
    try {
      changed = assignAt(changed, path, value, key);
      paths.push(path);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(error.message, error.hint ?? 'a dotted path, such as `train.rate` or `losses.0.labelSmoothing`');
    }
  }
  return {
    root: changed,
    problems,
    ownProblems(found, known) {
      const text = ({ record, path }: Problem) => `${pathText(path)} ${record.code} ${record.message}`;
      const before = new Set(known.map(text));
      const isSet = ({ path }: Problem) => paths.some((own) => `${pathText(path)}.`.startsWith(`${own}.`));
      return found
        .filter((problem) => !before.has(text(problem)))
        .map((problem) => ({
          ...problem,
          path: isSet(problem) ? [...where, ...problem.path] : problem.path,
          place: problem.place ?? placeOf(changed, problem.path, problem.part ?? 'value'),
        }));
    },
  };
}
