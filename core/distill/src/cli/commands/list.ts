// `potstill list`: plugins and their components, one line each.
import { Argument, Option, type Command } from 'commander';
import { methodsPage } from '../../container/methods-page.js';
import type { Registry } from '../../container/registry.js';
import type { ComponentKind } from '../../contracts/index.js';
import type { FoundComponent } from '../../recipe/lookup.js';
import { kindWords } from '../../recipe/words.js';
import { openRegistry } from '../open-registry.js';
import { collect } from '../options.js';
import type { Output } from '../output.js';

interface ListOptions {
  readonly plugin?: readonly string[];
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const kinds = Object.keys(kindWords) as readonly ComponentKind[];

/** `losses` for `loss`. */
const plurals: Readonly<Record<string, ComponentKind>> = Object.fromEntries(
  kinds.map((kind) => [kind === 'loss' ? 'losses' : `${kind}s`, kind]),
);

const examples = `
Examples:
  potstill list --plugin @potstill/vision
  potstill list losses
  potstill list losses --json | jq '.components[] | {name, paper: .method.paper}'
  potstill list --json | jq -r '.components[].name'`;

function page(registry: Registry, found: readonly FoundComponent[]): string {
  const width = Math.max(0, ...found.map(({ definition }) => definition.name.length));
  const plugins = registry.plugins.map((plugin) => `${plugin.name} ${plugin.version}`).join(', ');
  const sections = kinds.flatMap((kind) => {
    const ofKind = found.filter(({ definition }) => definition.kind === kind);
    const rows = ofKind.map(({ definition: { name, help } }) => `  ${name.padEnd(width)}  ${help}`);
    return rows.length === 0 ? [] : [`\n${kind}`, ...rows];
  });
  return [`plugins: ${plugins}`, ...sections, '\n`potstill explain NAME` prints the options of one.'].join(
    '\n',
  );
}

export function addList(root: Command, output: Output): void {
  root
    .command('list')
    .description('list plugins and the components that recipes can `use`')
    .addArgument(
      new Argument('[kind]', 'only components of this kind').choices([...Object.keys(plurals), ...kinds]),
    )
    .option('-p, --plugin <name>', 'a plugin to list too: npm name or path; may be repeated', collect)
    .addOption(new Option('--json', 'print as JSON').conflicts('markdown'))
    .option('--markdown', 'print the published methods as a page: citations, formulas, options')
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: ListOptions) => {
      const { plugin = [], json, markdown } = options;
      const kind = named === undefined ? undefined : (plurals[named] ?? named);
      const registry = await openRegistry(plugin);
      const found = registry.all().filter(({ definition }) => kind === undefined || definition.kind === kind);
      if (markdown) return output.print(methodsPage(found));
      if (!json) return output.print(page(registry, found));
      const components = found.map(({ definition, plugin: from }) => ({
        kind: definition.kind,
        name: definition.name,
        help: definition.help,
        ...(definition.outputs === undefined ? {} : { outputs: definition.outputs }),
        ...(definition.method === undefined ? {} : { method: definition.method }),
        plugin: from.name,
      }));
      output.print(JSON.stringify({ plugins: registry.plugins, components }));
    });
}
