// What student and teacher say of the layers that a loss names.
import type { Contexts, TensorSpecs } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { LayerPair } from './layer-pairs.js';

/** A layer as its owner describes it: shape of one example, channels last. */
export interface LayerShape {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

/** `[8, 8, 32]`, with `?` for an axis whose length varies. */
export const shapeOf = ({ shape }: LayerShape) => `[${shape.map((length) => length ?? '?').join(', ')}]`;

/**
 * Both layers of a pair.
 * @throws PotstillError LOSS_INVALID where one is not there.
 */
export function layerShapes(
  loss: string,
  pair: LayerPair,
  { student, teacher }: Pick<Contexts['loss'], 'student' | 'teacher'>,
): { readonly student: LayerShape; readonly teacher: LayerShape } {
  return {
    student: shapeIn(loss, 'student', student.outputs, pair.student),
    teacher: shapeIn(loss, 'teacher', teacher?.outputs ?? {}, pair.teacher),
  };
}

function shapeIn(loss: string, whose: string, outputs: TensorSpecs, name: string): LayerShape {
  const spec = outputs[name];
  if (spec) return { name, shape: spec.shape };
  throw new PotstillError({
    code: 'LOSS_INVALID',
    message: `${loss}: the ${whose} has no output \`${name}\``,
    hint: `The ${whose} offers: ${Object.keys(outputs).join(', ') || 'nothing'}.`,
  });
}

/**
 * The last axis of a layer.
 * @throws PotstillError LOSS_INVALID where its length varies.
 */
export function channelsOf(loss: string, whose: string, layer: LayerShape): number {
  const channels = layer.shape.at(-1);
  if (channels !== undefined && channels !== null) return channels;
  throw new PotstillError({
    code: 'LOSS_INVALID',
    message: `${loss}: the ${whose}'s \`${layer.name}\` has shape ${shapeOf(layer)}, and the length of its last axis must be known`,
    hint: 'Name a layer whose number of channels is fixed.',
  });
}

const ranks = {
  'a vector [channels]': 1,
  'hidden states [length, channels]': 2,
  'a feature map [h, w, channels]': 3,
};

/** What a layer may be, by words of `LayerForm`. */
export type LayerForm = keyof typeof ranks;

/**
 * @throws PotstillError LOSS_INVALID where a layer is none of these.
 */
export function checkForm(loss: string, whose: string, layer: LayerShape, forms: readonly LayerForm[]): void {
  if (forms.some((form) => ranks[form] === layer.shape.length)) return;
  throw new PotstillError({
    code: 'LOSS_INVALID',
    message: `${loss}: the ${whose}'s \`${layer.name}\` has shape ${shapeOf(layer)}, expected ${forms.join(' or ')}`,
    hint: 'Name another layer, or a loss for layers of that form.',
  });
}
