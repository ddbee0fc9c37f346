// An ONNX file in ONNX Runtime, as host tensors in and out.
import { ort } from '@potstill/engine';
import type { HostTensor, HostTensors } from '../contracts/index.js';

export interface OnnxSession {
  readonly inputs: readonly string[];
  run(inputs: HostTensors): Promise<HostTensors>;
  release(): Promise<void>;
}

function toOrt(tensor: HostTensor): ort.Tensor {
  return new ort.Tensor(tensor.dtype, tensor.data, tensor.shape);
}

function fromOrt(name: string, tensor: ort.Tensor): HostTensor {
  const { data, dims: shape } = tensor;
  if (tensor.type === 'float32' && data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (tensor.type === 'int32' && data instanceof Int32Array) return { dtype: 'int32', shape, data };
  if (tensor.type === 'bool' && data instanceof Uint8Array) return { dtype: 'bool', shape, data };
  throw new Error(`output \`${name}\` is ${tensor.type}; float32, int32 and bool can be read`);
}

/** Opens a file or the bytes of one, with default threads. Inputs that the model does not name are ignored. */
export async function openOnnx(model: string | Uint8Array): Promise<OnnxSession> {
  const options: ort.InferenceSession.SessionOptions = { logSeverityLevel: 3 };
  const session =
    typeof model === 'string'
      ? await ort.InferenceSession.create(model, options)
      : await ort.InferenceSession.create(model, options);
  return {
    inputs: session.inputNames,
    async run(inputs) {
      const feeds: Record<string, ort.Tensor> = {};
      for (const name of session.inputNames) {
        const tensor = inputs[name];
        if (tensor === undefined)
          throw new Error(
            `the model needs an input \`${name}\`; given are ${Object.keys(inputs).join(', ')}`,
          );
        feeds[name] = toOrt(tensor);
      }
      const outputs = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [name, fromOrt(name, tensor)]),
      );
    },
    release: () => session.release(),
  };
}
