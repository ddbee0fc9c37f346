// The pages of `potstill explain`.
import { createRegistry, definePlugin, explain, loss, metric, optionRows, PotstillError } from 'potstill';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { recipeKeys } from '../../src/container/recipe-keys.js';
import { builtInPlugin } from '../../src/run/built-in.js';
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

const builtIn = createRegistry([{ plugin: builtInPlugin }]);

describe('explain', () => {
  it('prints every component of a name, with its options', () => {
    expect(explain('hint', registry)).toBe(`hint: loss of @acme/a 1.0.0

FitNets' hint loss.

option            accepts                       default
student           text                          required  Layer of the student.
power             a number above 0              2
regressor         a map of \`kernel\`
regressor.kernel  a whole number of at least 1  1         Side of the filter.

It compares with a teacher, so the recipe must have one.

A recipe may write beside these: \`weight\`, \`name\`, \`optimizer\`, \`rate\`.

hint: metric of @acme/a 1.0.0

Its value.

It has no options.

A recipe may write beside these: \`name\`, \`where\`.`);
  });

  it("lists the keys of maps whose names are the user's", () => {
    const rows = new Map(optionRows(builtIn.get('teacher', 'onnx')).map((row) => [row.name, row]));
    expect([...rows.keys()]).toEqual(
      expect.arrayContaining(['outputs', 'outputs.NAME.from', 'outputs.NAME.as', 'outputs.NAME.layout']),
    );
    expect(rows.get('outputs.NAME.from')?.default).toBe('required');
    expect(rows.get('outputs.NAME.as')?.type).toContain('`probabilities`');
    // Of several maps, each requires a key of its own.
    expect(rows.get('inputs.NAME.mask')?.default).toBe('');
    expect(explain('onnx.outputs.NAME.as', builtIn)).toContain('option of the teacher onnx');
  });

  it('prints one option of a component', () => {
    expect(explain('hint.regressor.kernel', registry)).toBe(
      `hint.regressor.kernel: option of the loss hint

Side of the filter.

It takes a whole number of at least 1. Default: 1.`,
    );
    expect(explain('hint.student', registry)).toMatch(/It takes text\. It is required\.$/);
  });

  it('prints keys of recipes, those in lists too, and the keys below them', () => {
    expect(explain('train.epochs', registry)).toMatch(
      /^train\.epochs: key of a recipe\n\nPasses over the training data\.\n\nIt takes a whole number/,
    );
    expect(explain('losses.weight', registry)).toBe(
      explain('losses.0.weight', registry).replace('losses.0.weight', 'losses.weight'),
    );
    expect(explain('train', registry)).toContain('\n  seed: Seed of all randomness.');
    expect(recipeKeys()).toEqual(expect.arrayContaining(['name', 'data.train', 'train.clip.norm']));
    for (const key of recipeKeys()) expect(explain(key, registry)).toContain(`${key}: key of a recipe`);
  });

  it('names the outputs of teachers and students', () => {
    const builtIn = createRegistry([{ plugin: builtInPlugin }]);
    expect(explain('mlp', builtIn)).toContain(
      '\nhidden.N  hidden layer N, from 0, after its activation: [units]',
    );
    expect(explain('cnn', builtIn)).toContain('\nstage.N   stage N, from 1: [height, width, channels]');
    for (const { definition } of builtIn.all())
      if (definition.kind === 'teacher' || definition.kind === 'student')
        expect(explain(definition.name, builtIn)).toMatch(/\n\noutput/);
  });

  it('prints error codes', () => {
    expect(explain('PLUGIN_FAILED', registry)).toContain('Exit code 3');
  });

  it('suggests what was meant, or lists the nearest', () => {
    expect(() => explain('hnit', registry)).toThrow(
      'USAGE: there is no component, recipe key, command or error code named `hnit`',
    );
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
