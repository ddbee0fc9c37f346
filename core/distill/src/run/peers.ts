// Peers after a training: each as it was when the student was at its best, measured as the student is.
import { outputsRead } from '../evaluate/evaluate-model.js';
import { parameterCount } from '../students/index.js';
import { comparisonData, type Compared } from './compare.js';
import type { RunContext } from './context.js';
import { predictorOf } from './predict.js';

/** Every peer by its name; undefined where there are none. */
export async function comparePeers(
  context: RunContext,
): Promise<Readonly<Record<string, Compared>> | undefined> {
  const { teacher, container, data, metrics, evaluator } = context;
  const { peers } = teacher?.graph ?? {};
  if (!peers) return undefined;
  const read = outputsRead(metrics, 'model');
  const compared: Record<string, Compared> = {};
  for (const [name, model] of Object.entries(peers.students)) {
    const predictor = await predictorOf(container.services.engine, model, data.description.inputs, read);
    try {
      const evaluation = await evaluator.evaluate(comparisonData(context).data, (batch) =>
        predictor.run(batch),
      );
      const parameters = parameterCount(model);
      compared[name] = { evaluation, size: { parameters, bytes: 4 * parameters, latencyMs: undefined } };
    } finally {
      await predictor.dispose();
    }
  }
  return compared;
}
