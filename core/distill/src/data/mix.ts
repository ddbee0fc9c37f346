// The data set `mix`: several data sets as one, each with its share of an epoch.
import { z } from 'zod';
import type {
  AnyComponent,
  ComponentReference,
  Contexts,
  DataDescription,
  Dataset,
  IndexedDataset,
  TensorSpecs,
} from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { dataset } from '../plugin/define.js';
import { classIndex, classList } from './classes.js';
import { concat } from './concat.js';
import { withConstantFields } from './constant-fields.js';
import { descriptionOf } from './describe.js';
import { canonicalJson, fingerprint } from './fingerprint.js';
import { commonFields } from './forms.js';
import { joinKnown } from './known.js';
import { alignGroups, remapClasses } from './remap.js';
import { mixSampling } from './sampling.js';

/** The group of an example: the name of the data set that it is from. */
const sourceField = 'source';

const entry = z.union([
  z.string().min(1),
  z.looseObject({
    use: z.string().min(1),
    name: z
      .string()
      .min(1)
      .optional()
      .describe('Its name in the group `source`. Default: that of the data set.'),
    weight: z.number().positive().optional().describe('Its share of an epoch, relative to the others.'),
  }),
]);

const options = z
  .strictObject({
    of: z
      .array(entry)
      .min(2)
      .describe('Data sets, each with `use` and its options, `name` and `weight` beside them.'),
    temperature: z
      .number()
      .min(1)
      .optional()
      .describe(
        'In place of weights: a data set of n examples has a share of n^(1/temperature). 1: as many as it has; large: all alike. Default: 1.',
      ),
  })
  .refine(({ of, temperature }) => temperature === undefined || !of.some(hasWeight), {
    error: 'must have weights or `temperature`, not both',
  });

type Entry = z.output<typeof entry>;

function hasWeight(each: Entry): boolean {
  return typeof each !== 'string' && each.weight !== undefined;
}

export const mixComponent: AnyComponent = dataset('mix', {
  help: 'Several data sets as one, mixed by weight or by temperature.',
  options,
  async create({ of, temperature }, services, { train }) {
    const parts: MixPart[] = [];
    try {
      for (const each of of) {
        const { name, weight, reference } = splitEntry(each);
        // Statistics and names are those of the first, or of the training data where this is another part.
        const like: Contexts['dataset'] = train
          ? { train }
          : parts[0]
            ? { train: descriptionOf(parts[0].dataset) }
            : {};
        parts.push({ name, weight, dataset: indexed(name, await services.make('dataset', reference, like)) });
      }
      return mixDatasets(named(parts), temperature);
    } catch (error) {
      for (const part of parts) await part.dataset.dispose?.();
      throw error;
    }
  },
});

function splitEntry(each: Entry): {
  name: string;
  weight: number | undefined;
  reference: ComponentReference;
} {
  if (typeof each === 'string') return { name: each, weight: undefined, reference: each };
  const { name, weight, ...reference } = each;
  return { name: name ?? each.use, weight, reference };
}

function indexed(name: string, made: Dataset): IndexedDataset {
  if (made.size !== undefined) return made;
  throw new PotstillError({
    code: 'DATA_UNSUPPORTED',
    message: `mix: \`${name}\` is a stream, and a mix draws examples by their number`,
    hint: 'Mix data sets of known size.',
    path: '.of',
  });
}

interface MixPart {
  readonly name: string;
  /** Share of an epoch, relative to the others. */
  readonly weight: number | undefined;
  readonly dataset: IndexedDataset;
}

/** Names that tell the parts apart: `csv`, `csv 2`. */
function named(parts: readonly MixPart[]): MixPart[] {
  const taken = new Map<string, number>();
  return parts.map((part) => {
    const count = (taken.get(part.name) ?? 0) + 1;
    taken.set(part.name, count);
    return count === 1 ? part : { ...part, name: `${part.name} ${count}` };
  });
}

/**
 * One data set of all examples: fields that all have in one form, classes and groups matched by name with the first, and
 * the group field `source`. Its sampling gives each part its share.
 * @throws PotstillError DATA_PARTS_DIFFER where inputs, targets, classes or preprocessing do not fit.
 */
