// A plugin's component with its methods guarded: what they throw is told as the plugin's, with its place in the recipe.
import { EngineError } from '@potstill/engine';
import { PotstillError } from '../errors/potstill-error.js';

/** What to throw instead of what a method threw. */
export type Relabel = (error: unknown, method: string) => unknown;

type Method = (...args: unknown[]) => unknown;

/**
 * The component with every method guarded; a schedule, which is a function, as one. Errors with a code of their own pass
 * unchanged. Promises and async iterables that methods give are guarded too.
 */
export function guard<T extends object>(component: T, relabel: Relabel): T {
  if (typeof component === 'function') return guardMethod(component, undefined, '', relabel) as T;
  const guarded = new Map<PropertyKey, { readonly of: unknown; readonly method: Method }>();
  const read = (key: PropertyKey): unknown => {
    const name = String(key);
    const value = attempt(() => Reflect.get(component, key, component) as unknown, name, relabel);
    if (typeof value !== 'function') return value;
    const known = guarded.get(key);
    if (known?.of === value) return known.method;
    const method = guardMethod(value as Method, component, name, relabel);
    guarded.set(key, { of: value, method });
    return method;
  };
  // Not a proxy of the component itself: of a frozen one, a proxy may give nothing but what it holds.
  return new Proxy({} as T, {
    get: (_, key) => read(key),
    set: (_, key, value) => Reflect.set(component, key, value, component),
    has: (_, key) => Reflect.has(component, key),
    ownKeys: () => Reflect.ownKeys(component),
    getPrototypeOf: () => Reflect.getPrototypeOf(component),
    getOwnPropertyDescriptor(_, key) {
      const found = Reflect.getOwnPropertyDescriptor(component, key);
      return (
        found && {
          value: read(key),
          enumerable: found.enumerable ?? false,
          configurable: true,
          writable: true,
        }
      );
    },
  });
}

function guardMethod(method: Method, self: unknown, name: string, relabel: Relabel): Method {
  return (...args) => {
    const result = attempt(() => Reflect.apply(method, self, args), name, relabel);
    if (result instanceof Promise) return result.catch((error: unknown) => refuse(error, name, relabel));
    return isAsyncIterable(result) ? guardIterable(result, name, relabel) : result;
  };
}

async function* guardIterable(items: AsyncIterable<unknown>, name: string, relabel: Relabel) {
  const iterator = items[Symbol.asyncIterator]();
  let done = false;
  try {
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => refuse(error, name, relabel));
      if (next.done) {
        done = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!done) await iterator.return?.();
  }
}

function attempt<T>(body: () => T, name: string, relabel: Relabel): T {
  try {
    return body();
  } catch (error) {
    return refuse(error, name, relabel);
  }
}

function refuse(error: unknown, name: string, relabel: Relabel): never {
  if (error instanceof PotstillError || error instanceof EngineError) throw error;
  throw relabel(error, name);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
