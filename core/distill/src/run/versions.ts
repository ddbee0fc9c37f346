// Versions of everything that a result depends on.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { ort } from '@potstill/engine';
import type { ComponentPlan, Plan } from '../recipe/plan.js';

interface PackageFile {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFile;

/** potstill, its engine and what that stands on, Node, and the plugins whose components the plan uses. */
export function versionsOf(plan: Plan): Record<string, string> {
  const plugins = componentsOf(plan).map(({ plugin }) => [plugin.name, plugin.version] as const);
  return {
    potstill: own.version,
    '@potstill/engine': own.dependencies['@potstill/engine'] ?? own.version,
    'onnxruntime-node': ort.env.versions.node ?? ort.env.versions.common,
    '@tensorflow/tfjs': tf.version_core,
    node: process.versions.node,
    ...Object.fromEntries([...plugins].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Every component that a plan names. */
export function componentsOf(plan: Plan): ComponentPlan[] {
  const { data, train } = plan;
  const slots = [data.train, data.transfer, data.validation, data.test].filter((slot) => slot !== undefined);
  return [
    ...slots.flatMap(({ component, transforms }) => [component, ...transforms]),
    ...(plan.teacher?.kind === 'component' ? [plan.teacher.component] : []),
    plan.student,
    ...plan.losses.flatMap(({ component, weight }) =>
      typeof weight === 'number' ? [component] : [component, weight],
    ),
    ...[train, ...(plan.baseline ? [plan.baseline.train] : [])].flatMap(({ optimizer, rate }) =>
      typeof rate === 'number' ? [optimizer] : [optimizer, rate],
    ),
    ...(plan.task ? [plan.task] : []),
    ...(plan.metrics ?? []).map(({ component }) => component),
    ...plan.adjustments,
    ...plan.exporters,
  ];
}
