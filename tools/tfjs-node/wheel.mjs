// tfjs-node set up from the libtensorflow inside the Python wheel `tensorflow-cpu`: same library, from PyPI.
// The library goes into the user's cache folder, the package gets links to it. See docs/decisions/0015-tfjs-node.md.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Missing, run, tail } from './command.mjs';
import { bindingVersion, tryOut } from './package.mjs';

/** One wheel for every machine, whatever Python it has: only the C library in it is used. */
const wheel = {
  version: '2.21.0',
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  tags: ['--implementation', 'cp', '--python-version', '311', '--abi', 'cp311'],
  platform: ['--platform', 'manylinux_2_27_x86_64'],
};

/** What the binding's sources include, directly or not. */
const headers = [
  ...[
    'c_api',
    'c_api_macros',
    'tf_attrtype',
    'tf_buffer',
    'tf_datatype',
    'tf_status',
    'tf_tensor',
    'tf_tstring',
  ].map((name) => `tensorflow/c/${name}.h`),
  'tensorflow/c/eager/c_api.h',
  'tensorflow/core/platform/ctstring.h',
  'tensorflow/core/platform/ctstring_internal.h',
  'tsl/platform/ctstring.h',
  'tsl/platform/ctstring_internal.h',
  'xla/tsl/c/tsl_status.h',
];

/** The library's files in the wheel, and the names under which the linker looks for them. */
const libraries = {
  'libtensorflow_cc.so.2': 'libtensorflow.so',
  'libtensorflow_framework.so.2': 'libtensorflow_framework.so',
};

/** Bytes needed while the wheel is unpacked: the wheel and what is taken out of it. */
const room = 1.3e9;

/** Copies members of a zip file, argument by argument: the file, the folder, then `member=place` pairs. */
const unpack = `
import os, shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for pair in sys.argv[3:]:
        member, place = pair.split('=')
        place = os.path.join(sys.argv[2], place)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with wheel.open(member) as source, open(place, 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
`;

function cacheFolder() {
  return join(
    process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    'potstill',
    `tensorflow-cpu-${wheel.version}`,
  );
}

/** Sets the package up, or throws Missing. Does nothing to the package before all it needs is there. */
export function byWheel({ folder, manifest }, say) {
  const cache = cacheFolder();
  const version = bindingVersion(manifest);
  const kept = join(cache, `tfjs-node-${manifest.version}-napi-v${version}.node`);
  const steps = [!existsSync(cache) && 'library', !existsSync(kept) && 'binding'].filter(Boolean);
  checkTools(steps);
  if (steps.includes('library')) fetchLibrary(cache, say);
  link(folder, cache);
  const binding = join(folder, 'lib', `napi-v${version}`, 'tfjs_binding.node');
  if (!steps.includes('binding')) {
    mkdirSync(dirname(binding), { recursive: true });
    copyFileSync(kept, binding);
    if (tryOut().ok) return;
    say('The binding kept from an earlier set-up does not work here; it is built anew.');
    checkTools(['binding']);
  }
  build(folder, version, say);
  const { ok, output } = tryOut();
  if (!ok)
    throw new Missing(
      `tfjs-node was built, but does not work:\n${tail(output)}`,
      `The library needs an x86-64 processor with AVX and glibc 2.27 or newer. If this machine has both, delete ${cache} and try again.`,
    );
  // Under its name only when whole: another checkout may be looking.
  copyFileSync(binding, `${kept}.${process.pid}`);
  renameSync(`${kept}.${process.pid}`, kept);
}

