// A TF.js model as a session: what it takes, and running it by the engine, recorded once a batch size.
import type { Engine, HostTensors, NamedVariable } from '@potstill/engine';
import type { NamedTensors, Student } from '../../contracts/index.js';
import { teacherInvalid } from '../invalid.js';
import type { GraphValue, TeacherSession } from '../session.js';

export interface TfjsModel {
  readonly inputs: readonly GraphValue[];
  /** Names of all that it can answer with. */
  readonly outputs: readonly string[];
  readonly variables: readonly NamedVariable[];
  forward: Student['forward'];
  dispose(): void;
}

/** Answers with `names`, and nothing else is computed. */
export async function openTfjsSession(
  path: string,
  engine: Pick<Engine, 'predictor'>,
  model: TfjsModel,
  names: readonly string[],
): Promise<Pick<TeacherSession, 'inputs' | 'run' | 'release'>> {
  const unknown = names.find((name) => !model.outputs.includes(name));
  if (unknown !== undefined)
    throw teacherInvalid(
      `the teacher ${path} has no output \`${unknown}\`; it has ${model.outputs.join(', ')}`,
      'correct `outputs`',
    );
  const predictor = await engine.predictor({
    variables: model.variables,
    forward(inputs, at) {
      const all = model.forward(inputs, at);
      return Object.fromEntries(names.map((name) => [name, all[name]])) as NamedTensors;
    },
  });
  return {
    inputs: model.inputs,
    run: (inputs: HostTensors) => predictor.run(inputs),
    async release() {
      await predictor.dispose();
      model.dispose();
    },
  };
}
