// `potstill explain`: an error code, or a component with its options.
import type { Command } from 'commander';
import { explain } from '../../container/explain.js';
import { collect } from '../options.js';
import type { Output } from '../output.js';
import { openRegistry } from '../open-registry.js';

export function addExplain(root: Command, output: Output): void {
  root
    .command('explain')
    .description('explain an error code, or a component and its options')
    .argument('<name>', 'such as RECIPE_UNKNOWN_OPTION or soft-targets')
    .option('-p, --plugin <name>', 'a plugin to look into too; may be repeated', collect)
    .addHelpText(
      'after',
      '\nExamples:\n  potstill explain TRAIN_NOT_FINITE\n  potstill explain vision/mnist -p @potstill/vision',
    )
    .action(async (name: string, options: { readonly plugin?: readonly string[] }) => {
      output.print(explain(name, await openRegistry(options.plugin ?? [])));
    });
}
