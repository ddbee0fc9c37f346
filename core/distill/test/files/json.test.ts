// The small JSON files of a run: what they give back, and what is said of other content.
import fc from 'fast-check';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeJson, encodeJson, readJson } from '../../src/files/json.js';

const schema = z.looseObject({ name: z.string(), exports: z.array(z.looseObject({ sha256: z.string() })) });
const value = { name: 'ä "sha256": "', exports: [{ sha256: '0'.repeat(64) }], loss: Infinity };
const whole = encodeJson(value);
const text = (content: string) => Buffer.from(content);

describe('encodeJson and decodeJson', () => {
  it('give back the value; what is not finite is null', () => {
    expect(decodeJson(whole, 'a.json', schema, 'help')).toEqual({
      value: { ...value, loss: null },
      sealed: true,
    });
  });

  it('notice every flipped byte, every cut and anything appended', () => {
    const refuse = (bytes: Uint8Array) =>
      expect(() => decodeJson(bytes, 'a.json', schema, 'help')).toThrow(/RUN_CHECKPOINT_DAMAGED: a\.json: /);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = (bytes[at] as number) ^ flip;
        refuse(bytes);
      }),
    );
    for (let length = 0; length < whole.length; length++) refuse(whole.subarray(0, length));
    for (const more of ['\n', ' ', '{}', '\0']) refuse(Buffer.concat([whole, text(more)]));
  });

  it('read the files of 0.1, which have no checksum, and say so', () => {
    const { sealed, value: read } = decodeJson(text(JSON.stringify(value)), 'a', schema, 'help');
    expect([sealed, read.name]).toEqual([false, value.name]);
  });

  it.each(['{}', '0', 'null', '[]', '"a"', '{"name":1,"exports":[]}', '', '\xff'])(
    'refuse %j as another form, with the hint',
    (content) => {
      expect(() => decodeJson(text(content), 'a.json', schema, 'remove it')).toThrow(
        expect.objectContaining({
          records: [expect.objectContaining({ code: 'RUN_CHECKPOINT_DAMAGED', hint: 'remove it' })],
        }),
      );
    },
  );

  it('say that a file is of a newer version', () => {
    const newer = encodeJson({ ...value, format: 3 });
    expect(() => decodeJson(newer, 'a.json', schema, 'help')).toThrow(
      /has format 3, this version .* reads 2/,
    );
  });
});

describe('readJson', () => {
  it('is undefined without a file, and says why one cannot be read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'potstill-json-'));
    try {
      expect(await readJson(join(folder, 'run.json'), schema, 'help')).toBeUndefined();
      await mkdir(join(folder, 'data.json'));
      await expect(readJson(join(folder, 'data.json'), schema, 'help')).rejects.toThrow(
        /RUN_CHECKPOINT_DAMAGED: .*data\.json: the file cannot be read: a folder of that name/,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
