// A short end-to-end run of the built command on one Node: check, run, evaluate and export of a tiny recipe that downloads nothing.
import { Buffer } from 'node:buffer';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../setup.mjs';
import { run, tail } from '../tfjs-node/command.mjs';

/** Milliseconds that one command may take. */
const patience = 120_000;

const recipe = `
name: node-trial
plugins: ['${join(root, 'plugins/vision/dist/index.js').replaceAll('\\', '/')}']
data:
  train: { use: vision/idx, images: images.idx, labels: labels.idx }
  test: { use: vision/idx, images: images.idx, labels: labels.idx }
student: { use: mlp, hidden: [8] }
losses: [cross-entropy]
train: { epochs: 8, batch: 32, optimizer: { use: adam }, rate: 0.01, seed: 1 }
threads: 1
export: [onnx]
`;

/** An idx file of bytes. */
function idx(shape, values) {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head[2] = 8;
  head[3] = shape.length;
  shape.forEach((length, axis) => head.writeUInt32BE(length, 4 + 4 * axis));
  return Buffer.concat([head, Buffer.from(values)]);
}

/** 400 squares of 4 x 4 pixels whose shade, a little noisy, is their class. */
function writeData(folder) {
  const labels = Array.from({ length: 400 }, (_, i) => i % 2);
  const pixels = labels.flatMap((label, i) =>
    Array.from({ length: 16 }, (_, at) => 100 + 20 * label + (((i * 16 + at) * 37) % 61)),
  );
  writeFileSync(join(folder, 'images.idx'), idx([400, 4, 4], pixels));
  writeFileSync(join(folder, 'labels.idx'), idx([400], labels));
  writeFileSync(join(folder, 'recipe.yaml'), recipe);
}

/** Runs the trial with that binary: `{ seconds, errors, loss }` on the test data; throws with what the command printed. */
export function trial(binary) {
  const folder = mkdtempSync(join(tmpdir(), 'potstill-node-trial-'));
  const started = Date.now();
  const potstill = (...words) => {
    const { ok, output } = run(binary, [join(root, 'core/distill/bin/potstill.js'), ...words], {
      cwd: folder,
      timeout: patience,
    });
    if (!ok) throw new Error(`potstill ${words.join(' ')} failed:\n${tail(output, 25)}`);
    return JSON.parse(output.split('\n').at(-1));
  };
  try {
    writeData(folder);
    const { summary } = potstill('run', 'recipe.yaml', '--json');
    const { figures } = potstill('evaluate', 'recipe.yaml', '--json');
    if (figures.errors !== summary.student.figures.errors)
      throw new Error(`the run counts ${summary.student.figures.errors} errors, evaluate ${figures.errors}`);
    const { exports } = potstill('export', 'recipe.yaml', '--as', 'onnx', '--to', 'out', '--json');
    for (const { path } of exports) readFileSync(path);
    return {
      seconds: (Date.now() - started) / 1000,
      errors: figures.errors,
      loss: summary.student.figures.crossEntropy,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
