// What is known of one task stands in that task's folder: the rest of the core names none of its words.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = new URL('../../src/', import.meta.url).pathname;

/** Words of classification, and of the other tasks of the core. */
const words = /\baccuracy\b|\bconfusion\b|'errors'|\bclasses\b|\bclassif\w+|\brmse\b|\blabelErrors\b/i;

/** Places that may speak of classes, and why. */
const allowed: readonly (readonly [RegExp, string])[] = [
  [/^tasks\//, 'tasks'],
  [/^evaluate\/(?!evaluate-model|named-metric|row-metric)/, 'metrics'],
  [/^losses\//, 'losses'],
  [/^data\//, 'data sets of classes'],
  [
    /^run\/(data|data-[\w-]+|compare-data|teacher-data|restrict[\w-]*)\.ts$/,
    'data sets of classes, opened and compared',
  ],
  [/^(run\/cluster-recipe|cli\/commands\/cluster|cli\/program)\.ts$/, 'the command that clusters classes'],
  [/^recipe\/(schema|plan|build-plan|resolved|read-text)\.ts$/, 'the recipe key data.classes'],
  [/^recipe\/(begin|stages)-schema\.ts$/, 'help that speaks of a head for other classes'],
  [/^contracts\/(dataset|teacher|method)\.ts$/, 'class names of data and teachers, and what methods score'],
  [/^teach\//, 'teachers whose scores are of classes'],
  [/^students\//, 'students with a score a class'],
  [/^store\/(encoding|divergence)\.ts$/, 'encodings of distributions over classes'],
  [/^errors\/codes\.ts$/, 'help of the errors that all of these give'],
  [/^testing\//, 'a tiny data set of classes'],
  [/^index\.ts$/, 'the public door'],
];

function mentions(file: string, text: string): string[] {
  if (allowed.some(([place]) => place.test(file))) return [];
  return text
    .split('\n')
    .flatMap((line, at) => (words.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : []));
}

describe('the core', () => {
  it('mentions words of a task in its own folder, metrics, losses and data sets alone', () => {
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.split(sep).join('/'));
    const found = files.flatMap((file) => mentions(file, readFileSync(join(source, file), 'utf8')));
    expect(found, 'ask the task instead: a figure, a check, a section or an adjustment of its own').toEqual(
      [],
    );
  });

  it('would see such a word', () => {
    expect(mentions('run/finish.ts', "const worse = after.figures['errors'];")).toHaveLength(1);
    expect(mentions('report/verdict.ts', '// by accuracy')).toHaveLength(1);
  });
});