function mixDatasets(parts: readonly MixPart[], temperature?: number): IndexedDataset {
  const [first] = parts;
  if (!first) throw new Error('internal: a mix of nothing');
  let groups: DataDescription['groups'];
  const matched = parts.map(({ name, dataset: own }) => {
    compareParts(first, { name, dataset: own });
    const numbered = alignGroups(own, groups ? { groups } : {});
    groups = { ...groups, ...numbered.groups };
    return withClassesOf(first, name, numbered) as IndexedDataset;
  });
  requireFields(first, commonFields(matched.map((each) => each.spec)));
  const shares = sharesOf(parts, temperature);
  const hasSource = parts.some((part) => part.dataset.spec[sourceField]);
  const names = parts.map(({ name }) => name);
  const marked = matched.map((each, number) =>
    hasSource
      ? each
      : withConstantFields(each, { [sourceField]: { spec: { dtype: 'int32', shape: [] }, value: number } }),
  );
  const fields = commonFields(marked.map((each) => each.spec));
  const allGroups: Record<string, readonly string[]> = hasSource ? {} : { [sourceField]: names };
  for (const [field, known] of Object.entries(groups ?? {})) if (fields[field]) allGroups[field] = known;
  const { target } = first.dataset;
  const known = { ...(target === undefined ? {} : { target }), spec: fields, groups: allGroups };
  const sampling = mixSampling(marked, shares);
  return concat(marked, {
    ...descriptionOf(first.dataset),
    spec: fields,
    groups: allGroups,
    fingerprint: fingerprint('mix', { names, hasSource }, ...parts.map((part) => part.dataset.fingerprint)),
    ...(parts.some((part) => part.dataset.unlabelled) ? { unlabelled: true } : {}),
    source: [...new Set(parts.flatMap((part) => part.dataset.source ?? []))].join('; '),
    ...(parts.some((part) => part.dataset.skipped)
      ? { skipped: parts.flatMap((part) => part.dataset.skipped ?? []) }
      : {}),
    ...joinKnown(marked, known),
    ...(sampling ? { sampling } : {}),
  });
}

/** Undefined: each example once, whatever it is from. */
function sharesOf(parts: readonly MixPart[], temperature: number | undefined): readonly number[] | undefined {
  if (temperature !== undefined) return parts.map(({ dataset: { size } }) => size ** (1 / temperature));
  if (parts.every(({ weight }) => weight === undefined)) return undefined;
  return parts.map(({ weight }) => weight ?? 1);
}

function differ(problem: string, hint: string): PotstillError {
  return new PotstillError({ code: 'DATA_PARTS_DIFFER', message: `mix: ${problem}`, hint, path: '.of' });
}

function compareParts(first: MixPart, part: Pick<MixPart, 'name' | 'dataset'>): void {
  const [a, b] = [first.dataset, part.dataset];
  if (a.target !== b.target)
    throw differ(
      `the target of \`${part.name}\` is ${b.target === undefined ? 'missing' : `\`${b.target}\``}, that of \`${first.name}\` is ${a.target === undefined ? 'missing' : `\`${a.target}\``}`,
      'Give the target the same name in all data sets.',
    );
  if (canonicalJson([...a.inputs].sort()) !== canonicalJson([...b.inputs].sort()))
    throw differ(
      `the inputs of \`${part.name}\` are ${b.inputs.join(', ')}, those of \`${first.name}\` are ${a.inputs.join(', ')}`,
      'Give all data sets the same inputs.',
    );
  const form = ({ preprocessing, columns }: DataDescription) =>
    canonicalJson([preprocessing ?? 0, columns ?? 0]);
  if (form(a) !== form(b))
    throw differ(
      `the inputs of \`${part.name}\` are preprocessed in another way than those of \`${first.name}\``,
      'Give all data sets the same preprocessing.',
    );
}

function withClassesOf({ name, dataset: { labels } }: MixPart, other: string, part: Dataset): Dataset {
  if (!labels || !part.labels || part.target === undefined) return part;
  const numbers = part.labels.map((label) => classIndex(labels, label));
  const unknown = part.labels.filter((_, k) => (numbers[k] as number) < 0);
  if (unknown.length > 0)
    throw differ(
      `\`${other}\` has classes that \`${name}\` does not have: ${classList(unknown, labels)}`,
      'Name all classes in the first data set, or map them with `data.classes` in recipes of their own.',
    );
  return numbers.every((number, k) => number === k) && labels.length === part.labels.length
    ? part
    : remapClasses(part, numbers, labels);
}

function requireFields({ dataset: { inputs, target } }: MixPart, spec: TensorSpecs): void {
  const missing = [...inputs, ...(target === undefined ? [] : [target])].find((field) => !spec[field]);
  if (missing !== undefined)
    throw differ(
      `\`${missing}\` has another dtype or shape in each data set`,
      'Give all data sets the same form.',
    );
}
