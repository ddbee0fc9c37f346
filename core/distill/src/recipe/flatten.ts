// zod's issues made plain: of a union the branch that was meant, of a misspelt key one finding instead of two.
import type { z } from 'zod';
import { didYouMean } from '../errors/suggest.js';
import { branches, keysAt, schemaAt } from './schema-walk.js';
import { isRecord } from './slots.js';
import type { Path } from './trace.js';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** What is wrong at one place, before it is put into words. `schema` is what is accepted there. */
export type Finding =
  | {
      readonly kind: 'unknown';
      readonly map: Path;
      readonly key: string;
      readonly known: readonly string[];
      readonly meant: string | undefined;
    }
  | {
      readonly kind: 'missing';
      readonly map: Path;
      readonly key: string;
      readonly schema: Schema | undefined;
    }
  | {
      readonly kind: 'wrong';
      readonly path: Path;
      readonly value: unknown;
      readonly issue: Issue;
      readonly schema: Schema | undefined;
    };

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const key of path) {
    const parent = isRecord(value) || Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
    value = parent !== undefined && Object.hasOwn(parent, key) ? parent[key] : undefined;
  }
  return value;
}

/** True for a key that a map must have and has not. */
function isMissing(data: unknown, path: Path): boolean {
  return path.length > 0 && valueAt(data, path) === undefined && isRecord(valueAt(data, path.slice(0, -1)));
}

/** How badly a branch fits: a key that is missing and not merely misspelt says most. */
function misfit(issues: readonly Issue[], data: unknown): number {
  return issues.reduce((sum, issue) => {
    const path = issue.path as Path;
    if (!isMissing(data, path)) return sum + 1;
    const present = Object.keys(valueAt(data, path.slice(0, -1)) as object);
    const misspelt = present.some((key) => didYouMean(key, [String(path.at(-1))]) !== undefined);
    return sum + (misspelt ? 0 : 2);
  }, 0);
}

/** True when the data is not of the type at all, or of none of a union's types. */
function isOtherType(issues: readonly Issue[]): boolean {
  return issues.some(
    (issue) =>
      issue.path.length === 0 &&
      (issue.code === 'invalid_type' || (issue.code === 'invalid_union' && issue.errors.every(isOtherType))),
  );
}

function chooseBranch(errors: readonly (readonly Issue[])[], data: unknown): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  errors.forEach((issues, index) => {
    if (isOtherType(issues)) return;
    const cost = misfit(issues, data);
    if (cost < least) {
      best = index;
      least = cost;
    }
  });
  return best;
}

/** Findings of one map, with each missing key that was misspelt left out in favour of the unknown one. */
function mergeMisspelt(findings: readonly Finding[], data: unknown): Finding[] {
  const dropped = new Set<Finding>();
  const result: Finding[] = [];
  const same = (a: Path, b: Path) => a.join('\n') === b.join('\n');
  for (const lack of findings) {
    if (lack.kind !== 'missing') continue;
    const unknown = findings.find(
      (other) =>
        other.kind === 'unknown' &&
        same(other.map, lack.map) &&
        didYouMean(other.key, [lack.key]) !== undefined,
    );
    if (unknown?.kind === 'unknown') {
      dropped.add(lack).add(unknown);
      result.push({ ...unknown, meant: lack.key });
      continue;
    }
    // A map that takes any key (a component's) does not complain of the misspelt one; look for it.
    const present = Object.keys(valueAt(data, lack.map) as object);
    const key = present.find((word) => word !== lack.key && didYouMean(word, [lack.key]) !== undefined);
    if (
      key !== undefined &&
      !findings.some((other) => other.kind === 'unknown' && same(other.map, lack.map))
    ) {
      dropped.add(lack);
      result.push({ kind: 'unknown', map: lack.map, key, known: [lack.key], meant: lack.key });
    }
  }
  return [...findings.filter((finding) => !dropped.has(finding)), ...result];
}

function collect(issues: readonly Issue[], schema: Schema, data: unknown, base: Path): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const inside = issue.path as Path;
    const path = [...base, ...inside];
    const at = schemaAt(schema, data, inside);
    if (isMissing(data, inside)) {
      return [{ kind: 'missing', map: path.slice(0, -1), key: String(path.at(-1)), schema: at }];
    }
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, data, inside);
      return issue.keys.map((key) => ({
        kind: 'unknown',
        map: path,
        key,
        known,
        meant: didYouMean(key, known),
      }));
    }
    const value = valueAt(data, inside);
    if (issue.code === 'invalid_union' && at !== undefined) {
      const chosen = chooseBranch(issue.errors, value);
      const branch = chosen === undefined ? undefined : branches(at)[chosen];
      if (chosen !== undefined && branch !== undefined) {
        return collect(issue.errors[chosen] ?? [], branch, value, path);
      }
    }
    return [{ kind: 'wrong', path, value, issue, schema: at }];
  });
}

/** All findings of a failed parse of `data`. */
export function findingsOf(issues: readonly Issue[], schema: Schema, data: unknown): Finding[] {
  return mergeMisspelt(collect(issues, schema, data, []), data);
}
