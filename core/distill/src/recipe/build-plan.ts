// From checked data and checked components to the plan.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { ComponentKind } from '../contracts/index.js';
import { beginPlan } from './begin.js';
import { resolveWritten } from './checks.js';
import type {
  BalancePlan,
  BaselinePlan,
  BeginPlan,
  CachePlan,
  Clipping,
  ComponentPlan,
  DatasetSlot,
  LossPlan,
  MetricPlan,
  Plan,
  PluginReference,
  RecipeTrace,
  SeriesPlan,
  TeacherPlan,
  TrainPlan,
} from './plan.js';
import type { RecipeData } from './schema.js';
import { isRecord } from './slots.js';
import type { WrittenStage } from './stages.js';
import type { Path, Traced } from './trace.js';

export interface BuildInput {
  readonly file: string;
  readonly root: Traced;
  readonly data: RecipeData;
  readonly components: ReadonlyMap<string, ComponentPlan>;
  readonly plugins: readonly PluginReference[];
  readonly trace: RecipeTrace;
  readonly series: SeriesPlan | undefined;
  /** Of a stage. */
  readonly stage?: StageInput | undefined;
}

/** Which stage a recipe is, and whose student it takes up. */
export interface StageInput {
  readonly written: Pick<WrittenStage, 'recipe' | 'name' | 'except'>;
  readonly before: Plan | undefined;
}

function hasValidation({ validation, split }: RecipeData['data']): boolean {
  return validation !== undefined || split?.validation !== undefined;
}

function limitOf(written: unknown): Pick<DatasetSlot, 'limit'> {
  return isRecord(written) && typeof written.limit === 'number' ? { limit: written.limit } : {};
}

class Builder {
  constructor(private readonly input: BuildInput) {}

  /** The component at a path; kinds are those of the slots, so a mismatch is a bug. */
  component<K extends ComponentKind>(kind: K, ...at: Path): ComponentPlan<K> {
    const found = this.input.components.get(at.join('.'));
    if (found?.definition.kind !== kind)
      throw new Error(`internal: no ${kind} at ${at.join('.')} of a checked recipe`);
    return found as ComponentPlan<K>;
  }

  transfer(): DatasetSlot | undefined {
    if (this.input.data.data.transfer === undefined) return undefined;
    return {
      component: this.component('dataset', 'data', 'transfer'),
      transforms: this.slot('train').transforms,
      ...limitOf(this.input.data.data.transfer),
    };
  }

  slot(name: 'train' | 'validation' | 'test'): DatasetSlot {
    const written = this.input.data.data[name];
    const transforms = isRecord(written) && Array.isArray(written.transforms) ? written.transforms : [];
    return {
      component: this.component('dataset', 'data', name),
      transforms: transforms.map((_, index) =>
        this.component('transform', 'data', name, 'transforms', index),
      ),
      ...limitOf(written),
    };
  }

  teacher(): TeacherPlan | undefined {
    const { root, file, data } = this.input;
    const { teacher, teachers } = data;
    if (teachers !== undefined)
      return {
        kind: 'component',
        component: this.component('teacher', 'teachers'),
        cache: cachePlan(undefined),
      };
    if (teacher === undefined) return undefined;
    const cache = cachePlan(isRecord(teacher) ? (teacher.cache as WrittenCache) : undefined);
    if (!isRecord(teacher) || typeof teacher.recipe !== 'string') {
      return { kind: 'component', component: this.component('teacher', 'teacher'), cache };
    }
    const set = Object.entries(isRecord(teacher.set) ? teacher.set : {});
    return {
      kind: 'recipe',
      file: resolveWritten(root, ['teacher', 'recipe'], teacher.recipe, file),
      written: teacher.recipe,
      epoch: typeof teacher.epoch === 'number' ? teacher.epoch : undefined,
      live: teacher.live === true,
      cache,
      // JSON is YAML, so any value survives the way through --set.
      set: set.map(([key, value]) => `${key}=${JSON.stringify(value)}`),
    };
  }

  losses(): LossPlan[] {
    const written = this.input.data.losses;
    const given = new Set(written.map((loss) => (isRecord(loss) ? loss.name : undefined)));
    const taken = new Set<unknown>(given);
    return written.map((loss, index) => {
      const component = this.withLogits(this.component('loss', 'losses', index));
      const map: Record<string, unknown> = isRecord(loss) ? loss : {};
      let name = typeof map.name === 'string' ? map.name : component.definition.name;
      if (map.name === undefined) {
        for (let count = 2; taken.has(name); count++) name = `${component.definition.name}-${count}`;
        taken.add(name);
      }
      const weight =
        typeof map.weight === 'number' || map.weight === undefined
          ? (map.weight ?? 1)
          : this.component('schedule', 'losses', index, 'weight');
      const rate =
        typeof map.rate === 'number' || map.rate === undefined
          ? map.rate
          : this.component('schedule', 'losses', index, 'rate');
      return {
        name,
        component,
        weight,
        ...(map.optimizer === undefined
          ? {}
          : { optimizer: this.component('optimizer', 'losses', index, 'optimizer') }),
        ...(rate === undefined ? {} : { rate }),
      };
    });
  }

