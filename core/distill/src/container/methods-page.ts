// docs/methods.md and `potstill list losses --markdown`: every published method among components, family by family.
import type { Method } from '../contracts/index.js';
import type { FoundComponent } from '../recipe/lookup.js';
import { optionRows, type OptionRow } from './explain.js';

/** What a method adds to a step of training, in milliseconds: ours, and torchdistill's where it has it. */
export interface MethodCost {
  readonly potstill: number;
  readonly torchdistill?: number;
}

export interface MethodsPageOptions {
  /** By component name. */
  readonly costs?: Readonly<Record<string, MethodCost>>;
}

interface Row {
  readonly found: FoundComponent;
  readonly method: Method;
}

const familyTitles: Readonly<Record<string, string>> = {
  labels: 'Labels',
  logits: 'Logits',
  features: 'Features',
  relations: 'Relations',
  schemes: 'Schemes',
  attention: 'Transformers',
  contrastive: 'Contrastive and embeddings',
};

const titleOf = (family: string) => familyTitles[family] ?? family.charAt(0).toUpperCase() + family.slice(1);

/** Text within a cell: a bar would end it, and raw markup would be taken for HTML. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');

/** Options that mean the same wherever they stand: which outputs, which field, which positions. */
const common: ReadonlySet<string> = new Set(['student', 'teacher', 'target', 'mask', 'layers']);

const code = (text: string) => `\`${text}\``;

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `logits`; `logits or feature map`; `-` for nothing. */
const forms = (outputs: readonly string[]) => (outputs.length === 0 ? '-' : outputs.join(' or '));

function costText(cost: MethodCost | undefined): string {
  if (!cost) return '';
  const peer = cost.torchdistill === undefined ? '' : ` (${cost.torchdistill.toFixed(2)})`;
  return cost.potstill.toFixed(2) + peer;
}

function overview(rows: readonly Row[], costs: MethodsPageOptions['costs']): string {
  const head = ['method', 'student', 'teacher', 'labels', 'shapes', ...(costs ? ['ms a step'] : [])];
  return tableOf(
    head,
    rows.map(({ found, method }) => [
      `[${found.definition.name}](#${anchor(found.definition.name)})`,
      forms(method.student),
      forms(method.teacher),
      method.labels === true ? 'yes' : '-',
      method.teacher.length === 0 ? '-' : method.sameShape === true ? 'equal' : 'may differ',
      ...(costs ? [costText(costs[found.definition.name])] : []),
    ]),
  );
}

/** As GitHub makes it of a heading. */
const anchor = (name: string) => name.replaceAll('/', '');

function section({ found, method }: Row): string {
  const { name, help } = found.definition;
  const names = Object.entries(method.aliases ?? {}).map(
    ([library, aliases]) => `${aliases.map(code).join(', ')} (${library})`,
  );
  const rows = optionRows(found).filter((row) => !common.has(row.name));
  const parts = [
    `### ${name}`,
    cell(help),
    `[${cell(method.paper)}](${method.url})`,
    ['```text', method.formula, '```'].join('\n'),
    ...(names.length === 0 ? [] : [`Also known as ${names.join(', ')}.`]),
    ...(method.note === undefined ? [] : [cell(method.note)]),
    ...(rows.length === 0 ? [] : [optionsTable(rows)]),
    ['```yaml', ...exampleLines(found), '```'].join('\n'),
  ];
  return parts.join('\n\n');
}

function optionsTable(rows: readonly OptionRow[]): string {
  return tableOf(
    ['option', 'default', ''],
    rows.map((row) => [code(row.name), row.default === '' ? '' : code(cell(row.default)), cell(row.help)]),
  );
}

/** Where the component stands in a recipe. */
function exampleLines({ definition: { kind, method } }: FoundComponent): readonly string[] {
  const entry = flow(method?.example);
  if (kind === 'loss') return ['losses:', `  - ${entry}`];
  if (kind === 'optimizer') return ['train:', `  optimizer: ${entry}`];
  return [`${kind}: ${entry}`];
}

/** YAML of one line. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${key}: ${flow(each)}`)
      .join(', ')} }`;
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[a-z][\w./-]*$/i.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** Markdown: an overview and a section a method, by family in the order in which families first come. */
export function methodsPage(
  components: readonly FoundComponent[],
  { costs }: MethodsPageOptions = {},
): string {
  const rows = components.flatMap((found): Row[] => {
    const { method } = found.definition;
    return method ? [{ found, method }] : [];
  });
  const families = [...new Set(rows.map(({ method }) => method.family))];
  return families
    .map((family) => {
      const own = rows.filter(({ method }) => method.family === family);
      return [`## ${titleOf(family)}`, overview(own, costs), ...own.map(section)].join('\n\n');
    })
    .join('\n\n');
}
