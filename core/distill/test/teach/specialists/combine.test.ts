// The combination of a generalist with specialists, against gradient descent and BFGS (test/golden/make_specialists.py).
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combined, type SpecialistAnswer } from '../../../src/teach/specialists/combine.js';

interface Case {
  readonly generalist: number[];
  readonly specialists: readonly { readonly classes: number[]; readonly p: number[] }[];
  readonly q: number[];
  readonly loss: number;
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../../test/golden/specialists.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly Case[] };

const answers = (specialists: Case['specialists']): SpecialistAnswer[] =>
  specialists.map(({ classes, p }) => ({ classes, special: p.slice(0, -1), dustbin: p.at(-1) ?? 0 }));

/** Equation 5, in nats. */
function objective(generalist: readonly number[], specialists: readonly SpecialistAnswer[], q: Float64Array) {
  const kl = (p: number, of: number) => (p > 0 ? p * Math.log(p / of) : 0);
  let sum = generalist.reduce((all, p, at) => all + kl(p, q[at] ?? 0), 0);
  for (const { classes, special, dustbin } of specialists) {
    special.forEach((p, k) => (sum += kl(p, q[classes[k] ?? 0] ?? 0)));
    sum += kl(
      dustbin,
      q.reduce((all, value, at) => (classes.includes(at) ? all : all + value), 0),
    );
  }
  return sum;
}

describe('generalist and specialists', () => {
  it.each(golden.cases.map((each, at) => [at, each] as const))(
    'agree on what gradient descent finds (case %i)',
    (_, { generalist, specialists, q, loss }) => {
      const found = combined(generalist, answers(specialists));
      found.forEach((value, at) => expect(value).toBeCloseTo(q[at] ?? NaN, 7));
      expect(objective(generalist, answers(specialists), found)).toBeCloseTo(loss, 10);
    },
  );

  it('find no better distribution nearby, whatever they say and however they overlap', () => {
    const share = fc.integer({ min: 1, max: 1000 });
    const normal = (values: readonly number[]) => {
      const sum = values.reduce((all, value) => all + value, 0);
      return values.map((value) => value / sum);
    };
    const classes = 6;
    const specialist = fc
      .tuple(
        fc.uniqueArray(fc.integer({ min: 0, max: classes - 1 }), { minLength: 1, maxLength: classes - 1 }),
        fc.array(share, { minLength: classes, maxLength: classes }),
      )
      .map(([own, shares]): SpecialistAnswer => {
        const p = normal(shares.slice(0, own.length + 1));
        return { classes: own, special: p.slice(0, -1), dustbin: p.at(-1) ?? 0 };
      });
    fc.assert(
      fc.property(
        fc.array(share, { minLength: classes, maxLength: classes }),
        fc.array(specialist, { maxLength: 4 }),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: classes, maxLength: classes }),
        (shares, specialists, direction) => {
          const p = normal(shares);
          const q = combined(p, specialists);
          expect(q.reduce((all, value) => all + value, 0)).toBeCloseTo(1, 10);
          const least = objective(p, specialists, q);
          const other = Float64Array.from(
            normal([...q].map((value, at) => value * Math.exp(0.01 * (direction[at] ?? 0)))),
          );
          expect(objective(p, specialists, other)).toBeGreaterThanOrEqual(least - 1e-9);
        },
      ),
    );
  });

  it('are the generalist alone where no specialist is heard', () => {
    const p = [0.7, 0.2, 0.1];
    [...combined(p, [])].forEach((value, at) => expect(value).toBeCloseTo(p[at] ?? NaN, 12));
  });

  it('stay finite where one of them is certain', () => {
    const q = combined([1, 0, 0, 0], [{ classes: [0, 1], special: [0, 1], dustbin: 0 }]);
    expect(q[0]).toBeCloseTo(0.5, 6);
    expect(q[1]).toBeCloseTo(0.5, 6);
    expect([...q].every((value) => value > 0)).toBe(true);
  });
});
