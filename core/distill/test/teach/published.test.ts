// A published model from before ONNX 1.0, which must be refused with words that help.
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { described, modelFolder, refusal } from './models.js';

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

describe.skipIf(!dataFolder)('onnx teacher from POTSTILL_DATA', () => {
  const mfcc = described([101, 40]);

  it('refuses the old honk file and says what would be right', async () => {
    const folder = await modelFolder(dataFolder);
    const model = 'data:models/honk-kws/google-speech-dataset-full.onnx';
    const error = await refusal(folder.open('onnx', { model }, mfcc));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toMatch(
      /the teacher .*google-speech-dataset-full\.onnx: the ONNX model has IR version 1; version 3 \(ONNX 1\.0\) or newer can be read/,
    );
    expect(error.records[0].hint).toContain('Export the model again');
    await rm(folder.path, { recursive: true });
  });

  it('opens the same weights written anew', async () => {
    const folder = await modelFolder(dataFolder);
    const model = 'data:models/honk-kws/honk-full-opset13.onnx';
    const teacher = await folder.open('onnx', { model }, mfcc);
    expect(teacher.outputs).toEqual({ logits: { dtype: 'float32', shape: [12] } });
    await teacher.dispose();
    await rm(folder.path, { recursive: true });
  });
});
