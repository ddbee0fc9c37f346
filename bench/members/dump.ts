// Writes a member's initial weights and its first batches as safetensors files, for the PyTorch side.
// usage: node --conditions=potstill-source --import tsx bench/members/dump.ts MEMBER full|small FOLDER [BATCHES]
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeSafetensors } from 'potstill';
import { everyMember } from './index.js';
import type { Member, Size } from './member.js';

/**
 * Writes `weights.safetensors` and `batch-0.safetensors` ... into `folder`, which is made if it is missing. The metadata
 * of the weights are `member`, `size` and `rate`, as bench/torch/member.py reads them.
 */
export function dump(member: Member, size: Size, folder: string, batches: number): void {
  const network = member.make(size);
  mkdirSync(folder, { recursive: true });
  const weights = Object.entries(network.weights);
  writeFileSync(
    join(folder, 'weights.safetensors'),
    encodeSafetensors({
      tensors: Object.fromEntries(weights.map(([name, { value }]) => [name, value])),
      metadata: { member: member.name, size, rate: String(network.rate) },
    }),
  );
  for (let i = 0; i < batches; i++)
    writeFileSync(
      join(folder, `batch-${i}.safetensors`),
      encodeSafetensors({ tensors: network.batch(i), metadata: {} }),
    );
}

function main([name, size, folder, batches = '50', ...more]: readonly string[]): void {
  const member = everyMember.find((one) => one.name === name);
  const count = Number(batches);
  const sizes: readonly string[] = ['full', 'small'] satisfies Size[];
  if (!member || !sizes.includes(size ?? '') || !folder || !Number.isInteger(count) || more.length > 0) {
    console.error('usage: dump.ts MEMBER full|small FOLDER [BATCHES]');
    console.error(`members: ${everyMember.map((one) => one.name).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  dump(member, size as Size, folder, count);
}

const started = process.argv[1];
if (started && realpathSync(started) === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
