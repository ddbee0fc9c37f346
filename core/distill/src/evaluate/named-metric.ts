// A metric under a name of its own, and of a part of the examples, so that one kind may stand several times in a recipe.
import type { Batch, Figure, HostTensors, Metric } from '../contracts/index.js';
import { gatherRows } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';

export interface Naming {
  /** Figures become `<name>.<figure>`. */
  readonly name?: string | undefined;
  /** Only examples whose fields have these values count. Fields of one number an example. */
  readonly where?: Readonly<Record<string, number | boolean>> | undefined;
}

/** The metric as it is where nothing is asked. */
export function namedMetric(metric: Metric, { name, where }: Naming): Metric {
  if (name === undefined && where === undefined) return metric;
  const fields = Object.keys(where ?? {});
  const own = (figure: string) => (name === undefined ? figure : `${name}.${figure}`);
  const titled = (figure: Figure): Figure => ({
    ...figure,
    name: own(figure.name),
    title: name === undefined ? figure.title : `${figure.title}, ${name}`,
  });
  const rename = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [own(key), value]));
  const kept: boolean[] = [];
  const { sections } = metric;
  return {
    needs: { ...metric.needs, batch: [...new Set([...metric.needs.batch, ...fields])] },
    figures: metric.figures.map(titled),
    update({ model, teacher, batch }) {
      if (!where) return metric.update({ model, teacher, batch });
      const fits = matching(batch, where);
      for (const fit of fits) kept.push(fit);
      const rows = fits.flatMap((fit, row) => (fit ? [row] : []));
      if (rows.length === 0) return;
      const only = (tensors: HostTensors) => gather(tensors, rows);
      return metric.update({
        model: only(model),
        teacher: only(teacher),
        batch: {
          size: rows.length,
          tensors: only(batch.tensors),
          indices: rows.map((row) => batch.indices[row] as number),
        },
      });
    },
    result: async () => rename(await metric.result()),
    ...(metric.artefacts ? { artefacts: () => rename(metric.artefacts?.() ?? {}) } : {}),
    ...(metric.perExample
      ? {
          perExample() {
            const values = metric.perExample?.();
            if (!values) return undefined;
            return {
              ...values,
              figures: values.figures.map(own),
              values: spread(values.values, where && kept),
            };
          },
        }
      : {}),
    // Sections look for artefacts by the names that the metric gave them.
    ...(sections && name === undefined ? { sections } : {}),
    reset() {
      kept.length = 0;
      metric.reset();
    },
  };
}

function matching({ tensors, size }: Batch, where: NonNullable<Naming['where']>): boolean[] {
  const conditions = Object.entries(where).map(([field, value]) => {
    const tensor = tensors[field];
    if (tensor?.data.length === size) {
      const wanted = Number(value);
      return { data: tensor.data, value: tensor.dtype === 'float32' ? Math.fround(wanted) : wanted };
    }
    throw new PotstillError({
      code: 'EVALUATE_TENSOR',
      message: tensor
        ? `\`where\` reads the field \`${field}\`, which holds ${tensor.data.length / size} numbers an example; one is expected`
        : `\`where\` reads the field \`${field}\`, which the data do not have`,
      allowed: Object.keys(tensors),
    });
  });
  return Array.from({ length: size }, (_, row) => conditions.every(({ data, value }) => data[row] === value));
}

function gather(tensors: HostTensors, rows: readonly number[]): HostTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, gatherRows(tensor, rows)]),
  );
}

/** Values of the kept examples at their places among all; NaN at the others. */
function spread(values: Float64Array, kept: readonly boolean[] | undefined): Float64Array {
  if (!kept) return values;
  let at = 0;
  return Float64Array.from(kept, (keep) => (keep ? (values[at++] as number) : NaN));
}
