// What `potstill explain CODE` prints, and docs/errors.md, both from the register.
import { errorCodes, exitCodeOf, exitCodes, type ErrorCodeName } from './codes.js';
import { didYouMean } from './suggest.js';

function isErrorCode(text: string): text is ErrorCodeName {
  return Object.hasOwn(errorCodes, text);
}

const codeNames = Object.keys(errorCodes).filter(isErrorCode);

const blame: Record<number, string> = {
  [exitCodes.failed]: 'the run failed',
  [exitCodes.user]: 'something in the recipe, the command or the data is to be changed',
  [exitCodes.plugin]: 'a plugin is at fault',
  [exitCodes.internal]: 'a bug in potstill',
  [exitCodes.interrupted]: 'stopped from outside',
};

/** The page for one code, or undefined when there is no such code. Case does not matter. */
export function explainCode(text: string): string | undefined {
  const code = text.toUpperCase();
  if (!isErrorCode(code)) return undefined;
  const exit = exitCodeOf(code);
  return `${code}\n\n${errorCodes[code].help}\n\nExit code ${exit}: ${blame[exit] ?? 'see the message'}.`;
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
    ...Object.entries(exitCodes)
      .filter(([name]) => name !== 'ok')
      .map(([, exit]) => `- Exit code ${exit}: ${blame[exit] ?? ''}.`),
  ];
  const pages = [...codeNames]
    .sort()
    .map((code) => `\n## ${code}\n\n${errorCodes[code].help}\n\nExit code ${exitCodeOf(code)}.`);
  return [...head, ...pages, ''].join('\n');
}
