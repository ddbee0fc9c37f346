// The container of one run: standard services, the run's own paths, and what the caller or a plugin puts in their place.
import { join } from 'node:path';
import { createEngine } from '@potstill/engine';
import { createRunContainer, type RunContainer } from '../container/run-container.js';
import { standardServices } from '../container/services.js';
import type { OpenRecipe } from '../container/open-recipe.js';
import type { Paths, ProgressSink, Services } from '../contracts/index.js';
import type { Plan } from '../recipe/plan.js';
import { diskTeacherStore, type DiskStoreOptions } from '../store/index.js';
import { teacherStoreFolder } from './names.js';

/** Opens it; `dispose` ends the engine too, when it was made here. */
export async function openContainer(
  { plan, registry }: OpenRecipe,
  given: {
    readonly paths: Paths;
    readonly progress: ProgressSink;
    readonly overrides: Partial<Services>;
    /** Where compiled steps are kept. Default: nowhere. */
    readonly cache?: string | false;
  },
): Promise<RunContainer> {
  const { paths, progress, overrides, cache = false } = given;
  const engine =
    overrides.engine ??
    (await createEngine({
      backend: plan.backend,
      threads: plan.threads,
      cache,
      onWarning: (warning) => progress.emit({ event: 'warning', ...warning }),
    }));
  const container = createRunContainer({
    registry,
    defaults: standardServices({
      seed: plan.train.seed,
      paths,
      engine: () => engine,
      store: () =>
        diskTeacherStore({
          folder: join(paths.runsFolder, teacherStoreFolder),
          ...storeOptionsOf(plan),
          onTooLarge: (bytes, free) =>
            progress.emit({
              event: 'warning',
              code: 'STORE_TOO_LARGE',
              message: `the teacher's answers would take ${gigabytes(bytes)} of ${gigabytes(free)} free: they are not kept`,
              hint: 'The teacher is asked in every epoch. Make room, read fewer outputs, or keep runs on another disk.',
            }),
          onDamaged: (path, reason) =>
            progress.emit({
              event: 'warning',
              code: 'STORE_DAMAGED',
              message: `${path}: ${reason}`,
              hint: 'The teacher is asked about its examples again.',
            }),
        }),
    }),
    overrides: { ...overrides, progress },
    trace: plan.trace,
  });
  return {
    services: container.services,
    make: (component, context, random) => container.make(component, context, random),
    makeNamed: (kind, reference, context, path, random) =>
      container.makeNamed(kind, reference, context, path, random),
    check: (component) => container.check(component),
    explain: () => container.explain(),
    async dispose() {
      await container.dispose();
      if (!overrides.engine) await engine.dispose();
    },
  };
}

/** How the recipe wants answers kept, and whose they are. */
function storeOptionsOf({ name, teacher, data }: Plan): Pick<DiskStoreOptions, 'encoding' | 'about'> {
  if (!teacher) return {};
  const { encoding } = teacher.cache;
  return {
    ...(encoding === undefined ? {} : { encoding }),
    about: {
      recipe: name,
      teacher: teacher.kind === 'recipe' ? teacher.written : teacher.component.definition.name,
      data: data.train.component.definition.name,
    },
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
