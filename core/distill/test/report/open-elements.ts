// Enough of an HTML parser to see whether a page without raw text but its style is well formed.

const closedByThemselves = new Set(['meta', 'img', 'br', 'path', 'rect', 'line']);

/** Elements left open at the end. Throws when one is closed that was not the last to be opened. */
export function openElements(html: string): string[] {
  const open: string[] = [];
  const body = html.replace(/<style>[\s\S]*?<\/style>/, '').replace('<!doctype html>', '');
  for (const [, slash, name = '', self] of body.matchAll(
    /<(\/?)([a-z][a-zA-Z0-9]*)(?:"[^"]*"|[^">])*?(\/?)>/g,
  )) {
    if (slash === '/') {
      if (open.at(-1) !== name) throw new Error(`</${name}> closes <${open.at(-1) ?? 'nothing'}>`);
      open.pop();
    } else if (self !== '/' && !closedByThemselves.has(name)) open.push(name);
  }
  return open;
}
