// A plan as plain data again, with every default written out, and its hash.
import { createHash } from 'node:crypto';
import { canonicalJson } from './plain-data.js';
import { resolvedStage } from './resolved-stages.js';
import type {
  BaselinePlan,
  BeginPlan,
  CachePlan,
  ComponentPlan,
  DatasetSlot,
  MetricPlan,
  Plan,
  TeacherPlan,
} from './plan.js';

type Data = Record<string, unknown>;

function component({ definition, options }: ComponentPlan): Data {
  return { use: definition.name, ...options };
}

function metric({ component: { definition, options }, name, where }: MetricPlan): Data {
  return given({ use: definition.name, name, where, ...options });
}

function numberOr(value: number | ComponentPlan<'schedule'>): unknown {
  return typeof value === 'number' ? value : component(value);
}

function slot({ component: dataset, transforms, limit }: DatasetSlot): Data {
  return {
    ...component(dataset),
    ...(transforms.length > 0 ? { transforms: transforms.map(component) } : {}),
    ...(limit === undefined ? {} : { limit }),
  };
}

function teacher(plan: TeacherPlan): Data {
  const cache = resolvedCache(plan.cache);
  if (plan.kind === 'component') return { ...component(plan.component), ...cache };
  const live = plan.live ? { live: true } : {};
  const epoch = plan.epoch === undefined ? {} : { epoch: plan.epoch };
  return { recipe: plan.written, ...overrides(plan.set), ...epoch, ...live, ...cache };
}

function begin(plan: BeginPlan): Data {
  const except = plan.except.length > 0 ? { except: plan.except } : {};
  // What the stage before is of, so that stages after different ones differ.
  if (plan.kind === 'stage') return { stage: trainHash(plan.plan), ...except };
  return plan.kind === 'recipe'
    ? { recipe: plan.written, ...overrides(plan.set), ...except }
    : { checkpoint: plan.written, ...except };
}

/** `set` of a recipe that another one names. */
function overrides(set: readonly string[]): Data {
  if (set.length === 0) return {};
  const entries = set.map((text): [string, unknown] => {
    const equals = text.indexOf('=');
    return [text.slice(0, equals), JSON.parse(text.slice(equals + 1))];
  });
  return { set: Object.fromEntries(entries) };
}

/** Left out where it is the default, so that recipes keep the hash they had before there was a choice. */
function resolvedCache({ keep, encoding }: CachePlan): Data {
  if (encoding === undefined && typeof keep === 'string') return keep === 'auto' ? {} : { cache: keep };
  const epochs = typeof keep === 'string' ? {} : keep;
  return { cache: { ...epochs, ...(encoding === undefined ? {} : { encoding }) } };
}

function baseline(plan: BaselinePlan | undefined): unknown {
  if (!plan) return false;
  const { set, search } = plan;
  const own = { ...(Object.keys(set).length > 0 ? { set } : {}), ...(search ? { rate: 'search' } : {}) };
  return Object.keys(own).length > 0 ? own : true;
}

/** Losses and training of one student as plain data. */
export function resolvedTraining({ losses, train }: Pick<Plan, 'losses' | 'train'>): Data {
  return {
    losses: losses.map(({ name, component: loss, weight, optimizer, rate }) => ({
      ...component(loss),
      name,
      weight: numberOr(weight),
      ...(optimizer ? { optimizer: component(optimizer) } : {}),
      ...(rate === undefined ? {} : { rate: numberOr(rate) }),
    })),
    train: given({
      ...train,
      optimizer: component(train.optimizer),
      rate: numberOr(train.rate),
      // Left out when off, so that recipes keep the hash they had before there was a search.
      rateSearch: train.rateSearch || undefined,
    }),
  };
}

/** Without keys whose value is undefined, at the top level of a map. */
function given(data: Data): Data {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}

/**
 * The recipe that the plan stands for: no `extends`, no overrides, every default filled. Read again from the same folder
 * it gives the same plan; of a stage, with all stages before it.
 */
export function resolvedRecipe(plan: Plan): Data {
  const { stage } = plan;
  if (!stage) return ownRecipe(plan);
  const chain = [plan];
  for (let at = plan; at.begin?.kind === 'stage'; at = at.begin.plan) chain.unshift(at.begin.plan);
  const base = { ...ownRecipe(plan), name: stage.recipe };
  const first = chain[0]?.begin;
  return given({
    ...base,
    begin: first && begin(first),
    stages: chain.map((each, at) =>
      resolvedStage(
        stage.names[at] ?? each.name,
        base,
        ownRecipe(each),
        at > 0 ? (each.begin?.except ?? []) : [],
      ),
    ),
  });
}

/** One recipe alone, or one stage of it. */
function ownRecipe(plan: Plan): Data {
  return given({
    potstill: 1,
    name: plan.name,
    description: plan.description,
    plugins: plan.plugins.map(({ name }) => name),
    data: given({
      train: slot(plan.data.train),
      transfer: plan.data.transfer && slot({ ...plan.data.transfer, transforms: [] }),
      split: plan.data.split,
      classes: plan.data.classes,
      sampler: plan.data.sampler,
      validation: plan.data.validation && slot(plan.data.validation),
      test: plan.data.test && slot(plan.data.test),
      buckets: plan.data.buckets && given({ ...plan.data.buckets }),
      shuffle: plan.data.shuffle,
    }),
    teacher: plan.teacher && teacher(plan.teacher),
    student: component(plan.student),
    begin: plan.begin && begin(plan.begin),
    ...resolvedTraining(plan),
    task: plan.task && component(plan.task),
    evaluate: plan.metrics?.map(metric),
    baseline: baseline(plan.baseline),
    adjust: plan.adjustments.length > 0 ? plan.adjustments.map(component) : undefined,
    export: plan.exporters.map(component),
    backend: plan.backend,
    threads: plan.threads,
    preflight: plan.preflight,
  });
}

/** The same with `seeds` and `sweep`: what a series is of. */
export function resolvedSeries(plan: Plan): Data {
  return { ...resolvedRecipe(plan), ...plan.series?.written };
}

function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/**
 * sha256 (hex) of what decides a run's result: the resolved recipe without `description`, `threads` and `preflight`.
 * Paths are taken as written, so that a moved folder keeps its hash.
 */
export function recipeHash(plan: Plan): string {
  const { description: _description, threads: _threads, preflight: _preflight, ...rest } = ownRecipe(plan);
  return sha256(rest);
}

/**
 * sha256 (hex) of what decides the student's weights: as {@link recipeHash}, and without `data.test`, `baseline`, `export`
 * and `evaluate`: which metric chose the epoch is recorded beside the weights. Trained weights are worth as long as it stays.
 */
export function trainHash(plan: Plan): string {
  const {
    description: _description,
    threads: _threads,
    preflight: _preflight,
    baseline: _baseline,
    export: _export,
    evaluate: _evaluate,
    ...rest
  } = ownRecipe(plan);
  const { test: _test, ...data } = rest.data as Data;
  return sha256({ ...rest, data });
}
