// What a terminal would act on, or would not show, is written out.
import { describe, expect, it } from 'vitest';
import { shortened, visible, visibleLine } from '../../src/text/visible.js';

describe('visible', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', '\\u001b[31mred\\u001b[0m'],
    ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
    ['\u009b2J', '\\u009b2J'],
    ['50 %\rdone', '50 %\\u000ddone'],
    ['a\u0000\u007f', 'a\\u0000\\u007f'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['a\u2028b\ufeff', 'a\\u2028b\\ufeff'],
    ['half \ud83d', 'half \\ud83d'],
  ])('writes out %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves what can be read: letters of all scripts, emoji, tabs and line feeds', () => {
    const text = 'Größe\tдва\n日本語 👩‍🔬 e\u0301';
    expect(visible(text)).toBe(text);
    expect(visibleLine(text)).toBe('Größe\\u0009два\\u000a日本語 👩‍🔬 e\u0301');
  });

  it('keeps JSON valid and what it says', () => {
    const value = { name: '\u001b[2J\u009b\u007f\u2028\u202e', lines: 'a\nb' };
    expect(JSON.parse(visible(JSON.stringify(value)))).toEqual(value);
  });
});

describe('shortened', () => {
  it('cuts long text, never within a character', () => {
    expect(shortened('short', 5)).toBe('short');
    expect(shortened('longer', 5)).toBe('long…');
    expect(shortened('abc👩d', 5)).toBe('abc…');
  });
});
