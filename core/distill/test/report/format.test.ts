// Numbers as readers see them.
import { describe, expect, it } from 'vitest';
import {
  bytes,
  count,
  duration,
  milliseconds,
  number,
  percent,
  plural,
  sure,
} from '../../src/report/format.js';

describe('format', () => {
  it('writes what is not known as a dash', () => {
    for (const format of [bytes, count, duration, milliseconds, number, percent, sure]) {
      expect(format(undefined)).toBe('–');
      expect(format(NaN)).toBe('–');
    }
  });

  it('keeps the digits that mean something', () => {
    expect(percent(0.99314)).toBe('99.31 %');
    expect(number(0.000012345)).toBe('0.00001235');
    expect(number(12)).toBe('12');
    expect(number(Infinity)).toBe('∞');
    expect(number(-Infinity)).toBe('−∞');
    expect(bytes(999)).toBe('999 B');
    expect(bytes(1_276_810)).toBe('1.3 MB');
    expect(milliseconds(0.1234)).toBe('0.123 ms');
    expect(milliseconds(45.67)).toBe('45.7 ms');
    expect(duration(59.7)).toBe('1 min 0 s');
    expect(duration(3725)).toBe('1 h 2 min');
    expect(plural(1, 'pair')).toBe('1 pair');
    expect(plural(0, 'pair')).toBe('0 pairs');
  });

  it('does not round a confidence up to certainty', () => {
    expect(sure(0.99995)).toBe('> 99.9 %');
    expect(sure(1)).toBe('100.0 %');
    expect(sure(0.4567)).toBe('45.7 %');
  });
});
