// A published method: what `potstill explain`, `potstill list --json` and docs/methods.md say of the component that is it.
import type { ComponentReference } from './plugin.js';

/** What a loss compares, which decides where its row stands; `schemes` are ways to train. A plugin may name a family of its own. */
export type MethodFamily =
  'labels' | 'logits' | 'features' | 'relations' | 'attention' | 'contrastive' | 'schemes' | (string & {});

/** What an output is, as far as a method cares. */
export type OutputForm =
  /** Scores of classes before the softmax: [batch, ..., classes]. */
  | 'logits'
  /** Images of features, channels last: [batch, height, width, channels]. */
  | 'feature map'
  /** One vector an example: [batch, features]. */
  | 'embedding'
  /** One vector a position: [batch, length, features]. */
  | 'hidden states'
  /** Attention of a transformer's layer: [batch, heads, length, length]. */
  | 'attention';

export interface Method {
  /** Authors and year, title, section and equation: `Hinton, Vinyals & Dean 2015: Distilling …, section 2, equation 1`. */
  readonly paper: string;
  /** Where it can be read: a DOI, arXiv or proceedings' address. */
  readonly url: string;
  /** One line of plain text. `z` is the student's, `v` the teacher's; say what else stands in it. */
  readonly formula: string;
  readonly family: MethodFamily;
  /** What it reads of the student; any of these. */
  readonly student: readonly OutputForm[];
  /** What it reads of the teacher; any of these. Empty: it needs no teacher. */
  readonly teacher: readonly OutputForm[];
  /** Whether it reads labels. */
  readonly labels?: boolean;
  /** Whether both outputs must have one shape; else sizes may differ, and the formula says how they meet. */
  readonly sameShape?: boolean;
  /** Names in other libraries: `{ torchdistill: ['KDLoss'] }`. `potstill explain` finds the component by them. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** A loss, teacher or optimizer as a recipe has it. Its outputs are those of the students `mlp` and `cnn` where these have them. */
  readonly example: ComponentReference;
  /** Where this differs from the reference code or settles what the paper leaves open, and why. */
  readonly note?: string;
}
