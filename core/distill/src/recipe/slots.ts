// Where components stand in a recipe: one table, used by the schema's readers, by `extends` and by `--set`.
import type { ComponentKind } from '../contracts/index.js';
import type { Path } from './trace.js';

interface Slot {
  readonly kind: ComponentKind;
  /** `*` stands for every index of a list. */
  readonly path: readonly string[];
  /** Keys beside `use` that belong to the slot and not to the component's options. */
  readonly own: readonly string[];
}

const dataSlots = ['train', 'validation', 'test'].flatMap((name): Slot[] => [
  { kind: 'dataset', path: ['data', name], own: ['transforms', 'limit'] },
  { kind: 'transform', path: ['data', name, 'transforms', '*'], own: [] },
]);

export const slots: readonly Slot[] = [
  ...dataSlots,
  // The transforms of the training data are those of the transfer data too.
  { kind: 'dataset', path: ['data', 'transfer'], own: ['limit'] },
  { kind: 'teacher', path: ['teacher'], own: ['cache'] },
  { kind: 'student', path: ['student'], own: [] },
  { kind: 'loss', path: ['losses', '*'], own: ['weight', 'name', 'optimizer', 'rate'] },
  { kind: 'schedule', path: ['losses', '*', 'weight'], own: [] },
  { kind: 'optimizer', path: ['losses', '*', 'optimizer'], own: [] },
  { kind: 'schedule', path: ['losses', '*', 'rate'], own: [] },
  { kind: 'optimizer', path: ['train', 'optimizer'], own: [] },
  { kind: 'schedule', path: ['train', 'rate'], own: [] },
  { kind: 'task', path: ['task'], own: [] },
  { kind: 'metric', path: ['evaluate', '*'], own: ['name', 'where'] },
  { kind: 'adjustment', path: ['adjust', '*'], own: [] },
  { kind: 'exporter', path: ['export', '*'], own: [] },
];

/** Keys that an option of a component of that kind cannot have, since the recipe takes them for itself. */
export function reservedKeys(kind: ComponentKind): readonly string[] {
  const own = new Set(slots.filter((slot) => slot.kind === kind).flatMap((slot) => slot.own));
  return ['use', ...(kind === 'teacher' ? ['recipe', 'set', 'epoch', 'live'] : []), ...own];
}

/** The slot at a path, or undefined when no component stands there. */
export function slotAt(path: Path): Slot | undefined {
  // A stage has the components of a recipe.
  const within = path[0] === 'stages' ? path.slice(2) : path;
  return slots.find(
    (slot) =>
      slot.path.length === within.length &&
      slot.path.every((key, index) => key === '*' || key === String(within[index])),
  );
}

/** A component as recipes write it, split; undefined when it is not one (which the schema reports). */
export interface WrittenComponent {
  readonly slot: Slot;
  readonly path: Path;
  readonly use: string;
  /** Where the name stands. */
  readonly usePath: Path;
  readonly options: Readonly<Record<string, unknown>>;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A component written as a name or as a map with `use`. */
function splitComponent(slot: Slot, path: Path, value: unknown): WrittenComponent | undefined {
  if (typeof value === 'string') return { slot, path, use: value, usePath: path, options: {} };
  if (!isRecord(value) || typeof value.use !== 'string') return undefined;
  // Neither the one nor the other; the checks say so.
  if (slot.kind === 'teacher' && value.recipe !== undefined) return undefined;
  const own = new Set(['use', ...slot.own]);
  const options = Object.fromEntries(Object.entries(value).filter(([key]) => !own.has(key)));
  return { slot, path, use: value.use, usePath: [...path, 'use'], options };
}

/** Not in the table: it is no component as recipes write them. */
const teachersSlot: Slot = { kind: 'teacher', path: ['teachers'], own: [] };

/** Where the recipe has what stands at a path below a component: members of `teachers` stand in it itself. */
export function writtenPath({ slot, path }: WrittenComponent, below: Path): Path {
  return slot === teachersSlot && below[path.length] === 'members'
    ? [...path, ...below.slice(path.length + 1)]
    : below;
}

/** Where the recipe has an option of a component. */
export function optionPath(written: WrittenComponent, option: Path): Path {
  return writtenPath(written, [...written.path, ...option]);
}

/** All components written in a recipe's data, in the order of the table; what is no component is passed over. */
export function writtenComponents(data: unknown): WrittenComponent[] {
  const found: WrittenComponent[] = [];
  const walk = (slot: Slot, value: unknown, path: Path): void => {
    const key = slot.path[path.length];
    if (key === undefined) {
      const component = splitComponent(slot, path, value);
      if (component !== undefined) found.push(component);
    } else if (key === '*') {
      if (Array.isArray(value)) value.forEach((item: unknown, index) => walk(slot, item, [...path, index]));
    } else if (isRecord(value) && Object.hasOwn(value, key)) {
      walk(slot, value[key], [...path, key]);
    }
  };
  for (const slot of slots) walk(slot, data, []);
  const several = isRecord(data) ? data.teachers : undefined;
  // The short form of an ensemble, each of whose members losses read by its name.
  if (isRecord(several))
    found.push({
      slot: teachersSlot,
      path: ['teachers'],
      use: 'ensemble',
      usePath: ['teachers'],
      options: { members: several },
    });
  return found;
}
