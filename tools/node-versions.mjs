// `npm run test:node-versions`: a short end-to-end run on each Node that potstill supports; other majors may be named as arguments.
import { nodeBinary } from './node-versions/binaries.mjs';
import { trial } from './node-versions/trial.mjs';
import { setup } from './setup.mjs';

/** The majors that README and `engines` name. */
const supported = [20, 22, 24, 26];

/** How far the test loss may differ between versions: their `Math` functions may differ in the last bit. */
const tolerance = 1e-4;

setup();
const asked = process.argv.slice(2).map(Number);
const tried = [];
let failed = false;
for (const major of asked.length > 0 ? asked : supported) {
  const { binary, version, missing } = nodeBinary(major, console.error);
  if (missing !== undefined) {
    console.log(`node ${major}: SKIPPED, ${missing}`);
    continue;
  }
  try {
    const result = trial(binary);
    console.log(
      `node ${version}: ok, ${result.errors} errors, loss ${result.loss.toFixed(6)} (${result.seconds.toFixed(1)} s)`,
    );
    tried.push({ major, ...result });
  } catch (error) {
    failed = true;
    console.log(`node ${version}: FAILED, ${error.message}`);
  }
}
const [first, ...others] = tried;
for (const { major, errors, loss } of others) {
  if (errors === first.errors && Math.abs(loss - first.loss) <= tolerance) continue;
  failed = true;
  console.log(`FAILED: Node ${major} and Node ${first.major} give different results`);
}
// The Node that runs this is always there: what counts is whether another was tried.
const another = tried.some(({ major }) => major !== Number.parseInt(process.versions.node, 10));
if (process.env.CI && asked.length === 0 && !another) {
  failed = true;
  console.log('FAILED: in CI at least one other Node version must be tried, and none could be had');
}
process.exitCode = failed ? 1 : 0;
