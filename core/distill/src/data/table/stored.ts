// Columns of a table in memory: numbers, names by index, text as bytes. A few bytes a value, whatever the file was.

/** An array that grows at its end. */
class Growing<A extends Float64Array | Int32Array | Uint8Array> {
  private length = 0;
  constructor(
    private data: A,
    private readonly make: (length: number) => A,
  ) {}

  push(value: number): void {
    this.reserve(1);
    this.data[this.length++] = value;
  }

  append(values: ArrayLike<number>): void {
    this.reserve(values.length);
    this.data.set(values, this.length);
    this.length += values.length;
  }

  get size(): number {
    return this.length;
  }

  done(): A {
    return this.data.slice(0, this.length) as A;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.data.length) return;
    const larger = this.make(Math.max(1024, 2 * this.data.length, this.length + count));
    larger.set(this.data);
    this.data = larger;
  }
}

const floats = (length = 0) => new Float64Array(length);
const integers = (length = 0) => new Int32Array(length);
const octets = (length = 0) => new Uint8Array(length);

/** Numbers; NaN: missing. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly values: Float64Array;
}

/** Names by their index in `names`; -1: missing. */
export interface NameColumn {
  readonly kind: 'name';
  readonly names: readonly string[];
  readonly indices: Int32Array;
}

/** Text as UTF-8: that of row r is `bytes[ends[r - 1] .. ends[r]]`. */
export interface TextColumn {
  readonly kind: 'text';
  readonly bytes: Uint8Array;
  readonly ends: Float64Array;
}

export type StoredColumn = NumberColumn | NameColumn | TextColumn;

export class NumberBuilder {
  private readonly values = new Growing(floats(), floats);
  add(value: number | null): void {
    this.values.push(value ?? NaN);
  }
  done(): NumberColumn {
    return { kind: 'number', values: this.values.done() };
  }
}

export class NameBuilder {
  private readonly known = new Map<string, number>();
  private readonly indices = new Growing(integers(), integers);
  add(value: string | null): void {
    if (value === null) return this.indices.push(-1);
    let index = this.known.get(value);
    if (index === undefined) this.known.set(value, (index = this.known.size));
    this.indices.push(index);
  }
  /** Names sorted, numbers by their value where all are numbers: the order of rows does not matter. */
  done(): NameColumn {
    const found = [...this.known.keys()];
    const names = sortedNames(found);
    const place = new Map(names.map((name, index) => [name, index]));
    const moved = found.map((name) => place.get(name) ?? -1);
    return { kind: 'name', names, indices: this.indices.done().map((index) => moved[index] ?? -1) };
  }
}

export class TextBuilder {
  private readonly bytes = new Growing(octets(), octets);
  private readonly ends = new Growing(floats(), floats);
  add(value: string | null): void {
    if (value !== null) this.bytes.append(Buffer.from(value, 'utf8'));
    this.ends.push(this.bytes.size);
  }
  done(): TextColumn {
    return { kind: 'text', bytes: this.bytes.done(), ends: this.ends.done() };
  }
}

/** By number where all are numbers, else by code unit: the same on every machine. */
function sortedNames(names: readonly string[]): string[] {
  const numeric = names.every((name) => name.trim() !== '' && Number.isFinite(Number(name)));
  return [...names].sort((a, b) => {
    const difference = numeric ? Number(a) - Number(b) : 0;
    return difference !== 0 ? difference : a < b ? -1 : a > b ? 1 : 0;
  });
}
