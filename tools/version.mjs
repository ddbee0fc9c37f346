// lerna's `version` script, run after it has written the new version everywhere: plugins ask for the potstill they are released with.
// lerna leaves peer ranges as they are, and npm then finds no potstill for a plugin that still asks for the one before.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
// With a line end, which lerna leaves out and prettier asks for.
const write = (file, data) => writeFileSync(join(root, file), `${JSON.stringify(data, null, 2)}\n`);

const packages = read('package.json').workspaces.map((folder) => {
  const file = join(folder, 'package.json');
  return { file, data: read(file) };
});
const versions = new Map(packages.map(({ data }) => [data.name, data.version]));
for (const { file, data } of packages) {
  const peers = Object.keys(data.peerDependencies ?? {}).filter((name) => versions.has(name));
  for (const name of peers) data.peerDependencies[name] = `^${versions.get(name)}`;
  if (peers.length > 0) write(file, data);
}
write('lerna.json', read('lerna.json'));
