// The value of what may be a schedule.
import type { Schedule, ScheduleAt } from '../contracts/index.js';

/** Value of a number or schedule. */
export function valueAt(value: number | Schedule, at: ScheduleAt): number {
  return typeof value === 'number' ? value : value(at);
}
