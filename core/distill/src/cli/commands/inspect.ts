// `potstill inspect`: what an ONNX file takes, gives and holds.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { shapeText } from '../../data/index.js';
import {
  inspectModel,
  type InnerValue,
  type InspectedModel,
  type InspectedValue,
} from '../../teach/index.js';
import { pathValue } from '../options.js';
import type { Output } from '../output.js';

const examples = `
Examples:
  potstill inspect teacher.onnx                          inputs, outputs, the last inner values, weights, metadata
  potstill inspect teacher.onnx --outputs '*relu*'       inner values by name: what \`outputs:\` of a teacher can name
  potstill inspect teacher.onnx --json`;

/** Inner values shown when no pattern is given: the last, which are nearest to the outputs. */
const shown = 20;

export function addInspect(root: Command, output: Output): void {
  root
    .command('inspect')
    .description('show the inputs, outputs, inner values, weights and metadata of an ONNX file')
    .argument('<model>', 'an .onnx file', pathValue)
    .option('--outputs <pattern>', 'only inner values named like this; `*` stands for any characters')
    .option('--json', 'print as JSON, with all inner values')
    .addHelpText('after', examples)
    .action(
      async (model: string, { outputs, json }: { readonly outputs?: string; readonly json?: boolean }) => {
        const found = await inspectModel(resolve(model), { pattern: outputs });
        output.print(json ? JSON.stringify({ event: 'inspected', ...found }) : page(found, outputs));
      },
    );
}

function page(model: InspectedModel, pattern: string | undefined): string {
  const { inputs, outputs, inner, metadata, external, opsets } = model;
  const last = pattern === undefined ? inner.slice(-shown) : inner;
  const left = inner.length - last.length;
  const count = (value: number) => value.toLocaleString('en');
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain || 'opset'} ${version}`);
  return [
    model.path,
    `${count(model.parameters)} weights, ${count(model.bytes)} bytes, ${[...sets, model.producer].filter(Boolean).join(', ')}`,
    `sha256 ${model.sha256}`,
    ...section('inputs', inputs.map(valueRow)),
    ...section('outputs', outputs.map(valueRow)),
    ...section(
      left > 0
        ? `inner values (the last ${shown} of ${count(inner.length)}; --outputs '*' shows all)`
        : 'inner values',
      last.map(innerRow),
    ),
    ...section(
      'weights in other files',
      external.map(({ location, bytes, sha256 }) => [location, `${count(bytes)} bytes`, `sha256 ${sha256}`]),
    ),
    ...section(
      'metadata',
      Object.entries(metadata).map(([key, value]) => [key, short(value)]),
    ),
  ].join('\n');
}

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
  );
  return ['', title, ...lines];
}

function valueRow({ name, type, shape }: InspectedValue): string[] {
  return [
    name,
    type ?? 'unknown type',
    shape ? shapeText(shape.map((length) => length ?? '?')) : 'unknown shape',
  ];
}

function innerRow(value: InnerValue): string[] {
  return [
    ...valueRow(value),
    value.operator,
    value.channelsFirst ? 'channels first (given as channels last)' : '',
  ];
}

function short(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
