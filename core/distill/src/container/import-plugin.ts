// Imports a plugin's file, TypeScript included where Node or an installed tsx can.
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { moduleResolve } from 'import-meta-resolve';
import { messageOf } from '../errors/records.js';
import { NotLoaded, systemCode } from './not-loaded.js';

const typescript = new Set(['.ts', '.mts', '.cts']);

/** Node's words for TypeScript that it cannot load, whole or in part. */
const beyondNode = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  // `./part.js` where there is only part.ts: right for tsc and for tsx.
  'ERR_MODULE_NOT_FOUND',
]);

interface Tsx {
  register(): () => unknown;
}

/** tsx as installed for the plugin's folder, else for the working directory: for ES modules and for CommonJS. */
async function findTsx(url: string): Promise<readonly Tsx[] | undefined> {
  for (const from of [new URL(url), pathToFileURL(join(process.cwd(), 'x'))]) {
    try {
      const found: Tsx[] = [];
      for (const api of ['tsx/esm/api', 'tsx/cjs/api'])
        found.push((await import(moduleResolve(api, from).href)) as Tsx);
      return found;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The module at a file URL. Throws NotLoaded: what is wrong with the user's choice of file, or what the plugin threw. */
export async function importPlugin(name: string, url: string): Promise<unknown> {
  const extension = extname(new URL(url).pathname);
  try {
    return await import(url);
  } catch (error) {
    const code = systemCode(error);
    // Without a package.json that says otherwise, some versions read TypeScript as plain CommonJS.
    const unread = error instanceof SyntaxError || (code !== undefined && beyondNode.has(code));
    if (typescript.has(extension) && unread) {
      const tsx = await findTsx(url);
      if (tsx !== undefined) return importBy(tsx, name, url);
      if (code !== 'ERR_MODULE_NOT_FOUND') throw notThisNode(name, error);
    }
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new NotLoaded('PLUGIN_NOT_FOUND', `${name} is not a file of JavaScript or TypeScript`);
    }
    throw threw(name, error);
  }
}

async function importBy(tsx: readonly Tsx[], name: string, url: string): Promise<unknown> {
  // For this one import; what the plugin imports later is its own affair.
  const unregister = tsx.map((api) => api.register());
  try {
    // Node remembers a failed import by its URL.
    return esModuleOf((await import(`${url}?tsx`)) as Module);
  } catch (error) {
    throw threw(name, error);
  } finally {
    for (const each of unregister) await each();
  }
}

interface Module {
  readonly default?: { readonly __esModule?: boolean };
}

/** An ES module that was compiled to CommonJS is the default export of what importing it gives. */
function esModuleOf(module: Module): unknown {
  return module.default?.__esModule === true ? module.default : module;
}

function threw(name: string, error: unknown): NotLoaded {
  return new NotLoaded(
    'PLUGIN_FAILED',
    `${name} threw while it was imported: ${messageOf(error)}`,
    undefined,
    error,
  );
}

function notThisNode(name: string, error: unknown): NotLoaded {
  return new NotLoaded(
    'PLUGIN_NOT_FOUND',
    `the plugin ${name} is TypeScript that Node.js ${process.versions.node} cannot load: ${messageOf(error)}`,
    '`npm install tsx` beside the recipe, or use Node.js 22.18 or later, or compile the plugin',
  );
}
