// Ctrl-C and SIGTERM: the first asks the run to write a checkpoint and stop, the second stops at once.
import { exitCodes } from '../errors/codes.js';
import type { Output } from './output.js';

export function interruptSignal(output: Output): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    output.note('Stopping: writing a checkpoint. Once more stops at once.');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
