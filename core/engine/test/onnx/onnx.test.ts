// Reading, writing and tapping ONNX files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ort } from '@potstill/engine';
import { describe, expect, it } from 'vitest';
import { EngineError, readOnnxModel, tapOutputs, writeOnnxModel } from '@potstill/engine';
import { encodeGraph } from '../../src/onnx/encode.js';
import { graphOf } from '../helpers/graph.js';

const data = process.env.POTSTILL_DATA;
if (!data && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

/** y = -exp(x), with the exponential inside. */
const small = encodeGraph(
  graphOf((g) => [g.unary('Neg', g.unary('Exp', g.input('x', [2], 'float32')))]),
  { metadata: { made: 'here' } },
);

function refusal(body: () => unknown): EngineError {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return error as EngineError;
  }
  return expect.fail('nothing was refused');
}

describe('readOnnxModel', () => {
  it('gives what writeOnnxModel wrote, to the byte', () => {
    expect(Buffer.from(writeOnnxModel(readOnnxModel(small)))).toEqual(Buffer.from(small));
  });

  it('keeps fields that it does not know, and those that are there but empty', () => {
    // Field 6 (doc_string) empty; field 1000 of ModelProto, a varint.
    const unknown = Buffer.from([0x32, 0x00, 0xc0, 0x3e, 0x2a]);
    const odd = Buffer.concat([small, unknown]);
    const written = Buffer.from(writeOnnxModel(readOnnxModel(odd)));
    expect(written.length).toBe(odd.length);
    expect(written.includes(unknown.subarray(2))).toBe(true);
  });

  it('refuses bytes that are not a model', () => {
    const text = refusal(() => readOnnxModel(Buffer.from('not a model at all')));
    expect(text.code).toBe('ENGINE_BAD_ONNX');
    expect(text.message).toMatch(/^the 18 bytes (are not an ONNX model or are damaged|hold no ONNX graph)/);
    expect(refusal(() => readOnnxModel(new Uint8Array(0))).message).toBe('the ONNX model is empty');
    expect(refusal(() => readOnnxModel(small.subarray(0, small.length - 5))).message).toContain(
      'are damaged',
    );
  });

  it('refuses a model from before ONNX 1.0', () => {
    const old = writeOnnxModel({ irVersion: 1, graph: { name: 'old' } });
    const error = refusal(() => readOnnxModel(old));
    expect(error.code).toBe('ENGINE_BAD_ONNX');
    expect(error.message).toBe('the ONNX model has IR version 1; version 3 (ONNX 1.0) or newer can be read');
  });

  it.skipIf(!data)('reads and refuses the published files that the data folder holds', async () => {
    const folder = join(data ?? '', 'models');
    const bytes = readFileSync(join(folder, 'honk-kws', 'google-speech-dataset-full.onnx'));
    expect(refusal(() => readOnnxModel(bytes)).message).toContain('IR version 1');
    const teacher = readFileSync(join(folder, 'cifar10-resnet', 'resnet20.onnx'));
    const session = await ort.InferenceSession.create(writeOnnxModel(readOnnxModel(teacher)), {
      logSeverityLevel: 3,
    });
    expect(session.outputNames).toContain('logits');
    await session.release();
  });
});

describe('tapOutputs', () => {
  const inner = readOnnxModel(small).graph?.node?.[0]?.output?.[0] ?? '';

  it('makes an inner value an output', async () => {
    const session = await ort.InferenceSession.create(tapOutputs(small, [inner]));
    const { [inner]: exp } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(0, 1), [2]) });
    expect(exp?.data[0]).toBe(1);
    expect(exp?.data[1]).toBeCloseTo(Math.E, 5);
    await session.release();
  });

  it('leaves outputs alone that are there already, and does nothing for no names', () => {
    const [output] = readOnnxModel(small).graph?.output ?? [];
    expect(Buffer.from(tapOutputs(small, [output?.name ?? '']))).toEqual(Buffer.from(small));
    expect(Buffer.from(tapOutputs(small, []))).toEqual(Buffer.from(small));
  });

  it('lists similar names for one that no node outputs', () => {
    const named = writeOnnxModel({
      irVersion: 10,
      opsetImport: [{ domain: '', version: 21 }],
      graph: {
        name: 'g',
        node: [
          { opType: 'Exp', input: ['x'], output: ['encoder.layer1'] },
          { opType: 'Exp', input: ['encoder.layer1'], output: ['encoder.layer2'] },
          { opType: 'Exp', input: ['encoder.layer2'], output: ['logits'] },
        ],
        input: [{ name: 'x' }],
        output: [{ name: 'logits' }],
      },
    });
    const error = refusal(() => tapOutputs(named, ['encoder.layr2']));
    expect(error.code).toBe('ENGINE_BAD_ONNX');
    expect(error.message).toBe(
      'no node of the ONNX model has an output `encoder.layr2`; similar names: `encoder.layer2`, `encoder.layer1`',
    );
    expect(error.hint).toBe("The model's outputs are `logits`; any node's output can be tapped.");
  });
});
