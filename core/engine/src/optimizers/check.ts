// Checks of optimiser options.
import { EngineError } from '../errors.js';

/** Throws ENGINE_OPTION unless `fits`. `accepted` completes the sentence "must be …". */
function checkOption(
  optimizer: string,
  option: string,
  value: number,
  fits: boolean,
  accepted: string,
): void {
  if (fits) return;
  throw new EngineError('ENGINE_OPTION', `${optimizer}: ${option} is ${value}, it must be ${accepted}`);
}

/** A finite number of at least 0. */
export function checkNonNegative(optimizer: string, option: string, value: number): void {
  checkOption(optimizer, option, value, Number.isFinite(value) && value >= 0, 'a number of at least 0');
}

/** A finite number above 0. */
export function checkPositive(optimizer: string, option: string, value: number): void {
  checkOption(optimizer, option, value, Number.isFinite(value) && value > 0, 'a number above 0');
}

/** A number from 0 (inclusive) to 1 (exclusive): decay rates of running means. */
export function checkFraction(optimizer: string, option: string, value: number): void {
  checkOption(optimizer, option, value, value >= 0 && value < 1, 'at least 0 and below 1');
}
