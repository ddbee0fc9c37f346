// potstill's own name and version, as plugins are held against.
import { createRequire } from 'node:module';
import type { PluginIdentity } from '../recipe/plan.js';

function read(): PluginIdentity {
  const data: unknown = createRequire(import.meta.url)('../../package.json');
  const { name, version } = data as PluginIdentity;
  return { name, version };
}

/** From potstill's package.json. */
export const host: PluginIdentity = read();
