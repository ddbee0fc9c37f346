// A teacher that is computed in the step, out of its graph: how it answers when it is asked outside of training.
import type { Engine, Predictor } from '@potstill/engine';
import type { Forward, GraphTeacher, NamedVariable, Teacher, TensorSpecs } from '../../contracts/index.js';

export interface InStepOptions {
  readonly engine: Engine;
  /** Fields of a batch that it takes. */
  readonly inputs: readonly string[];
  readonly outputs: TensorSpecs;
  readonly fingerprint: string;
  readonly labels?: readonly string[] | undefined;
  readonly graph: Omit<GraphTeacher, 'refresh'>;
  /** All outputs, as it answers where nothing is trained. */
  readonly answer: Forward;
  /** The variables that `answer` uses. */
  readonly weights: readonly NamedVariable[];
  /** The variables that are its own, to be freed with it. */
  readonly own: readonly NamedVariable[];
}

/** `label` answers by the weights as they were when it was first asked, or asked after `graph.refresh`. */
export function inStepTeacher(options: InStepOptions): Teacher {
  const { engine, inputs, outputs, fingerprint, labels, graph, answer, weights, own } = options;
  const parameters = weights.reduce((sum, { variable }) => sum + variable.size, 0);
  const wanted = new Set(inputs.flatMap((name) => [name, `${name}.length`]));
  let made: Promise<Predictor> | undefined;
  const refresh = async () => {
    const before = made;
    made = undefined;
    await (await before)?.dispose();
  };
  return {
    outputs,
    fingerprint,
    ...(labels ? { labels } : {}),
    parameters,
    bytes: 4 * parameters,
    graph: { ...graph, refresh },
    async label({ tensors }) {
      made ??= engine.predictor({ variables: weights, forward: answer });
      return (await made).run(
        Object.fromEntries(Object.entries(tensors).filter(([name]) => wanted.has(name))),
      );
    },
    async dispose() {
      await refresh();
      for (const { variable } of own) variable.dispose();
    },
  };
}
