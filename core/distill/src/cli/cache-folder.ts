// Where compiled graphs are kept between runs.
import os from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The folder that POTSTILL_CACHE names (false when it is empty), else one among the user's caches: XDG_CACHE_HOME or
 * ~/.cache, ~/Library/Caches on macOS, LOCALAPPDATA on Windows. Undefined where there is no home: in a container, a user
 * may have neither HOME nor an entry in the list of users.
 */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: () => string = os.homedir,
): string | false | undefined {
  const { POTSTILL_CACHE: given, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = env;
  if (given !== undefined) return given === '' ? false : given;
  const caches = (): string => {
    if (platform === 'win32') return local ?? join(home(), 'AppData', 'Local');
    if (platform === 'darwin') return join(home(), 'Library', 'Caches');
    // The XDG specification has relative paths ignored.
    return xdg !== undefined && isAbsolute(xdg) ? xdg : join(home(), '.cache');
  };
  try {
    return join(caches(), 'potstill', 'graphs');
  } catch {
    return undefined;
  }
}
