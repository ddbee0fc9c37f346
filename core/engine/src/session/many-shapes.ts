// Notices when a session compiles one graph after another because a length varies.
import type { EngineWarning, InputShapes } from '../types.js';
import { shapesKey } from './host.js';

/** So many sets of shapes are usual: a few buckets, and the last batch of each. */
const usual = 16;

export class ShapeWatch {
  private readonly seen = new Map<string, InputShapes>();

  constructor(private readonly warn: (warning: EngineWarning) => void) {}

  /** Call for each set of shapes that is compiled; warns once, at the first beyond the usual number. */
  compiled(inputs: InputShapes): void {
    if (this.seen.size > usual) return;
    this.seen.set(shapesKey(inputs), inputs);
    if (this.seen.size <= usual) return;
    this.warn({
      code: 'ENGINE_MANY_SHAPES',
      message: `${this.seen.size} sets of input shapes were compiled, which costs time and memory: ${varying([...this.seen.values()]).join('; ')}`,
      hint: 'Pad to a few lengths: bucketLengths chooses them, padBatch pads and gives the mask.',
    });
  }
}

/** The inputs and axes that differ among sets of shapes: `input `x` axis 1 has 17 lengths, 3 to 98`. */
function varying(sets: readonly InputShapes[]): string[] {
  const names = new Set(sets.flatMap((inputs) => Object.keys(inputs)));
  return [...names].flatMap((name) => {
    const shapes = sets.flatMap((inputs) => (inputs[name] ? [inputs[name].shape] : []));
    const rank = Math.max(...shapes.map((shape) => shape.length));
    return Array.from({ length: rank }, (_, axis) => axis).flatMap((axis) => {
      const lengths = new Set(shapes.flatMap((shape) => shape[axis] ?? []));
      return lengths.size < 2
        ? []
        : [
            `input \`${name}\` axis ${axis} has ${lengths.size} lengths, ${Math.min(...lengths)} to ${Math.max(...lengths)}`,
          ];
    });
  });
}

/** Node's way of telling what went not quite right; prints to stderr unless the process listens for it. */
export function emitWarning({ code, message, hint }: EngineWarning): void {
  process.emitWarning(message, { type: 'EngineWarning', code, detail: hint });
}
