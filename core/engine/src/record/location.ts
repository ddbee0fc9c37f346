// Finds the user's line in a stack: the first frame outside TF.js, the engine and Node.
import { fileURLToPath } from 'node:url';

const engineFolder = fileURLToPath(new URL('..', import.meta.url));
const framePattern = /(?:\(|at (?:async )?)((?:file:\/\/|[A-Za-z]:|\/)[^()]*?):(\d+):(\d+)\)?$/;
/** TF.js as installed, and as its source maps name it. */
const tfjsPattern =
  /[\\/]@tensorflow[\\/]|[\\/]tfjs-(core|layers|data|converter|backend-\w+|node)[\\/](src|dist)[\\/]/;

/** How many frames are kept while recording: TF.js nests deeply. */
export const recordedFrames = 100;

/** The frames of a stack text as `file:line:column`, innermost first. */
function framesOf(stack: string): string[] {
  return stack.split('\n').flatMap((line) => {
    const match = framePattern.exec(line);
    if (!match) return [];
    const [, file, row, column] = match as unknown as [string, string, string, string];
    return [`${file.startsWith('file://') ? fileURLToPath(file) : file}:${row}:${column}`];
  });
}

/** `file:line:column` of the user's innermost line, if the stack has one. */
export function userLine(error: Error): string | undefined {
  return userFrame(error.stack ?? '');
}

function userFrame(stack: string): string | undefined {
  return framesOf(stack).find((frame) => !frame.startsWith(engineFolder) && !tfjsPattern.test(frame));
}

/** TF.js's backward walk along its tape; the frames outside of it on the stack are the caller of the gradients. */
const walkBack = / at (?:\S+\.)?backpropagateGradients /;

/** As `userLine`; for what a gradient computes, the line of the operation that it is the gradient of. */
export function lineOf(
  error: Error,
  differentiated: (() => string | undefined) | undefined,
): string | undefined {
  const stack = error.stack ?? '';
  const walk = differentiated ? walkBack.exec(stack) : null;
  // Above the walk stand gradient functions, which may be the user's own.
  return walk ? (userFrame(stack.slice(0, walk.index)) ?? differentiated?.()) : userFrame(stack);
}

/** Names of the functions on the stack, innermost first, without formatting it. */
export function functionsOnStack(): string[] {
  const kept = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  try {
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFunctionName() ?? '');
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, functionsOnStack);
    return holder.stack as string[];
  } finally {
    if (kept) Object.defineProperty(Error, 'prepareStackTrace', kept);
    else Reflect.deleteProperty(Error, 'prepareStackTrace');
  }
}
