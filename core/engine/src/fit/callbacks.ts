// Callbacks as tf.LayersModel.fit takes them: objects of functions, or objects like tf.Callback.
import type * as tfl from '@tensorflow/tfjs-layers';
import { EngineError } from '../errors.js';
import type { FitArgs } from './args.js';

/** Receives the events of a training, which waits for what the callback returns. */
export type Hooks = Required<
  Pick<
    tfl.CustomCallbackArgs,
    'onTrainBegin' | 'onTrainEnd' | 'onEpochBegin' | 'onEpochEnd' | 'onBatchBegin' | 'onBatchEnd'
  >
>;

const names = [
  'onTrainBegin',
  'onTrainEnd',
  'onEpochBegin',
  'onEpochEnd',
  'onBatchBegin',
  'onBatchEnd',
] as const satisfies readonly (keyof Hooks)[];

/** All callbacks as one, called in order. `params` are for callbacks that ask for them. */
export function hooksOf(
  model: tfl.LayersModel,
  callbacks: FitArgs['callbacks'],
  params: Readonly<Record<string, unknown>>,
): Hooks {
  const list: object[] = callbacks === undefined ? [] : Array.isArray(callbacks) ? callbacks : [callbacks];
  for (const callback of list) {
    if (Reflect.get(callback, 'onYield'))
      throw new EngineError('ENGINE_OPTION', 'fit: the callback `onYield` is not supported', {
        hint: 'Use onBatchEnd: the engine leaves the event loop free while a step runs.',
      });
    tell(callback, 'setParams', [params]);
    tell(callback, 'setModel', [model]);
  }
  const hooks = names.map((name) => [
    name,
    async (...args: unknown[]): Promise<void> => {
      for (const callback of list) await tell(callback, name, args);
    },
  ]);
  return Object.fromEntries(hooks) as Hooks;
}

function tell(callback: object, name: string, args: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(callback, name);
  return typeof method === 'function' ? (Reflect.apply(method, callback, args) as unknown) : undefined;
}
