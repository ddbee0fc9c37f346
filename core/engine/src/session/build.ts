// A key for this build of the engine: graphs cached by other builds are not reused.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from '../onnx-runtime.js';

const source = fileURLToPath(new URL('..', import.meta.url));
let found: Promise<string | undefined> | undefined;

/** Of versions, machine kind and the engine's own files; undefined when those are not where they belong, as in a bundle. */
export function buildKey(): Promise<string | undefined> {
  return (found ??= keyOf(source).catch(() => undefined));
}

async function keyOf(folder: string): Promise<string | undefined> {
  const manifest = JSON.parse(await readFile(join(folder, '..', 'package.json'), 'utf8')) as {
    readonly name?: string;
    readonly version?: string;
  };
  if (manifest.name !== '@potstill/engine') return undefined;
  const hash = createHash('sha256').update(
    JSON.stringify([manifest.version, ort.env.versions, process.platform, process.arch]),
  );
  // Sizes and times stand for contents: reading a hundred files would take longer than compiling a small graph.
  const files = (await readdir(folder, { recursive: true })).filter((name) => /\.[jt]s$/.test(name)).sort();
  const stats = await Promise.all(files.map((name) => stat(join(folder, name))));
  files.forEach((name, i) => hash.update(JSON.stringify([name, stats[i]?.size, stats[i]?.mtimeMs])));
  return hash.digest('hex');
}
