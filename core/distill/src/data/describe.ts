// A data set's description of itself, without its examples.
import type { DataDescription } from '../contracts/index.js';

/** Every part of a description: one that is added to the contract must be added here. */
const parts: Readonly<Record<keyof DataDescription, true>> = {
  spec: true,
  inputs: true,
  fingerprint: true,
  target: true,
  task: true,
  labels: true,
  unlabelled: true,
  labelled: true,
  preprocessing: true,
  columns: true,
  groups: true,
  source: true,
};

/** The plain description: what contexts, reports and exports carry. Absent parts stay absent. */
export function descriptionOf(data: DataDescription): DataDescription {
  const described = Object.keys(parts).flatMap((part) => {
    const value = data[part as keyof DataDescription];
    return value === undefined ? [] : [[part, value] as const];
  });
  return Object.fromEntries(described) as unknown as DataDescription;
}
