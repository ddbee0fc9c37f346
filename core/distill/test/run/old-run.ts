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
    const old = name === 'summary.json' ? oldSummary(value) : value;
    await writeFile(path, `${JSON.stringify(old, undefined, 2)}\n`);
  }
  for (const name of await readdir(to, { recursive: true }))
    if (name.endsWith('.safetensors')) {
      const path = join(to, name);
      await writeFile(path, plainSafetensors(await readFile(path)));
    }
}

/** A summary with the fields that 0.1 had: those of classification. */
function oldSummary(summary: Record<string, unknown>): Record<string, unknown> {
  const {
    summaryFormat: _s,
    task: _t,
    primary: _p,
    columns: _c,
    figures: _f,
    adjustments: _a,
    verdict: _v,
    ...rest
  } = summary;
  const model = (value: unknown) => {
    if (value === null) return null;
    const { figures, ...size } = value as { readonly figures: Readonly<Record<string, number>> };
    const { errors = null, accuracy = null, agreement = null } = figures;
    return { errors, accuracy, agreement, ...size, metrics: figures };
  };
  return {
    ...rest,
    teacher: model(rest.teacher),
    baseline: model(rest.baseline),
    student: model(rest.student),
    biasCorrection: null,
  };
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
