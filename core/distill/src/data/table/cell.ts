// One value of a table, and how messages show it.
import { visibleLine } from '../../text/visible.js';

/** Null: missing. Values of other types (dates, lists, maps) are kept to be named in a message. */
export type Cell = string | number | bigint | boolean | null | object;

const longest = 40;

/** A value as a message shows it: text in quotes, cut to a readable length. */
export function cellText(cell: Cell): string {
  if (cell === null) return 'nothing';
  if (typeof cell === 'string') {
    const cut = cell.length > longest ? `${cell.slice(0, longest)}…` : cell;
    return `\`${visibleLine(cut)}\``;
  }
  if (cell instanceof Date) return 'a date';
  if (Array.isArray(cell) || ArrayBuffer.isView(cell)) return 'a list';
  if (typeof cell === 'object') return 'a map';
  return `\`${String(cell)}\``;
}
