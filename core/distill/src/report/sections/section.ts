// What every part of the page is: a heading and its content, made from the input alone.
import type { Html } from '../html.js';
import type { ReportInput } from '../report-input.js';

export interface Section {
  /** Anchor on the page. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** Undefined when the input has nothing to show. Sections know nothing of one another. */
export type SectionBuilder = (input: ReportInput) => Section | undefined | Promise<Section | undefined>;
