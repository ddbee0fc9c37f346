// Draws the weights of a tf.layers model anew, by the initialiser that each layer names but from the run's own streams.
import type { RandomStream } from '@potstill/engine';
import type * as tfl from '@tensorflow/tfjs-layers';
import {
  constant,
  identity,
  normal,
  ones,
  orthogonal,
  truncatedNormal,
  uniform,
  varianceScaling,
  zeros,
  type Initializer,
} from './init.js';
import { isObject, type Json } from './json.js';
import { refuse } from './shape.js';

const modes = { fanIn: 'in', fanOut: 'out', fanAvg: 'average' } as const;

/** TF.js initialiser class to ours. Glorot, He and LeCun are VarianceScaling there. */
const classes: Readonly<Record<string, (config: Json) => Initializer>> = {
  Zeros: () => zeros,
  Ones: () => ones,
  Constant: (config) => constant(Number(config.value)),
  RandomUniform: (config) => uniform(Number(config.minval), Number(config.maxval)),
  RandomNormal: (config) => normal(Number(config.mean), Number(config.stddev)),
  TruncatedNormal: (config) => truncatedNormal(Number(config.mean), Number(config.stddev)),
  Identity: (config) => identity(Number(config.gain ?? 1)),
  Orthogonal: (config) => orthogonal(Number(config.gain ?? 1)),
  VarianceScaling: (config) =>
    varianceScaling({
      scale: Number(config.scale),
      mode: modes[config.mode as keyof typeof modes],
      distribution: config.distribution === 'uniform' ? 'uniform' : 'truncated-normal',
    }),
};

/** `depthwise_kernel` -> `depthwiseInitializer`, `moving_mean` -> `movingMeanInitializer`, `kernel` -> `kernelInitializer`. */
function optionOf(weight: string): string {
  const words = weight.split('_');
  const kept = words.length > 1 && words.at(-1) === 'kernel' ? words.slice(0, -1) : words;
  return `${kept.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('')}Initializer`;
}

/** The values of one weight of a layer. `weight` is its name in the model, as `dense_1/kernel`. */
export function drawWeight(
  layer: tfl.layers.Layer,
  weight: string,
  shape: readonly number[],
  random: RandomStream,
): Float32Array {
  const config = layer.getConfig() as Json;
  const role = weight.split('/').at(-1) as string;
  const option = optionOf(role);
  const named = config[option];
  const className = isObject(named) ? String(named.className) : undefined;
  const make = className === undefined ? undefined : classes[className];
  if (!make || !isObject(named))
    return refuse(
      `layers: the weight \`${weight}\` of layer \`${layer.name}\` (${layer.getClassName()}) has ` +
        (className === undefined
          ? `no \`${option}\``
          : `the initialiser ${className}, which is not supported`),
      `Supported: ${Object.keys(classes).join(', ')}. Or give the model with its weights.`,
    );
  const values = make(isObject(named.config) ? named.config : {})(shape, random);
  // Jozefowicz et al. 2015: the forget gate, second of four, starts open.
  if (role === 'bias' && config.unitForgetBias === true) values.fill(1, values.length / 4, values.length / 2);
  return values;
}
