// Recipes where a teacher that is made of others wants components: what to write in their place.
import type { Problem } from './problems.js';
import { isRecord, optionPath, type WrittenComponent } from './slots.js';
import type { Path } from './trace.js';
import { quote } from './words.js';

/** Places in the options of a component where a recipe stands: a map with `recipe` and without `use`. */
function recipesIn(value: unknown, at: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => recipesIn(item, [...at, index]));
  if (!isRecord(value)) return [];
  if (typeof value.recipe === 'string' && value.use === undefined) return [at];
  return Object.entries(value).flatMap(([key, item]) => recipesIn(item, [...at, key]));
}

/** What its schema found wrong with a teacher; of a member that is a recipe, what to do about that, instead of `use` being missing. */
export function withRecipeMembers(written: WrittenComponent, problems: readonly Problem[]): Problem[] {
  const found = written.slot.kind === 'teacher' ? recipesIn(written.options, []) : [];
  const paths = found.map((at) => optionPath(written, at));
  // The long form of a member has its teacher under `teacher`; that it lacks `use` is said of the member.
  const members = paths.map((path) => (path.at(-1) === 'teacher' ? path.slice(0, -1) : path));
  const within = (problem: Problem) =>
    members.some((path) => path.every((key, index) => String(problem.path[index]) === String(key)));
  return [
    ...problems.filter((problem) => !within(problem)),
    ...paths.map((path): Problem => {
      const name = path.findLast((key) => key !== 'teacher');
      return {
        record: {
          code: 'RECIPE_BAD_VALUE',
          message: `${quote(String(name))} is a recipe, and a teacher that is made of others takes components alone`,
          hint: 'run that recipe, then write `{ use: checkpoint, run: FOLDER }` with the folder of its run',
        },
        path: [...path, 'recipe'],
        part: 'key',
      };
    }),
  ];
}
