// `potstill list`: plugins and their components, one line each.
import type { Command } from 'commander';
import type { Registry } from '../../container/registry.js';
import { openRegistry } from '../open-registry.js';
import { collect } from '../options.js';
import type { Output } from '../output.js';

interface ListOptions {
  readonly plugin?: readonly string[];
  readonly json?: boolean;
}

function page(registry: Registry): string {
  const all = registry.all();
  const width = Math.max(...all.map(({ definition }) => definition.name.length));
  const plugins = registry.plugins.map((plugin) => `${plugin.name} ${plugin.version}`).join(', ');
  const kinds = [...new Set(all.map(({ definition }) => definition.kind))];
  const sections = kinds.map((kind) =>
    [
      `\n${kind}`,
      ...all
        .filter(({ definition }) => definition.kind === kind)
        .map(({ definition }) => `  ${definition.name.padEnd(width)}  ${definition.help}`),
    ].join('\n'),
  );
  return [`plugins: ${plugins}`, ...sections, '\n`potstill explain NAME` prints the options of one.'].join(
    '\n',
  );
}

export function addList(root: Command, output: Output): void {
  root
    .command('list')
    .description('list plugins and the components that recipes can `use`')
    .option('-p, --plugin <name>', 'a plugin to list too: npm name or path; may be repeated', collect)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  potstill list --plugin @potstill/vision')
    .action(async (options: ListOptions) => {
      const registry = await openRegistry(options.plugin ?? []);
      if (!options.json) return output.print(page(registry));
      const components = registry
        .all()
        .map(({ definition: { kind, name, help }, plugin }) => ({ kind, name, help, plugin: plugin.name }));
      output.print(JSON.stringify({ plugins: registry.plugins, components }));
    });
}
