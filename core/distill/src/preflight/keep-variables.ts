// Variables as they were before a trial: eager backends train the TF.js variables themselves.
import type { NamedVariable } from '@potstill/engine';

/** Gives a function that puts the values of now back. */
export function keepVariables(variables: readonly NamedVariable[]): () => void {
  const before = variables.map(({ variable }) => ({ variable, value: variable.clone() }));
  return () => {
    for (const { variable, value } of before) {
      variable.assign(value);
      value.dispose();
    }
  };
}
