// Checks of optimiser options, and which variables weight decay acts on.
import { EngineError } from '../errors.js';
import type { NamedVariable } from '../types.js';

/** True for variables that weight decay and max-norm act on: `decay`, or a rank of at least 2 where that is left open. */
export function decays(variable: NamedVariable): boolean {
  return variable.decay ?? variable.variable.shape.length >= 2;
}

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
