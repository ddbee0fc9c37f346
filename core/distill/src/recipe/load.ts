// The way from a recipe file to a plan, in two phases: the text and its form, then the components it names.
import path from 'node:path';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { baselineRecipe } from './baseline.js';
import { buildPlan, type StageInput } from './build-plan.js';
import { crossChecks, resolveWritten } from './checks.js';
import { checkComponent } from './components.js';
import { problemsOf } from './issues.js';
import type { ComponentLookup } from './lookup.js';
import { applyOverrides } from './overrides.js';
import type { ComponentPlan, Plan, PluginReference, RecipeTrace, SeriesPlan } from './plan.js';
import { pathText, throwProblems, type Problem } from './problems.js';
import { readChain } from './read-file.js';
import { recipeSchema } from './schema.js';
import { firstOfEach, seriesOf, type SeriesRoot } from './series.js';
import { isRecord, writtenComponents } from './slots.js';
import { stageNameProblems, stagesOf } from './stages.js';
import { locate, placeOf, toData, type Path, type Source, type Traced } from './trace.js';

export interface ReadOptions {
  /** Overrides, `path=value`, as `--set` takes them. */
  readonly set?: readonly string[];
  /** The folder that file names in errors are relative to. Default: the working directory. */
  readonly cwd?: string;
}

/** A recipe after the first phase. `problems` are those of its form, kept so that all are shown together. */
export interface WrittenRecipe {
  /** Absolute. */
  readonly file: string;
  readonly root: Traced;
  readonly sources: readonly Source[];
  readonly plugins: readonly PluginReference[];
  readonly trace: RecipeTrace;
  readonly problems: readonly Problem[];
}

function traceOf(root: Traced, sources: readonly Source[]): RecipeTrace {
  const split = (text: string): Path => (text === '' ? [] : text.split('.'));
  return {
    files: sources.flatMap(({ file }) => (file === undefined ? [] : [file])),
    locate: (text, part = 'value') => locate(placeOf(root, split(text), part)).location,
    place(record: ErrorRecord) {
      if (record.path === undefined || record.location !== undefined) return record;
      return { ...record, ...locate(placeOf(root, split(record.path), 'value')) };
    },
  };
}

function pluginsOf(root: Traced, data: unknown, file: string): PluginReference[] {
  const written = isRecord(data) ? data.plugins : undefined;
  if (!Array.isArray(written)) return [];
  return written.flatMap((name: unknown, index): PluginReference[] => {
    if (typeof name !== 'string' || name === '') return [];
    const folder = resolveWritten(root, ['plugins', index], '.', file);
    return [{ name, folder, path: `plugins.${index}` }];
  });
}

/**
 * Phase one: reads the file, what it extends and the overrides. Throws RECIPE_NOT_FOUND, RECIPE_SYNTAX or RECIPE_EXTENDS
 * when there is nothing to go on with; other problems are kept for `planRecipe`.
 */
export async function readRecipe(
  file: string,
  { set = [], cwd = process.cwd() }: ReadOptions = {},
): Promise<WrittenRecipe> {
  const absolute = path.resolve(cwd, file);
  const chain = await readChain(absolute, cwd);
  const overridden = applyOverrides(chain.root, set);
  const { root } = overridden;
  const sources = [...chain.sources, ...overridden.sources];
  const data = toData(root);
  return {
    file: absolute,
    root,
    sources,
    plugins: pluginsOf(root, data, absolute),
    trace: traceOf(root, sources),
    problems: [...overridden.problems, ...formProblems(data)],
  };
}

/** What the schema says of a recipe's form. */
function formProblems(data: unknown): Problem[] {
  const parsed = recipeSchema.safeParse(data);
  return parsed.success ? [] : problemsOf(parsed.error, recipeSchema, data, { path: [] });
}

/** The data with those defaults that name components, so that they are looked up like written ones. */
function withDefaults(data: unknown): unknown {
  if (!isRecord(data)) return data;
  const train = isRecord(data.train) ? { optimizer: 'adam', ...data.train } : data.train;
  return { export: ['onnx'], ...data, train };
}

/** What phase two finds in a recipe: its components, and what is wrong with them and between them. */
function checkParts(file: string, root: Traced, lookup: ComponentLookup, before: readonly Problem[]) {
  const data = withDefaults(toData(root));
  const problems = [...before];
  const components = new Map<string, ComponentPlan>();
  for (const written of writtenComponents(data)) {
    const checked = checkComponent(written, lookup);
    if (Array.isArray(checked)) problems.push(...checked);
    else components.set(pathText(written.path), checked);
  }
  const misspelt = new Set(problems.flatMap(({ meant }) => (meant === undefined ? [] : [pathText(meant)])));
  problems.push(...crossChecks({ file, root, data, components, misspelt }));
  return { data, components, problems };
}

/** A recipe, or one run of a series, after the checks of phase two; `plan` may be called when there are no problems. */
interface Checked {
  readonly data: unknown;
  readonly problems: readonly Problem[];
  plan(series: SeriesPlan | undefined, stage?: StageInput): Plan;
}

