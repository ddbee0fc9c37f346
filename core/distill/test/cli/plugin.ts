// The tiny plugin as a file that recipes of these tests name, with losses that go wrong.
import { definePlugin, loss } from 'potstill';
import { z } from 'zod';
import { hard } from '../train/tiny.js';
import { tinyPlugin } from '../run/tiny.js';

const tiny = tinyPlugin();

export default definePlugin({
  ...tiny,
  components: [
    ...tiny.components,
    loss('tiny/unmade', {
      help: 'throws when it is made',
      options: z.object({}),
      create: () => {
        throw new Error('no luck today');
      },
    }),
    loss('tiny/hard', {
      help: 'cross-entropy by hand',
      options: z.object({ factor: z.number().default(1) }),
      create: ({ factor }) => ({ ...hard, compute: (at) => hard.compute(at).mul(factor) }),
    }),
  ],
});
