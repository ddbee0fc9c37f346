// Counter-based random streams: the numbers depend on (seed, path, position) alone, never on what was drawn before.
// Threefry-2x32-20 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4), the generator of JAX.

/** A pure function from a name and counters to numbers. Deriving a child never changes the parent. */
export interface RandomStream {
  /** The stream of that name below this one. */
  child(name: string): RandomStream;
  /** The stream at that counter (a step, an epoch, an example) below this one. */
  at(counter: number): RandomStream;
  /** The first `count` words of this stream, each uniform on the 32-bit integers. */
  bits(count: number): Uint32Array;
  /** The first `count` numbers, uniform on [0, 1) in steps of 2^-24. */
  uniform(count: number): Float32Array;
  /** The first `count` standard normal numbers (Box-Muller). */
  normal(count: number): Float32Array;
  /** Bernoulli: 1 with probability `1 - rate`, else 0. `rate` is honoured in steps of 2^-16. */
  keepMask(count: number, rate: number): Float32Array;
  /** A permutation of 0..count-1 (Fisher-Yates). */
  permutation(count: number): Uint32Array;
  /** An integer uniform on 0..below-1 at that position of the stream. */
  integer(below: number, position?: number): number;
}

/**
 * Fills `out` with Threefry-2x32-20 of the counters (i, high), two words a counter.
 * Twenty rounds in groups of four, a subkey added after each; written out because a mask needs 300,000 words a step.
 */
export function threefry(key0: number, key1: number, out: Uint32Array, high = 0): void {
  const k0 = key0 | 0;
  const k1 = key1 | 0;
  const k2 = 0x1bd11bda ^ k0 ^ k1;
  for (let i = 0, counter = 0; i < out.length; i += 2, counter++) {
    let x = (counter + k0) | 0;
    let y = (high + k1) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k1) | 0;
    y = (y + k2 + 1) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k2) | 0;
    y = (y + k0 + 2) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k0) | 0;
    y = (y + k1 + 3) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k1) | 0;
    y = (y + k2 + 4) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k2) | 0;
    y = (y + k0 + 5) | 0;
    out[i] = x;
    if (i + 1 < out.length) out[i + 1] = y;
  }
}

class ThreefryStream implements RandomStream {
  constructor(
    private readonly key0: number,
    private readonly key1: number,
  ) {}

  /** A child's key is this key's output at a counter that no draw uses (the high word is the domain). */
  private derive(domain: number, word: number): ThreefryStream {
    const key = new Uint32Array(2);
    threefry(this.key0 ^ word, this.key1, key, domain);
    return new ThreefryStream(key[0] as number, key[1] as number);
  }

  child(name: string): RandomStream {
    // FNV-1a over the UTF-16 units: a name becomes one word.
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return this.derive(1, hash);
  }

  at(counter: number): RandomStream {
    return this.derive(2, counter);
  }

  bits(count: number): Uint32Array {
    const out = new Uint32Array(count);
    threefry(this.key0, this.key1, out);
    return out;
  }

  uniform(count: number): Float32Array {
    const bits = this.bits(count);
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = ((bits[i] as number) >>> 8) * 2 ** -24;
    return out;
  }

  normal(count: number): Float32Array {
    const bits = this.bits(count + (count & 1));
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      // 1 - u keeps the logarithm's argument off zero.
      const radius = Math.sqrt(-2 * Math.log(1 - (bits[i] as number) * 2 ** -32));
      const angle = 2 * Math.PI * (bits[i + 1] as number) * 2 ** -32;
      out[i] = radius * Math.cos(angle);
      if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
    }
    return out;
  }

  keepMask(count: number, rate: number): Float32Array {
    // Sixteen bits decide one element, so one word serves two.
    const bits = this.bits((count + 1) >> 1);
    const out = new Float32Array(count);
    const threshold = Math.round(rate * 65536);
    for (let i = 0; i < count; i++) {
      const word = bits[i >> 1] as number;
      out[i] = (i & 1 ? word >>> 16 : word & 0xffff) >= threshold ? 1 : 0;
    }
    return out;
  }

  permutation(count: number): Uint32Array {
    const bits = this.bits(count);
    const out = new Uint32Array(count);
    for (let i = 0; i < count; i++) out[i] = i;
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor((bits[i] as number) * 2 ** -32 * (i + 1));
      const swap = out[i] as number;
      out[i] = out[j] as number;
      out[j] = swap;
    }
    return out;
  }

  integer(below: number, position = 0): number {
    const word = this.bits(position + 1)[position] as number;
    return Math.floor(word * 2 ** -32 * below);
  }
}

/** The root of all randomness of a run. `seed` is any integer. */
export function randomStream(seed: number): RandomStream {
  return new ThreefryStream(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0);
}
