// Problems of a recipe while they are collected: records that still want their place in the source.
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { locate, placeOf, type Path, type Place, type Source, type Traced } from './trace.js';

export interface Problem {
  readonly record: ErrorRecord;
  readonly path: Path;
  /** The path that a misspelt key was meant to be, so that it is not missed a second time. */
  readonly meant?: Path;
  /** What the marker is put under. Default `value`. */
  readonly part?: 'key' | 'value';
  /** Given when the place is not to be found by the path. */
  readonly place?: Place;
}

export function pathText(path: Path): string {
  return path.join('.');
}

interface Placed {
  readonly record: ErrorRecord;
  readonly source: number;
  readonly line: number;
  readonly column: number;
}

function place(problem: Problem, root: Traced | undefined, sources: readonly Source[]): Placed {
  const path = problem.path.length > 0 ? { path: pathText(problem.path) } : {};
  const at = problem.place ?? (root && placeOf(root, problem.path, problem.part ?? 'value'));
  if (at === undefined) return { record: { ...path, ...problem.record }, source: -1, line: 0, column: 0 };
  const { location, frame } = locate(at);
  const index = sources.indexOf(at.source);
  const record: ErrorRecord = { ...path, ...problem.record, location, frame };
  // A wrong value that the command line gave is an error of the command line, whatever else it is.
  const override = at.source.file === undefined && record.code !== 'RECIPE_BAD_OVERRIDE';
  return {
    record: override ? { ...record, code: 'RECIPE_BAD_OVERRIDE' } : record,
    source: index === -1 ? sources.length : index,
    line: location.line ?? 0,
    column: location.column ?? 0,
  };
}

/** The records with location and frame, in the order of files (the recipe, what it extends, the command line) and lines. */
function placeProblems(
  problems: readonly Problem[],
  root: Traced | undefined,
  sources: readonly Source[],
): ErrorRecord[] {
  return problems
    .map((problem) => place(problem, root, sources))
    .sort((a, b) => a.source - b.source || a.line - b.line || a.column - b.column)
    .map(({ record }) => record);
}

/** Throws all problems as one error; returns when there are none. */
export function throwProblems(
  problems: readonly Problem[],
  root: Traced | undefined,
  sources: readonly Source[],
  cause?: unknown,
): void {
  const [first, ...others] = placeProblems(problems, root, sources);
  if (first === undefined) return;
  throw new PotstillError([first, ...others], cause === undefined ? undefined : { cause });
}

/** Throws one problem. */
export function fail(problem: Problem, root?: Traced, sources: readonly Source[] = []): never {
  const [record] = placeProblems([problem], root, sources);
  throw new PotstillError(record ?? problem.record);
}
