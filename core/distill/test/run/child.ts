// A run in a process of its own: node --conditions=potstill-source --import tsx child.ts FOLDER resume|anew [STAGE STEP]
// With a stage and a step it kills itself there.
import { join } from 'node:path';
import { openRecipe } from '../../src/container/open-recipe.js';
import { builtInPlugin } from '../../src/run/built-in.js';
import { runRecipe } from '../../src/run/run-recipe.js';
import { tinyPlugin } from './tiny.js';

const [folder = '.', mode, killStage, killStep] = process.argv.slice(2);
const known = new Map([['tiny', tinyPlugin()]]);

/** A second later at each look, so that progress is told after every step. */
let now = 0;
const clock = { now: () => (now += 1000) };

async function main(): Promise<void> {
  const recipe = await openRecipe(join(folder, 'student.yaml'), { builtIn: [builtInPlugin], known });
  await runRecipe(recipe, {
    runsFolder: join(folder, 'runs'),
    known,
    resume: mode === 'resume',
    checkpointEvery: { steps: 2 },
    services: {
      clock,
      progress: {
        emit(event) {
          const step = event.event === 'progress' ? event.at?.step : undefined;
          if (event.event === 'progress' && event.stage === killStage && step === Number(killStep))
            process.kill(process.pid, 'SIGKILL');
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
