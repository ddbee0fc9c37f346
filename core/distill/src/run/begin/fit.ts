// Which weights of another student a student takes: those of the same name and shape, and what to say of all others.
import { matchesName } from '@potstill/engine';
import type { HostTensors } from '@potstill/engine';
import type { Student } from '../../contracts/index.js';
import { PotstillError, type ErrorRecord } from '../../errors/potstill-error.js';
import { allowedWords } from '../../errors/suggest.js';

/** Name -> what stands for its weights. */
export type VariableForms = Readonly<
  Record<string, { readonly dtype: string; readonly shape: readonly number[] }>
>;

/** The variables of a student that begin with another's weights, and those that begin at random; in the student's order. */
export interface Fit {
  readonly taken: readonly string[];
  readonly random: readonly string[];
}

export function formsOf({ variables }: Student): VariableForms {
  return Object.fromEntries(
    variables.map(({ name, variable: { dtype, shape } }) => [name, { dtype, shape }]),
  );
}

/** So many variables are told one by one. */
const told = 6;

/**
 * What a student takes of weights called `from`. Variables that are named in `except` begin at random, or are not taken
 * over; every other must be in both, with the same type and shape. Throws `BEGIN_INVALID` with all that is not, and
 * `RECIPE_BAD_VALUE` for a pattern that no variable fits. Paths of errors are those of the recipe.
 */
export function fitWeights(
  from: string,
  theirs: VariableForms,
  ours: VariableForms,
  except: readonly string[],
): Fit {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const unknown = except.flatMap((pattern, at): ErrorRecord[] =>
    names.some((name) => matchesName(pattern, name))
      ? []
      : [
          {
            code: 'RECIPE_BAD_VALUE',
            message: `no variable of either student is named like \`${pattern}\``,
            path: `begin.except.${at}`,
            ...allowedWords(pattern, names),
          },
        ],
  );
  const [first, ...others] = unknown;
  if (first) throw new PotstillError([first, ...others]);
  const excepted = (name: string) => except.some((pattern) => matchesName(pattern, name));
  const unfit = names.filter((name) => !excepted(name)).flatMap((name) => difference(name, theirs, ours));
  if (unfit.length > 0) {
    const rest = unfit.length - told;
    throw invalid(
      [
        `the student cannot begin from \`${from}\`:`,
        ...unfit.slice(0, told).map((line) => `  ${line}`),
        ...(rest > 0 ? [`  and ${rest} more`] : []),
      ].join('\n'),
      'Give both students the same form, or name what is to begin at random: `except: [logits.*]`.',
    );
  }
  const taken = Object.keys(ours).filter((name) => !excepted(name));
  if (taken.length === 0)
    throw invalid(
      `the student takes nothing from \`${from}\`: \`begin.except\` names all of its variables`,
      'Name fewer, or remove `begin`.',
    );
  return { taken, random: Object.keys(ours).filter(excepted) };
}

function difference(name: string, theirs: VariableForms, ours: VariableForms): string[] {
  const [there, here] = [own(theirs, name), own(ours, name)];
  if (!there) return [`\`${name}\` is ${text(here)} here, and not there`];
  if (!here) return [`\`${name}\` is ${text(there)} there, and not here`];
  return text(there) === text(here) ? [] : [`\`${name}\` is ${text(there)} there and ${text(here)} here`];
}

function own(forms: VariableForms, name: string): VariableForms[string] | undefined {
  return Object.hasOwn(forms, name) ? forms[name] : undefined;
}

function text(form: VariableForms[string] | undefined): string {
  return form ? `${form.dtype} [${form.shape.join(', ')}]` : 'not there';
}

function invalid(message: string, hint: string): PotstillError {
  return new PotstillError({ code: 'BEGIN_INVALID', message, hint, path: 'begin' });
}

/** The weights that a student begins with: those that it takes, else its own first ones. */
export function beginWith(initial: HostTensors, weights: HostTensors, { taken }: Fit): HostTensors {
  return {
    ...initial,
    ...Object.fromEntries(taken.map((name) => [name, weights[name] as HostTensors[string]])),
  };
}
