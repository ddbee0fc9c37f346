// Losses on layers with a real teacher: recipes/vision/mnist-hints.yaml, in small, through the built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-layers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Event = Readonly<Record<string, unknown>> & { readonly metrics?: Readonly<Record<string, number>> };

describe.skipIf(!dataFolder)(
  'potstill run recipes/vision/mnist-hints.yaml (skipped without POTSTILL_DATA)',
  () => {
    it('says its connector, learns the layers and exports the student without it', async () => {
      const set = [
        'data.train.limit=640',
        'data.test.limit=200',
        'train.epochs=2',
        'baseline=false',
        'threads=1',
      ];
      const { code, out, err } = await potstill([
        'run',
        'recipes/vision/mnist-hints.yaml',
        ...set.flatMap((each) => ['--set', each]),
        ...['--set', 'export=[onnx]', '--json', '--runs', folder, '--folder', join(folder, 'run')],
      ]);
      expect(code, err).toBe(0);
      const events = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Event);
      const said = events.filter((each) => each.code === 'LOSS_CONNECTOR').map((each) => each.message);
      expect(said).toEqual([
        "hint: a 1x1 convolution takes the student's `stage.2` [7, 7, 8] to the teacher's 16 channels of `late`",
      ]);
      const epochs = events.filter((each) => each.event === 'epoch' && each.stage === 'student');
      const [first, last] = [epochs[0]?.metrics, epochs.at(-1)?.metrics];
      for (const loss of ['loss.hint', 'loss.attention-transfer'])
        expect(last?.[loss], loss).toBeLessThan(first?.[loss] as number);
      const { student } = JSON.parse(await readFile(join(folder, 'run', 'summary.json'), 'utf8')) as {
        readonly student: { readonly parameters: number };
      };
      // The net of width 4; the connector has 8 x 16 + 16 more.
      expect(student.parameters).toBe(4894);
    }, 120_000);
  },
);
