// What a container did: who made what, and who asked for it.

export class MakingLog {
  readonly #made = new Map<string, string>();
  readonly #askers = new Map<string, Set<string>>();

  made(what: string, how: string): void {
    this.#made.set(what, how);
  }

  asked(what: string, asker: string): void {
    const askers = this.#askers.get(what) ?? new Set();
    this.#askers.set(what, askers.add(asker));
  }

  /** A line for each thing made, in the order of making: `engine   made by potstill 0.1.0   for student mlp (student)`. */
  text(): string {
    const rows = [...this.#made].map(([what, how]) => {
      const askers = [...(this.#askers.get(what) ?? [])];
      return [what, how, askers.length > 0 ? `for ${askers.join(', ')}` : ''];
    });
    const width = (column: number) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
    const widths = [width(0), width(1)];
    return rows
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd(),
      )
      .join('\n');
  }
}
