// Findings of the schemas, put into words.
import type { z } from 'zod';
import type { ComponentKind } from '../contracts/index.js';
import type { ErrorRecord } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import { findingsOf, type Finding } from './flatten.js';
import { jsonSchemaOf } from './json-schema.js';
import { textHint } from './meant.js';
import { pathText, type Problem } from './problems.js';
import type { Path } from './trace.js';
import { either, expectation, found, kindWords, quote } from './words.js';

/** What the data that was checked is: the recipe itself, or the options of a component. */
export interface Subject {
  /** Where the data stands in the recipe. */
  readonly path: Path;
  readonly component?: {
    readonly kind: ComponentKind;
    readonly name: string;
    /** Plugin and version, which say what is allowed. */
    readonly from: string;
    /** Keys of the slot, which may be written beside the options. */
    readonly slotKeys: readonly string[];
  };
}

/** Words that other tools use for keys of a recipe. */
const synonyms: Readonly<Record<string, string>> = {
  lr: 'rate',
  learningrate: 'rate',
  batchsize: 'batch',
  optim: 'optimizer',
  gradientaccumulation: 'accumulate',
  gradientaccumulationsteps: 'accumulate',
  ema: 'average',
  paramgroups: 'groups',
  frozen: 'freeze',
  model: 'student',
  dataset: 'data',
  metrics: 'evaluate',
  exporters: 'export',
  exports: 'export',
  val: 'validation',
};

function meantBy(key: string, known: readonly string[], near: string | undefined): string | undefined {
  if (near !== undefined) return near;
  const other = synonyms[key.toLowerCase().replace(/[-_]/g, '')];
  return other !== undefined && known.includes(other) ? other : undefined;
}

function owner({ component }: Subject): string | undefined {
  return component && `${kindWords[component.kind]} ${quote(component.name)}`;
}

function unknownKey(finding: Finding & { kind: 'unknown' }, subject: Subject): Problem {
  const { map, key } = finding;
  const { component } = subject;
  // The slot's own keys stand beside the options of the first level only.
  const known = component && map.length === 0 ? [...finding.known, ...component.slotKeys] : finding.known;
  const meant = meantBy(key, known, finding.meant ?? didYouMean(key, known));
  const within = map.length === 0 ? '' : ` in ${quote(pathText(map))}`;
  const record: ErrorRecord = {
    code: component ? 'RECIPE_UNKNOWN_OPTION' : 'RECIPE_UNKNOWN_KEY',
    message: component
      ? `unknown option ${quote(key)}${within} for ${String(owner(subject))}`
      : `unknown key ${quote(key)}${within}`,
    ...(meant === undefined ? {} : { hint: `did you mean ${quote(meant)}?` }),
    ...allowedWords(key, known),
    ...(component ? { from: component.from } : {}),
  };
  const above = [...subject.path, ...map];
  return {
    record,
    path: [...above, key],
    part: 'key',
    ...(meant === undefined ? {} : { meant: [...above, meant] }),
  };
}

function missingKey(finding: Finding & { kind: 'missing' }, subject: Subject): Problem {
  const { map, key, schema } = finding;
  const what = schema === undefined ? '' : `: ${expectation(schema as z.ZodType)}`;
  const who = map.length === 0 ? 'the recipe' : quote(pathText([...subject.path, ...map]));
  const message = subject.component
    ? `${String(owner(subject))} needs the option ${quote(pathText([...map, key]))}${what}`
    : `${who} needs the key ${quote(key)}${what}`;
  const hint = `add ${quote(`${key}:`)}`;
  return { record: { code: 'RECIPE_MISSING_KEY', message, hint }, path: [...subject.path, ...map] };
}

/** The words that a value is chosen from: of an enumeration, or of the key that tells the branches of a union apart. */
function choices(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' && 'options' in issue ? (issue.options ?? []).map(String) : [];
}

function wrongValue(finding: Finding & { kind: 'wrong' }, subject: Subject): Problem {
  const { path, value, issue, schema } = finding;
  const whole = [...subject.path, ...path];
  const name = quote(pathText(subject.component ? path : whole));
  const who =
    subject.component && path.length > 0
      ? `option ${name} of ${String(owner(subject))}`
      : (owner(subject) ?? name);
  const words = choices(issue);
  const type = issue.code === 'invalid_type' || (issue.code === 'invalid_union' && words.length === 0);
  const expected =
    issue.code === 'invalid_union' && words.length > 0
      ? either(words.map(quote))
      : schema === undefined
        ? 'something else'
        : expectation(schema as z.ZodType);
  const message =
    issue.code === 'custom' && issue.message !== 'Invalid input'
      ? `${who}: ${issue.message}`
      : `${who} must be ${expected}, but is ${found(value)}`;
  const meant = didYouMean(String(value), words);
  const hint =
    meant !== undefined
      ? `did you mean ${quote(meant)}?`
      : schema === undefined
        ? undefined
        : textHint(value, jsonSchemaOf(schema as z.ZodType));
  return {
    record: {
      code: type ? 'RECIPE_WRONG_TYPE' : 'RECIPE_BAD_VALUE',
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(words.length > 1 ? allowedWords(String(value), words) : {}),
    },
    path: whole,
  };
}

/** The problems of a failed parse: one for each mistake, misspelt keys once, of unions the branch that was meant. */
export function problemsOf(
  error: z.core.$ZodError,
  schema: z.ZodType,
  data: unknown,
  subject: Subject,
): Problem[] {
  return findingsOf(error.issues, schema, data).map((finding) => {
    switch (finding.kind) {
      case 'unknown':
        return unknownKey(finding, subject);
      case 'missing':
        return missingKey(finding, subject);
      case 'wrong':
        return wrongValue(finding, subject);
    }
  });
}
