// Which values of a teacher's graph it answers with, and what the recipe says of them.
import { tapOutputs } from '@potstill/engine';
import { z } from 'zod';
import type { ScoreKind } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import { teacherOutput } from './invalid.js';
import type { ModelFile } from './model-file.js';

export interface OutputRequest {
  /** Name in the graph. */
  readonly from: string;
  /** What its numbers are. Default: logits, which preflight checks. */
  readonly as?: ScoreKind | undefined;
  /** `NCHW`: channels come first, whatever the graph tells. `keep`: leave the axes as they are. */
  readonly layout?: 'NCHW' | 'keep' | undefined;
}

/** Name in the recipe -> value of the graph. */
export type OutputRequests = Readonly<Record<string, OutputRequest>>;

/** As recipes write them: the name alone will do. */
export type OutputsOption = Readonly<Record<string, string | OutputRequest>>;

const name = z.string().min(1);

export const outputsOption = z
  .record(
    name,
    z.union([
      name,
      z.strictObject({
        from: name.describe('an output of the model, or what any of its nodes gives'),
        as: z
          .enum(['logits', 'probabilities', 'log-probabilities', 'sigmoid'])
          .optional()
          .describe(
            'what the numbers are; of probabilities the logarithm is taken, at least log(1e-12); sigmoid: each is a probability of its own, of which the score before the sigmoid is taken',
          ),
        layout: z
          .enum(['NCHW', 'keep'])
          .optional()
          .describe(
            'NCHW: the value has its channels first and is given with its channels last; keep: its axes stay as they are; default: feature maps of convolutions are given with their channels last',
          ),
      }),
    ]),
  )
  .refine((outputs) => Object.keys(outputs).length > 0, 'name at least one output')
  .optional();

/** The option in its long form. */
export function requestsOf(option: OutputsOption): OutputRequests {
  return Object.fromEntries(
    Object.entries(option).map(([key, value]) => [key, typeof value === 'string' ? { from: value } : value]),
  );
}

/** Names that the graph does not have are TEACHER_OUTPUT, all at once. */
export function checkNames(file: ModelFile, requests: OutputRequests): void {
  const known = [...new Set([...file.outputs, ...file.inner])];
  const unknown = Object.entries(requests).filter(([, { from }]) => !known.includes(from));
  const records = unknown.map(([key, { from }]) => {
    const near = didYouMean(from, known);
    return {
      code: 'TEACHER_OUTPUT' as const,
      message: `the teacher ${file.path} has no output or inner value \`${from}\`, asked for as \`${key}\``,
      hint: `${near === undefined ? '' : `did you mean \`${near}\`? `}The model's outputs are ${file.outputs.map((output) => `\`${output}\``).join(', ')}; what any node gives can be used too. \`potstill inspect\` lists all of them.`,
      ...allowedWords(from, known),
    };
  });
  const [record, ...more] = records;
  if (record) throw new PotstillError([record, ...more]);
}

/** Name of the first output. A model without any is TEACHER_OUTPUT. */
export function firstOutput({ path, outputs }: ModelFile): string {
  const [first] = outputs;
  if (first === undefined) throw teacherOutput(`the teacher ${path} has no output`);
  return first;
}

/** The file's bytes, with inner values made outputs where they are asked for. */
export function tapped(file: ModelFile, names: readonly string[]): Uint8Array {
  const inner = names.filter((each) => !file.outputs.includes(each));
  return inner.length === 0 ? file.bytes : tapOutputs(file.bytes, inner);
}

/** One request as a recipe writes it: `logits: y`, or `logits: { from: y, as: probabilities }`. */
export function requestText(key: string, { from, as }: OutputRequest): string {
  const plain = /^[A-Za-z_][\w.-]*$/.test(from) ? from : JSON.stringify(from);
  return `outputs: { ${key}: ${as === undefined ? plain : `{ from: ${plain}, as: ${as} }`} }`;
}
