// Checks of options that are numbers.
import { EngineError } from './errors.js';

/** Throws ENGINE_OPTION unless `fits`. `accepted` completes the sentence "must be …". */
function checkOption(owner: string, option: string, value: number, fits: boolean, accepted: string): void {
  if (fits) return;
  throw new EngineError('ENGINE_OPTION', `${owner}: ${option} is ${value}, it must be ${accepted}`);
}

/** A finite number of at least 0. */
export function checkNonNegative(owner: string, option: string, value: number): void {
  checkOption(owner, option, value, Number.isFinite(value) && value >= 0, 'a number of at least 0');
}

/** A finite number above 0. */
export function checkPositive(owner: string, option: string, value: number): void {
  checkOption(owner, option, value, Number.isFinite(value) && value > 0, 'a number above 0');
}

/** A number from 0 (inclusive) to 1 (exclusive): decay rates of running means. */
export function checkFraction(owner: string, option: string, value: number): void {
  checkOption(owner, option, value, value >= 0 && value < 1, 'at least 0 and below 1');
}

/** A whole number of at least `least`. */
export function checkWhole(owner: string, option: string, value: number, least: number): void {
  checkOption(
    owner,
    option,
    value,
    Number.isInteger(value) && value >= least,
    `a whole number of at least ${least}`,
  );
}
