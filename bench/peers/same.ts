// Lets tfjs-node take padding in numbers, which its convolutions refuse, as 'same' where the two are one.
import * as tf from '@tensorflow/tfjs';

const kernels = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'].concat(
  ['', 'BackpropInput', 'BackpropFilter'].map((part) => `DepthwiseConv2dNative${part}`),
);

/** Height and width of the filter: it is an input, or a gradient's shape. */
function filterSize(inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap): readonly number[] {
  const shape = (inputs.filter as tf.Tensor | undefined)?.shape ?? (attrs.filterShape as number[]);
  return shape.slice(0, 2);
}

const all = (value: unknown, wanted: number): boolean =>
  [value].flat().every((one) => one === undefined || one === wanted);

/**
 * With stride 1 and an odd filter, half the filter's size on every side is what 'same' means. The other paddings in
 * numbers stay with the kernel before: the engine's, which pads the image first.
 */
export function sameWherePossible(backend: string): void {
  for (const kernelName of kernels) {
    const kernel = tf.getKernel(kernelName, backend) as tf.KernelConfig | undefined;
    if (!kernel) throw new Error(`the backend ${backend} has no ${kernelName}`);
    tf.unregisterKernel(kernelName, backend);
    tf.registerKernel({
      ...kernel,
      kernelFunc: (params) => {
        const attrs = params.attrs ?? {};
        const [height = 0, width = 0] = filterSize(params.inputs, attrs);
        const same =
          height === width &&
          attrs.pad === (height - 1) / 2 &&
          all(attrs.strides, 1) &&
          all(attrs.dilations, 1);
        return kernel.kernelFunc(same ? { ...params, attrs: { ...attrs, pad: 'same' } } : params);
      },
    });
  }
}
