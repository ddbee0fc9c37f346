// The text of docs/kernels.md, from the kernel table.
import prettier from 'prettier';
import { departures, kernelSubjects, unsupportedKernels } from '../src/kernels/index.js';

const row = ([kernel, text]: readonly [string, string]): string => `| \`${kernel}\` | ${text} |`;

/** Markdown of the page, formatted as the repository formats it. `file` is where it will stand. */
export async function kernelsPage(file: string): Promise<string> {
  const subjects = Object.entries(kernelSubjects).map(([subject, rules]) =>
    [
      `### ${subject}`,
      '',
      Object.keys(rules)
        .map((name) => `\`${name}\``)
        .sort()
        .join(' · '),
      '',
    ].join('\n'),
  );
  const text = [
    '# Kernels',
    '',
    'A step is recorded as TF.js kernels, and each kernel is written in ONNX operators (opset 21). This page is written',
    'from the kernel table by `core/engine/scripts/write-kernels-page.ts`, and a test holds it current.',
    '',
    '## With a rule',
    '',
    'Images and volumes are channels last (NHWC, NDHWC). Every rule is tested against the cpu backend of TF.js.',
    '',
    ...subjects,
    '## Where numbers differ from the cpu backend of TF.js',
    '',
    '| Kernel | Difference |',
    '| --- | --- |',
    ...Object.entries(departures).map(row),
    '',
    'The engine also registers the gradients of dilated convolutions (`Conv2D`, `DepthwiseConv2dNative`), which TF.js',
    'refuses. They hold on every backend. `tf.fused.conv2d` with a linear activation has a gradient of its own that cannot',
    'be replaced: give a dilated `tf.layers.conv2d` its activation, or use `tf.conv2d`.',
    '',
    '## Without a rule',
    '',
    '| Kernel | Why |',
    '| --- | --- |',
    ...Object.entries(unsupportedKernels).map(row),
    '',
  ].join('\n');
  const config = await prettier.resolveConfig(file);
  return prettier.format(text, { ...config, filepath: file });
}
