// A run whose teacher answers after a minute: node --conditions=potstill-source --import tsx slow-child.ts FOLDER
import { join } from 'node:path';
import { definePlugin, exitCodeOfError, formatErrors, teacher } from 'potstill';
import { z } from 'zod';
import { interruptSignal } from '../../src/cli/interrupt.js';
import { openRecipe } from '../../src/container/open-recipe.js';
import { builtInPlugin } from '../../src/run/built-in.js';
import { runRecipe } from '../../src/run/run-recipe.js';
import { tinyTeacher } from '../train/tiny.js';
import { tinyPlugin } from './tiny.js';

const [folder = '.'] = process.argv.slice(2);
const minute = 60_000;
const slow = definePlugin({
  name: 'slow',
  version: '1.0.0',
  potstill: '*',
  components: [
    teacher('slow/teacher', {
      help: 'thinks long',
      options: z.strictObject({}),
      create: () => {
        const quick = tinyTeacher();
        return {
          ...quick,
          async label(batch) {
            process.stdout.write('asked\n');
            await new Promise((resolve) => setTimeout(resolve, minute));
            return quick.label(batch);
          },
        };
      },
    }),
  ],
});
const known = new Map([
  ['tiny', tinyPlugin()],
  ['slow', slow],
]);

// Patience without end: the run has to stop by itself.
const { signal } = interruptSignal({ unread: new AbortController().signal }, () => undefined, 100 * minute);
const recipe = await openRecipe(join(folder, 'student.yaml'), {
  builtIn: [builtInPlugin],
  known,
  set: ['plugins=[tiny, slow]', 'teacher=slow/teacher', 'preflight.enabled=false', 'baseline=false'],
});
await runRecipe(recipe, { runsFolder: join(folder, 'runs'), known, signal }).catch((error: unknown) => {
  process.stdout.write(`${formatErrors(error)}\n`);
  process.exit(exitCodeOfError(error));
});
