// A key that is the same for recordings that compute the same.
import { createHash, type Hash } from 'node:crypto';
import { neededKernels } from './lower.js';
import type { Recorded } from './tape.js';

/**
 * SHA-256 in hexadecimal of what `outputs` are computed by: kernels, attributes, shapes, constants and names of inputs, and
 * nothing of lines, functions or weights. Undefined when an attribute is something that cannot be written down.
 */
export function recordingKey(outputs: readonly Recorded[]): string | undefined {
  const hash = createHash('sha256');
  const ids = new Map<Recorded, number>();
  const idOf = (recorded: Recorded): number => {
    const known = ids.get(recorded);
    if (known !== undefined) return known;
    const { source, shape, dtype } = recorded;
    const id = ids.size;
    ids.set(recorded, id);
    if (source.kind === 'kernel') throw new Error(`internal: ${source.kernel.kernel} is read before it ran`);
    if (!write(hash, [source.kind, shape, dtype, source.kind === 'input' ? source.name : source.data]))
      throw new Error('internal: a constant cannot be written down');
    return id;
  };
  for (const { kernel, inputs, attributes, outputs: made } of neededKernels(outputs)) {
    const operands = Object.entries(inputs).flatMap(([name, input]) => (input ? [name, idOf(input)] : []));
    if (!write(hash, [kernel, operands, attributes, made.map(({ shape, dtype }) => [shape, dtype])]))
      return undefined;
    for (const output of made) ids.set(output, ids.size);
  }
  write(hash, ['outputs', outputs.map((output) => ids.get(output) ?? idOf(output))]);
  return hash.digest('hex');
}

/** Writes a value so that different values differ; false for functions and objects of classes. Where a node came from is left out. */
function write(hash: Hash, value: unknown): boolean {
  let text = '';
  const flush = (): void => {
    hash.update(text);
    text = '';
  };
  const put = (part: unknown): boolean => {
    switch (typeof part) {
      case 'string':
        text += JSON.stringify(part);
        return true;
      case 'number':
        text += Object.is(part, -0) ? '-0,' : `${part},`;
        return true;
      case 'bigint':
        text += `${part}n,`;
        return true;
      case 'boolean':
      case 'undefined':
        text += `${String(part)},`;
        return true;
      case 'object':
        return part === null ? put('null') : putObject(part);
      case 'function':
      case 'symbol':
        return false;
    }
  };
  const putObject = (part: object): boolean => {
    if (ArrayBuffer.isView(part)) {
      text += `${part.constructor.name}:${part.byteLength}:`;
      flush();
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
      return true;
    }
    if (Array.isArray(part)) {
      text += '[';
      const good = part.every(put);
      text += ']';
      return good;
    }
    if (part instanceof Map) return put(['map', ...part.entries()]);
    const prototype: unknown = Object.getPrototypeOf(part);
    if (prototype !== Object.prototype && prototype !== null) return false;
    text += '{';
    for (const key of Object.keys(part)) {
      // Of a node in the body of a scan: read, it would format a stack.
      if (key === 'origin') continue;
      text += JSON.stringify(key);
      if (!put((part as Record<string, unknown>)[key])) return false;
    }
    text += '}';
    return true;
  };
  const good = put(value);
  flush();
  return good;
}
