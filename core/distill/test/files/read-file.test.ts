// Files that exist and cannot be read are the user's to fix, and named.
import { describe, expect, it } from 'vitest';
import { notThere } from '../../src/files/read-file.js';

describe('notThere', () => {
  it.each(['ENOENT', 'ENOTDIR'])('is undefined for a file that does not exist (%s)', (code) => {
    expect(notThere('a', Object.assign(new Error('no'), { code }))).toBeUndefined();
  });

  it.each([
    ['EACCES', /permission denied \(EACCES\)/],
    ['EIO', /the disk reported an error \(EIO\)/],
    ['EWHAT', /no such luck \(EWHAT\)/],
  ])('names the file and the reason otherwise (%s)', (code, message) => {
    const cause = Object.assign(new Error('no such luck'), { code });
    expect(() => notThere('runs/a/run.json', cause)).toThrow(message);
    expect(() => notThere('runs/a/run.json', cause)).toThrow(/RUN_CHECKPOINT_DAMAGED: runs\/a\/run\.json/);
  });
});
