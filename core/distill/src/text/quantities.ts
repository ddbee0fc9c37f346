// Times, shares and sizes as text, the same wherever potstill prints them.

function digits(value: number, places: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** Seconds as `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`; `?` for what is not finite. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 9.95) return `${digits(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A share, 0.9931 as `99.31 %`. */
export function percent(share: number, places = 2): string {
  return `${digits(share * 100, places)} %`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** 512 as `512 B`, 4,812,345 as `4.8 MB`: powers of 1000, three digits at most. */
export function bytes(count: number): string {
  let value = count;
  let at = 0;
  // What would be rounded up to 1000 belongs to the next unit.
  while (value >= (at === 0 ? 1000 : 999.5) && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${digits(value, at === 0 || value >= 99.95 ? 0 : 1)} ${units[at] ?? ''}`;
}
