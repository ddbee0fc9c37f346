// Batch normalisations of tf.layers without a scale or an offset.
import type * as tfl from '@tensorflow/tfjs-layers';

const absent = { read: () => undefined };

/**
 * While training, tf.layers' batch normalisation reads its scale and its offset also where it was made without
 * (`scale: false`, `center: false`), which fails. Gives such layers a value to read; nothing else of them
 * changes, weights and configuration included. Layers of other kinds are left alone.
 */
export function fixBatchNorms(layers: readonly tfl.layers.Layer[]): void {
  for (const layer of layers) {
    if (layer.getClassName() !== 'BatchNormalization') continue;
    for (const name of ['gamma', 'beta'])
      if ((Reflect.get(layer, name) ?? undefined) === undefined) Reflect.set(layer, name, absent);
  }
}
