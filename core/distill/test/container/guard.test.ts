// What a plugin's component throws, whenever it does, is told as the plugin's.
import { describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import { guard } from '../../src/container/guard.js';

const relabel = (error: unknown, method: string) => new Error(`${method} failed`, { cause: error });

class Counter {
  #count = 0;
  readonly size = 3;
  next(by = 1): number {
    this.#count += by;
    return this.#count;
  }
  get twice(): number {
    return 2 * this.#count;
  }
  fail(): never {
    throw new TypeError('boom');
  }
  async later(): Promise<void> {
    throw new Error('late');
  }
  async *items(bad: boolean) {
    yield 1;
    if (bad) throw new Error('mid-way');
    yield 2;
  }
  get broken(): number {
    throw new Error('getter');
  }
  refuse(): never {
    throw new PotstillError({ code: 'DATA_DAMAGED', message: 'own words' });
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('guard', () => {
  it('leaves what a component does as it is: private fields, getters, iterables, identity of methods', async () => {
    const guarded = guard(new Counter(), relabel);
    expect(guarded.next(2)).toBe(2);
    expect(guarded.twice).toBe(4);
    expect(guarded.size).toBe(3);
    expect(await collect(guarded.items(false))).toEqual([1, 2]);
    expect(Reflect.get(guarded, 'next')).toBe(Reflect.get(guarded, 'next'));
    expect(guarded).toBeInstanceOf(Counter);
    expect('next' in guarded).toBe(true);
  });

  it('can be spread, and guards what it holds even when it is frozen', () => {
    const frozen = Object.freeze({
      size: 2,
      example: (): number => {
        throw new Error('x');
      },
    });
    const { size, example } = { ...guard(frozen, relabel) };
    expect(size).toBe(2);
    expect(example).toThrow('example failed');
  });

  it('names the method that threw, at once, later, while iterating or on reading a field, and keeps the cause', async () => {
    const guarded = guard(new Counter(), relabel);
    expect(() => guarded.fail()).toThrow(
      expect.objectContaining({ message: 'fail failed', cause: new TypeError('boom') }),
    );
    await expect(guarded.later()).rejects.toThrow('later failed');
    await expect(collect(guarded.items(true))).rejects.toThrow('items failed');
    expect(() => guarded.broken).toThrow('broken failed');
  });

  it('passes errors that have a code of their own', () => {
    expect(() => guard(new Counter(), relabel).refuse()).toThrow('DATA_DAMAGED: own words');
  });

  it('guards a function', () => {
    const half = guard((value: number) => {
      if (value < 0) throw new Error('negative');
      return value / 2;
    }, relabel);
    expect(half(4)).toBe(2);
    expect(() => half(-1)).toThrow(' failed');
  });
});
