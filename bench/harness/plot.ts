// A picture of a benchmark's results: each peer's time as a multiple of potstill's.
import { writeFileSync } from 'node:fs';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { type PeerName, peers } from './peers.js';
import type { Result } from './results.js';

interface Point {
  readonly member: string;
  readonly threads: string;
  readonly peer: string;
  readonly times: number;
}

function pointsOf(names: readonly PeerName[], results: readonly Result[]): Point[] {
  return results.flatMap((result) =>
    names.flatMap((name) => {
      const { key, title } = peers[name];
      const [own, other] = [result.potstill, result[key]];
      if (own === null || other === null) return [];
      const threads = `${result.threads} ${result.threads === 1 ? 'thread' : 'threads'}`;
      return [{ member: result.member, threads, peer: title, times: other / own }];
    }),
  );
}

/** An SVG document; members from top to bottom, a panel for each number of threads, on a logarithmic axis. */
export async function plotOf(names: readonly PeerName[], results: readonly Result[]): Promise<string> {
  const titles = names.map((name) => peers[name].title);
  const spec: TopLevelSpec = {
    background: 'white',
    title: { text: 'Time of a distillation step as a multiple of potstill’s', anchor: 'start' },
    data: { values: pointsOf(names, results) },
    facet: {
      column: { field: 'threads', type: 'nominal', title: null, header: { labelFontWeight: 'bold' } },
    },
    spec: {
      width: 420,
      height: { step: 32 },
      layer: [
        { mark: { type: 'rule', color: '#999999' }, encoding: { x: { datum: 1 } } },
        {
          mark: { type: 'point', filled: true, size: 90, opacity: 0.9 },
          encoding: {
            y: {
              field: 'member',
              type: 'nominal',
              sort: [...new Set(results.map(({ member }) => member))],
              title: null,
              axis: { grid: true },
            },
            x: {
              field: 'times',
              type: 'quantitative',
              scale: { type: 'log', nice: false, padding: 12 },
              title: 'times potstill (right of the line: slower)',
              axis: { format: '~g' },
            },
            color: { field: 'peer', type: 'nominal', sort: titles, title: null, scale: { domain: titles } },
            shape: { field: 'peer', type: 'nominal', sort: titles, title: null, scale: { domain: titles } },
          },
        },
      ],
    },
    config: { font: 'system-ui, sans-serif', view: { stroke: '#dddddd' } },
  };
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none', logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

export async function writePlot(
  file: string,
  names: readonly PeerName[],
  results: readonly Result[],
): Promise<void> {
  writeFileSync(file, `${await plotOf(names, results)}\n`);
}
