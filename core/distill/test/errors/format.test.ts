// Errors on a terminal and as JSON.
import { EngineError, engineErrorCodes } from '@potstill/engine';
import {
  errorCodes,
  errorJson,
  exitCodeOfError,
  explainCode,
  formatError,
  formatErrors,
  PotstillError,
} from 'potstill';
import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { errorsPage, nearestCode } from '../../src/errors/explain.js';
import { sourceFrame } from '../../src/errors/frame.js';
import { allowedWords, didYouMean, nearest } from '../../src/errors/suggest.js';

const record = {
  code: 'RECIPE_UNKNOWN_OPTION',
  message: 'unknown option `temprature` for loss `soft-targets`',
  hint: 'did you mean `temperature`?',
  location: { file: 'recipes/vision/mnist.yaml', line: 14, column: 7, length: 10 },
  frame: '   13 |   - use: soft-targets\n   14 |     temprature: 4\n      |     ^^^^^^^^^^',
  allowed: ['temperature', 'weight', 'student', 'teacher'],
  from: 'potstill 0.3.0',
} as const;

describe('formatError', () => {
  it('looks as the style guide says', () => {
    expect(formatError(record))
      .toBe(`error[RECIPE_UNKNOWN_OPTION]: unknown option \`temprature\` for loss \`soft-targets\`
  --> recipes/vision/mnist.yaml:14:7
   13 |   - use: soft-targets
   14 |     temprature: 4
      |     ^^^^^^^^^^ did you mean \`temperature\`?
  allowed: temperature, weight, student, teacher   (from potstill 0.3.0)
  help: potstill explain RECIPE_UNKNOWN_OPTION`);
  });

  it('has the same words in colour', () => {
    const coloured = formatError(record, { color: true });
    // eslint's rule on control characters is served by building the pattern from a string.
    const escapes = new RegExp(String.fromCharCode(27) + '\\[\\d+m', 'g');
    expect(coloured).not.toBe(formatError(record));
    expect(coloured.replace(escapes, '')).toBe(formatError(record));
  });

  it('puts the hint on a line of its own where there is no source', () => {
    expect(formatError({ code: 'DATA_EMPTY', message: 'no examples', hint: 'add some' })).toBe(
      'error[DATA_EMPTY]: no examples\n  hint: add some\n  help: potstill explain DATA_EMPTY',
    );
  });

  it('says how many names there are when it lists the nearest', () => {
    const text = formatError({ code: 'USAGE', message: 'x', allowed: ['a', 'b', 'c'], allowedCount: 40 });
    expect(text).toContain('  nearest: a, b, c   (of 40)');
  });

  it('writes out control characters of every part, in colour too', () => {
    const bad = '\u001b]0;title\u0007';
    const text = formatError(
      {
        code: 'USAGE',
        message: bad,
        hint: bad,
        location: { file: bad, line: 1 },
        frame: `${bad}\n^`,
        allowed: [bad],
        from: bad,
      },
      { color: true },
    );
    expect(text.split('\\u001b]0;title\\u0007')).toHaveLength(7);
    expect(text).not.toContain(bad);
  });

  it('sets further lines of a message in', () => {
    const text = formatError({ code: 'USAGE', message: 'a file named x\nerror[INTERNAL]: not ours' });
    expect(text).toMatch(/^error\[USAGE\]: a file named x\n {2}error\[INTERNAL\]: not ours\n/);
  });

  it('breaks long lists', () => {
    const allowed = Array.from({ length: 20 }, (_, index) => `component-${index}`);
    const lines = formatError({ code: 'USAGE', message: 'x', allowed }).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(lines.length).toBeGreaterThan(3);
    const narrow = formatError({ code: 'USAGE', message: 'x', allowed }, { width: 40 }).split('\n');
    expect(Math.max(...narrow.map(({ length }) => length))).toBeLessThanOrEqual(40);
  });
});

describe('formatErrors', () => {
  it('tells the causes of a plugin failure without a stack', () => {
    const cause = new Error('outer', { cause: new Error('inner') });
    const text = formatErrors(new PotstillError({ code: 'PLUGIN_FAILED', message: 'it failed' }, { cause }));
    expect(text).toContain('caused by: outer\n  caused by: inner');
    expect(text).not.toContain(' at ');
  });

  it('does not repeat a cause that the message tells already', () => {
    const cause = new Error('no luck', { cause: new Error('deeper') });
    const text = formatErrors(
      new PotstillError({ code: 'PLUGIN_FAILED', message: 'acme failed: no luck' }, { cause }),
    );
    expect(text.match(/no luck/g)).toHaveLength(1);
    expect(text).toContain('  caused by: deeper');
  });

  it('counts several errors', () => {
    const one = { code: 'DATA_EMPTY', message: 'no examples' } as const;
    expect(formatErrors(new PotstillError([one, one]))).toMatch(/\n\n2 errors$/);
    const many = Array.from({ length: 1234 }, () => one);
    const text = formatErrors(new PotstillError([one, ...many]));
    expect(text).toMatch(/\n\n1,235 errors, of which the first 50 are shown$/);
    expect(text.match(/no examples/g)).toHaveLength(50);
  });

  it('asks for a report, with the stack, where the fault is ours', () => {
    const text = formatErrors(new Error('internal: no such thing'));
    expect(text).toContain('error[INTERNAL]: internal: no such thing');
    expect(text).toContain(errorCodes.INTERNAL.help);
    expect(text).toMatch(/\n\s+at /);
  });

  it('shows an error of the engine with hint and place', () => {
    const error = new EngineError('ENGINE_SHAPE', 'matMul: 3 and 4', {
      hint: 'transpose',
      location: '/a:b/c.ts:5:7',
    });
    expect(formatErrors(error)).toBe(
      'error[ENGINE_SHAPE]: matMul: 3 and 4\n  --> /a:b/c.ts:5:7\n  hint: transpose\n  help: potstill explain ENGINE_SHAPE',
    );
  });

  it('does not break on what is no error', () => {
    expect(formatErrors('just text')).toContain('error[INTERNAL]: just text');
  });
});

