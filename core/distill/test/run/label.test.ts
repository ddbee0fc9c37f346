// What a run asks its teacher about: no more than its losses read.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  definePlugin,
  diskTeacherStore,
  readWeights,
  teacher,
  type Batch,
  type HostTensors,
  type KeptOutput,
  type TeacherStore,
} from 'potstill';
import { z } from 'zod';
import { textOf } from '../report/text-of.js';
import { tinyTeacher } from '../train/tiny.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const tiny = 'teacher={use: tiny/teacher}';
const quick = ['train.epochs=2', 'preflight.enabled=false', 'baseline=false'];
const examples = (sizes: readonly number[]) =>
  sizes.filter((size) => size > 1).reduce((sum, size) => sum + size, 0);

describe('labelling', () => {
  it('does not ask about training data where no loss reads the teacher', async () => {
    await place.run('student.yaml', {
      set: [tiny, 'losses=[cross-entropy]', ...quick],
    });
    // Validation and test data alone, for metrics.
    expect(examples(place.asked.batches)).toBe(40 + 60);
    expect(place.stages()).not.toContain('label');
  });

  it('asks once although an output that no loss reads varies in length', async () => {
    const asked: number[] = [];
    const { logits } = tinyTeacher().outputs;
    place.known.set(
      'frames',
      definePlugin({
        name: 'frames',
        version: '1.0.0',
        potstill: '*',
        components: [
          teacher('frames/teacher', {
            help: 'scores, and as many frames as the batch has examples',
            options: z.strictObject({}),
            create: () => {
              const made = tinyTeacher();
              return {
                ...made,
                outputs: { ...(logits ? { logits } : {}), frames: { dtype: 'float32', shape: [null] } },
                async label(batch: Batch): Promise<HostTensors> {
                  asked.push(batch.size);
                  const { size } = batch;
                  const frames = { dtype: 'float32', shape: [size, size] } as const;
                  return {
                    ...(await made.label(batch)),
                    frames: { ...frames, data: new Float32Array(size * size) },
                  };
                },
              };
            },
          }),
        ],
      }),
    );
    await place.run('student.yaml', {
      set: ['plugins=[tiny, frames]', 'teacher=frames/teacher', 'data.validation=null', ...quick],
    });
    // Metrics are given what they read alone, and that is kept between evaluations.
    expect(examples(asked)).toBe(70 + 60);
  });

  it('opens the store once a training, and closes it', async () => {
    const opened: string[] = [];
    const disk = diskTeacherStore({ folder: join(place.folder, 'store') });
    const store: TeacherStore = {
      async open(request) {
        opened.push('open');
        const answers = await disk.open(request);
        const close = answers.close.bind(answers);
        return Object.assign(answers, {
          close() {
            opened.push('close');
            return close();
          },
        });
      },
    };
    await place.run('student.yaml', { set: [tiny, ...quick, 'train.epochs=5'], services: { store } });
    // The label stage, then the student's five epochs.
    expect(opened).toEqual(['open', 'close', 'open', 'close']);
  });
});

