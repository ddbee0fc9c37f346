// The student of a complete run as the teacher of another.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fingerprint } from '../data/index.js';
import type { OpenRecipe } from '../container/open-recipe.js';
import type {
  DataDescription,
  GraphTeacher,
  ProgressSink,
  Services,
  Student,
  Teacher,
} from '../contracts/index.js';
import { damagedFile, readIfThere } from '../files/read-file.js';
import { trainHash } from '../recipe/resolved.js';
import { parameterCount } from '../students/index.js';
import { checkAgainstSummary } from '../teach/summary-beside.js';
import type { RunFolder } from './folder.js';
import { readFinalWeights, readKeptWeights } from './final-weights.js';
import { openContainer } from './open-container.js';
import { predictorOf } from './predict.js';
import { runFiles } from './run-files.js';
import type { Summary } from './summary.js';
import { checkTeacherData, warnOfPreprocessing } from './teacher-data.js';
import { restoreHint } from './verify.js';
import { loadWeights } from './weights.js';

/** A run that is complete. */
export interface CompleteRun {
  readonly folder: RunFolder;
  readonly summary: Summary;
}

/** Events of a teacher's run as its student's run tells them: its training is the stage `teacher`. */
export function teacherEvents(sink: ProgressSink): ProgressSink {
  const rename = (stage: string) => (stage === 'student' ? 'teacher' : `teacher/${stage}`);
  return {
    emit(event) {
      if (event.event === 'done' || event.event === 'run') return;
      if (event.event === 'warning') sink.emit({ ...event, message: `teacher: ${event.message}` });
      else sink.emit({ ...event, stage: rename(event.stage) });
    },
  };
}

export interface RunTeacherOptions {
  readonly live?: boolean;
  readonly epoch?: number | undefined;
}

/**
 * The student of a complete run as a teacher. It answers with all outputs of the student. `data` are the new student's:
 * inputs of another name or shape and unknown names in its truth are `TEACHER_INVALID`; another preprocessing is a warning.
 * `live`: it answers in the training step; `epoch`: with the weights that its run kept of that epoch.
 */
export async function openRunTeacher(
  recipe: OpenRecipe,
  run: CompleteRun,
  data: DataDescription,
  services: Pick<Services, 'engine' | 'logger' | 'clock' | 'paths'>,
  progress: ProgressSink,
  { live = false, epoch }: RunTeacherOptions = {},
): Promise<Teacher> {
  const { folder, summary } = run;
  const recorded = await folder.recordedData();
  if (!recorded) throw damagedFile(folder.file(runFiles.data.name), 'the file is missing', restoreHint);
  const { engine, logger, clock } = services;
  const paths = { ...services.paths, recipeFolder: recipe.plan.folder, runFolder: folder.path };
  const container = await openContainer(recipe, { paths, progress, overrides: { engine, logger, clock } });
  checkTeacherData(recipe.plan.name, recorded.description, data);
  warnOfPreprocessing(recipe.plan.name, recorded.description, data, progress);

  const student = await container.make(recipe.plan.student, { data: recorded.description });
  const { variables, path } =
    epoch === undefined ? await readFinalWeights(run, progress) : await readKeptWeights(run, epoch);
  loadWeights(student, variables, path);
  const parts = Object.entries(variables).flatMap(([name, tensor]) => [
    name,
    tensor.dtype,
    tensor.shape,
    tensor.data,
  ]);
  const predictor = await predictorOf(engine, student, recorded.description.inputs);
  const parameters = parameterCount(student);
  return {
    outputs: student.outputs,
    // The hash of the training stands for the architecture, the weights for the rest.
    fingerprint: fingerprint(trainHash(recipe.plan), ...parts),
    ...(recorded.description.labels ? { labels: recorded.description.labels } : {}),
    parameters,
    bytes: summary.student.bytes ?? 4 * parameters,
    ...(live ? { graph: frozenStudent(student) } : {}),
    label: (batch) => predictor.run(batch),
    async dispose() {
      await predictor.dispose();
      for (const { variable } of student.variables) variable.dispose();
      await container.dispose();
    },
  };
}

/** A student whose weights do not change, in the step; gradients reach its inputs. */
export function frozenStudent(student: Student): GraphTeacher {
  return {
    variables: student.variables.map((each) => ({ ...each, trainable: false })),
    fixed: true,
    forward: ({ inputs, at }) => student.forward(inputs, { ...at, training: false }),
  };
}

/** The exported ONNX file of a complete run; undefined when there is none. Another file in its place is an error. */
export async function exportedOnnx({ folder, summary }: CompleteRun): Promise<Uint8Array | undefined> {
  const found = summary.exports.find(({ kind }) => kind === 'onnx');
  const bytes = found && (await readIfThere(join(folder.path, found.path)));
  if (bytes)
    await checkAgainstSummary(
      join(folder.path, found.path),
      createHash('sha256').update(bytes).digest('hex'),
    );
  return bytes;
}
