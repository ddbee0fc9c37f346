// YAML text to traced data: the core schema only, nothing runs, what is not plain data is an error.
import { isAlias, isMap, isScalar, isSeq, parseDocument, type ParsedNode, type YAMLError } from 'yaml';
import type { Problem } from './problems.js';
import type { Place, Source, Traced, TracedEntry } from './trace.js';

/** The words of an error; `end` where the library's own span is too short for the marker. */
function complaint(error: YAMLError, text: string): { message: string; hint?: string; end?: number } {
  const word = text.slice(...error.pos).split('\n')[0] ?? '';
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^("[^"]*"|'[^']*'|[^\s:,{}]+)/.exec(text.slice(error.pos[0]))?.[0] ?? word;
    return {
      message: `the key \`${key}\` is given twice in one map`,
      hint: 'keep one of them',
      end: error.pos[0] + key.length,
    };
  }
  if (error.code === 'TAG_RESOLVE_FAILED') {
    return {
      message: `the tag \`${word.trim()}\` is not read: a recipe is plain data`,
      hint: 'write the value without a tag',
    };
  }
  if (error.code === 'MULTIPLE_DOCS') {
    return { message: 'a recipe is one YAML document; here a second one begins', hint: 'remove the `---`' };
  }
  return { message: `not valid YAML: ${error.message.split('\n')[0] ?? error.code}` };
}

class Converter {
  readonly problems: Problem[] = [];

  constructor(
    private readonly source: Source,
    private readonly offset: number,
  ) {}

  place(start: number, end: number): Place {
    return { source: this.source, start: this.offset + start, end: this.offset + end };
  }

  complain(message: string, place: Place, hint?: string): void {
    const record = { code: 'RECIPE_SYNTAX', message, ...(hint === undefined ? {} : { hint }) } as const;
    this.problems.push({ record, path: [], place });
  }

  convert(node: ParsedNode | null, fallback: Place): Traced {
    if (node === null) return { kind: 'scalar', value: null, at: fallback };
    const at = this.place(node.range[0], node.range[1]);
    if (isAlias(node) || node.anchor !== undefined) {
      this.complain(
        `anchors and aliases are not read (\`${isAlias(node) ? `*${node.source}` : `&${String(node.anchor)}`}\`)`,
        at,
        'write the value out, or share it through `extends`',
      );
      return { kind: 'scalar', value: null, at };
    }
    if (isSeq<ParsedNode>(node)) {
      return { kind: 'list', items: node.items.map((item) => this.convert(item, at)), at };
    }
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const entries = new Map<string, TracedEntry>();
      for (const pair of node.items) {
        const [start, end] = pair.key.range;
        const key = this.place(start, end);
        const name = isScalar(pair.key) ? String(pair.key.value) : '';
        // Plain objects would take it for their prototype.
        if (name === '__proto__') this.complain('`__proto__` cannot be a key', key);
        else entries.set(name, { key, value: this.convert(pair.value, key) });
      }
      return { kind: 'map', entries, at };
    }
    const { value } = node;
    const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return { kind: 'scalar', value: plain ? value : null, at };
  }
}

/** Reads `text`, which stands at `offset` of the source. Problems have code RECIPE_SYNTAX and a place of their own. */
export function readYaml(
  source: Source,
  text = source.text,
  offset = 0,
): { readonly root: Traced; readonly problems: readonly Problem[] } {
  const document = parseDocument(text, {
    schema: 'core',
    version: '1.2',
    merge: false,
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const converter = new Converter(source, offset);
  for (const error of [...document.errors, ...document.warnings]) {
    const { message, hint, end = error.pos[1] } = complaint(error, text);
    converter.complain(message, converter.place(error.pos[0], end), hint);
  }
  const whole = converter.place(0, text.length);
  return { root: converter.convert(document.contents, whole), problems: converter.problems };
}
