// YAML text to one document of the library's, within limits that no recipe meets and the library's recursion needs.
import { Composer, CST, Parser, type Document, type ParsedNode } from 'yaml';

export type ParsedDocument = Document.Parsed<ParsedNode>;

/** Lists and maps within each other. */
export const deepest = 64;

/** Keys and entries of lists altogether. */
const mostEntries = 200_000;

export interface Excess {
  readonly message: string;
  /** Where, as an offset. */
  readonly at: number;
}

/** What exceeds the limits. Goes through without recursion, since the text may be made to exhaust the stack. */
function excessOf(tokens: readonly CST.Token[]): Excess | undefined {
  let entries = 0;
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = [];
  for (const token of tokens)
    if (token.type === 'document' && token.value !== undefined)
      waiting.push({ token: token.value, depth: 1 });
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (!CST.isCollection(token)) continue;
    if (depth > deepest)
      return { message: `lists and maps are nested more than ${deepest} deep`, at: token.offset };
    entries += token.items.length;
    if (entries > mostEntries)
      return {
        message: `more than ${mostEntries.toLocaleString('en')} keys and entries, the limit for recipes`,
        at: token.offset,
      };
    for (const { key, value } of token.items)
      for (const part of [key, value]) if (part) waiting.push({ token: part, depth: depth + 1 });
  }
  return undefined;
}

/** Reads the first document, as YAML 1.2 with the core schema and with keys that are text. */
export function yamlDocument(
  text: string,
): { readonly document: ParsedDocument; readonly second: number | undefined } | { readonly excess: Excess } {
  const tokens = [...new Parser().parse(text)];
  const excess = excessOf(tokens);
  if (excess !== undefined) return { excess };
  const composer = new Composer<ParsedNode>({
    schema: 'core',
    version: '1.2',
    merge: false,
    // Told by our own converter, which takes a time that is linear in the number of keys.
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const [document, other] = composer.compose(tokens, true, text.length);
  return { document: document as ParsedDocument, second: other?.range[0] };
}
