// vision/image-folder: folders as tools, archives and people leave them.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PotstillError, type DataDescription, type IndexedDataset } from 'potstill';
import { make, testServices, type TestServices } from './services.js';

let folder: string;
let image: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-vision-traps-'));
  image = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#123' } })
    .png()
    .toBuffer();
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, content: Uint8Array = image): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

const open = (options: object, services: TestServices = testServices(folder), train?: DataDescription) =>
  make(
    'dataset',
    'vision/image-folder',
    options,
    services,
    train ? { train } : {},
  ) as Promise<IndexedDataset>;

async function failure(options: object): Promise<PotstillError> {
  const error = await open(options).catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error;
}

describe('folders of vision/image-folder', () => {
  it('may not have a class without images, unless the others are named', async () => {
    await put('empty/ant/1.png');
    await put('empty/bee/1.png');
    await mkdir(join(folder, 'empty/aardvark'));
    const error = await failure({ folder: 'empty' });
    expect(error.code).toBe('DATA_EMPTY');
    expect(error.message).toContain('has classes without images: `aardvark`');
    expect(error.records[0].hint).toBe('Add images, or name the classes to use: `classes: [ant, bee]`.');
    expect((await open({ folder: 'empty', classes: ['ant', 'bee'] })).labels).toEqual(['ant', 'bee']);
    expect((await failure({ folder: 'empty', classes: ['aardvark', 'bee'] })).code).toBe('DATA_EMPTY');
  });

  it('say so when onError: skip leaves nothing of a class', async () => {
    await put('emptied/ant/1.png');
    await put('emptied/bee/1.png', image.subarray(0, 40));
    const error = await failure({ folder: 'emptied', onError: 'skip' });
    expect(error.code).toBe('DATA_EMPTY');
    expect(error.message).toContain('without images: `bee` (1 files, none of which can be read)');
  });

  it('lose what systems and tools left in them, and it is told', async () => {
    await put('rubbish/ant/1.png');
    await put('rubbish/ant/Thumbs.db', Uint8Array.of(1));
    await put('rubbish/ant/._1.png', Uint8Array.of(1));
    await put('rubbish/ant/.DS_Store', Uint8Array.of(1));
    await put('rubbish/__MACOSX/ant/._1.png', Uint8Array.of(1));
    await put('rubbish/.ipynb_checkpoints/1.png');
    const services = testServices(folder);
    const data = await open({ folder: 'rubbish' }, services);
    expect(data.labels).toEqual(['ant']);
    expect(data.size).toBe(1);
    expect(services.events).toMatchObject([{ event: 'warning', code: 'DATA_LEFT_OUT' }]);
    const [told] = services.events;
    expect(told?.event === 'warning' && told.message).toContain(join(folder, 'rubbish/__MACOSX'));
    const logged = services.logged.map(({ fields }) =>
      (fields as { path: string }).path.slice(folder.length),
    );
    expect(logged.sort()).toEqual([
      '/rubbish/.ipynb_checkpoints',
      '/rubbish/__MACOSX',
      '/rubbish/ant/.DS_Store',
      '/rubbish/ant/._1.png',
      '/rubbish/ant/Thumbs.db',
    ]);
  });

  it('are refused where their folders are the parts of a data set', async () => {
    for (const part of ['train', 'test', 'val']) await put(`parts/${part}/ant/1.png`);
    const error = await failure({ folder: 'parts' });
    expect(error.code).toBe('RECIPE_BAD_VALUE');
    expect(error.message).toContain('are called test, train, val: these are parts of a data set');
    expect(error.records[0].hint).toContain('`folder: …/train`');
    expect((await open({ folder: 'parts', classes: ['train', 'test'] })).size).toBe(2);
    await put('vehicles/train/1.png');
    await put('vehicles/car/1.png');
    expect((await open({ folder: 'vehicles' })).labels).toEqual(['car', 'train']);
  });

  it('never have a pipe, a socket or a device opened', async () => {
    await put('pipes/ant/1.png');
    execFileSync('mkfifo', [join(folder, 'pipes/ant/2.png'), join(folder, 'pipes/bee')]);
    await symlink('/dev/zero', join(folder, 'pipes/ant/3.png'));
    const services = testServices(folder);
    const data = await open({ folder: 'pipes' }, services);
    expect(data.size).toBe(1);
    const [told] = services.events;
    const text = told?.event === 'warning' ? told.message : '';
    for (const name of ['ant/2.png', 'ant/3.png', 'bee']) expect(text).toContain(join(folder, 'pipes', name));
  });

  it('end with a message where links go round, and follow links out of the folder', async () => {
    await put('loop/ant/1.png');
    await symlink('..', join(folder, 'loop/ant/up'));
    const error = await failure({ folder: 'loop' });
    expect(error.code).toBe('DATA_DAMAGED');
    expect(error.message).toContain(`${join(folder, 'loop/ant/up')} is a link to `);
    expect(error.records[0].hint).toBe('Remove the link.');
    await put('knot/ant/1.png');
    await symlink('b', join(folder, 'knot/ant/a'));
    await symlink('a', join(folder, 'knot/ant/b'));
    expect((await failure({ folder: 'knot' })).message).toContain('cannot be read: ELOOP');

    await put('linked/ant/1.png');
    const outside = await put('elsewhere/2.png', await sharp(image).negate().png().toBuffer());
    await symlink(outside, join(folder, 'linked/ant/2.png'));
    await symlink(dirname(outside), join(folder, 'linked/bee'));
    const services = testServices(folder);
    expect((await open({ folder: 'linked' }, services)).size).toBe(3);
    expect(services.logged).toMatchObject([{ fields: { links: 2 } }]);
  });

  it('are matched with names in any Unicode form, and sorted the same', async () => {
    const composed = 'caf\u00e9';
    const decomposed = 'cafe\u0301';
    await put(`forms/${decomposed}/1.png`);
    await put('forms/caff/1.png');
    // By code units the decomposed form would stand first.
    expect((await open({ folder: 'forms' })).labels).toEqual(['caff', composed]);
    expect((await open({ folder: 'forms', classes: [composed] })).labels).toEqual([composed]);
  });

  it('take class names that are numbers without quotes', async () => {
    for (const name of ['0', '1', '10', '2']) await put(`numbers/${name}/1.png`);
    expect((await open({ folder: 'numbers' })).labels).toEqual(['0', '1', '10', '2']);
    expect((await open({ folder: 'numbers', classes: [0, 1, 2, 10] })).labels).toEqual(['0', '1', '2', '10']);
  });

  it('of test data are normalised as the training data, unless they say otherwise', async () => {
    await put('test/ant/1.png');
    const train = await open({ folder: 'test', mean: [0.1, 0.2, 0.3], std: 0.5 });
    const like = await open({ folder: 'test' }, testServices(folder), train);
    expect(like.preprocessing).toEqual(train.preprocessing);
    const own = await open({ folder: 'test', mean: 0 }, testServices(folder), train);
    expect(own.preprocessing).toMatchObject({ mean: [0, 0, 0], std: [0.5, 0.5, 0.5] });
    const grey = await open({ folder: 'test', channels: 1 }, testServices(folder), train);
    expect(grey.preprocessing).toEqual({ layout: 'NHWC', scale: 1 / 255, mean: [0], std: [1] });
  });
});
