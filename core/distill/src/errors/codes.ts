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
    help: 'The recipe is not valid YAML. Only the core schema is read: tags, and keys given twice, are errors.',
  },
  RECIPE_UNKNOWN_KEY: { help: 'A key is not part of the recipe format. The error lists the keys that are.' },
  RECIPE_UNKNOWN_OPTION: {
    help: 'A component was given an option that it does not have. `potstill explain NAME` prints its options.',
  },
  RECIPE_MISSING_KEY: { help: 'A key that is required is not there.' },
  RECIPE_WRONG_TYPE: { help: 'A value has the wrong type.' },
  RECIPE_BAD_VALUE: { help: 'A value is out of its range or not one of those accepted.' },
  RECIPE_UNKNOWN_COMPONENT: {
    help: 'No registered component has that name. Is its plugin in `plugins:`? `potstill list` prints all names.',
  },
  RECIPE_WRONG_KIND: {
    help: 'A component of another kind was named here, such as a loss where a student belongs.',
  },
  RECIPE_BAD_OVERRIDE: {
    help: '`--set` takes path=value, where path is dotted and indexes lists by number: losses.0.weight=0.5.',
  },
  RECIPE_EXTENDS: {
    help: '`extends` names a recipe that cannot be read, or recipes extend each other in a circle.',
  },
  RECIPE_LOSS_NEEDS: {
    help: 'A loss reads a tensor that the student, the teacher or the data do not offer.',
  },
  RECIPE_NO_TEACHER: { help: 'A loss or metric compares with a teacher, and the recipe names none.' },
  PLUGIN_NOT_FOUND: {
    help: 'A plugin is not installed where the recipe can see it, or its file cannot be loaded by this Node.js. Install it beside the recipe. A plugin in TypeScript needs Node.js 22.18 or later, or tsx installed beside it.',
  },
  PLUGIN_INVALID: { help: 'A plugin does not export a plugin value made with definePlugin.', exit: 'plugin' },
  PLUGIN_TWICE: { help: 'The same plugin is registered twice. Name it once, in one version.' },
  PLUGIN_DUPLICATE_NAME: {
    help: 'Two plugins offer a component of the same kind and name. Use one of them, or ask an author to rename.',
    exit: 'plugin',
  },
  PLUGIN_HOST_VERSION: { help: 'A plugin was made for another version of potstill.', exit: 'plugin' },
  PLUGIN_FAILED: {
    help: 'A plugin threw while its component was made or used. The cause is its own message.',
    exit: 'plugin',
  },
  SERVICE_REBOUND_TWICE: { help: 'Two plugins rebind the same service. Use one of them.', exit: 'plugin' },
  SERVICE_CYCLE: { help: 'Services need each other in a circle, so that none can be made.', exit: 'plugin' },
  DATA_NOT_FOUND: {
    help: 'A data file or folder is not there. Relative paths start at the recipe; `POTSTILL_DATA` names the folder for shared data.',
  },
  DATA_DAMAGED: {
    help: 'A data file is damaged. With `onError: skip`, where the data set offers it, damaged examples are left out and counted.',
  },
  DATA_UNSUPPORTED: {
    help: 'Data files are of a kind that the data set does not read. They are not damaged: convert them, or leave them out with `onError: skip`, where the data set offers it.',
  },
  DATA_LEFT_OUT: {
    help: 'Warning: files or folders were left out because they are no data: folders of systems and tools, pipes, sockets, devices.',
  },
  DATA_PARTS_DIFFER: {
    help: 'Validation or test data do not fit the training data: other classes, another size, type or preprocessing. Classes are matched by name; a part that lacks some must name its classes with `classes:`, where the data set has that option.',
  },
  DATA_CLASSES_MATCHED: {
    help: 'Warning: a part of the data has its classes in another order than the training data, or lacks some that the recipe allows. They were matched by name.',
  },
  DATA_EMPTY: { help: 'A data set has no examples.' },
  TEACHER_INVALID: { help: 'The teacher cannot be loaded or its inputs do not fit the data.' },
  TEACHER_PREPROCESSING: {
    help: 'Warning: the teacher was trained on inputs that were scaled or normalised in another way than those it is given now.',
  },
  TEACHER_OUTPUT: { help: 'The teacher has no output of that name.' },
  PREFLIGHT_LABELS: {
    help: 'Teacher, student and data do not agree about the classes: other names, order or number. Give a mapping or the right labels.',
  },
  PREFLIGHT_CLASS_ORDER: {
    help: "The teacher counts its classes in another order than the data, as its answers to a sample show. Write the teacher's `labels:` in the order of its scores; they are then put in the order of the data.",
  },
  PREFLIGHT_PROBABILITIES: {
    help: "The teacher's `logits` are probabilities (after a softmax or sigmoid). Declare them with `as: probabilities`, or name the value before.",
  },
  PREFLIGHT_UNSTEADY: {
    help: "The teacher's answer to an example depends on the other examples of its batch, or changes when it is asked again. Export the model in inference mode (`model.eval()` in PyTorch).",
  },
  PREFLIGHT_TAP: { help: 'A tapped output is constant or not finite on real data: it teaches nothing.' },
  PREFLIGHT_TEACHER_CHANCE: {
    help: 'Warning: on a sample of the training data the teacher answers no better than guessing. Check its weights, its preprocessing and the order of its classes.',
  },
  PREFLIGHT_TEACHER_SMALLER: {
    help: 'Warning: the teacher has fewer weights than the student. Were they swapped?',
  },
  PREFLIGHT_INPUT_CONSTANT: {
    help: 'Warning: an input has the same values for every example looked at, so nothing can be learnt from it.',
  },
  PREFLIGHT_LOSS_CONSTANT: {
    help: 'A loss gives no variable of the student a gradient, so nothing is learnt from it. A warning as long as another loss does.',
  },
  RUN_LABELS_BEAT_TEACHER: {
    help: 'Warning: the student trained on labels alone makes fewer errors than the teacher. Distilling from it can hardly help: take a better teacher or a smaller student.',
  },
  RUN_NO_BASELINE: {
    help: 'Warning: the student cannot be trained without its teacher, since every loss reads the teacher and the data have no target. Nothing says what the teacher was good for.',
  },
  RUN_NO_TEST_DATA: {
    help: 'Warning: the recipe has no test data, so figures come from data that was trained or chosen on, and flatter. Add `data.test`.',
  },
  RUN_DISTILLED_NOT_BETTER: {
    help: 'Warning: the distilled student is not better than the same student without a teacher, beyond chance. Look at temperature, weights and the teacher; more test examples or seeds can show a smaller difference.',
  },
  RUN_DISTILLED_HURT: {
    help: 'Warning: the distilled student is worse than the same student without a teacher, by more than chance. Check the teacher on this data and the weight of its losses.',
  },
  TRAIN_NOT_FINITE: {
    help: 'The loss became NaN or infinite. The weights before that step are kept. Lower the rate, clip gradients, or look at the data named.',
    exit: 'failed',
  },
  TRAIN_INTERRUPTED: {
    help: 'Stopped by Ctrl-C. A checkpoint was written; `potstill run --resume` goes on.',
    exit: 'interrupted',
  },
  RUN_NO_CHECKPOINT: { help: 'There is nothing to resume in that run folder.' },
  RUN_CHECKPOINT_DAMAGED: {
    help: 'A file of the run cannot be read, does not match its checksum or was written by something else. Follow the hint; with --resume potstill makes again what is missing. `potstill verify` checks the whole folder.',
  },
  RUN_STAGE_ANEW: {
    help: 'Warning: a file that a stage had written is missing, so that the resumed run does the stage again, with the same result.',
  },
  RUN_IN_USE: {
    help: 'Another process is writing to that run folder. Wait for it, stop it, or begin in another folder.',
  },
  RUN_NO_CHECKSUMS: {
    help: 'Warning: the run was written by potstill 0.1, whose files carry no checksums: damage to its weights cannot be noticed.',
  },
  RUN_OTHER_RECIPE: {
    help: 'The run folder was written by another recipe, seed or data. Choose another folder, or run without --resume.',
  },
  RUN_WRITE_FAILED: {
    help: 'A file of the run could not be written (disk full, no permission). What was written before is whole; make room and use --resume.',
    exit: 'failed',
  },
  STORE_DAMAGED: {
    help: 'Warning: a file of the teacher store is damaged or belongs to something else. It is removed, and the teacher is asked about its examples again.',
  },
  STORE_TOO_LARGE: {
    help: 'Warning: the answers of the teacher would take more than half of the free disk space, so that they are not kept and the teacher is asked in every epoch.',
  },
  EVALUATE_TENSOR: {
    help: 'A metric reads an output or a field that is not there, or has another shape than it needs.',
  },
  LOSS_INVALID: {
    help: 'A loss was given tensors whose shapes or types do not fit, or options that do not fit the data.',
  },
  STUDENT_INVALID: { help: 'The student cannot be built for this data, or its model file cannot be used.' },
  EXPORT_FAILED: {
    help: 'The student could not be exported, or the exported model does not agree with it.',
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
