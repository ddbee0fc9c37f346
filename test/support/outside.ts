// A folder outside the repository in which packed packages are installed, as a user has them.
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, root, run, tsc, type Ended } from './processes.js';

const install = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** What `tsc` is told of a user's plugin: strict, with Node's rules of modules, and without the types of this repository. */
const compilerOptions = {
  module: 'NodeNext',
  target: 'ES2023',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  types: [],
};

export class Outside {
  private constructor(readonly folder: string) {}

  /** Builds, packs and installs those packages of the repository, and others from the registry. Install scripts are off. */
  static async install(packages: readonly string[], others: readonly string[] = []): Promise<Outside> {
    build();
    const outside = new Outside(await mkdtemp(join(tmpdir(), 'potstill-outside-')));
    const { folder } = outside;
    for (const each of packages)
      await outside.must(npm, ['pack', '--silent', '--pack-destination', folder, '-w', each], root);
    await cp(join(root, '.npmrc'), join(folder, '.npmrc'));
    await outside.write('package.json', JSON.stringify({ private: true, type: 'module' }));
    const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    await outside.must(npm, [...install, ...tarballs.map((name) => `./${name}`), ...others]);
    return outside;
  }

  /** Packs a package that was made in the folder, and installs it. */
  async add(source: string): Promise<void> {
    const packed = await this.must(npm, ['pack', '--silent', '--pack-destination', this.folder], source);
    await this.must(npm, [...install, `./${packed.trim()}`]);
  }

  /** A path in the folder. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(this.path(name), text);
  }

  /** Runs a program in the folder; throws with what it printed when it does not end with 0. */
  async must(command: string, words: readonly string[], cwd = this.folder): Promise<string> {
    const { code, out, err } = await run(command, words, { cwd });
    if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${code}:\n${out}${err}`);
    return out;
  }

  node(...words: string[]): Promise<Ended> {
    return run(process.execPath, words, { cwd: this.folder });
  }

  /** The installed command. */
  potstill(...words: string[]): Promise<Ended> {
    return this.node(this.path('node_modules/potstill/bin/potstill.js'), ...words);
  }

  /** Checks and compiles files with a tsconfig.json that is written anew; `more` are further compiler options. */
  async tsc(include: readonly string[], more: Readonly<Record<string, unknown>> = {}): Promise<Ended> {
    const config = { compilerOptions: { ...compilerOptions, ...more }, include };
    await this.write('tsconfig.json', JSON.stringify(config));
    return this.node(tsc, '-p', '.');
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
