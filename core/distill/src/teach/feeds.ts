// Which field of the data, or what else, each input of a teacher's graph is given.
import type { Batch, DataDescription, HostTensor, HostTensors } from '../contracts/index.js';
import { elementCount } from '../data/index.js';
import { hostTensor, zeros } from '../data/arrays.js';
import { fieldOf, lengthFeed, maskFeed, valueFeed, type Feed, type InputsOption } from './feed.js';
import { fitInput, type InputOptions } from './input.js';
import { teacherInvalid } from './invalid.js';
import type { GraphValue } from './session.js';

/** By the model's names. */
export type Feeds = ReadonlyMap<string, Feed>;

export interface FeedOptions {
  /** How the data's first input is given. */
  readonly input?: InputOptions | undefined;
  /** What single inputs are given. */
  readonly inputs?: InputsOption | undefined;
}

/**
 * Inputs that the recipe names are given what it says. Of the others, the data's first input goes to the one that is
 * named in `input`, of its name, or the first; further ones go by name, and `<field>.length` is given that field's lengths, as
 * files of potstill's own ask for them.
 */
export function feedsOf(
  teacher: string,
  inputs: readonly GraphValue[],
  data: DataDescription,
  { input: options = {}, inputs: asked = {} }: FeedOptions,
): Feeds {
  const there = inputs.map(({ name }) => name);
  checkInputNames(teacher, inputs, { input: options, inputs: asked });
  const [field, ...others] = data.inputs;
  if (field === undefined) throw teacherInvalid(`the data name no input for the teacher ${teacher}`);
  const main = mainOf(inputs, data, { input: options, inputs: asked });
  return new Map(
    inputs.map((input): [string, Feed] => {
      const request = asked[input.name];
      if (typeof request === 'object') {
        if ('mask' in request) return [input.name, maskFeed(teacher, data, input, request.mask)];
        if ('length' in request) return [input.name, lengthFeed(teacher, data, input, request.length)];
        if ('value' in request) return [input.name, valueFeed(teacher, data, input, request)];
        const { field: from, ...how } = request;
        return [input.name, fieldFeed(teacher, data, from, input, how)];
      }
      if (request !== undefined) return [input.name, fieldFeed(teacher, data, request, input, {})];
      if (input.name === main) return [input.name, fieldFeed(teacher, data, field, input, options)];
      if (others.includes(input.name)) return [input.name, fieldFeed(teacher, data, input.name, input, {})];
      const padded = lengthOf(input.name, data);
      if (padded !== undefined) return [input.name, lengthFeed(teacher, data, input, padded)];
      throw teacherInvalid(
        `the teacher ${teacher} takes ${there.map((name) => `\`${name}\``).join(', ')}; the data have nothing for \`${input.name}\``,
        `inputs beside the first go by name; the data's are ${data.inputs.join(', ')}. Say what it is given with \`inputs: { ${input.name}: … }\``,
      );
    }),
  );
}

/** The field whose lengths an input of that name is given. */
function lengthOf(name: string, { inputs }: DataDescription): string | undefined {
  return inputs.find((field) => name === `${field}.length`);
}

/** @throws PotstillError TEACHER_INVALID for an input that the model does not have. */
export function checkInputNames(
  teacher: string,
  inputs: readonly GraphValue[],
  { input, inputs: asked = {} }: FeedOptions,
): void {
  const there = inputs.map(({ name }) => name);
  const refuse = (name: string, hint: string) =>
    teacherInvalid(`the teacher ${teacher} has no input \`${name}\`; it has ${there.join(', ')}`, hint);
  if (input?.name !== undefined && !there.includes(input.name))
    throw refuse(input.name, 'correct `input.name`, or leave it out');
  const unknown = Object.keys(asked).find((name) => !there.includes(name));
  if (unknown !== undefined) throw refuse(unknown, 'correct `inputs`');
}

/** The input that the data's first field goes to where the recipe does not say otherwise. */
function mainOf(
  inputs: readonly GraphValue[],
  data: DataDescription,
  { input, inputs: asked = {} }: FeedOptions,
): string | undefined {
  const [field = '', ...others] = data.inputs;
  const rest = inputs
    .map(({ name }) => name)
    .filter((name) => !Object.hasOwn(asked, name) && lengthOf(name, data) === undefined);
  return input?.name ?? (rest.includes(field) ? field : rest.find((name) => !others.includes(name)));
}

/** The input that is given the data's first field. */
export function firstInput(
  inputs: readonly GraphValue[],
  data: DataDescription,
  options: FeedOptions,
): string | undefined {
  const [field] = data.inputs;
  const asked = Object.entries(options.inputs ?? {}).find(([, request]) =>
    typeof request === 'string' ? request === field : 'field' in request && request.field === field,
  );
  return asked?.[0] ?? mainOf(inputs, data, options);
}

/** Inputs that are the same for all examples. */
export function constantsOf(feeds: Feeds): HostTensors {
  return tensorsOf(feeds, (feed) => (feed.shape === undefined ? feed.sample(1, 1) : undefined));
}

/** Made-up numbers as the model takes them, constants left out; axes whose length varies get `length`. */
export function sampleInputs(feeds: Feeds, rows: number, length: number): HostTensors {
  return tensorsOf(feeds, (feed) => (feed.shape === undefined ? undefined : feed.sample(rows, length)));
}

/** What the model is given for a batch, constants left out. */
export function batchInputs(feeds: Feeds, batch: Batch): HostTensors {
  return tensorsOf(feeds, (feed) => (feed.shape === undefined ? undefined : feed.from(batch)));
}

function tensorsOf(feeds: Feeds, tensor: (feed: Feed) => HostTensor | undefined): HostTensors {
  return Object.fromEntries(
    [...feeds].flatMap(([name, feed]) => {
      const found = tensor(feed);
      return found ? [[name, found]] : [];
    }),
  );
}

/** A field's values as the model takes them. */
function fieldFeed(
  teacher: string,
  data: DataDescription,
  field: string,
  input: GraphValue,
  options: InputOptions,
): Feed {
  const spec = data.spec[field];
  if (!spec)
    throw teacherInvalid(
      `the data have no field \`${field}\` for \`${input.name}\` of the teacher ${teacher}; they have ${Object.keys(data.spec).join(', ')}`,
    );
  const mapping = fitInput(teacher, data, field, input, options);
  const { shape } = mapping;
  return {
    description: mapping.description,
    shape,
    dtype: spec.dtype,
    field,
    from: (batch) => mapping.convert(fieldOf(teacher, batch, field)),
    sample(rows, length) {
      const lengths = [rows, ...shape.map((axis) => axis ?? length)];
      return hostTensor(spec.dtype, lengths, zeros(spec.dtype, elementCount(lengths)));
    },
  };
}
