// A data set's description of itself, without its examples.
import type { DataDescription } from '../contracts/index.js';

/** The plain description: what contexts, reports and exports carry. Absent parts stay absent. */
export function descriptionOf(data: DataDescription): DataDescription {
  return {
    spec: data.spec,
    inputs: data.inputs,
    fingerprint: data.fingerprint,
    ...(data.target === undefined ? {} : { target: data.target }),
    ...(data.labels === undefined ? {} : { labels: data.labels }),
    ...(data.unlabelled === undefined ? {} : { unlabelled: data.unlabelled }),
    ...(data.labelled === undefined ? {} : { labelled: data.labelled }),
    ...(data.preprocessing === undefined ? {} : { preprocessing: data.preprocessing }),
    ...(data.columns === undefined ? {} : { columns: data.columns }),
    ...(data.groups === undefined ? {} : { groups: data.groups }),
    ...(data.source === undefined ? {} : { source: data.source }),
  };
}
