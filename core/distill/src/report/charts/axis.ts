// Axes with plain numbers: thousands separators, never an exponent.

/** How the numbers of an axis are written. */
export type AxisUnit = 'number' | 'share';

/** Vega-Lite's axis options. `,~f` takes its digits from the distance of the ticks; `~g` would write 80 as 8e+1. */
export function axisOf(unit: AxisUnit, title: string | null) {
  return { title, tickCount: 5, format: unit === 'share' ? '.3~%' : ',~f' } as const;
}
