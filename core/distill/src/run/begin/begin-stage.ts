// Stage `begin`: runs the recipe that the student begins from, or finds its complete run, and takes its weights.
import { relative, sep } from 'node:path';
import { PotstillError } from '../../errors/potstill-error.js';
import { stage, type RunContext, type Stage } from '../context.js';
import { weightsHash, type BeginWeights, type EarlierRun } from './begin-weights.js';
import { beginWith, fitWeights, formsOf } from './fit.js';

/** What a student began with, as the summary and the report tell it. */
export interface Begun {
  /** Name of the recipe, or the checkpoint as the recipe writes it. */
  readonly from: string;
  /** Run folder or file, from the run's own folder. */
  readonly path: string;
  /** How many variables have the earlier weights. */
  readonly taken: number;
  /** Names of the variables that began at random. */
  readonly random: readonly string[];
  /** What the student alone began with: the same weights, or those of the earlier run's own baseline. */
  readonly baseline: BeginWeights['alone'];
  /** Whether a teacher had a part in the weights, as far as is known. */
  readonly taught: boolean;
  /** The runs that led to these weights, in their order; paths are from the run's own folder. */
  readonly chain: readonly EarlierRun[];
}

export const beginStage: Stage<'begin'> = {
  name: 'begin',
  applies: ({ planned }) => planned.begin !== undefined,
  async run(context) {
    const { planned, plan, student, initial, log } = context;
    const { begin } = planned;
    if (!begin || !plan.begin) return undefined;
    const weights =
      begin.kind === 'weights'
        ? await stage(
            log,
            'begin',
            () => Promise.resolve(begin.weights),
            ({ path }) => `weights of ${path}`,
          )
        : await executed(context);
    await refuseOthers(context, weights);
    const fit = fitWeights(begin.from, weights.student, formsOf(student), plan.begin.except);
    const first = beginWith(initial.student, weights.student, fit);
    context.initial = {
      student: first,
      baseline: weights.alone === 'own' ? beginWith(initial.baseline, weights.baseline, fit) : first,
    };
    const here = (path: string) => relative(context.folder.path, path).split(sep).join('/');
    return {
      from: begin.from,
      path: here(weights.path),
      taken: fit.taken.length,
      random: fit.random,
      baseline: weights.alone,
      taught: weights.taught,
      chain: weights.chain.map((earlier) => ({ ...earlier, path: here(earlier.path) })),
    };
  },
};

async function executed({ executeBegin }: RunContext): Promise<BeginWeights> {
  if (!executeBegin) throw new Error('internal: a run to begin from that was not prepared');
  return executeBegin();
}

/** A run that began with some weights does not continue as if it had begun with others. */
async function refuseOthers({ folder }: RunContext, weights: BeginWeights): Promise<void> {
  const fingerprint = weightsHash(weights.student);
  const known = folder.finished<{ readonly fingerprint: string }>('begin');
  if (!known) return folder.finish('begin', { fingerprint });
  if (known.fingerprint === fingerprint) return;
  throw new PotstillError({
    code: 'RUN_OTHER_RECIPE',
    message: `${folder.path} began with other weights than ${weights.path} has now`,
    hint: 'Run without --resume, or restore the weights.',
    location: { file: folder.path },
  });
}
