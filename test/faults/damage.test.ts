// A part of the damage campaign; the whole is `npm run test:damage`.
import { expect, it } from 'vitest';
import { bad, campaign } from './campaign.js';

it('gives no wrong number, no crash and no false hint after single damages to files of a run', async () => {
  const trials = await campaign({ count: 30, seed: 2 });
  expect(trials).toHaveLength(30);
  expect(trials.filter(({ outcome }) => bad.includes(outcome))).toEqual([]);
}, 300_000);
