// The commands of `potstill` and their help.
import { Command } from 'commander';
import { host } from '../container/host.js';
import { exitCodeLines } from '../errors/explain.js';
import { addCheck } from './commands/check.js';
import { addCluster } from './commands/cluster.js';
import { addEvaluate } from './commands/evaluate.js';
import { addExplain } from './commands/explain.js';
import { addExport } from './commands/export.js';
import { addInspect } from './commands/inspect.js';
import { addLabel } from './commands/label.js';
import { addList } from './commands/list.js';
import { addRun } from './commands/run.js';
import { addSchema } from './commands/schema.js';
import { addStore } from './commands/store.js';
import { addVerify } from './commands/verify.js';
import type { Output } from './output.js';

const examples = `
Examples:
  potstill run recipe.yaml                      train teacher, baseline and student; write a run folder
  potstill run recipe.yaml --set train.seed=2   the same with another seed
  potstill run recipe.yaml --resume             continue an interrupted run, to the same result
  potstill label recipe.yaml                    store the teacher's answers, for all later runs
  potstill check recipe.yaml                    find every mistake without running anything
  potstill cluster recipe.yaml --count 4        the classes that a model confuses, for specialists
  potstill list -p @potstill/vision             what recipes can use
  potstill explain soft-targets                 a component, error code, recipe key, command or option
  potstill inspect teacher.onnx                 inputs, outputs and inner values of an ONNX file
  potstill verify runs/NAME-1a2b3c4d            whether the files of a run are whole
  potstill store ls                             stored answers of teachers: list, verify, prune, export
  potstill schema --out recipe.schema.json      let your editor complete and check recipes

Exit codes:
${exitCodeLines.join('\n')}`;

/** In the order of the help. */
const commands = [
  addRun,
  addLabel,
  addCheck,
  addEvaluate,
  addCluster,
  addExport,
  addVerify,
  addStore,
  addInspect,
  addList,
  addExplain,
  addSchema,
];

export function program(output: Output): Command {
  const root = new Command('potstill')
    .description("Knowledge distillation as a recipe: a large model's knowledge into a small one.")
    .version(host.version)
    .addHelpText('after', examples)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.print(text.trimEnd()),
      writeErr: (text) => output.note(text.trimEnd()),
      // Told by `runProgram`, which knows of --json.
      outputError: () => undefined,
    });
  for (const add of commands) add(root, output);
  return root;
}
