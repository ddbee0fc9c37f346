// The `onnx` exporter: the student as one ONNX file with a free batch axis, checked before it is written.
import { createHash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import { exportOnnx } from '@potstill/engine';
import { z } from 'zod';
import type {
  DataDescription,
  ExportInput,
  ExportResult,
  HostTensors,
  Services,
} from '../contracts/index.js';
import { exporter } from '../plugin/define.js';
import { sealMetadata, sealOnnx } from '../files/onnx-seal.js';
import { writeAtomically } from '../files/write-atomically.js';
import { maxDifference } from './compare.js';
import { exportFailed, reasonOf } from './failed.js';
import { exportMetadata } from './metadata.js';
import { openOnnx } from './onnx-session.js';
import { forwardOf } from '../students/index.js';
import { chosenOutputs, outputsOption } from './outputs.js';
import { firstRow, inputsOf, sampleBatch } from './sample.js';

/** Examples on which file and student are compared; one of them also alone, so that the batch axis is free indeed. */
const sampleSize = 64;

function inputSpecs(data: DataDescription) {
  return Object.fromEntries(
    data.inputs.map((name) => {
      const spec = data.spec[name];
      if (spec === undefined) throw exportFailed('onnx', `the data have no field \`${name}\``);
      const shape = spec.shape.map((axis) => {
        if (axis !== null) return axis;
        throw exportFailed(
          'onnx',
          `input \`${name}\` has an axis of varying length ([${spec.shape.map((a) => a ?? '?').join(', ')}])`,
          'Only the batch axis can be left free. Pad the data to one length.',
        );
      });
      return [name, { dtype: spec.dtype, shape }] as const;
    }),
  );
}

/** The student's own answers, for the whole sample and for its first example alone. */
async function expected(services: Services, input: ExportInput, outputs: string[], sample: HostTensors) {
  const forward = forwardOf(input.student, outputs);
  const predictor = await services.engine.predictor({ variables: input.student.variables, forward });
  try {
    return { all: await predictor.run(sample), one: await predictor.run(firstRow(sample)) };
  } finally {
    await predictor.dispose();
  }
}

async function check(content: Uint8Array, sample: HostTensors, want: { all: HostTensors; one: HostTensors }) {
  const session = await openOnnx(content);
  try {
    const all = maxDifference('onnx', want.all, await session.run(sample));
    return Math.max(all, maxDifference('onnx', want.one, await session.run(firstRow(sample))));
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
    inputs: inputSpecs(data),
    forward: forwardOf(student, outputs),
    metadata: { ...exportMetadata(input), ...sealMetadata },
  });
  sealOnnx(content);

  const batch = await sampleBatch('onnx', input.sample, sampleSize, services.random);
  const sample = inputsOf(batch, data.inputs);
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
  help: 'one ONNX file with a free batch axis, labels and preprocessing in its metadata',
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
      inputSpecs(data);
    },
    export: (input) => exportStudent(options, services, input),
  }),
});
