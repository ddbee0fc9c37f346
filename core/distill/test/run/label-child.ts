// Labels and trains in a process of its own: node --conditions=potstill-source --import tsx label-child.ts FOLDER [--kill DONE] [--pause MS]
// Prints how many training examples the teacher was asked about. With --kill it kills itself once so many are answered.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openRecipe } from '../../src/container/open-recipe.js';
import { builtInPlugin } from '../../src/run/built-in.js';
import { runRecipe } from '../../src/run/run-recipe.js';
import { definePlugin, teacher } from 'potstill';
import { z } from 'zod';
import { tinyPlugin } from './tiny.js';
import { tinyTeacher } from '../train/tiny.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { kill: { type: 'string' }, pause: { type: 'string', default: '0' } },
});
const [folder = '.'] = positionals;
const killAt = Number(values.kill ?? Infinity);
let asked = 0;

const slow = definePlugin({
  name: 'slow',
  version: '1.0.0',
  potstill: '*',
  components: [
    teacher('slow/teacher', {
      help: 'the tiny teacher, which takes its time',
      options: z.strictObject({}),
      create: () => {
        const made = tinyTeacher();
        return {
          ...made,
          async label(batch) {
            // Labelling asks in batches of 128; validation and test data are smaller.
            if (batch.size >= 80) {
              asked += batch.size;
              await setTimeout(Number(values.pause));
            }
            return made.label(batch);
          },
        };
      },
    }),
  ],
});

/** A second later at each look, so that progress is told after every batch. */
let now = 0;
const clock = { now: () => (now += 1000) };

async function main(): Promise<void> {
  const known = new Map([
    ['tiny', tinyPlugin()],
    ['slow', slow],
  ]);
  const recipe = await openRecipe(join(folder, 'student.yaml'), { builtIn: [builtInPlugin], known });
  process.stdout.write('ready\n');
  // Processes that are to work at the same time wait for one another.
  while (!existsSync(join(folder, 'go'))) await setTimeout(5);
  const { runFolder } = await runRecipe(recipe, {
    runsFolder: join(folder, 'runs'),
    known,
    services: {
      clock,
      progress: {
        emit(event) {
          if (event.event === 'progress' && event.stage === 'label' && event.done >= killAt)
            process.kill(process.pid, 'SIGKILL');
        },
      },
    },
  });
  process.stdout.write(`${JSON.stringify({ asked, runFolder })}\n`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
