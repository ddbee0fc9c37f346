// Which values of a teacher's graph it answers with.
import { tapOutputs } from '@potstill/engine';
import { PotstillError } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import { teacherOutput } from './invalid.js';
import type { ModelFile } from './model-file.js';

/** Name in the recipe -> name in the graph. */
export type OutputNames = Readonly<Record<string, string>>;

/** What is asked for, or `logits`: the first output. Names that the graph has not are TEACHER_OUTPUT, all at once. */
export function chosenOutputs(file: ModelFile, asked: OutputNames | undefined): OutputNames {
  const [first] = file.outputs;
  if (first === undefined) throw teacherOutput(`the teacher ${file.path} has no output`);
  const chosen = asked ?? { logits: first };
  const there = [...new Set([...file.outputs, ...file.inner])];
  const unknown = Object.entries(chosen).filter(([, name]) => !there.includes(name));
  const records = unknown.map(([key, name]) => {
    const near = didYouMean(name, there);
    return {
      code: 'TEACHER_OUTPUT' as const,
      message: `the teacher ${file.path} has no output or inner value \`${name}\`, asked for as \`${key}\``,
      hint: `${near === undefined ? '' : `did you mean \`${near}\`? `}The model's outputs are ${file.outputs.map((output) => `\`${output}\``).join(', ')}; what any node gives can be taken too.`,
      ...allowedWords(name, there),
    };
  });
  const [record, ...more] = records;
  if (record) throw new PotstillError([record, ...more]);
  return chosen;
}

/** The file's bytes, with inner values made outputs where they are asked for. */
export function tapped(file: ModelFile, outputs: OutputNames): Uint8Array {
  const inner = Object.values(outputs).filter((name) => !file.outputs.includes(name));
  return inner.length === 0 ? file.bytes : tapOutputs(file.bytes, inner);
}
