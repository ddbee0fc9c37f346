// The files that the plugin guide shows: code blocks whose first line is a comment with the file's name; for JSON, the comment stands before.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './processes.js';

export interface GuidePage {
  /** `loss`; `plugin` for the page that leads to the others. */
  readonly name: string;
  /** Text by file name, such as `src/huber.ts` and `huber.yaml`. */
  readonly files: ReadonlyMap<string, string>;
}

const fence = /^```(?:ts|yaml)\n(?:\/\/|#) (\S+)\n([^]*?)^```/gm;
const jsonFence = /^<!-- (\S+) -->\n\n```json\n([^]*?)^```/gm;

/** All pages of the guide, in order of their names. */
export async function guidePages(): Promise<readonly GuidePage[]> {
  const folder = join(root, 'docs/guide');
  const names = (await readdir(join(folder, 'plugin'))).sort().map((name) => `plugin/${name}`);
  return Promise.all(
    ['plugin.md', ...names].map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      const blocks = [fence, jsonFence].flatMap((pattern) => [...text.matchAll(pattern)]);
      const files = new Map(blocks.map(([, file = '', content = '']) => [file, content]));
      return { name: name.replace(/^plugin\/|\.md$/g, ''), files };
    }),
  );
}

/** A recipe with the keys of a fragment in place of its own. */
export function withKeys(recipe: string, fragment: string): string {
  const keys = [...fragment.matchAll(/^(\w+):/gm)].map(([, key = '']) => key);
  const blocks = recipe.trim().split(/\n(?=\w+:)/);
  return [...blocks.filter((block) => !keys.some((key) => block.startsWith(`${key}:`))), fragment].join('\n');
}
