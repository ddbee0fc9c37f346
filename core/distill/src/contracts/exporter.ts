// An exporter: a trained student to a form that runs elsewhere.
import type { DataDescription, Dataset } from './dataset.js';
import type { Student } from './student.js';

export interface ExportInput {
  readonly student: Student;
  readonly data: DataDescription;
  /** Real examples on which the exported model is compared with the student. */
  readonly sample: Dataset;
  /** Folder to write into; the exporter chooses the name below it. */
  readonly folder: string;
  readonly recipeName: string;
  readonly recipeHash: string;
}

export interface ExportResult {
  /** The exporter's name. */
  readonly kind: string;
  /** Relative to the run folder. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Largest absolute difference between the exported model's outputs and the student's on the sample. Null where the form cannot be run here. */
  readonly maxDifference: number | null;
}

export interface Exporter {
  /** Name of the file or folder that it writes; two exports of one name are refused before training. Left out: not known. */
  readonly writes?: string;
  /** Called before training: throws when a student or data of this kind can never be exported so. */
  check?(input: { readonly student: Student; readonly data: DataDescription }): void;
  export(input: ExportInput): Promise<ExportResult>;
}
