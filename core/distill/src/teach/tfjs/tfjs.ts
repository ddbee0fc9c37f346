// The teacher `tfjs`: a model of TF.js from its folder, layers or graph.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { resolveDataPath } from '../../data/index.js';
import { aboutOption } from '../../errors/option.js';
import { teacher } from '../../plugin/define.js';
import { feedsOf } from '../feeds.js';
import { reasonOf, teacherInvalid } from '../invalid.js';
import { modelOptions } from '../onnx.js';
import { teacherOf, type ModelFacts } from '../onnx-teacher.js';
import { outputsOption, requestsOf } from '../outputs.js';
import { openGraphModel } from './graph-model.js';
import { openLayersModel } from './layers-model.js';
import { openTfjsSession } from './session.js';

export const tfjs = teacher('tfjs', {
  outputs: {
    logits: 'without `outputs`, the output of the model',
    NAME: 'each name that `outputs` gives: a layer, or an output of a graph model',
  },
  help: 'a TF.js model (model.json and its weights), layers or graph, run by the engine',
  options: z.strictObject({
    model: z.string().describe('its model.json: relative to the recipe, or `data:…` below POTSTILL_DATA'),
    ...modelOptions,
    logits: z
      .string()
      .optional()
      .describe('of a layers model: the layer whose output is the logits; default: the output of the model'),
    outputs: outputsOption.describe(
      'name -> `logits`, a layer, or an output of a graph model, as a name or as `{ from: name, as: probabilities }`',
    ),
    labels: z.array(z.string()).min(1).optional().describe('class names in the order of the scores'),
  }),
  async check({ model }, { paths }) {
    await aboutOption('model', () => readModel(resolveDataPath(model, paths)));
  },
  async create(options, services, { data }) {
    const { paths, engine } = services;
    const path = resolveDataPath(options.model, paths);
    const file = await aboutOption('model', () => readModel(path));
    const model = await aboutOption('model', () =>
      file.graph ? openGraphModel(path, file.whole) : openLayersModel(path, services, data, options.logits),
    );
    let release = async () => model.dispose();
    try {
      const [first = 'logits'] = model.outputs;
      const requests = options.outputs
        ? requestsOf(options.outputs)
        : { logits: { from: file.graph ? first : 'logits' } };
      const feeds = await aboutOption('input', () => feedsOf(path, model.inputs, data, options));
      const names = [...new Set(Object.values(requests).map(({ from }) => from))];
      const session = await aboutOption('outputs', () => openTfjsSession(path, engine, model, names));
      release = () => session.release();
      const parameters = model.variables.reduce((sum, { variable }) => sum + variable.size, 0);
      const facts: ModelFacts = { ...file.facts, path, parameters };
      return await teacherOf(session, requests, { ...options, file: facts }, { feeds });
    } catch (error) {
      await release();
      throw error;
    }
  },
});

const manifest = z.looseObject({
  format: z.string().optional(),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()) })).default([]),
});

/** model.json, and the sha256 and size of it and of its weights. */
async function readModel(path: string) {
  const hash = createHash('sha256');
  let length = 0;
  const read = async (file: string): Promise<Buffer> => {
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw teacherInvalid(
        `the teacher ${path} cannot be read: ${reasonOf(cause)}`,
        'give the path of a model.json; its weights lie beside it',
        cause,
      );
    });
    hash.update(bytes);
    length += bytes.length;
    return bytes;
  };
  let whole: unknown;
  try {
    whole = JSON.parse((await read(path)).toString('utf8'));
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw teacherInvalid(`the teacher ${path} is not JSON: ${cause.message}`);
    throw cause;
  }
  const parsed = manifest.safeParse(whole);
  if (!parsed.success) throw teacherInvalid(`the teacher ${path} is no model.json of TF.js`);
  for (const file of parsed.data.weightsManifest.flatMap(({ paths }) => paths))
    await read(join(dirname(path), file));
  return {
    whole,
    graph: parsed.data.format === 'graph-model',
    facts: {
      sha256: hash.digest('hex'),
      external: [],
      channelsFirst: new Set<string>(),
      bytes: { length },
    },
  };
}
