// Phase two of a recipe: every component's name and options, against what is registered.
import { z } from 'zod';
import { messageOf } from '../errors/records.js';
import type { ComponentKind, ComponentReference } from '../contracts/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import { problemsOf } from './issues.js';
import type { ComponentLookup, FoundComponent } from './lookup.js';
import { isQuotedNumber } from './meant.js';
import { findPlainFault, freezeData } from './plain-data.js';
import type { ComponentPlan } from './plan.js';
import { pathText, type Problem } from './problems.js';
import { withRecipeMembers } from './recipe-members.js';
import { writtenPath, type WrittenComponent } from './slots.js';
import { either, kindWords, quote } from './words.js';

/** npm packages of this project, by the prefix of their components' names. */
const families: Readonly<Record<string, string>> = {
  vision: '@potstill/vision',
  speech: '@potstill/speech',
  text: '@potstill/text',
  graph: '@potstill/graph',
};

/** Where a component with a prefix might come from, when its plugin is not registered. */
function pluginHint(name: string, lookup: ComponentLookup): string | undefined {
  const prefix = name.includes('/') ? name.split('/')[0] : undefined;
  if (prefix === undefined) return undefined;
  const family = families[prefix];
  if (family === undefined)
    return `is the plugin that provides ${quote(`${prefix}/…`)} listed in \`plugins\`?`;
  if (lookup.plugins.some((plugin) => plugin.name === family)) return undefined;
  return `${quote(name)} comes from ${family}: add it to \`plugins\``;
}

/** What a name of another library is called here. */
function aliasHint(kind: ComponentKind, name: string, lookup: ComponentLookup): string | undefined {
  const same = lookup.aliased(name).filter(({ found }) => found.definition.kind === kind);
  const [first] = same;
  if (first === undefined) return undefined;
  const here = [...new Set(same.map(({ found }) => quote(found.definition.name)))];
  return `${quote(first.alias)} of ${first.library} is ${either(here)} here`;
}

function unknownComponent(written: WrittenComponent, lookup: ComponentLookup): ErrorRecord {
  const { kind } = written.slot;
  // Wherever a schedule may stand, a number may: its name was not meant.
  if (kind === 'schedule' && written.usePath === written.path && isQuotedNumber(written.use)) {
    return {
      code: 'RECIPE_WRONG_TYPE',
      message: `${quote(pathText(written.path))} is the text ${quote(written.use)}, and a number or a schedule is expected`,
      hint: `write it without quotes: ${written.use.trim()}`,
    };
  }
  const names = lookup.names(kind);
  const meant = didYouMean(written.use, names);
  const others = lookup.kindsOf(written.use).map((other) => `a ${kindWords[other]}`);
  if (others.length > 0) {
    return {
      code: 'RECIPE_WRONG_KIND',
      message: `${quote(written.use)} is ${either(others, 'and')}, and a ${kindWords[kind]} is expected here`,
      ...allowedWords(written.use, names),
    };
  }
  const hint =
    aliasHint(kind, written.use, lookup) ??
    (meant === undefined ? pluginHint(written.use, lookup) : `did you mean ${quote(meant)}?`);
  return {
    code: 'RECIPE_UNKNOWN_COMPONENT',
    message: `unknown ${kindWords[kind]} ${quote(written.use)}`,
    ...(hint === undefined ? {} : { hint }),
    ...allowedWords(written.use, names),
  };
}

/** A schema that refuses unknown keys, unless its author said what other keys are. */
export function strict(schema: z.ZodObject): z.ZodObject {
  return schema.def.catchall === undefined ? schema.strict() : schema;
}

function checkOptions(written: WrittenComponent, found: FoundComponent): ComponentPlan | Problem[] {
  const { definition, plugin } = found;
  const { kind, own } = written.slot;
  const from = `${plugin.name} ${plugin.version}`;
  const blame = `${kindWords[kind]} ${quote(definition.name)} of ${from}`;
  const schema = strict(definition.options);
  const broken = (message: string): Problem[] => [
    { record: { code: 'PLUGIN_FAILED', message }, path: written.path },
  ];
  let parsed: z.ZodSafeParseResult<Record<string, unknown>>;
  try {
    parsed = schema.safeParse(written.options);
  } catch (error) {
    return broken(`${blame} could not check its options: ${messageOf(error)}`);
  }
  if (!parsed.success) {
    const component = { kind, name: definition.name, from, slotKeys: own };
    const problems = problemsOf(parsed.error, schema, written.options, { path: written.path, component });
    return withRecipeMembers(
      written,
      problems.map((problem) => ({ ...problem, path: writtenPath(written, problem.path) })),
    );
  }
  // Run folders and hashes hold the options, so they must be what YAML can say.
  const fault = findPlainFault(parsed.data);
  if (fault !== undefined) {
    return broken(
      `${blame} changes its option ${quote(fault.path)} to ${fault.what}; options must stay plain data`,
    );
  }
  return {
    definition,
    plugin,
    options: freezeData(parsed.data),
    path: pathText(written.path),
  };
}

/** Finds and checks one component. */
export function checkComponent(
  written: WrittenComponent,
  lookup: ComponentLookup,
): ComponentPlan | Problem[] {
  const found = lookup.find(written.slot.kind, written.use);
  if (found !== undefined) return checkOptions(written, found);
  return [{ record: unknownComponent(written, lookup), path: written.usePath }];
}

/**
 * The plan of a component that another component names in its options. `path` is where that one stands in the recipe.
 * @throws PotstillError RECIPE_UNKNOWN_COMPONENT and what a recipe's own component is refused for, without location.
 */
export function planReference<K extends ComponentKind>(
  kind: K,
  reference: ComponentReference,
  lookup: ComponentLookup,
  path: string,
): ComponentPlan<K> {
  const { use, ...options } = typeof reference === 'string' ? { use: reference } : reference;
  const at = path.split('.');
  const checked = checkComponent(
    { slot: { kind, path: [], own: [] }, path: at, use, usePath: at, options },
    lookup,
  );
  if (!Array.isArray(checked)) return checked as ComponentPlan<K>;
  const [first, ...others] = checked.map(({ record }) => ({ ...record, path }));
  if (!first) throw new Error('internal: a component without a plan and without a problem');
  throw new PotstillError([first, ...others]);
}
