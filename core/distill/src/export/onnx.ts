// The `onnx` exporter: the student as one ONNX file with free axes, checked before it is written.
import { createHash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import { exportOnnx } from '@potstill/engine';
import { z } from 'zod';
import type { ExportInput, ExportResult, HostTensors, Services } from '../contracts/index.js';
import { exporter } from '../plugin/define.js';
import { fieldsOf } from '../train/fields.js';
import { sealMetadata, sealOnnx } from '../files/onnx-seal.js';
import { writeAtomically } from '../files/write-atomically.js';
import { maxDifference } from './compare.js';
import { exportFailed, reasonOf } from './failed.js';
import { exportMetadata } from './metadata.js';
import { inputSpecs, oneExample } from './inputs.js';
import { openOnnx } from './onnx-session.js';
import { forwardOf } from '../students/index.js';
import { chosenOutputs, outputsOption } from './outputs.js';
import { sampleBatch } from './sample.js';

/**
 * Examples on which file and student are compared; one of them also alone and without padding, so that the batch axis and
 * others are free indeed.
 */
const sampleSize = 64;

interface Pair {
  readonly all: HostTensors;
  readonly one: HostTensors;
}

/** The student's own answers, for the whole sample and for one example alone. */
async function expected(services: Services, input: ExportInput, outputs: string[], { all, one }: Pair) {
  const forward = forwardOf(input.student, outputs);
  const predictor = await services.engine.predictor({ variables: input.student.variables, forward });
  try {
    return { all: await predictor.run(all), one: await predictor.run(one) };
  } finally {
    await predictor.dispose();
  }
}

async function check(content: Uint8Array, sample: Pair, want: Pair) {
  const session = await openOnnx(content);
  try {
    const all = maxDifference('onnx', want.all, await session.run(sample.all));
    return Math.max(all, maxDifference('onnx', want.one, await session.run(sample.one)));
  } finally {
    await session.release();
  }
}

async function exportStudent(
  options: { file: string; outputs?: string[] | undefined },
  services: Services,
  input: ExportInput,
): Promise<ExportResult> {
  const { student, data } = input;
  const outputs = chosenOutputs('onnx', student, options.outputs);
  const content = await exportOnnx({
    variables: student.variables,
    inputs: inputSpecs('onnx', data),
    forward: forwardOf(student, outputs),
    metadata: { ...exportMetadata(input), ...sealMetadata },
  });
  sealOnnx(content);

  const batch = await sampleBatch('onnx', input.sample, sampleSize, services.random);
  const all = fieldsOf(batch, data.inputs);
  const sample = { all, one: oneExample(all, data) };
  const want = await expected(services, input, outputs, sample);
  const difference = await check(content, sample, want).catch((cause: unknown) => {
    if (cause instanceof Error && cause.name === 'PotstillError') throw cause;
    throw exportFailed(
      'onnx',
      `ONNX Runtime refuses the exported model: ${reasonOf(cause)}`,
      undefined,
      cause,
    );
  });

  const path = join(input.folder, options.file);
  await writeAtomically(path, content);
  return {
    kind: 'onnx',
    path: relative(services.paths.runFolder, path).split(sep).join('/'),
    sha256: createHash('sha256').update(content).digest('hex'),
    bytes: content.length,
    maxDifference: difference,
  };
}

export const onnx = exporter('onnx', {
  help: 'one ONNX file with free batch, frames, tokens or other axes; labels and preprocessing in its metadata',
  options: z.strictObject({
    file: z
      .string()
      .regex(/^[^/\\]+\.onnx$/, 'a file name ending in .onnx, without folders')
      .default('student.onnx')
      .describe('name of the file'),
    outputs: outputsOption,
  }),
  create: (options, services) => ({
    writes: options.file,
    check({ student, data }) {
      chosenOutputs('onnx', student, options.outputs);
      inputSpecs('onnx', data);
    },
    export: (input) => exportStudent(options, services, input),
  }),
});
