// `--json`: events as JSON lines on stdout.
import type { ProgressSink } from '../contracts/index.js';

export function jsonProgress(write: (line: string) => void): ProgressSink {
  return { emit: (event) => write(JSON.stringify(event)) };
}
