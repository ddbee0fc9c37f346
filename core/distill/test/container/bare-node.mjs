// Loads plugins in a Node that has no loader of TypeScript beside its own: node --conditions=potstill-source bare-node.mjs NAME...
// Prints for each its name, or the code and message of the error.
import { register } from 'tsx/esm/api';

const unregister = register();
const { loadPlugins } = await import('../../src/container/load-plugins.ts');
await unregister();

for (const name of process.argv.slice(2)) {
  const told = await loadPlugins([{ name, folder: process.cwd(), path: 'plugins.0' }]).then(
    ([entry]) => entry.plugin.name,
    (error) => error.message,
  );
  console.log(JSON.stringify(told));
}
