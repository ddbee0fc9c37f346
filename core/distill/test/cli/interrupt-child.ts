// Work that ends by the signal (`willing`), or never (`stuck`): node --conditions=potstill-source --import tsx interrupt-child.ts KIND GRACE
import { interruptSignal } from '../../src/cli/interrupt.js';

const [kind, grace] = process.argv.slice(2);
const unread = new AbortController();
const { signal, release } = interruptSignal(
  { unread: unread.signal },
  (text) => process.stdout.write(`${text}\n`),
  Number(grace),
);
const busy = setInterval(() => undefined, 1000);
signal.addEventListener('abort', () => {
  if (kind !== 'willing') return;
  clearInterval(busy);
  release();
  process.stdout.write('stopped by itself\n');
});
if (kind === 'unread') unread.abort();
process.stdout.write('ready\n');
