// Numbers as text: no more digits than mean something, a dash for what is not known.

const dash = '–';

function digits(value: number, places: number): string {
  return value.toLocaleString('en-GB', { minimumFractionDigits: places, maximumFractionDigits: places });
}

function known(format: (value: number) => string): (value: number | undefined) => string {
  return (value) => (value === undefined || Number.isNaN(value) ? dash : format(value));
}

/** 12,345 */
export const count = known((value) => value.toLocaleString('en-GB', { maximumFractionDigits: 0 }));

/** 0.9931 as `99.31 %` */
export const percent = known((value) => `${digits(value * 100, 2)} %`);

/** 0.9931 as `99.3 %`. */
export const tenths = known((value) => `${digits(value * 100, 1)} %`);

/** 0.778 as `78 %`, for sentences. */
export const wholePercent = known((value) => `${digits(value * 100, 0)} %`);

/** A confidence with one decimal; never rounded up to certainty. */
export const sure = known((value) =>
  value > 0.999 && value < 1 ? '> 99.9 %' : `${digits(value * 100, 1)} %`,
);

/** Four significant digits, so that small and large values can stand in one column. */
export const number = known((value) =>
  Number.isInteger(value)
    ? count(value)
    : Number.isFinite(value)
      ? value.toLocaleString('en-GB', { maximumSignificantDigits: 4, minimumSignificantDigits: 2 })
      : value < 0
        ? '−∞'
        : '∞',
);

/** A number that was chosen, not measured: `0.003`. */
export const setting = known((value) => value.toLocaleString('en-GB', { maximumSignificantDigits: 6 }));

function scaled(value: number, base: number, units: readonly string[]): string {
  let at = 0;
  while (value >= base && at < units.length - 1) {
    value /= base;
    at++;
  }
  return `${digits(value, at === 0 || value >= 100 ? 0 : 1)} ${units[at] ?? ''}`;
}

/** 4,812,345 as `4.8 MB` (powers of 1000). */
export const bytes = known((value) => scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB']));

/** 0.034 as `0.034 ms`, 12.3 as `12.3 ms`. */
export const milliseconds = known(
  (value) => `${value < 1 ? digits(value, 3) : digits(value, value < 100 ? 1 : 0)} ms`,
);

/** 72.4 as `1 min 12 s`. */
export const duration = known((seconds) => {
  if (seconds < 10) return `${digits(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
});

/** `1 error`, `2 errors` */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
