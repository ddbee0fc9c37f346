// `npm run installed-size`: packs potstill, installs it in a clean folder and prints what weighs what.
// A folder as argument is measured instead; `--json` prints the figures as JSON.
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';
import { run } from './tfjs-node/command.mjs';

/** What a user of the command installs: `npm install potstill --ignore-scripts`. */
const packages = ['core/engine', 'core/distill'];

/** Packages below this share of the whole are summed in one row. */
const smallest = 0.01;

/** Bytes of all files below a path; links count nothing. */
function bytesOf(path) {
  const entry = lstatSync(path);
  if (!entry.isDirectory()) return entry.isFile() ? entry.size : 0;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

/** Packages in a node_modules folder and those nested in them: name, version, folder. */
function packagesIn(modules) {
  let names;
  try {
    names = readdirSync(modules).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    if (name.startsWith('@'))
      return readdirSync(join(modules, name)).flatMap((part) => packageAt(modules, `${name}/${part}`));
    return packageAt(modules, name);
  });
}

function packageAt(modules, name) {
  const folder = join(modules, name);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const nested = packagesIn(join(folder, 'node_modules'));
  const bytes = bytesOf(folder) - nested.reduce((sum, each) => sum + each.bytes, 0);
  return [{ name, version, bytes }, ...nested];
}

/** Total bytes, packages from the largest and those that are there more than once, with their versions. */
function measure(folder) {
  const found = packagesIn(join(folder, 'node_modules')).sort((a, b) => b.bytes - a.bytes);
  const versions = new Map();
  for (const { name, version } of found) versions.set(name, [...(versions.get(name) ?? []), version]);
  const twice = [...versions]
    .filter(([, copies]) => copies.length > 1)
    .map(([name, copies]) => ({ name, versions: copies }));
  return { bytes: found.reduce((sum, { bytes }) => sum + bytes, 0), packages: found, twice };
}

/** Packs and installs into `folder`, as a user would: install scripts off, nothing but what the packages ask for. */
function install(folder) {
  setup();
  const must = (words, cwd) => {
    const { ok, output } = run('npm', words, { cwd, shell: process.platform === 'win32' });
    if (!ok) throw new Error(`npm ${words.join(' ')} failed:\n${output}`);
  };
  for (const each of packages) must(['pack', '--silent', '--pack-destination', folder, '-w', each], root);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const tarballs = readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => `./${name}`);
  must(['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], folder);
}

function table({ bytes, packages: found, twice }) {
  const cell = (size) => (size / 1e6).toFixed(1);
  const large = found.filter((each) => each.bytes >= smallest * bytes);
  const rest = found.filter((each) => each.bytes < smallest * bytes);
  const rows = [
    ...large.map((each) => [each.name, each.version, cell(each.bytes)]),
    [`${rest.length} others`, '', cell(rest.reduce((sum, each) => sum + each.bytes, 0))],
    ['all', '', cell(bytes)],
  ];
  const lines = [['package', 'version', 'MB'], ['---', '---', '--:'], ...rows];
  const doubles = twice.map(({ name, versions }) => `${name} (${versions.join(', ')})`).join(', ');
  return [
    ...lines.map((row) => `| ${row.join(' | ')} |`),
    '',
    `Installed more than once: ${doubles || 'none'}.`,
  ].join('\n');
}

const words = process.argv.slice(2);
const given = words.find((word) => !word.startsWith('-'));
const folder = given ?? mkdtempSync(join(tmpdir(), 'potstill-size-'));
try {
  if (given === undefined) install(folder);
  const measured = measure(folder);
  console.log(words.includes('--json') ? JSON.stringify(measured) : table(measured));
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
