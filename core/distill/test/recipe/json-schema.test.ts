// docs/recipe.schema.json: current, a valid schema, and of one mind with the recipes here.
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { recipeJsonSchema } from 'potstill';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const ajv = new Ajv({ strict: false, allErrors: true });
const validate = ajv.compile(recipeJsonSchema());

describe('docs/recipe.schema.json', () => {
  it('is current (write it anew with core/distill/scripts/write-docs.ts)', () => {
    expect(JSON.parse(read('../../../../docs/recipe.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(recipeJsonSchema())),
    );
  });

  it('is in the package', () => {
    expect(read('../../recipe.schema.json')).toBe(read('../../../../docs/recipe.schema.json'));
  });

  it('is a valid JSON Schema', () => {
    expect(ajv.validateSchema(recipeJsonSchema())).toBe(true);
  });

  it.each(['base.yaml', 'small.yaml', 'deeper/smallest.yaml'])('accepts %s', (file) => {
    // `null` takes a key away from the base, which editors need not know.
    const data = JSON.parse(
      JSON.stringify(parse(read(`good/${file}`)), (_, value: unknown) => value ?? undefined),
    ) as unknown;
    expect(validate(data) ? [] : validate.errors).toEqual([]);
  });

  it.each([
    'unknown-key.yaml',
    'misspelt-required-key.yaml',
    'misspelt-use.yaml',
    'missing-everything.yaml',
    'wrong-types.yaml',
    'out-of-range.yaml',
    'newer-format.yaml',
    'teacher-misspelt.yaml',
    'in-the-base.yaml',
  ])('refuses wrong/%s', (file) => {
    expect(readdirSync(new URL('wrong', import.meta.url))).toContain(file);
    expect(validate(parse(read(`wrong/${file}`)))).toBe(false);
  });

  it('does not ask for required keys where a recipe extends another', () => {
    expect(validate({ extends: './base.yaml', student: { hidden: [3] }, train: { seed: 2 } })).toBe(true);
    expect(validate({ student: { hidden: [3] } })).toBe(false);
  });
});
