// A whole domain as a package outside the repository, against the packed packages: the graph of core/distill/test/domains.
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Outside } from './support/outside.js';
import { root, type Ended } from './support/processes.js';

const name = '@acme/potstill-graphs';
const sources = ['boxes', 'graph', 'speech', 'text', 'weights'];

let outside: Outside;
/** What `tsc` said of all four domains. */
let compiled: Ended;

const recipe = `
name: citations
plugins: ['${name}']
data:
  train: { use: graph/citations, part: train }
  validation: { use: graph/citations, part: validation }
  test: { use: graph/citations, part: test }
teacher: graph/teacher
student: graph/student
losses:
  - { use: cross-entropy, mask: counted }
  - { use: soft-targets, temperature: 1 }
train: { epochs: 60, batch: 1, optimizer: adam, rate: 0.05, seed: 1, select: node-errors }
export: [onnx]
`;

beforeAll(async () => {
  outside = await Outside.install(['core/engine', 'core/distill']);
  await mkdir(outside.path('plugin/src'), { recursive: true });
  for (const file of sources)
    await copyFile(
      join(root, 'core/distill/test/domains', `${file}.ts`),
      outside.path('plugin/src', `${file}.ts`),
    );
  await outside.write('plugin/src/index.ts', "export { graphs as default } from './graph.js';\n");
  compiled = await outside.tsc(['plugin/src'], {
    rootDir: 'plugin/src',
    outDir: 'plugin/dist',
    declaration: true,
  });
  const manifest = {
    name,
    version: '1.0.0',
    type: 'module',
    files: ['dist'],
    exports: { types: './dist/index.d.ts', default: './dist/index.js' },
    peerDependencies: { '@potstill/engine': '*', '@tensorflow/tfjs-core': '*', potstill: '*', zod: '*' },
  };
  await outside.write('plugin/package.json', JSON.stringify(manifest));
  await outside.add(outside.path('plugin'));
  await outside.write('citations.yaml', recipe);
  await outside.write('sweep.yaml', `${recipe}sweep: { grid: { train.epochs: [1, 60] } }\n`);
}, 240_000);
afterAll(() => outside.remove());

const potstill = async (...words: string[]): Promise<string> => {
  const { code, out, err } = await outside.potstill(...words);
  expect({ code, err, out: code === 0 ? '' : out }).toEqual({ code: 0, err: '', out: '' });
  return out;
};

describe('a domain written outside the repository', () => {
  it('is type-checked strictly with the published types alone, like the other three', () => {
    expect(compiled).toEqual({ code: 0, out: '', err: '' });
  });

  it('is listed with the help of its components', async () => {
    const out = await potstill('list', '-p', name);
    expect(out).toMatch(/graph\/citations +One graph; which nodes count is a mask\./);
    expect(out).toMatch(/graph\/nodes +A class for each node that counts\./);
  });

  it('trains, reports and exports', async () => {
    const out = await potstill('run', 'citations.yaml', '--json');
    const done = JSON.parse(out.trim().split('\n').at(-1) ?? '') as {
      readonly runFolder: string;
      readonly summary: {
        readonly task: string;
        readonly primary: string;
        readonly student: { readonly figures: Readonly<Record<string, number>> };
      };
    };
    const { task, primary, student } = done.summary;
    expect({ task, primary }).toEqual({ task: 'graph/nodes', primary: 'node-errors' });
    expect(student.figures['node-errors']).toBeLessThan(0.3);
    expect(await readFile(join(done.runFolder, 'report.html'), 'utf8')).toContain('Node errors');

    // Measured again, by the command and by the exported file.
    const evaluated = JSON.parse(await potstill('evaluate', 'citations.yaml', '--json')) as {
      readonly figures: Readonly<Record<string, number>>;
    };
    expect(evaluated.figures).toEqual(student.figures);
    const onnx = join(done.runFolder, 'exports/student.onnx');
    const file = JSON.parse(
      await potstill('evaluate', 'citations.yaml', '--model', onnx, '--json'),
    ) as typeof evaluated;
    const elsewhere = await potstill('export', 'citations.yaml', '--as', 'onnx', '--to', 'elsewhere');
    expect(elsewhere).toMatch(
      /^onnx +elsewhere\/student\.onnx .* bytes, differs from the student by at most/,
    );
    expect(await readFile(outside.path('elsewhere/student.onnx'))).toEqual(await readFile(onnx));
    expect(file.figures['node-errors']).toBeCloseTo(student.figures['node-errors'] ?? NaN, 10);
  }, 120_000);

  it('is swept, and the better point is chosen by its own figure', async () => {
    const out = await potstill('run', 'sweep.yaml', '--quiet');
    expect(out).toMatch(/^train\.epochs +node-errors \(validation\) +node-errors \(test\)/m);
    expect(out).toContain('Of 2 points, train.epochs=60 is best on validation data');
    const [, onnx = ''] = /^onnx +(.*)$/m.exec(out) ?? [];
    expect((await readFile(outside.path(onnx))).length).toBeGreaterThan(0);
  }, 120_000);
});