/** Checks one root wholly: its components, what holds between them, and both again with what `baseline.set` changes. */
function checkRoot(
  { file, sources, plugins }: WrittenRecipe,
  root: Traced,
  lookup: ComponentLookup,
  before: readonly Problem[],
): Checked {
  const { data, components, problems } = checkParts(file, root, lookup, before);
  const baseline = baselineRecipe(root);
  const changed = baseline && checkParts(file, baseline.root, lookup, formProblems(toData(baseline.root)));
  if (baseline && changed)
    problems.push(...baseline.problems, ...baseline.ownProblems(changed.problems, problems));
  const input = (of: { readonly data: unknown; readonly components: typeof components }) => ({
    file,
    root,
    data: recipeSchema.parse(of.data),
    components: of.components,
    plugins,
    trace: traceOf(root, sources),
    series: undefined,
  });
  return {
    data,
    problems,
    plan: (series, stage) =>
      buildPlan({ ...input({ data, components }), series, stage }, changed && input(changed)),
  };
}

/** The same with all stages of the root, each checked as a recipe; the plan is that of the last. */
function checkStages(
  recipe: WrittenRecipe,
  root: Traced,
  lookup: ComponentLookup,
  before: readonly Problem[],
): Checked {
  const whole = checkRoot(recipe, root, lookup, before);
  const stages = whole.problems.length === 0 ? stagesOf(root) : undefined;
  if (!stages) return whole;
  const checked = stages.map((written) => ({
    written,
    of: checkRoot(recipe, written.root, lookup, formProblems(toData(written.root))),
  }));
  return {
    data: whole.data,
    problems: [
      ...stageNameProblems(root),
      ...checked.flatMap(({ written, of }) => written.ownProblems(of.problems)),
    ],
    plan: (series) =>
      checked.reduce<Plan | undefined>(
        (last, { written, of }, at) =>
          of.plan(at === checked.length - 1 ? series : undefined, { written, before: last }),
        undefined,
      ) as Plan,
  };
}

/**
 * Phase two: checks every component against `lookup`, then what holds between them; both again with what `baseline.set`
 * changes, and for every stage and every run of a series. Throws all problems of both phases as one error, in the order of files and lines;
 * those of single runs once the recipe itself has none. `others` are problems met on the way, such as plugins that are
 * missing.
 */
export function planRecipe(
  recipe: WrittenRecipe,
  lookup: ComponentLookup,
  others: readonly Problem[] = [],
): Plan {
  const { root, sources } = recipe;
  const checked = checkStages(recipe, root, lookup, [...recipe.problems, ...others]);
  throwProblems(firstOfEach(checked.problems), root, sources);
  const written = seriesOf(root);
  if (!written) return checked.plan(undefined);
  const problems = [...written.problems];
  const check = (run: SeriesRoot) => {
    const one = checkStages(recipe, run.root, lookup, formProblems(toData(run.root)));
    problems.push(...written.ownProblems(one.problems, run));
    return { seed: run.seed, plan: () => one.plan(undefined) };
  };
  const points = written.points.map(({ values, runs, rungs }) => ({
    values,
    runs: runs.map(check),
    rungs: rungs.map((rung) => rung.map(check)),
  }));
  throwProblems(firstOfEach(problems), root, sources);
  const planned = (run: { readonly seed: number; plan(): Plan }) => ({ seed: run.seed, plan: run.plan() });
  const { seeds, paths, data } = written;
  return checked.plan({
    seeds,
    paths,
    written: data,
    rungs: written.rungs,
    points: points.map(({ values, runs, rungs }) => ({
      values,
      runs: runs.map(planned),
      rungs: rungs.map((rung) => rung.map(planned)),
    })),
  });
}

/** A recipe's plugins to what they offer. May throw PotstillError with paths such as `plugins.0`, which are then placed. */
export type LookupFor = (plugins: readonly PluginReference[]) => ComponentLookup | Promise<ComponentLookup>;

export interface LoadOptions extends ReadOptions {
  readonly lookup: ComponentLookup | LookupFor;
}

/** Reads and checks a recipe; the plan is whole or an error tells all that is wrong. Nothing of a component is made. */
export async function loadRecipe(file: string, { lookup, ...options }: LoadOptions): Promise<Plan> {
  const recipe = await readRecipe(file, options);
  if (typeof lookup !== 'function') return planRecipe(recipe, lookup);
  let components: ComponentLookup;
  try {
    components = await lookup(recipe.plugins);
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error;
    // Without its plugins the components cannot be judged; what is known already is shown with it.
    const met = error.records.map((record): Problem => ({ record, path: record.path?.split('.') ?? [] }));
    throwProblems([...recipe.problems, ...met], recipe.root, recipe.sources, error.cause ?? error);
    throw error;
  }
  return planRecipe(recipe, components);
}
