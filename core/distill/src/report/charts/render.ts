// Vega-Lite to SVG in Node, without canvas or browser. Colours are CSS variables of the page, so that dark mode works.
import type { TopLevelSpec } from 'vega-lite';
import { Html, html } from '../html.js';

const config = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  aria: false,
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--muted)',
    titleFontWeight: 'normal',
    gridColor: 'var(--line)',
    domainColor: 'var(--line)',
    tickColor: 'var(--line)',
    labelFontSize: 12,
    titleFontSize: 12,
    labelFlush: false,
  },
} satisfies TopLevelSpec['config'];

/**
 * Renders a Vega-Lite specification (data inline) to an SVG element for inline use. `description` is its text
 * alternative. Vega is loaded here and not at the top, since only the end of a run needs it.
 */
export async function renderChart(spec: TopLevelSpec, description: string): Promise<Html> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = compile({ ...spec, config: { ...config, ...spec.config } }).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
  try {
    const svg = await view.toSVG();
    // Inside HTML an SVG needs no namespaces, and without them the page names no address at all.
    const bare = svg.replaceAll(/ xmlns(:xlink)?="[^"]*"/g, '');
    return html`<div class="chart" role="img" aria-label="${description}">${new Html(bare)}</div>`;
  } finally {
    view.finalize();
  }
}
