// `npm run test:damage -- --count 300 --seed 1`: single random damages to files of runs, and a table of what came of them.
import { parseArgs } from 'node:util';
import { bad, campaign, table } from './campaign.js';

const { values } = parseArgs({
  options: { count: { type: 'string', default: '300' }, seed: { type: 'string', default: '1' } },
});

const trials = await campaign({
  count: Number(values.count),
  seed: Number(values.seed),
  onTrial({ outcome, state, use, file, detail, message }) {
    const words = `${outcome.padEnd(10)} ${state} ${use}: ${file} ${detail}`;
    process.stdout.write(bad.includes(outcome) ? `${words}\n  ${message ?? ''}\n` : `${words}\n`);
  },
});
process.stdout.write(`\n${table(trials)}\n`);
if (trials.some(({ outcome }) => bad.includes(outcome))) process.exitCode = 1;