/** Throws Missing for the first program that the steps need and that is not there. */
function checkTools(steps) {
  if (steps.length > 0 && !run('python3', ['--version']).ok)
    throw new Missing(
      'Python is not installed',
      'Install Python 3 so that `python3` runs (Debian: `apt install python3`).',
    );
  if (steps.includes('library') && !run('python3', ['-m', 'pip', '--version']).ok)
    throw new Missing(
      'Python has no pip, which downloads the library',
      'Install it (Debian: `apt install python3-pip`; elsewhere: `python3 -m ensurepip --user`).',
    );
  if (!steps.includes('binding')) return;
  for (const program of [process.env.CXX || 'g++', process.env.MAKE || 'make'])
    if (!run(program, ['--version']).ok)
      throw new Missing(
        `\`${program}\` is not installed, which builds the binding`,
        'Install a C++ compiler and make (Debian: `apt install g++ make`).',
      );
  if (!existsSync(process.env.npm_config_node_gyp ?? ''))
    throw new Missing(
      'node-gyp is not known, which builds the binding',
      'It comes with npm: start this with `npm run setup:tfjs-node`.',
    );
}

/** Downloads the wheel and puts library and headers into `cache`. */
function fetchLibrary(cache, say) {
  mkdirSync(dirname(cache), { recursive: true });
  const { bavail, bsize } = statfsSync(dirname(cache));
  if (bavail * bsize < room)
    throw new Missing(
      `${dirname(cache)} has ${(bavail * bsize) / 1e9} GB free, and ${room / 1e9} GB are needed`,
      'Make room, or name another cache folder in XDG_CACHE_HOME.',
    );
  const work = mkdtempSync(`${cache}-`);
  try {
    say(`Downloading the wheel tensorflow-cpu ${wheel.version} with pip (274 MB) …`);
    const wanted = join(work, 'wanted.txt');
    writeFileSync(wanted, `tensorflow-cpu==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
    const options = ['--no-deps', '--only-binary=:all:', '--no-cache-dir', '--disable-pip-version-check'];
    const got = run('python3', [
      ...['-m', 'pip', 'download', ...options, ...wheel.tags, ...wheel.platform],
      ...['--require-hashes', '-r', wanted, '-d', work],
    ]);
    if (!got.ok)
      throw new Missing(
        `pip could not download tensorflow-cpu ${wheel.version}:\n${tail(got.output)}`,
        'It needs PyPI, or a mirror of it that pip is configured for (`pip config set global.index-url …`).',
      );
    say(`Unpacking libtensorflow into ${cache} (853 MB) …`);
    const archive = readdirSync(work).find((file) => file.endsWith('.whl'));
    const members = [
      ...headers.map((name) => `tensorflow/include/${name}=include/${name}`),
      ...Object.keys(libraries).map((name) => `tensorflow/${name}=lib/${name}`),
    ];
    const whole = join(work, 'whole');
    const unpacked = run('python3', ['-c', unpack, join(work, archive), whole, ...members]);
    if (!unpacked.ok) throw new Error(`internal: the wheel could not be unpacked:\n${tail(unpacked.output)}`);
    for (const [name, other] of Object.entries(libraries)) symlinkSync(name, join(whole, 'lib', other));
    // Another checkout may have been quicker: its folder is as good.
    if (!existsSync(cache)) renameSync(whole, cache);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes the package's `deps` point into the cache. */
function link(folder, cache) {
  const deps = join(folder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(deps);
  for (const part of ['include', 'lib']) symlinkSync(join(cache, part), join(deps, part));
}

/** Compiles the binding against the library in `deps`. */
function build(folder, version, say) {
  say('Building the binding with node-gyp …');
  const headersOfNode = join(dirname(dirname(process.execPath)), 'include', 'node', 'node_api.h');
  const built = run(
    process.execPath,
    [
      ...[process.env.npm_config_node_gyp, 'rebuild', `--napi_build_version=${version}`],
      ...['--module_name=tfjs_binding', `--module_path=${join(folder, 'lib', `napi-v${version}`)}`],
      // Else node-gyp downloads them.
      ...(existsSync(headersOfNode) ? [`--nodedir=${dirname(dirname(dirname(headersOfNode)))}`] : []),
    ],
    { cwd: folder },
  );
  if (!built.ok)
    throw new Missing(
      `node-gyp could not build the binding:\n${tail(built.output, 30)}`,
      "A compiler with C++17 is needed, and Node's headers: installed with Node, or downloadable from nodejs.org.",
    );
  rmSync(join(folder, 'build'), { recursive: true, force: true });
}
