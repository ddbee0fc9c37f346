// What the report's own sections are made by: the whole input, which other sections see a part of.
import type { Section } from '../../contracts/index.js';
import type { ReportInput } from '../report-input.js';

export type { Section };

/** Undefined when the input has nothing to show. Sections know nothing of one another. */
export type OwnSectionBuilder = (input: ReportInput) => Section | undefined | Promise<Section | undefined>;
