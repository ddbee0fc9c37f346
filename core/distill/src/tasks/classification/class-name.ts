// How reports name a class.

/** The name of a class; its number where the data name none, `nothing` for an answer that is none. */
export function className(labels: readonly string[] | undefined, index: number | undefined): string {
  return index === undefined || index < 0 ? 'nothing' : (labels?.[index] ?? String(index));
}
