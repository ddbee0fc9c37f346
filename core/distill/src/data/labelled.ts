// Which examples have a truth.

/** The field of that purpose in data sets of the core; see `DataDescription.labelled`. */
export const labelledField = 'labelled';
