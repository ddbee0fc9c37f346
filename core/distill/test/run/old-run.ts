// A run folder as potstill 0.1 left it: the same content without checksums.
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Copies a run folder and takes from the copy what 0.1 did not write. */
export async function withoutChecksums(run: string, to: string): Promise<void> {
  await cp(run, to, { recursive: true });
  await rm(join(to, 'timings.json'), { force: true });
  for (const name of ['run.json', 'data.json', 'stages.json', 'summary.json']) {
    const path = join(to, name);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const {
      format: _f,
      sha256: _s,
      files: _i,
      trainHash: _t,
      ...value
    } = JSON.parse(text) as Record<string, unknown>;
    await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
  }
  for (const name of await readdir(to, { recursive: true }))
    if (name.endsWith('.safetensors')) {
      const path = join(to, name);
      await writeFile(path, plainSafetensors(await readFile(path)));
    }
}

/** The file with a header that has no checksum. */
function plainSafetensors(bytes: Buffer): Uint8Array {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as {
    __metadata__: Record<string, string>;
  };
  delete header.__metadata__['potstill.format'];
  delete header.__metadata__['potstill.sha256'];
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, bytes.subarray(8 + length)]);
}
