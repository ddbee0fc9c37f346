// Makes a component of a list as the container would: options parsed, services where the test gives them.
import { randomStream, type RandomStream } from '@potstill/engine';
import type { AnyComponent, DataDescription, RunEvent, Services } from 'potstill';

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
  /** Collects what the component reports. */
  readonly events?: RunEvent[];
}

/** Only what components of the core use; anything else is an error that names it. */
function servicesOf(given: GivenServices): Services {
  const known: Partial<Services> = {
    random: given.random ?? randomStream(7),
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
  const create = definition.create as (options: unknown, services: Services, context: object) => unknown;
  return create(definition.options.parse(options), servicesOf(given), context);
}
