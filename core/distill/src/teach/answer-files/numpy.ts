// NumPy's .npy and .npz files. Format: numpy.lib.format, versions 1.0 to 3.0.
import { unzipSync } from 'fflate';
import { elementCount } from '../../data/index.js';
import { arrayColumn, NotReadable, type Column } from './column.js';
import { isElementName, readElements } from './elements.js';

const magic = '\x93NUMPY';

/** One array. */
export function readNpy(bytes: Uint8Array): Column {
  if (Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== magic)
    throw new NotReadable('it is no .npy file: it does not begin with \\x93NUMPY');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [start, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([<>|=]?)([a-zA-Z])(\d*)'/.exec(header);
  const [, order = '', letter = '', width = ''] = descr ?? [];
  const name = `${letter}${width}`;
  if (!isElementName(name) || order === '>')
    throw new NotReadable(
      `its numbers are ${descr ? `\`${order}${name}\`` : 'records or objects'}: save it as float32, little-endian`,
    );
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((text) => text.trim() !== '')
    .map(Number);
  if (shape.length === 0) throw new NotReadable('it holds a single number, not one row an example');
  if (/'fortran_order':\s*True/.test(header) && shape.length > 1)
    throw new NotReadable('its axes lie in Fortran order: save numpy.ascontiguousarray(array)');
  const { dtype, data } = readElements(bytes.subarray(start + length), name, elementCount(shape));
  return arrayColumn(dtype, shape, data);
}

/** All arrays by name. */
export function readNpz(bytes: Uint8Array): Map<string, () => Column> {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes);
  } catch (error) {
    throw new NotReadable(`it is no .npz file: ${error instanceof Error ? error.message : String(error)}`);
  }
  return new Map(
    Object.entries(files).flatMap(([name, content]) =>
      name.endsWith('.npy') ? [[name.slice(0, -'.npy'.length), () => readNpy(content)]] : [],
    ),
  );
}
