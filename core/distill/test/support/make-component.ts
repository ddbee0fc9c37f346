// Makes a component of a list as the container would: options parsed, services where the test gives them.
import { randomStream, type Engine, type RandomStream } from '@potstill/engine';
import type { AnyComponent, DataDescription, RunEvent, Services } from 'potstill';
import type { z } from 'zod';

/** A small classification data set, described. */
export const describedData: DataDescription = {
  spec: { image: { dtype: 'float32', shape: [8, 8] }, label: { dtype: 'int32', shape: [] } },
  inputs: ['image'],
  target: 'label',
  labels: ['cat', 'dog', 'cow'],
  fingerprint: 'd',
};

export interface GivenServices {
  readonly random?: RandomStream;
  readonly recipeFolder?: string;
  readonly engine?: Engine;
  /** Collects what the component reports. */
  readonly events?: RunEvent[];
}

/** Only what components of the core use; anything else is an error that names it. */
function servicesOf(given: GivenServices): Services {
  const known: Partial<Services> = {
    random: given.random ?? randomStream(7),
    ...(given.engine ? { engine: given.engine } : {}),
    progress: { emit: (event) => given.events?.push(event) },
    paths: {
      recipeFolder: given.recipeFolder ?? '.',
      runFolder: '.',
      runsFolder: '.',
      dataFolder: undefined,
    },
  };
  return new Proxy(known as Services, {
    get(target, name: string) {
      if (name in target) return target[name as keyof Services];
      throw new Error(`the test gives no service \`${name}\``);
    },
  });
}

/** The made component; its type is the caller's to know. */
export async function makeComponent(
  list: readonly AnyComponent[],
  name: string,
  options: Record<string, unknown>,
  context: object,
  given: GivenServices = {},
): Promise<unknown> {
  const definition = list.find((each) => each.name === name);
  if (!definition) throw new Error(`no component ${name} among ${list.map((each) => each.name).join(', ')}`);
  const made = definition as unknown as {
    create: (options: unknown, services: Services, context: object) => unknown;
  };
  return made.create(definition.options.parse(options), servicesOf(given), context);
}

/** Names of options without a description. */
export function undescribed({ name, options }: AnyComponent): string[] {
  const fields: readonly [string, z.ZodType][] = Object.entries(options.shape);
  return fields.filter(([, field]) => !field.description).map(([option]) => `${name}.${option}`);
}
