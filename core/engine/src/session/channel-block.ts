// Asks ONNX Runtime how many channels a block of its own convolutions has on this machine.
import * as ort from '../onnx-runtime.js';
import { GraphBuilder } from '../graph/builder.js';
import { encodeGraph } from '../onnx/encode.js';
import { ops } from '../graph/blocked.js';

let asked: Promise<number> | undefined;

/** 16 with AVX-512, 8 with AVX, 0 where ONNX Runtime has no blocked convolutions (or a version no longer has these operators). */
export function channelBlock(): Promise<number> {
  return (asked ??= ask().catch(() => 0));
}

/** Four channels come out of a reordering as one block. */
async function ask(): Promise<number> {
  const graph = new GraphBuilder();
  const x = graph.input('x', [1, 4, 1, 1], 'float32');
  const y = graph.op(ops.reorderInput, [x], [1, 4, 1, 1], 'float32');
  const session = await ort.InferenceSession.create(encodeGraph(graph.build([y])), { logSeverityLevel: 4 });
  const results = await session.run({ x: new ort.Tensor('float32', new Float32Array(4), [1, 4, 1, 1]) });
  await session.release();
  const block = results[y.name]?.dims[1] ?? 0;
  return block === 8 || block === 16 ? block : 0;
}
