// The register of errors: permanent codes, and what each means. `docs/errors.md` is generated from it.
import { engineErrorCodes } from '@potstill/engine';

/** Exit codes of the command line. */
export const exitCodes = { ok: 0, failed: 1, user: 2, plugin: 3, internal: 70, interrupted: 130 } as const;

interface ErrorCode {
  /** What it means and what to do: printed by `potstill explain CODE`. */
  readonly help: string;
  /** Whose fault: decides the exit code. Default `user`. */
  readonly exit?: keyof typeof exitCodes;
}

const own = {
  RECIPE_NOT_FOUND: { help: 'The recipe file does not exist or cannot be read. Check the path.' },
  RECIPE_SYNTAX: {
    help: 'The recipe is not valid YAML. Recipes are plain data: tags, anchors and duplicate keys are errors. Files must be UTF-8.',
  },
  RECIPE_UNKNOWN_KEY: { help: 'The recipe format has no such key. The error lists the keys that it has.' },
  RECIPE_UNKNOWN_OPTION: {
    help: 'The component has no such option. `potstill explain NAME` lists its options.',
  },
  RECIPE_MISSING_KEY: { help: 'A required key is missing.' },
  RECIPE_WRONG_TYPE: { help: 'A value has the wrong type.' },
  RECIPE_BAD_VALUE: { help: 'A value is out of range or not one of the accepted values.' },
  RECIPE_UNKNOWN_COMPONENT: {
    help: 'No registered component has that name. Is its plugin listed in `plugins:`? `potstill list` shows all names.',
  },
  RECIPE_WRONG_KIND: {
    help: 'The named component is of another kind, such as a loss where a student is expected.',
  },
  RECIPE_BAD_OVERRIDE: {
    help: '`--set` takes path=value. The path is dotted and indexes lists by number: losses.0.weight=0.5.',
  },
  RECIPE_EXTENDS: {
    help: '`extends` names a recipe that cannot be read, or recipes extend each other in a cycle.',
  },
  RECIPE_LOSS_NEEDS: {
    help: 'A loss reads a tensor that the student, the teacher or the data do not provide.',
  },
  RECIPE_METRIC_NEEDS: {
    help: 'A metric reads a tensor that the student, the teacher or the data do not provide.',
  },
  RECIPE_NO_TEACHER: { help: 'A loss or metric needs a teacher, and the recipe has none.' },
  PLUGIN_NOT_FOUND: {
    help: 'A plugin is not installed where the recipe can see it, or its file cannot be loaded by this Node.js. Install it beside the recipe. A plugin in TypeScript needs Node.js 22.18 or later, or tsx installed beside it.',
  },
  PLUGIN_INVALID: {
    help: "The module's default export is not a plugin. Create it with definePlugin.",
    exit: 'plugin',
  },
  PLUGIN_TWICE: { help: 'The same plugin is registered twice. List it once, in one version.' },
  PLUGIN_DUPLICATE_NAME: {
    help: 'Two plugins provide a component of the same kind and name. Use one of them, or ask an author to rename theirs.',
    exit: 'plugin',
  },
  PLUGIN_HOST_VERSION: { help: 'The plugin does not support this version of potstill.', exit: 'plugin' },
  PLUGIN_FAILED: {
    help: 'A plugin, or a module that the recipe names, threw an error while its component was created or used. The cause is its own message.',
    exit: 'plugin',
  },
  SERVICE_REBOUND_TWICE: { help: 'Two plugins replace the same service. Use one of them.', exit: 'plugin' },
  SERVICE_CYCLE: {
    help: 'Services depend on each other in a cycle, so none can be created.',
    exit: 'plugin',
  },
  DATA_NOT_FOUND: {
    help: "A data file or folder does not exist. Relative paths start at the recipe's folder; `data:` paths start at the folder that `POTSTILL_DATA` names.",
  },
  DATA_DAMAGED: {
    help: 'A data file is damaged. `onError: skip`, in data sets that have it, drops damaged examples and counts them.',
  },
  DATA_UNSUPPORTED: {
    help: 'The data set does not support this kind of file. The files are not damaged: convert them, or drop them with `onError: skip` in data sets that have it.',
  },
  DATA_LEFT_OUT: {
    help: 'Warning: files or folders were skipped because they are not data: system and tool folders, pipes, sockets, devices.',
  },
  DATA_PARTS_DIFFER: {
    help: 'Validation or test data do not match the training data: different classes, size, type or preprocessing. Classes are matched by name; a part that lacks some must list its classes with `classes:`, in data sets that have that option.',
  },
  DATA_CLASSES_MATCHED: {
    help: 'Warning: a part of the data orders its classes differently from the training data, or lacks some that the recipe allows. They were matched by name.',
  },
  DATA_DUPLICATES: {
    help: 'Warning: examples of the validation or test data have the same inputs as examples that are trained on. Figures on them say what the student remembers, not what it has learnt. Remove them, or split by what they have in common with `data.split.by`.',
  },
  DATA_EMPTY: { help: 'A data set has no examples.' },
  BEGIN_INVALID: {
    help: 'The student cannot begin with the weights that `begin` names: there are none, or variables differ in name or shape. `begin.except` names variables that begin at random all the same.',
  },
  TEACHER_INVALID: { help: 'The teacher cannot be loaded, or its inputs do not match the data.' },
  TEACHER_PREPROCESSING: {
    help: 'Warning: the teacher was trained on inputs that were scaled or normalised differently from those it gets now.',
  },
  TEACHER_CLASSES: {
    help: 'Warning: a member of an ensemble lacks classes of the data. The other members alone decide about them.',
  },
  TEACHER_OUTPUT: { help: 'The teacher has no output of that name.' },
  PREFLIGHT_LABELS: {
    help: 'Teacher, student and data disagree about the classes: their names, order or number. Give the right labels, or a mapping.',
  },
  PREFLIGHT_CLASS_ORDER: {
    help: "The teacher orders its classes differently from the data, as its predictions on a sample show. Write the teacher's `labels:` in the order of its scores; they are then matched to the data by name.",
  },
  PREFLIGHT_PROBABILITIES: {
    help: "The teacher's `logits` are probabilities (after a softmax or sigmoid). Declare them with `as: probabilities`, or use the output before the softmax.",
  },
  PREFLIGHT_UNSTEADY: {
    help: "The teacher's output for an example depends on the other examples in its batch, or changes from call to call. Export the model in inference mode (`model.eval()` in PyTorch).",
  },
  PREFLIGHT_TAP: { help: 'A tap is constant or not finite on real data, so nothing can be learnt from it.' },
  PREFLIGHT_TEACHER_CHANCE: {
    help: 'Warning: on a sample of the training data the teacher is no better than chance. Check its weights, its preprocessing and the order of its classes.',
  },
  PREFLIGHT_TEACHER_SMALLER: {
    help: 'Warning: the teacher has fewer weights than the student. Were they swapped?',
  },
  PREFLIGHT_INPUT_CONSTANT: {
    help: 'Warning: an input has the same values in every sampled example, so nothing can be learnt from it.',
  },
  PREFLIGHT_LOSS_CONSTANT: {
    help: 'A loss gives no variable of the student a gradient, so nothing is learnt from it. A warning as long as another loss does.',
  },
  RUN_LABELS_BEAT_TEACHER: {
    help: 'Warning: the student trained on labels alone makes fewer errors than the teacher. Distilling from it is unlikely to help: use a better teacher or a smaller student.',
  },
  RUN_NO_BASELINE: {
    help: 'Warning: the student cannot be trained without its teacher, since every loss reads the teacher and the data have no target. There is no baseline to show what the teacher contributes.',
  },
  RUN_NO_TEST_DATA: {
    help: 'Warning: the recipe has no test data, so the figures come from data that was used for training or selection, and are optimistic. Add `data.test`.',
  },
  RUN_DISTILLED_NOT_BETTER: {
    help: 'Warning: the distilled student is not better than the same student without a teacher, beyond chance. Look at temperature, weights and the teacher; more test examples or seeds can show a smaller difference.',
  },
  RUN_DISTILLED_HURT: {
    help: 'Warning: the distilled student is worse than the same student without a teacher, by more than chance. Check the teacher on this data and the weight of its losses.',
  },
  TRAIN_NOT_FINITE: {
    help: 'The loss became NaN or infinite. The weights from before that step are kept. Lower the learning rate, clip gradients, or check the data that the message names.',
    exit: 'failed',
  },
  TRAIN_INTERRUPTED: {
    help: 'Interrupted by Ctrl-C or a signal. A checkpoint was written; use `potstill run --resume` to continue.',
    exit: 'interrupted',
  },
  RUN_NO_CHECKPOINT: { help: 'The run folder has nothing to resume.' },
  RUN_CHECKPOINT_DAMAGED: {
    help: 'A file of the run cannot be read, does not match its checksum, or was written by another program. Follow the hint; --resume recreates what is missing. `potstill verify` checks the whole folder.',
  },
  RUN_STAGE_ANEW: {
    help: 'Warning: a file that a stage wrote is missing, so the resumed run repeats the stage, with the same result.',
  },
  RUN_IN_USE: {
    help: 'Another process is writing to that run folder. Wait for it, stop it, or use another folder.',
  },
  RUN_NO_CHECKSUMS: {
    help: 'Warning: the run was written by potstill 0.1, whose files have no checksums, so damage to its weights cannot be detected.',
  },
  RUN_OTHER_RECIPE: {
    help: 'The run folder belongs to another recipe, seed or data set. Choose another folder, or run without --resume.',
  },
  RUN_WRITE_FAILED: {
    help: 'A file of the run could not be written (disk full, no permission). Files written before it are whole; fix the cause, then use --resume to continue.',
    exit: 'failed',
  },
  STORE_DAMAGED: {
    help: 'A file of the teacher store is damaged or was written by another program. A run warns, removes it and has the teacher label its examples again; `potstill store verify` names it, and `potstill label` makes it again.',
  },
  STORE_TOO_LARGE: {
    help: "Warning: the teacher's outputs would take more than half of the free disk space, so they are not stored and the teacher runs in every epoch.",
  },
  EVALUATE_TENSOR: {
    help: 'A metric reads an output or field that does not exist or has the wrong shape.',
  },
  LOSS_INVALID: {
    help: 'A loss got tensors of the wrong shape or type, or its options do not fit the data.',
  },
  LOSS_CONNECTOR: {
    help: 'Warning: student and teacher have outputs of different shapes, so the loss made a regressor between them. It is trained beside the student and not exported. Ask for one with the option `connector`, or say `connector: none`.',
  },
  STUDENT_INVALID: { help: 'The student cannot be built for this data, or its model file cannot be used.' },
  EXPORT_FAILED: {
    help: 'The student could not be exported, or the exported model gives different results.',
    exit: 'failed',
  },
  USAGE: { help: 'The command line was not understood. `potstill --help` shows examples.' },
  INTERNAL: { help: 'A bug in potstill. Please report it with the log of the run.', exit: 'internal' },
} as const satisfies Record<string, ErrorCode>;

export const errorCodes = {
  ...own,
  ...(Object.fromEntries(Object.entries(engineErrorCodes).map(([code, help]) => [code, { help }])) as {
    [C in keyof typeof engineErrorCodes]: { help: string };
  }),
};

export type ErrorCodeName = keyof typeof errorCodes;

/** The process exit code that goes with an error. */
export function exitCodeOf(code: ErrorCodeName): number {
  const entry: ErrorCode = errorCodes[code];
  return exitCodes[entry.exit ?? 'user'];
}
