// `potstill explain`: an error code, a component, a key of recipes, a command or an option.
import type { Command } from 'commander';
import { explain, type MorePages } from '../../container/explain.js';
import { openRegistry } from '../open-registry.js';
import { collect } from '../options.js';
import type { Output } from '../output.js';

const examples = `
Examples:
  potstill explain TRAIN_NOT_FINITE                       an error code
  potstill explain vision/mnist -p @potstill/vision       a component, its options and outputs
  potstill explain soft-targets.temperature               one option of a component
  potstill explain train.rate                             a key of recipes
  potstill explain -- --resume                            an option of commands`;

export function addExplain(root: Command, output: Output): void {
  root
    .command('explain')
    .description('explain an error code, a component, a recipe key, a command or an option')
    .argument('<name>', 'what to explain, such as RECIPE_UNKNOWN_OPTION or soft-targets')
    .option('-p, --plugin <name>', 'a plugin to look into too; may be repeated', collect)
    .addHelpText('after', examples)
    .action(async (name: string, options: { readonly plugin?: readonly string[] }) => {
      const registry = await openRegistry(options.plugin ?? []);
      output.print(explain(name, registry, commandPages(root, name)));
    });
}

/** The help of the command of that name, and of each option of that name by the commands that have it. */
function commandPages(root: Command, name: string): MorePages {
  const help = root.createHelp();
  const pages = root.commands.filter((each) => each.name() === name).map((each) => pageOf(each));
  const flags = root.commands.flatMap((command) =>
    command.options.map((option) => ({ command, option, names: [option.long, option.short] })),
  );
  const meant = flags.filter(({ names }) => names.includes(name));
  if (meant.length > 0)
    pages.push(
      meant
        .map(
          ({ command, option }) =>
            `potstill ${command.name()} ${option.flags}: ${help.optionDescription(option)}`,
        )
        .join('\n'),
    );
  const long = flags.flatMap(({ option }) => (option.long ? [option.long] : []));
  return { pages, names: [...root.commands.map((each) => each.name()), ...long] };
}

/** A command's help as `--help` prints it, examples included. */
function pageOf(command: Command): string {
  let text = '';
  const before = command.configureOutput();
  command.configureOutput({ writeOut: (piece) => (text += piece) });
  command.outputHelp();
  command.configureOutput(before);
  return text.trimEnd();
}
