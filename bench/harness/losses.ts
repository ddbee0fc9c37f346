// Whether peers train the same network: a comparison of different ones is worth nothing.

/** Losses at the first step may differ by this much, relative to the first peer's. */
const agreement = 1e-3;

/**
 * Who does not train what the first peer trains (potstill, where it takes part), and what to say of it. A loss that is no
 * number tells against its peer alone.
 */
export function strangers<Name extends string>(losses: ReadonlyMap<Name, number>): Map<Name, string> {
  const found = new Map<Name, string>();
  for (const [name, loss] of losses)
    if (!Number.isFinite(loss)) found.set(name, `its loss at the first step is ${loss}`);
  const [reference, ...others] = [...losses].filter(([name]) => !found.has(name));
  if (!reference) return found;
  const [first, wanted] = reference;
  for (const [name, loss] of others)
    if (Math.abs(loss - wanted) > agreement * Math.abs(wanted))
      found.set(
        name,
        `ANOTHER NETWORK: its loss at the first step is ${loss}, that of ${first} is ${wanted}; it was not measured`,
      );
  return found;
}
