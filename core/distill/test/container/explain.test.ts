// The pages of `potstill explain`.
import { createRegistry, definePlugin, explain, loss, metric, optionRows, PotstillError } from 'potstill';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sampleRegistry } from '../recipe/sample-plugin.js';

const never = (): never => {
  throw new Error('nothing is made to be explained');
};
const registry = createRegistry([
  {
    plugin: definePlugin({
      name: '@acme/a',
      version: '1.0.0',
      potstill: '*',
      components: [
        loss('hint', {
          help: "FitNets' hint loss.",
          options: z.strictObject({
            student: z.string().describe('Layer of the student.'),
            power: z.number().positive().default(2),
            regressor: z
              .strictObject({ kernel: z.int().min(1).default(1).describe('Side of the filter.') })
              .optional(),
          }),
          needsTeacher: true,
          create: never,
        }),
        metric('hint', { help: 'Its value.', options: z.strictObject({}), create: never }),
      ],
    }),
  },
]);

describe('explain', () => {
  it('prints every component of a name, with its options', () => {
    expect(explain('hint', registry)).toBe(`hint: loss of @acme/a 1.0.0

FitNets' hint loss.

option            accepts                       default
student           text                          required  Layer of the student.
power             a number above 0              2
regressor         a map of \`kernel\`
regressor.kernel  a whole number of at least 1  1         Side of the filter.

It compares with a teacher, which the recipe must have.

Recipes take beside these: \`weight\`, \`name\`.

hint: metric of @acme/a 1.0.0

Its value.

It has no options.`);
  });

  it('prints error codes', () => {
    expect(explain('PLUGIN_FAILED', registry)).toContain('Exit code 3');
  });

  it('suggests what was meant, or lists the nearest', () => {
    expect(() => explain('hnit', registry)).toThrow('USAGE: `hnit` is neither an error code nor a component');
    const recordOf = (topic: string) => {
      try {
        explain(topic, sampleRegistry);
      } catch (error) {
        if (error instanceof PotstillError) return error.records[0];
      }
      throw new Error('expected a refusal');
    };
    expect(recordOf('soft-target').hint).toBe('did you mean `soft-targets`?');
    expect(recordOf('PLUGIN_FAILD').hint).toBe('did you mean `PLUGIN_FAILED`?');
    expect(recordOf('something-else')).toMatchObject({
      allowed: [expect.any(String), expect.any(String), expect.any(String)],
    });
  });
});

describe('optionRows', () => {
  it('is empty for a component without options', () => {
    expect(optionRows(registry.get('metric', 'hint'))).toEqual([]);
  });
});
