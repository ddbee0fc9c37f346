// Single damages to a file, as disks, copies and hands do them.
import { readFile, rm, writeFile } from 'node:fs/promises';

export const kinds = ['flip', 'cut', 'append', 'remove'] as const;
export type Kind = (typeof kinds)[number];

/** Numbers from 0 to below 1. */
export type Draw = () => number;

/** A seeded stream of numbers (mulberry32). */
export function draws(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(draw: Draw, from: readonly T[]): T {
  return from[Math.floor(draw() * from.length)] as T;
}

/** Damages a file and says how, in words. */
export async function damage(path: string, kind: Kind, draw: Draw): Promise<string> {
  if (kind === 'remove') {
    await rm(path);
    return 'removed';
  }
  const bytes = await readFile(path);
  const at = Math.floor(draw() * bytes.length);
  if (kind === 'cut') {
    await writeFile(path, bytes.subarray(0, at));
    return `cut to ${at} of ${bytes.length} bytes`;
  }
  if (kind === 'append') {
    const more = Buffer.from(Array.from({ length: 1 + Math.floor(draw() * 16) }, () => draw() * 256));
    await writeFile(path, Buffer.concat([bytes, more]));
    return `${more.length} bytes appended`;
  }
  const bit = 1 << Math.floor(draw() * 8);
  if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ bit;
  await writeFile(path, bytes);
  return `bit ${bit} of byte ${at} of ${bytes.length} flipped`;
}