describe('exit codes', () => {
  it.each([
    [new PotstillError({ code: 'RECIPE_SYNTAX', message: '' }), 2],
    [new PotstillError({ code: 'PLUGIN_FAILED', message: '' }), 3],
    [new PotstillError({ code: 'TRAIN_INTERRUPTED', message: '' }), 130],
    [new EngineError('ENGINE_SHAPE', ''), 2],
    [new Error('x'), 70],
  ])('%#: of %s is %i', (error, exit) => {
    expect(exitCodeOfError(error)).toBe(exit);
    expect(errorJson(error).exitCode).toBe(exit);
  });
});

describe('docs/errors.md', () => {
  it('is current (write it anew with core/distill/scripts/write-docs.ts)', () => {
    expect(readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')).toBe(errorsPage());
  });

  it('has every code, those of the engine too', () => {
    for (const code of [...Object.keys(errorCodes), ...Object.keys(engineErrorCodes)]) {
      expect(errorsPage()).toContain(`## ${code}\n`);
    }
  });
});

describe('explainCode', () => {
  it('explains a code in any case, and no other word', () => {
    expect(explainCode('recipe_syntax')).toContain(errorCodes.RECIPE_SYNTAX.help);
    expect(explainCode('PLUGIN_FAILED')).toContain('Exit code 3: a plugin is at fault.');
    expect(explainCode('toString')).toBeUndefined();
    expect(nearestCode('RECIPE_SINTAX')).toBe('RECIPE_SYNTAX');
  });
});

describe('sourceFrame', () => {
  it('keeps the marker within its line, and draws one at the end of it', () => {
    expect(sourceFrame(['a: 1'], { line: 1, column: 4, length: 50 })).toBe('    1 | a: 1\n      |    ^');
    expect(sourceFrame([''], { line: 1, column: 1, length: 0 })).toBe('    1 |\n      | ^');
  });

  it('stands below words after tabs', () => {
    expect(sourceFrame(['\tx: 1'], { line: 1, column: 2, length: 1 })).toBe('    1 | \tx: 1\n      | \t^');
  });

  it('has the line before, and room for long numbers', () => {
    const lines = Array.from({ length: 1000 }, () => 'x');
    expect(sourceFrame(lines, { line: 1000, column: 1, length: 1 })).toBe('  999 | x\n 1000 | x\n      | ^');
  });

  it('writes control characters out, with the marker below the whole of them', () => {
    expect(sourceFrame(['a: \u001b[31m!'], { line: 1, column: 4, length: 6 })).toBe(
      '    1 | a: \\u001b[31m!\n      |    ^^^^^^^^^^^',
    );
    expect(sourceFrame(['\u0007a: x'], { line: 1, column: 5, length: 1 })).toBe(
      '    1 | \\u0007a: x\n      |          ^',
    );
  });

  it('shows of a long line the part around the marker', () => {
    const line = `${'a'.repeat(5000)}!${'b'.repeat(5000)}`;
    const rows = sourceFrame([line], { line: 1, column: 5001, length: 1 }).split('\n');
    expect(rows[0]).toBe(`    1 | …${'a'.repeat(30)}!${'b'.repeat(89)}…`);
    expect(rows[1]).toBe(`      | ${' '.repeat(31)}^`);
    const whole = sourceFrame([line], { line: 1, column: 1, length: 9000 }).split('\n');
    expect(whole[1]).toBe(`      | ${'^'.repeat(120)}`);
  });
});

describe('didYouMean', () => {
  it.each([
    ['temprature', ['weight', 'temperature'], 'temperature'],
    ['max_norm', ['maxNorm'], 'maxNorm'],
    ['tset', ['test', 'train'], 'test'],
    ['x', ['k'], undefined],
    ['k', [], undefined],
    ['', ['a'], undefined],
    ['banana', ['temperature'], undefined],
  ])('for %s among %j is %s', (word, known, meant) => {
    expect(didYouMean(word, known)).toBe(meant);
  });

  it('lists all of a short list and the three nearest of a long one', () => {
    const many = Array.from({ length: 30 }, (_, index) => `loss-${index}`);
    expect(allowedWords('x', [])).toEqual({});
    expect(allowedWords('x', ['a', 'b'])).toEqual({ allowed: ['a', 'b'] });
    expect(allowedWords('loss-7', many)).toMatchObject({ allowedCount: 30 });
    expect(nearest('soft', ['hard', 'soft-targets', 'sort'], 2)).toEqual(['sort', 'soft-targets']);
  });
});
