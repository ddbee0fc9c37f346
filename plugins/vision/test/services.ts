// Services as far as data sets look at them, and components made by name.
import vision from '@potstill/vision';
import type { ComponentKind, Components, Contexts, RunEvent, Services } from 'potstill';

export interface TestServices extends Services {
  readonly events: RunEvent[];
  /** What was logged: fields and words. */
  readonly logged: { readonly fields: object; readonly words: string }[];
}

/** Paths, collected events and log lines; the rest is not asked for by this plugin. */
export function testServices(recipeFolder: string, dataFolder?: string): TestServices {
  const events: RunEvent[] = [];
  const logged: TestServices['logged'] = [];
  return {
    paths: { recipeFolder, dataFolder, runFolder: recipeFolder, runsFolder: recipeFolder },
    progress: { emit: (event: RunEvent) => void events.push(event) },
    logger: { info: (fields: object, words: string) => void logged.push({ fields, words }) },
    events,
    logged,
  } as unknown as TestServices;
}

/** Makes a component through its schema, as a recipe does. */
export async function make<K extends ComponentKind>(
  kind: K,
  name: string,
  options: object,
  services: Services,
  context: Contexts[K],
): Promise<Components[K]> {
  const definition = vision.components.find(
    (component) => component.kind === kind && component.name === name,
  );
  if (!definition) throw new Error(`no ${kind} ${name}`);
  const made = definition as unknown as {
    create: (options: unknown, services: Services, context: Contexts[K]) => Promise<Components[K]>;
  };
  return made.create(definition.options.parse(options), services, context);
}
