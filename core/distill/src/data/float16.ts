// Half-precision floats (IEEE 754 binary16) as 16-bit patterns: Node 20 has no Float16Array.

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of the nearest half, ties to even. Beyond 65,504 it is infinity; NaN stays NaN. */
export function toHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  const fraction = bits & 0x7fffff;
  if (exponent === 143) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent <= 0) {
    // Below the smallest normal half: the implicit one becomes a digit like others.
    if (exponent < -10) return sign;
    return sign | roundShift(fraction | 0x800000, 14 - exponent);
  }
  // A carry out of the fraction raises the exponent, up to infinity, as it must.
  return sign | roundShift((exponent << 23) | fraction, 13);
}

/** The value of a half. Exact. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** An array of halves as float32. Exact. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, fromHalf);
}
