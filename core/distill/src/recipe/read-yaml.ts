// YAML text to traced data: the core schema only, nothing runs, what is not plain data is an error.
import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type YAMLError } from 'yaml';
import type { Problem } from './problems.js';
import type { Place, Source, Traced, TracedEntry } from './trace.js';
import { quote } from './words.js';
import { yamlDocument } from './yaml-document.js';

/** The words of an error of the library's. */
function complaint(error: YAMLError, text: string): { message: string; hint?: string } {
  if (error.code === 'TAG_RESOLVE_FAILED') {
    const word = text.slice(...error.pos).split('\n')[0] ?? '';
    return {
      message: `the tag \`${word.trim()}\` is not allowed: a recipe is plain data`,
      hint: 'write the value without a tag',
    };
  }
  if (error.code === 'BAD_DQ_ESCAPE') {
    return {
      message: `\`${text.slice(error.pos[0], error.pos[0] + 2)}\` is not a valid escape in double quotes`,
      hint: 'use single quotes, or `/` in paths',
    };
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
        `anchors and aliases are not allowed (\`${isAlias(node) ? `*${node.source}` : `&${String(node.anchor)}`}\`)`,
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
        else if (entries.has(name))
          this.complain(`the key ${quote(name)} is given twice in one map`, key, 'keep one of them');
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
  const converter = new Converter(source, offset);
  const whole = converter.place(0, text.length);
  const read = yamlDocument(text);
  if ('excess' in read) {
    const { message, at } = read.excess;
    converter.complain(message, converter.place(at, at + 1));
    return { root: { kind: 'scalar', value: null, at: whole }, problems: converter.problems };
  }
  const { document, second } = read;
  for (const error of [...document.errors, ...document.warnings]) {
    const { message, hint } = complaint(error, text);
    converter.complain(message, converter.place(...error.pos), hint);
  }
  if (second !== undefined) {
    const message = 'a recipe is a single YAML document, and a second one begins here';
    converter.complain(message, converter.place(second, second + 3), 'remove the `---`');
  }
  return { root: converter.convert(document.contents, whole), problems: converter.problems };
}
