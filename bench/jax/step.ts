// One update of a member in jax-js by SGD with momentum 0.9.
import { type numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import type { Arrays, At, Twin } from './layers.js';

/** Loss before the update; then weights, velocities and running statistics after it. Owns its arguments. */
export type Update = (
  weights: Arrays,
  velocities: Arrays,
  statistics: Arrays,
  inputs: Arrays,
) => [np.Array, Arrays, Arrays, Arrays];

export function updateOf(twin: Twin, rate: number): Update {
  const loss = (weights: Arrays, statistics: Arrays, inputs: Arrays): [np.Array, Arrays] => {
    const all: Arrays = { ...weights, ...statistics };
    const next: Arrays = {};
    const of = (arrays: Arrays, name: string): np.Array => {
      const array = arrays[name];
      if (!array) throw new Error(`no array ${name}`);
      return array.ref;
    };
    const at: At = {
      weight: (name) => of(all, name),
      has: (name) => name in all,
      input: (name) => of(inputs, name),
      assign: (name, value) => {
        next[name] = value;
      },
    };
    const value = twin.loss(at);
    tree.dispose([weights, statistics, inputs]);
    return [value, next];
  };
  const differentiate = valueAndGrad(loss, { hasAux: true });
  return (weights, velocities, statistics, inputs) => {
    const [[value, next], gradients] = differentiate(tree.ref(weights), statistics, inputs);
    const [moved, faster]: [Arrays, Arrays] = [{}, {}];
    for (const [name, weight] of Object.entries(weights)) {
      const velocity = (velocities[name] as np.Array).mul(0.9).add(gradients[name] as np.Array);
      faster[name] = velocity.ref;
      moved[name] = weight.sub(velocity.mul(rate));
    }
    return [value, moved, faster, next];
  };
}
