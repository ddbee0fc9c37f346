// What `potstill explain CODE` prints, and docs/errors.md, both from the register.
import { errorCodes, exitCodeOf, exitCodes, type ErrorCodeName } from './codes.js';
import { didYouMean } from './suggest.js';

function isErrorCode(text: string): text is ErrorCodeName {
  return Object.hasOwn(errorCodes, text);
}

const codeNames = Object.keys(errorCodes).filter(isErrorCode);

const meanings: Record<keyof typeof exitCodes, string> = {
  ok: 'done',
  failed: 'the run failed',
  user: 'the recipe, the command or the data needs a change',
  plugin: 'a plugin is at fault',
  internal: 'a bug in potstill',
  interrupted: 'interrupted',
};

const exits = Object.entries(exitCodes) as [keyof typeof exitCodes, number][];

/** What the exit codes mean, a line each: for the help and docs/errors.md. */
export const exitCodeLines: readonly string[] = exits.map(
  ([name, exit]) => `${String(exit).padStart(5)}  ${meanings[name]}`,
);

function meaningOf(exit: number): string {
  const found = exits.find(([, each]) => each === exit);
  if (found === undefined) throw new Error(`internal: no exit code ${exit}`);
  return meanings[found[0]];
}

/** The page for one code, or undefined when there is no such code. Case does not matter. */
export function explainCode(text: string): string | undefined {
  const code = text.toUpperCase();
  if (!isErrorCode(code)) return undefined;
  const exit = exitCodeOf(code);
  return `${code}\n\n${errorCodes[code].help}\n\nExit code ${exit}: ${meaningOf(exit)}.`;
}

/** The code that was most likely meant by a wrong one. */
export function nearestCode(text: string): ErrorCodeName | undefined {
  return didYouMean(text, codeNames) as ErrorCodeName | undefined;
}

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const head = [
    '# Errors',
    '',
    'Every error has a permanent code. `potstill explain CODE` prints what stands here; this page is written from',
    '`core/distill/src/errors/codes.ts` by `core/distill/scripts/write-docs.ts`, and a test holds it current.',
    '',
    ...exits.slice(1).map(([name, exit]) => `- Exit code ${exit}: ${meanings[name]}.`),
  ];
  const pages = [...codeNames]
    .sort()
    .map((code) => `\n## ${code}\n\n${errorCodes[code].help}\n\nExit code ${exitCodeOf(code)}.`);
  return [...head, ...pages, ''].join('\n');
}
