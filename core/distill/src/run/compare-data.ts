// Do validation and test data fit the training data? Compared when they are opened, before anything is trained.
import type { DataDescription, Preprocessing, TensorSpec } from '../contracts/index.js';
import { classList, className, sameClasses, shapeText } from '../data/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { acceptsOption, asYaml, sameOptionsHint } from './option-lines.js';
import type { DatasetSlot, RecipeTrace } from '../recipe/plan.js';

/** A part of the data with its place in the recipe. */
export interface Part {
  /** `validation` or `test`. */
  readonly name: string;
  readonly slot: DatasetSlot;
}

export interface TrainingPart {
  readonly slot: DatasetSlot;
  /** After transforms. */
  readonly description: DataDescription;
  /** Before transforms. */
  readonly raw: DataDescription;
}

/** What must be done to a part so that its class numbers are those of the training data; empty: nothing. */
export interface Matched {
  /** Training class of each class. */
  readonly map?: readonly number[];
  /** To be told. */
  readonly note?: string;
}

function differ(part: Part, record: Omit<ErrorRecord, 'code'>, trace: RecipeTrace): PotstillError {
  const { path } = part.slot.component;
  return new PotstillError(trace.place({ code: 'DATA_PARTS_DIFFER', path, ...record }));
}

/** The description with its class names in NFC. Two that are the same are `DATA_DAMAGED`. */
export function withNormalisedLabels(name: string, description: DataDescription): DataDescription {
  const written = description.labels;
  if (written === undefined) return description;
  const labels = written.map(className);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice === undefined) return { ...description, labels };
  throw new PotstillError({
    code: 'DATA_DAMAGED',
    message: `the ${name} data has two classes of one name: ${classList(written.filter((label) => className(label) === twice))}`,
    hint: 'Rename one of them. Unicode forms of one name count as the same.',
    path: `data.${name}`,
  });
}

/**
 * Matches the classes of a part by name with those of the training data. Another order is mapped. Fewer classes are
 * mapped where the recipe names them in the part's option `classes`.
 * @throws PotstillError DATA_PARTS_DIFFER with both lists, where names are unknown to the training data, or absent
 * without being named.
 */
export function matchClasses(
  train: TrainingPart,
  part: Part,
  { labels, target }: DataDescription,
  trace: RecipeTrace,
): Matched {
  const known = train.description.labels;
  if (known === undefined || labels === undefined || sameClasses(known, labels)) return {};
  const { name } = part;
  const extra = labels.filter((label) => !known.includes(label));
  const absent = known.filter((label) => !labels.includes(label));
  const shared = known.filter((label) => labels.includes(label));
  const refuse = (problem: string, hint: string): PotstillError =>
    differ(
      part,
      {
        message: [
          problem,
          `  training data (${known.length}): ${classList(known, labels)}`,
          `  ${name} data (${labels.length}): ${classList(labels, known)}`,
        ].join('\n'),
        hint,
      },
      trace,
    );
  if (extra.length > 0)
    throw refuse(
      `the ${name} data has classes that the training data does not have: ${classList(extra, known)}`,
      shared.length === 0
        ? 'Classes are matched by name: use the same names in both.'
        : byName(part, shared, 'To leave them out, write'),
    );
  if (absent.length > 0 && !namesItsClasses(part, labels))
    throw refuse(
      `the ${name} data lacks classes of the training data: ${classList(absent, labels)}`,
      byName(part, shared, 'If that is meant, write'),
    );
  if (target === undefined) return {};
  return {
    map: labels.map((label) => known.indexOf(label)),
    note:
      absent.length > 0
        ? `${name}: no examples of ${classList(absent)}, as the recipe says; figures on this data say nothing about ${absent.length === 1 ? 'that class' : 'those classes'}`
        : `${name}: the classes are in another order than in the training data and were matched by name`,
  };
}

/** Whether the recipe lists the classes of this part, so that fewer are no accident. */
function namesItsClasses({ slot }: Part, labels: readonly string[]): boolean {
  const { classes } = slot.component.options;
  return Array.isArray(classes) && sameClasses(classes.map(String).sort(), [...labels].sort());
}

function byName({ name, slot }: Part, classes: readonly string[], lead: string): string {
  return acceptsOption(slot, 'classes', classes)
    ? `${lead} \`classes: ${asYaml(classes)}\` in \`data.${name}\`.`
    : `Both parts must have the same classes; \`${slot.component.definition.name}\` has no option to choose them by name.`;
}

/**
 * Compares what students, losses and metrics are made for, as it is after the transforms: the inputs and the target by
 * dtype and shape, and how inputs were scaled and normalised.
 * @throws PotstillError DATA_PARTS_DIFFER at the first difference.
 */
export function compareForm(
  train: TrainingPart,
  part: Part,
  description: DataDescription,
  trace: RecipeTrace,
): void {
  const ours = train.description;
  const { name } = part;
  if (ours.target !== undefined && description.target !== undefined && ours.target !== description.target)
    throw differ(
      part,
      {
        message: `the target of the ${name} data is \`${description.target}\`, that of the training data is \`${ours.target}\``,
        hint: 'Give the target the same name in both.',
      },
      trace,
    );
  for (const field of [...ours.inputs, ...(description.target === undefined ? [] : [description.target])]) {
    const wanted = ours.spec[field];
    const found = description.spec[field];
    if (wanted === undefined || (found && fits(wanted, found))) continue;
    throw differ(
      part,
      {
        message: `\`${field}\` is ${specText(found)} in the ${name} data, ${specText(wanted)} in the training data`,
        hint: sameOptionsHint(train.slot, part.slot) ?? 'Give both data sets the same form.',
      },
      trace,
    );
  }
  const [a, b] = [ours.preprocessing, description.preprocessing];
  if (a === undefined || b === undefined || samePreprocessing(a, b)) return;
  throw differ(
    part,
    {
      message: `the inputs of the ${name} data are preprocessed in another way than those of the training data\n  training data: ${preprocessingText(a)}\n  ${name} data: ${preprocessingText(b)}`,
      hint: sameOptionsHint(train.slot, part.slot) ?? 'Give both data sets the same form.',
    },
    trace,
  );
}

function fits(a: TensorSpec, b: TensorSpec): boolean {
  return (
    a.dtype === b.dtype &&
    a.shape.length === b.shape.length &&
    a.shape.every((length, axis) => {
      const other = b.shape[axis];
      return length === other || length === null || other === null;
    })
  );
}

function specText(spec: TensorSpec | undefined): string {
  return spec ? `${spec.dtype} ${shapeText(spec.shape)}` : 'not there';
}

/** One number for all channels is the same as that number for each. */
export function samePreprocessing(a: Preprocessing, b: Preprocessing): boolean {
  const sameList = (left: readonly number[], right: readonly number[]) =>
    Array.from({ length: Math.max(left.length, right.length) }, (_, i) => i).every(
      (i) => (left[i] ?? left[0]) === (right[i] ?? right[0]),
    );
  return a.layout === b.layout && a.scale === b.scale && sameList(a.mean, b.mean) && sameList(a.std, b.std);
}

function preprocessingText({ layout, scale, mean, std }: Preprocessing): string {
  return `layout ${layout}, scale ${scale}, mean [${mean.join(', ')}], std [${std.join(', ')}]`;
}
