// Means over the examples of batches of different sizes.

export class Means {
  private count = 0;
  private readonly sums: number[];

  constructor(private readonly labels: readonly string[]) {
    this.sums = labels.map(() => 0);
  }

  add(size: number, values: readonly number[]): void {
    this.count += size;
    values.forEach((value, i) => (this.sums[i] = (this.sums[i] as number) + value * size));
  }

  /** By label, each with `prefix` before it. */
  logs(prefix = ''): Record<string, number> {
    return Object.fromEntries(
      this.labels.map((label, i) => [prefix + label, (this.sums[i] as number) / this.count]),
    );
  }
}
