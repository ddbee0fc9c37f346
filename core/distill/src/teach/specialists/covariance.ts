// The covariance matrix of a model's predictions: which classes it gives probability to at the same time.

/** Fed with one distribution after another; holds classes x classes numbers. */
export class PredictionCovariance {
  readonly #classes: number;
  readonly #sums: Float64Array;
  readonly #products: Float64Array;
  #count = 0;

  constructor(classes: number) {
    this.#classes = classes;
    this.#sums = new Float64Array(classes);
    this.#products = new Float64Array(classes * classes);
  }

  /** `p`: the probability of each class. */
  add(p: ArrayLike<number>): void {
    this.#count++;
    for (let i = 0; i < this.#classes; i++) {
      const pi = p[i] as number;
      this.#sums[i] = (this.#sums[i] as number) + pi;
      for (let j = 0; j <= i; j++) {
        const at = i * this.#classes + j;
        this.#products[at] = (this.#products[at] as number) + pi * (p[j] as number);
      }
    }
  }

  get count(): number {
    return this.#count;
  }

  /** The columns of the matrix, one a class: [classes][classes]. Divided by the number of distributions. */
  columns(): Float64Array[] {
    const n = Math.max(1, this.#count);
    const mean = this.#sums.map((sum) => sum / n);
    return Array.from({ length: this.#classes }, (_, i) =>
      Float64Array.from({ length: this.#classes }, (_, j) => {
        const at = Math.max(i, j) * this.#classes + Math.min(i, j);
        return (this.#products[at] as number) / n - (mean[i] as number) * (mean[j] as number);
      }),
    );
  }
}