  /** `teacher: nb` of a loss, where `nb` is one of `teachers`, is short for `teacher: nb/logits`. */
  private withLogits(loss: ComponentPlan<'loss'>): ComponentPlan<'loss'> {
    const { teacher } = loss.options;
    const named = typeof teacher === 'string' && teacher !== 'logits';
    if (!named || !Object.hasOwn(this.input.data.teachers ?? {}, teacher)) return loss;
    return { ...loss, options: { ...loss.options, teacher: `${teacher}/logits` } };
  }

  metrics(): MetricPlan[] | undefined {
    return this.input.data.evaluate?.map((written, index) => {
      const component = this.component('metric', 'evaluate', index);
      if (!isRecord(written)) return { component };
      const { name, where } = written as Omit<MetricPlan, 'component'>;
      return {
        component,
        ...(name === undefined ? {} : { name }),
        ...(where === undefined ? {} : { where }),
      };
    });
  }

  train(): TrainPlan {
    const { train, data } = this.input.data;
    return {
      epochs: train.epochs,
      batch: train.batch,
      optimizer: this.component('optimizer', 'train', 'optimizer'),
      rate: typeof train.rate === 'number' ? train.rate : this.component('schedule', 'train', 'rate'),
      seed: train.seed,
      maxNorm: train.maxNorm,
      // The schema sees to it that exactly one is given.
      clip: train.clip as Clipping | undefined,
      accumulate: train.accumulate,
      average: train.average,
      rateSearch: train.rateSearch,
      balance: balancePlan(train.balance),
      groups: train.groups,
      keep: train.keep,
      freeze: train.freeze,
      select: train.select ?? (hasValidation(data) ? 'primary' : 'last'),
    };
  }
}

function balancePlan(written: RecipeData['train']['balance']): BalancePlan | undefined {
  if (written === 'uncertainty') return { by: 'uncertainty' };
  return written === 'gradnorm' ? { by: 'gradnorm', alpha: 1.5, rate: 0.025 } : written;
}

/** `teacher.cache` as the schema leaves it. */
type WrittenCache =
  'auto' | 'never' | { readonly epochs?: number; readonly encoding?: CachePlan['encoding'] } | undefined;

function cachePlan(written: WrittenCache = 'auto'): CachePlan {
  if (typeof written === 'string') return { keep: written, encoding: undefined };
  const { epochs, encoding } = written;
  return { keep: epochs === undefined ? 'auto' : { epochs }, encoding };
}

/** `changed` is the recipe with `baseline.set` applied; undefined without such. */
function baselinePlan(input: BuildInput, changed: BuildInput | undefined): BaselinePlan | undefined {
  const { data } = input;
  const { baseline = data.teacher !== undefined || data.teachers !== undefined } = data;
  if (baseline === false) return undefined;
  const { set = {}, rate } = baseline === true ? {} : baseline;
  const build = new Builder(changed ?? input);
  const train = build.train();
  const search = rate === 'search';
  return {
    train: { ...train, rateSearch: search || train.rateSearch },
    losses: build.losses(),
    set,
    search,
  };
}

/** A stage after the first takes up the student of the one before. */
function stageBegin(stage: StageInput | undefined): BeginPlan | undefined {
  if (!stage?.before) return undefined;
  const { before, written } = stage;
  const name = before.stage?.names.at(-1) ?? before.name;
  return { kind: 'stage', plan: before, written: name, except: written.except ?? [] };
}

/** The plan of a recipe without problems; `changed` as the baseline sees it. */
export function buildPlan(input: BuildInput, changed?: BuildInput): Plan {
  const { data, file, trace, plugins, stage } = input;
  const build = new Builder(input);
  return Object.freeze({
    name: data.name,
    description: data.description,
    file,
    folder: path.dirname(file),
    trace,
    plugins,
    data: {
      train: build.slot('train'),
      transfer: build.transfer(),
      split: data.data.split,
      classes: data.data.classes,
      sampler: data.data.sampler,
      validation: data.data.validation === undefined ? undefined : build.slot('validation'),
      test: data.data.test === undefined ? undefined : build.slot('test'),
      buckets: typeof data.data.buckets === 'number' ? { count: data.data.buckets } : data.data.buckets,
      shuffle: data.data.shuffle,
    },
    teacher: build.teacher(),
    student: build.component('student', 'student'),
    begin: stageBegin(input.stage) ?? beginPlan(data, input.root, file),
    losses: build.losses(),
    train: build.train(),
    task: data.task === undefined ? undefined : build.component('task', 'task'),
    metrics: build.metrics(),
    baseline: baselinePlan(input, changed),
    adjustments: data.adjust.map((_, index) => build.component('adjustment', 'adjust', index)),
    exporters: data.export.map((_, index) => build.component('exporter', 'export', index)),
    backend: data.backend,
    threads: data.threads ?? availableParallelism(),
    preflight: data.preflight,
    stage: stage && {
      recipe: stage.written.recipe,
      names: [...(stage.before?.stage?.names ?? []), stage.written.name],
    },
    series: input.series,
  });
}
