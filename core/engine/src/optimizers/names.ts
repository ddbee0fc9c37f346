// Patterns of variables' names, and what to say when nothing matches.
import { EngineError } from '../errors.js';
import type { NamedVariable } from '../types.js';

/** A regular expression, or a glob: `*` stands for any characters (`/` too), `?` for one; all else for itself. The whole name must fit. */
export type NamePattern = string | RegExp;

/** Whether a variable's name fits a pattern. A regular expression fits where it is found anywhere in the name. */
export function matchesName(pattern: NamePattern, name: string): boolean {
  // A `g` or `y` flag makes `test` remember where it stopped.
  if (typeof pattern !== 'string') return new RegExp(pattern, pattern.flags.replace(/[gy]/g, '')).test(name);
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replace(/\*/g, '[^]*')
    .replace(/\?/g, '[^]');
  return new RegExp(`^${source}$`, 'u').test(name);
}

/** Throws ENGINE_OPTION when the pattern fits no variable. `who` begins the message. */
export function checkMatches(who: string, pattern: NamePattern, variables: readonly NamedVariable[]): void {
  const names = variables.map(({ name }) => name);
  if (names.some((name) => matchesName(pattern, name))) return;
  const text = typeof pattern === 'string' ? pattern : pattern.source;
  const near = nearestNames(text, names, 5);
  throw new EngineError(
    'ENGINE_OPTION',
    `${who}: no variable name matches \`${typeof pattern === 'string' ? pattern : String(pattern)}\``,
    {
      hint:
        near.length === 0
          ? 'There are no variables.'
          : `${near.length < names.length ? `The nearest of ${names.length} names` : 'The names there are'}: ${near.map((name) => `\`${name}\``).join(', ')}. In a glob, \`*\` stands for any characters.`,
    },
  );
}

/** The names that share most pairs of letters with a text (Dice's coefficient), best first. */
function nearestNames(text: string, names: readonly string[], count: number): string[] {
  const wanted = pairs(text.replace(/[*?]+/g, ''));
  const score = (name: string): number => {
    const own = pairs(name);
    const shared = [...own].filter((pair) => wanted.has(pair)).length;
    return (2 * shared) / (own.size + wanted.size || 1);
  };
  return names
    .map((name) => ({ name, score: score(name) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ name }) => name);
}

function pairs(text: string): Set<string> {
  const lower = text.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, lower.length - 1) }, (_, i) => lower.slice(i, i + 2)));
}
