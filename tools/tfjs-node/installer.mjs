// tfjs-node set up by its own installer, where the network reaches the place it downloads from.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../setup.mjs';
import { run, tail } from './command.mjs';

/** Where the installer looks for libtensorflow; the same environment variables as it heeds. */
const host =
  process.env.TFJS_NODE_CDN_STORAGE ?? process.env.CDN_STORAGE ?? 'https://storage.googleapis.com/';

/** Milliseconds to wait for that host. A network that blocks it often drops packets without a word. */
const patience = 5000;

/** Whether the host answers at all, asked by the package's own means, so that a proxy counts. */
async function reachable(folder) {
  const packages = createRequire(join(folder, 'package.json'));
  const { HTTPS_PROXY, https_proxy, HTTP_PROXY, http_proxy } = process.env;
  const proxy = HTTPS_PROXY ?? https_proxy ?? HTTP_PROXY ?? http_proxy;
  const { request } = await import(host.startsWith('https') ? 'node:https' : 'node:http');
  return new Promise((resolve) => {
    const options = { method: 'HEAD', timeout: patience };
    if (proxy) options.agent = new (packages('https-proxy-agent'))(proxy);
    const asked = request(host, options, (response) => {
      response.resume();
      // Google's storage answers 400 or 404 for the bare host; a proxy that forbids it says 403 or 407.
      resolve(![403, 407].includes(response.statusCode));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.on('close', () => resolve(false));
    asked.end();
  });
}

/** Runs the installer. False when its host cannot be reached or it failed, which is printed. */
export async function byInstaller(folder, say) {
  say(`Asking ${new URL(host).host} for libtensorflow …`);
  if (!(await reachable(folder))) {
    say('It does not answer.');
    return false;
  }
  say("Running tfjs-node's own installer (it downloads libtensorflow, about 150 MB) …");
  const { ok, output } = run(
    'npm',
    ['rebuild', '@tensorflow/tfjs-node', '--ignore-scripts=false', '--foreground-scripts'],
    // A download that stalls would else wait for ever.
    { cwd: root, shell: process.platform === 'win32', timeout: 900_000 },
  );
  if (!ok) say(`It failed:\n${tail(output)}`);
  return ok;
}
