// A run in a process of its own, which the test kills: node --conditions=potstill-source --import tsx child.ts FOLDER [--resume]
import { join } from 'node:path';
import { openRecipe } from '../../src/container/open-recipe.js';
import { builtInPlugin } from '../../src/run/built-in.js';
import { runRecipe } from '../../src/run/run-recipe.js';
import { tinyPlugin } from './tiny.js';

const [folder = '.', flag] = process.argv.slice(2);
const known = new Map([['tiny', tinyPlugin()]]);

async function main(): Promise<void> {
  const recipe = await openRecipe(join(folder, 'student.yaml'), { builtIn: [builtInPlugin], known });
  await runRecipe(recipe, {
    runsFolder: join(folder, 'runs'),
    known,
    resume: flag === '--resume',
    checkpointEvery: { steps: 2 },
    services: {
      progress: {
        emit(event) {
          if (event.event === 'epoch') process.stdout.write(`${event.stage} ${event.epoch}\n`);
          if (event.event === 'done') process.stdout.write('done\n');
        },
      },
    },
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