describe('teacher.cache', () => {
  const noise = 'data.train.transforms=[tiny/noise]';
  const cache = (text: string) => `teacher={use: tiny/teacher, cache: ${text}}`;
  /** Examples of the training data that a run asked about. */
  const trainAsked = () => examples(place.asked.batches.splice(0)) - 40 - 60;
  const labelled = () =>
    place.events
      .splice(0)
      .flatMap((event) =>
        event.event === 'stage' && event.stage === 'label' && event.state === 'end' ? [event.detail] : [],
      );
  /** How the last run's summary says that outputs are stored. */
  let outputs: readonly KeptOutput[] | undefined;
  const run = async (...set: string[]) => {
    const { runFolder, summary } = await place.run('student.yaml', { set: [...quick, ...set] });
    outputs = summary.labelled?.outputs;
    return (await readWeights(join(runFolder, 'student.safetensors'))).variables;
  };

  it('`auto` says why nothing is stored of data that look different each time', async () => {
    await run(tiny, noise);
    expect(trainAsked()).toBe(2 * 70);
    expect(labelled()).toEqual([
      'not stored, the teacher runs in every epoch: random transforms make examples look different in each epoch; `teacher.cache: { epochs: 4 }` keeps four views of each',
    ]);
  });

  it('`never` asks in every epoch', async () => {
    await run(cache('never'));
    expect(trainAsked()).toBe(2 * 70);
    expect(labelled()[0]).toContain('`teacher.cache` is `never`');
  });

  it('`epochs: 2` stores two views of each example, which epochs use in turn', async () => {
    const once = await run(cache('{epochs: 2}'), noise, 'train.epochs=4');
    expect(trainAsked()).toBe(2 * 70);
    expect(labelled()).toEqual(['140 answers stored']);
    expect(await run(cache('{epochs: 2}'), noise, 'train.epochs=4')).toEqual(once);
    expect(trainAsked()).toBe(0);
    expect(labelled()).toEqual(['140 answers stored, none of them now']);
    // Another seed makes other views.
    await run(cache('{epochs: 2}'), noise, 'train.epochs=4', 'train.seed=9');
    expect(trainAsked()).toBe(2 * 70);
    // One view alone gives another student.
    expect(await run(cache('{epochs: 1}'), noise, 'train.epochs=4')).not.toEqual(once);
  });

  it('trains the same student from stored views as with a live teacher, while no view comes twice', async () => {
    const live = await run(cache('never'), noise);
    trainAsked();
    expect(await run(cache('{epochs: 4}'), noise)).toEqual(live);
    // Two epochs need two views, not four.
    expect(trainAsked()).toBe(2 * 70);
  });

  it('stores an encoding apart from others, and says what it costs', async () => {
    const exact = await run(tiny);
    trainAsked();
    place.events.length = 0;
    const half = await run(cache('{encoding: float16}'));
    expect(trainAsked()).toBe(70);
    expect(labelled()[0]).toMatch(
      /^70 answers stored; logits as float16: KL \d\.\de-\d+, at most \d\.\de-\d+$/,
    );
    expect(half).not.toEqual(exact);
    expect(outputs).toMatchObject([{ output: 'logits', encoding: 'float16', cost: { count: 70 } }]);
    await run(cache('{encoding: {logits: {top: 2}}}'));
    expect(labelled()[0]).toMatch(/logits as top-2: KL /);
    await run(tiny, 'train.epochs=3');
    await run(cache('{encoding: {top: 2}}'), 'train.epochs=3');
    expect(labelled().map((text) => text?.startsWith('70 answers stored, none of them now'))).toEqual([
      true,
      true,
    ]);
  });

  it('stands in the summary and the report: what was asked for, and what an encoding costs', async () => {
    const set = [tiny, ...quick];
    const options = {
      set: [...set, 'teacher.cache={encoding: float16}'],
      runFolder: join(place.folder, 'run'),
    };
    const { summary } = await place.run('student.yaml', options);
    const labelled = {
      kept: true,
      total: 70,
      asked: 70,
      outputs: [{ output: 'logits', encoding: 'float16' }],
    };
    expect(summary.labelled).toMatchObject(labelled);
    const page = textOf(await readFile(join(options.runFolder, 'report.html'), 'utf8'));
    expect(page).toMatch(
      / answers 70, of which 70 asked for in this run `logits` kept as float16; KL divergence \d\.\de-\d+ nats on average, at most \d\.\de-\d+ /,
    );
    // A process that finds the training done writes the same.
    await rm(join(options.runFolder, 'summary.json'));
    const again = await place.run('student.yaml', { ...options, resume: true });
    expect(again.summary.labelled).toMatchObject(labelled);
    const second = await place.run('student.yaml', {
      set: [...options.set, 'train.seed=2'],
      runFolder: join(place.folder, 'second'),
    });
    expect(second.summary.labelled).toMatchObject({ total: 70, asked: 0 });
  });
});
