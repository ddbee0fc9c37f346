// A line for each epoch: where it stands, how long it took, how long is left.

/** `epoch 2/5  loss 0.1234  acc 0.9500  1.2 s, 3.6 s left`. Times are in milliseconds. */
export function progressLine(
  at: { readonly epoch: number; readonly epochs: number },
  logs: Readonly<Record<string, number>>,
  time: { readonly epoch: number; readonly left: number },
): string {
  const values = Object.entries(logs).map(([name, value]) => `${name} ${shown(value)}`);
  const left = at.epoch < at.epochs ? `, ${seconds(time.left)} left` : '';
  return [`epoch ${at.epoch}/${at.epochs}`, ...values, `${seconds(time.epoch)}${left}`].join('  ');
}

function shown(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(3) : value.toFixed(4);
}

function seconds(milliseconds: number): string {
  const all = milliseconds / 1000;
  return all < 100 ? `${all.toFixed(1)} s` : `${Math.floor(all / 60)} min ${Math.round(all % 60)} s`;
}
