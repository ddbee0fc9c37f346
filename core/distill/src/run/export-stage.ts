// Stage `export`: the final weights under their own name, and the student in every form that the recipe asks for.
import { copyFile } from 'node:fs/promises';
import type { ExportResult } from '../contracts/index.js';
import { writeFailed } from '../files/write-atomically.js';
import { comparisonData } from './compare.js';
import { resultOf, stage, type RunContext, type Stage } from './context.js';
import { transformed } from './data.js';
import { finalWeightsOf } from './evaluate-stage.js';
import { measureLatency } from '../export/latency.js';
import type { Size } from './measure.js';
import { exportsFolder, finalWeights } from './names.js';

export interface Exported {
  readonly exports: readonly ExportResult[];
  /** Size and speed of the student: those of its ONNX file where there is one. */
  readonly size: Size;
}

export const exportStage: Stage<'export'> = {
  name: 'export',
  async run(context) {
    const { folder, log } = context;
    const { example, student } = resultOf(context, 'evaluate');
    await keepFinalWeights(context);
    const exports = await stage(log, 'export', () => exportAll(context));
    const onnx = exports.find(({ kind }) => kind === 'onnx');
    if (!onnx || !example) return { exports, size: student.size };
    const latencyMs = await measureLatency(folder.file(onnx.path), example);
    return { exports, size: { ...student.size, bytes: onnx.bytes, latencyMs } };
  },
};

/** Leaves the final weights under the name by which others find them. */
async function keepFinalWeights(context: RunContext): Promise<void> {
  const to = context.folder.file(finalWeights);
  try {
    await copyFile(finalWeightsOf(context), to);
  } catch (cause) {
    throw writeFailed(to, cause);
  }
}

/** Runs all exporters of the recipe on the student as it stands. */
async function exportAll(context: RunContext): Promise<ExportResult[]> {
  const { plan, planned, data, folder, student } = context;
  const comparison = comparisonData(context).data;
  const results: ExportResult[] = [];
  for (const exporter of context.exporters) {
    results.push(
      await exporter.export({
        student,
        data: data.description,
        sample: transformed(comparison, context.random.child('export')),
        folder: folder.file(exportsFolder),
        recipeName: plan.name,
        recipeHash: planned.hash,
      }),
    );
  }
  return results;
}
