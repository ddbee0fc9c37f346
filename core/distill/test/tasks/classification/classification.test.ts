// What a classifier is judged by, with and without a truth.
import { describe, expect, it } from 'vitest';
import type { ComponentServices, DataDescription, Metric, Task } from 'potstill';
import { metricComponents } from '../../../src/evaluate/components.js';
import { figuresOf, needsTeacher } from '../../../src/evaluate/evaluate-model.js';
import { classification } from '../../../src/tasks/classification/classification.js';
import { builtIn, data } from '../../evaluate/built-in.js';

const { target: _target, ...rest } = data;
const unlabelled: DataDescription = rest;

async function made(description: DataDescription): Promise<Task> {
  if (classification.kind !== 'task') throw new Error('not a task');
  return classification.create({}, {} as ComponentServices, { data: description });
}

/** Its metrics as they are made where a recipe names none. */
function metricsOf({ metrics }: Task, description: DataDescription): Promise<Metric[]> {
  const names = [...metrics.always, ...metrics.withTeacher].map((reference) =>
    typeof reference === 'string' ? reference : reference.use,
  );
  return Promise.all(names.map((name) => builtIn(name, {}, description)));
}

describe('classification', () => {
  it('judges by errors, and learns from the truth', async () => {
    const task = await made(data);
    expect(task).toMatchObject({ primary: 'errors', hardLoss: 'cross-entropy' });
    expect(task.sections).toHaveLength(4);
  });

  it('judges by agreement where there is no truth, and asks for nothing that needs one', async () => {
    const task = await made(unlabelled);
    expect(task).toMatchObject({ primary: 'agreement', hardLoss: undefined, metrics: { always: [] } });
    expect(await metricsOf(task, unlabelled)).toHaveLength(2);
  });

  it.each([
    ['with', data],
    ['without', unlabelled],
  ])('measures what decides and the columns of its table, %s a truth', async (_what, description) => {
    const task = await made(description);
    const metrics = await metricsOf(task, description);
    const figures = figuresOf(metrics);
    expect(figures.find(({ name }) => name === task.primary)?.better).toMatch(/lower|higher/);
    const names = figures.map(({ name }) => name);
    const known = task.columns.filter((name) => names.includes(name));
    expect(known).toEqual(description.target === undefined ? ['agreement'] : task.columns);
    const always = task.metrics.always.length;
    expect(metrics.map(needsTeacher)).toEqual(metrics.map((_, at) => at >= always));
  });

  it('has no metric that does not come with potstill', async () => {
    const { metrics } = await made(data);
    const known = metricComponents.map(({ name }) => name);
    for (const name of [...metrics.always, ...metrics.withTeacher]) expect(known).toContain(name);
  });
});
