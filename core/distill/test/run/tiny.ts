// A plugin and recipes small enough to run whole in a test.
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import { pino } from 'pino';
import { dataset, definePlugin, teacher, transform, type Plugin, type RunEvent } from 'potstill';
import { z } from 'zod';
import { writeJson } from '../../src/files/json.js';
import { filterClasses } from '../../src/data/index.js';
import { openRecipe, type OpenRecipe } from '../../src/container/open-recipe.js';
import { builtInPlugin } from '../../src/run/built-in.js';
import type { RunOptions } from '../../src/run/options.js';
import { runRecipe } from '../../src/run/run-recipe.js';
import { tinyData, tinyTeacher } from '../train/tiny.js';

/** How often the component teacher was asked, by the size of the batch. */
export interface Asked {
  batches: number[];
}

export function tinyPlugin(asked: Asked = { batches: [] }): Plugin {
  return definePlugin({
    name: 'tiny',
    version: '1.0.0',
    potstill: '*',
    components: [
      dataset('tiny/points', {
        help: 'points around one centre a class',
        options: z.object({
          size: z.int().default(70),
          seed: z.int().default(5),
          labels: z.array(z.string()).optional(),
          exclude: z.array(z.int()).default([]),
          target: z.boolean().default(true),
        }),
        async create({ size, seed, labels, exclude, target }) {
          const data = await filterClasses(tinyData(size, randomStream(seed)), { exclude });
          const { target: field, ...rest } = data;
          return { ...rest, ...(target && field ? { target: field } : {}), ...(labels ? { labels } : {}) };
        },
      }),
      dataset('tiny/stream', {
        help: 'the same points, one after another, their number unknown',
        options: z.object({ size: z.int().default(70) }),
        create({ size: count }) {
          const points = tinyData(count);
          const { spec, inputs, target, labels, fingerprint } = points;
          return {
            spec,
            inputs,
            ...(target ? { target } : {}),
            ...(labels ? { labels } : {}),
            fingerprint: `stream ${fingerprint}`,
            async *examples() {
              for (let i = 0; i < count; i++) yield await points.example(i);
            },
          };
        },
      }),
      teacher('tiny/teacher', {
        help: 'scores by the features',
        options: z.object({
          labels: z.array(z.string()).optional(),
          constant: z.boolean().default(false),
          parameters: z.int().optional(),
        }),
        create({ labels, constant, parameters }) {
          const made = tinyTeacher(({ size }) => asked.batches.push(size));
          return {
            ...made,
            ...(labels ? { labels } : {}),
            ...(parameters === undefined ? {} : { parameters }),
            label: async (batch) => {
              const answers = await made.label(batch);
              if (constant) answers.logits?.data.fill(1);
              return answers;
            },
          };
        },
      }),
      transform('tiny/noise', {
        help: 'adds noise to x',
        options: z.object({ amount: z.number().default(0.1) }),
        create: ({ amount }) => ({
          fingerprint: `noise ${amount}`,
          random: true,
          apply(example, random) {
            const x = example.x;
            if (x?.dtype !== 'float32') throw new Error('x is missing');
            const noise = random.normal(x.data.length);
            return {
              ...example,
              x: { ...x, data: x.data.map((value, i) => value + amount * (noise[i] as number)) },
            };
          },
        }),
      }),
      transform('tiny/shorten', {
        help: 'keeps the first numbers of x',
        options: z.object({ to: z.int() }),
        create: ({ to }) => ({
          fingerprint: `shorten ${to}`,
          random: false,
          apply(example) {
            const x = example.x;
            if (x?.dtype !== 'float32') throw new Error('x is missing');
            return { ...example, x: { ...x, shape: [to], data: x.data.slice(0, to) } };
          },
        }),
      }),
    ],
  });
}

export const teacherYaml = `
name: tiny-teacher
plugins: [tiny]
data:
  train: { use: tiny/points, size: 120, seed: 9 }
  test: { use: tiny/points, size: 60, seed: 6 }
student: { use: mlp, hidden: [16] }
losses: [cross-entropy]
train: { epochs: 4, batch: 16, rate: 0.01, seed: 3 }
`;

export const studentYaml = `
name: tiny-student
plugins: [tiny]
data:
  train: { use: tiny/points, size: 70 }
  validation: { use: tiny/points, size: 40, seed: 7 }
  test: { use: tiny/points, size: 60, seed: 6 }
teacher: { recipe: ./teacher.yaml }
student: { use: mlp, hidden: [4], dropout: 0.2 }
losses:
  - { use: cross-entropy, weight: 0.3 }
  - { use: soft-targets, temperature: 2, weight: { use: linear, from: 0.2, to: 0.7 } }
train: { epochs: 3, batch: 16, optimizer: { use: sgd, momentum: 0.9 }, rate: 0.05 }
threads: 1
preflight: { sample: 64 }
`;

/** Edits a JSON file of a run as another version of potstill might have written it: with a checksum that fits. */
export async function editJson(file: string, edit: (text: string) => string): Promise<void> {
  const value = JSON.parse(edit(await readFile(file, 'utf8'))) as object;
  await writeJson(file, value);
}

export class Workplace {
  readonly events: RunEvent[] = [];
  readonly asked: Asked = { batches: [] };
  readonly known = new Map([['tiny', tinyPlugin(this.asked)]]);

  private constructor(readonly folder: string) {}

  static async make(): Promise<Workplace> {
    const place = new Workplace(await mkdtemp(join(tmpdir(), 'potstill-run-')));
    await place.write('teacher.yaml', teacherYaml);
    await place.write('student.yaml', studentYaml);
    return place;
  }

  get runs(): string {
    return join(this.folder, 'runs');
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeFile(join(this.folder, name), text);
  }

  open(name: string, ...set: string[]): Promise<OpenRecipe> {
    return openRecipe(join(this.folder, name), {
      builtIn: [builtInPlugin],
      known: this.known,
      set,
      cwd: this.folder,
    });
  }

  async run(name: string, options: RunOptions & { readonly set?: readonly string[] } = {}) {
    const { set = [], ...rest } = options;
    return runRecipe(await this.open(name, ...set), {
      runsFolder: this.runs,
      known: this.known,
      ...rest,
      services: {
        progress: { emit: (event) => this.events.push(event) },
        logger: pino({ enabled: false }),
        ...rest.services,
      },
    });
  }

  /** Names of stages in the order in which they ended, and the events are forgotten. */
  stages(): string[] {
    return this.events
      .splice(0)
      .flatMap((event) => (event.event === 'stage' && event.state === 'end' ? [event.stage] : []));
  }
}
