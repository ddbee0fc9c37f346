// Gains of the engine's passes as a page: one row a pass, one column a member.
import type { Gain, LeaveOutSettings } from './leave-out.js';
import type { Machine } from './machine.js';
import { geometricMean } from './statistics.js';
import { head, machineLine, row } from './table.js';

export interface PageSettings extends Omit<LeaveOutSettings, 'cache' | 'plain'> {
  readonly machine: Machine;
}

export function passesPage(gains: readonly Gain[], settings: PageSettings): string {
  const { threads, rounds, seconds, machine } = settings;
  const clock = threads === 1 ? 'processor time, one thread' : `wall time, ${threads} threads`;
  const plain = gains.filter((gain) => gain.plain);
  return `# What each pass gains

Time of a training step with one pass of the engine switched off, as a multiple of the time with all passes: 1.20 means that
without the pass a step takes 20 % longer, below 1 that the pass costs time. \`≈\` stands where rounds fell on both sides of 1, \`=\` where the
compiled graph is the same with and without the pass. Passes lean on one another (one makes what another cleans up), so gains do not add up.
What a pass does stands at the head of its file in \`core/engine/src/passes\`.

Written by \`npm run bench:passes -- --write docs/passes.md\`: medians of ${rounds} rounds of ${seconds} s (${clock}), with and without in turns.
${machineLine(machine)}

${tableOf(gains.filter((gain) => !gain.plain))}
${plain.length === 0 ? '' : `\n## Plain convolutions\n\nThe same with \`block-convolutions\` off throughout, as on machines where ONNX Runtime has no blocked convolutions.\n\n${tableOf(plain)}\n`}`;
}

function tableOf(gains: readonly Gain[]): string {
  const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];
  const names = unique(gains.map(({ member }) => member));
  const rows = unique(gains.map(({ pass }) => pass)).map((pass) => {
    const own = gains.filter((gain) => gain.pass === pass);
    const mean = geometricMean(own.map(({ ratio }) => ratio ?? 1));
    return row([
      `\`${pass}\``,
      ...names.map((name) => cell(own.find(({ member }) => member === name))),
      mean.toFixed(2),
    ]);
  });
  return [...head(['without', ...names, 'geometric mean'], 1), ...rows].join('\n');
}

function cell(gain: Gain | undefined): string {
  if (!gain) return '–';
  if (gain.ratio === null) return '=';
  const [low, high] = gain.spread;
  return low <= 1 && high >= 1 ? `≈ ${gain.ratio.toFixed(2)}` : gain.ratio.toFixed(2);
}
