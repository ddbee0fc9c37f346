// Errors of components and services, told with the plugin they come from and their place in the recipe.
import { EngineError } from '@potstill/engine';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { messageOf, recordsOf } from '../errors/records.js';
import type { PluginIdentity } from '../recipe/plan.js';
import { host } from './host.js';

/**
 * What to throw instead of `error`. Our own kinds of error keep their codes and get path and place where they have none;
 * an unforeseen error of a plugin becomes PLUGIN_FAILED with the error as cause; one of potstill's own stays what it is, a bug.
 * A path that begins with a dot is of one of the component's options; `written` says whether they stand in the recipe.
 */
export function relabel(
  error: unknown,
  plugin: PluginIdentity,
  what: string,
  path?: string,
  place: (record: ErrorRecord) => ErrorRecord = (record) => record,
  written = true,
): unknown {
  const at = (record: ErrorRecord): ErrorRecord => {
    if (path === undefined || record.location !== undefined) return place(record);
    if (record.path === undefined) return place({ ...record, path });
    if (!record.path.startsWith('.')) return place(record);
    return place({ ...record, path: written ? path + record.path : path });
  };
  if (error instanceof PotstillError || error instanceof EngineError) {
    const [first, ...others] = recordsOf(error);
    return new PotstillError(
      [at(first), ...others.map(at)],
      error.cause === undefined ? {} : { cause: error.cause },
    );
  }
  if (plugin.name === host.name) return error;
  const where = path === undefined ? '' : ` (${path})`;
  const message = `${plugin.name} ${plugin.version} failed to create ${what}${where}: ${messageOf(error)}`;
  return new PotstillError(at({ code: 'PLUGIN_FAILED', message }), { cause: error });
}
