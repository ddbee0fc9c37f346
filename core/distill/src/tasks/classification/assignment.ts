// Which class stands for which: the best one-to-one assignment.

/**
 * For each row the column that is its own, so that the sum of the chosen cells is largest. `cells` is [size, size], row
 * after row. The Hungarian method with potentials (Kuhn 1955, Munkres 1957), O(size^3).
 */
export function bestAssignment(cells: ArrayLike<number>, size: number): number[] {
  // Numbered from 1; row or column 0 means none.
  const rowPotential = new Float64Array(size + 1);
  const columnPotential = new Float64Array(size + 1);
  const rowOf = new Int32Array(size + 1);
  for (let row = 1; row <= size; row++) {
    const slack = new Float64Array(size + 1).fill(Infinity);
    const cameFrom = new Int32Array(size + 1);
    const done = new Uint8Array(size + 1);
    let column = 0;
    rowOf[0] = row;
    do {
      done[column] = 1;
      const here = rowOf[column] as number;
      let step = Infinity;
      let next = 0;
      for (let c = 1; c <= size; c++) {
        if (done[c]) continue;
        const cost =
          -(cells[(here - 1) * size + c - 1] as number) -
          (rowPotential[here] as number) -
          (columnPotential[c] as number);
        if (cost < (slack[c] as number)) {
          slack[c] = cost;
          cameFrom[c] = column;
        }
        if ((slack[c] as number) < step) {
          step = slack[c] as number;
          next = c;
        }
      }
      for (let c = 0; c <= size; c++) {
        if (done[c]) {
          const assigned = rowOf[c] as number;
          rowPotential[assigned] = (rowPotential[assigned] as number) + step;
          columnPotential[c] = (columnPotential[c] as number) - step;
        } else slack[c] = (slack[c] as number) - step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    // Turns the path around, so that each row on it gets the next column.
    while (column !== 0) {
      const before = cameFrom[column] as number;
      rowOf[column] = rowOf[before] as number;
      column = before;
    }
  }
  const result = new Array<number>(size).fill(-1);
  for (let c = 1; c <= size; c++) result[(rowOf[c] as number) - 1] = c - 1;
  return result;
}
