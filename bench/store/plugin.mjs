// A data set of any size that lies nowhere, and a teacher of it: what the store is measured with.
import { dataset, definePlugin, teacher } from 'potstill';
import { z } from 'zod';

/** A number from -1 to 1 that looks random: the fraction of a large multiple of a sine. */
function noise(index) {
  const value = Math.sin(index * 12.9898) * 43758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}

export default definePlugin({
  name: 'synthetic',
  version: '1.0.0',
  potstill: '*',
  components: [
    dataset('synthetic/points', {
      help: 'points computed from their numbers',
      options: z.strictObject({
        size: z.int(),
        features: z.int().default(16),
        classes: z.int().default(10),
        from: z.int().default(0),
      }),
      create({ size, features, classes, from }) {
        const x = (index, f) =>
          noise((from + index) * features + f) + ((from + index) % classes === f ? 2 : 0);
        const fill = (indices) => ({
          x: Float32Array.from({ length: indices.length * features }, (_, i) =>
            x(indices[Math.floor(i / features)], i % features),
          ),
          label: Int32Array.from(indices, (index) => (from + index) % classes),
        });
        return {
          spec: { x: { dtype: 'float32', shape: [features] }, label: { dtype: 'int32', shape: [] } },
          inputs: ['x'],
          target: 'label',
          labels: Array.from({ length: classes }, (_, c) => `c${c}`),
          fingerprint: `synthetic ${size} ${features} ${classes} ${from}`,
          size,
          async example(index) {
            const { x: data, label } = fill([index]);
            return {
              x: { dtype: 'float32', shape: [features], data },
              label: { dtype: 'int32', shape: [], data: label },
            };
          },
          async batch(indices) {
            const { x: data, label } = fill(indices);
            const size = indices.length;
            return {
              size,
              indices: Array.from(indices),
              tensors: {
                x: { dtype: 'float32', shape: [size, features], data },
                label: { dtype: 'int32', shape: [size], data: label },
              },
            };
          },
        };
      },
    }),
    teacher('synthetic/teacher', {
      help: 'scores by the features',
      options: z.strictObject({ classes: z.int().default(10) }),
      create: ({ classes }) => ({
        outputs: { logits: { dtype: 'float32', shape: [classes] } },
        fingerprint: `synthetic ${classes}`,
        parameters: 1_000_000,
        async label({ size, tensors }) {
          const { data, shape } = tensors.x;
          const features = shape[1];
          const logits = Float32Array.from(
            { length: size * classes },
            (_, i) => 3 * data[Math.floor(i / classes) * features + ((i % classes) % features)],
          );
          return { logits: { dtype: 'float32', shape: [size, classes], data: logits } };
        },
        dispose: async () => undefined,
      }),
    }),
  ],
});
