// A teacher in a file: an engineer's rule of thumb about vibration. Used by pumps-advisers.yaml.

/** `column` is that of the vibration among the features, which are scaled to mean 0 and deviation 1. */
export default function rule({ column }, services, { data }) {
  const [field] = data.inputs;
  const width = data.spec[field].shape[0];
  const say = (state) => data.labels.map((label) => (label === state ? 2 : 0));
  return {
    outputs: { logits: { dtype: 'float32', shape: [data.labels.length] } },
    labels: data.labels,
    label: ({ size, tensors }) => ({
      logits: Array.from({ length: size }, (_, row) => {
        const vibration = tensors[field].data[row * width + column];
        return say(vibration > 1.2 ? 'failing' : vibration > 0 ? 'worn' : 'sound');
      }),
    }),
  };
}
