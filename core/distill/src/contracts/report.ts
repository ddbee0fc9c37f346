// Sections of a run's report, as tasks, losses and metrics contribute them.
import type { Dataset } from './dataset.js';
import type { Figure } from './figure.js';
import type { Evaluation } from './metric.js';

/** A piece of HTML, as the tag `html` of `potstill/report` makes it; whatever else is inserted is escaped. */
export interface Html {
  readonly text: string;
}

export interface Section {
  /** Anchor on the page: lower-case letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

export type Role = 'teacher' | 'baseline' | 'student';

/** Numbers of one epoch by name, as the run's `epoch` events have them. */
export interface ReportEpoch {
  /** From 1. */
  readonly epoch: number;
  readonly values: Readonly<Record<string, number>>;
}

/** One model of the comparison. What is not known is left out and shown as a dash. */
export interface ReportModel {
  /** What it is, in a few words: `mlp 1200-1200`, `resnet20.onnx`. */
  readonly title?: string;
  /** Number of weights. */
  readonly parameters?: number;
  /** Size of the exported file. */
  readonly bytes?: number;
  /** Median time of one example, see measureLatency. */
  readonly latencyMs?: number;
  /** On the data of the report; the same examples, in the same order, for all models. */
  readonly evaluation?: Evaluation;
  /** Where a model from outside comes from. */
  readonly source?: string | undefined;
  /** The licence of a model from outside. */
  readonly licence?: string | undefined;
  /** Learning curves; absent for a model that was not trained in this run. */
  readonly epochs?: readonly ReportEpoch[];
}

/** A model with its place in the comparison and the name under which every part of the page shows it. */
export interface ShownModel {
  readonly role: Role;
  readonly name: string;
  readonly model: ReportModel;
}

/** What a section is made from. */
export interface SectionInput {
  /** Teacher, student alone, student: those that there are. */
  readonly models: readonly ShownModel[];
  /** The data that they were evaluated on. */
  readonly data: Dataset;
  /** All figures that were measured. */
  readonly figures: readonly Figure[];
}

/** Undefined when the input has nothing to show. Sections know nothing of one another. */
export type SectionBuilder = (input: SectionInput) => Section | undefined | Promise<Section | undefined>;
