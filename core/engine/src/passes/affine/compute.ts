// Computes a form: plainly, or for images in blocks by a convolution of one pixel, which scales, shifts, adds and rectifies at once.
import { sizeOf } from '../../graph/builder.js';
import type { Value } from '../../graph/graph.js';
import { ops } from '../../graph/blocked.js';
import { emitReshape } from '../blocked/layout.js';
import type { Rewriting } from '../rewrite.js';
import { type Coefficient, isOne, materialize } from './coefficient.js';
import { type LinearForm, passesOf } from './form.js';

/** The value of a form like `like`, or undefined when the graph's own nodes are as fast. */
export function computed(
  at: Rewriting,
  like: Value,
  form: LinearForm,
  block: number,
  activation: 'Relu' | undefined,
): Value | undefined {
  // Five axes are not always an image in blocks: volumes have as many.
  const perChannel = block > 0 && like.shape[4] === block && ofChannels(form, like.shape);
  if (perChannel) return byConvolution(at, like, form, activation);
  if (activation || passesOf(form) >= form.cost) return undefined;
  const [first, ...others] = [...form.terms].map(([value, coefficient]) =>
    isOne(coefficient) ? value : at.emit({ op: 'Mul', inputs: [value, materialize(at, coefficient)] }, like),
  );
  if (!first) return undefined;
  const added = others.reduce((total, term) => at.emit({ op: 'Add', inputs: [total, term] }, like), first);
  return form.constant
    ? at.emit({ op: 'Add', inputs: [added, materialize(at, form.constant)] }, like)
    : added;
}

/** Whether a form of blocked images has coefficients of one number a channel, at least one of them not a plain number. */
function ofChannels({ terms, constant }: LinearForm, shape: readonly number[]): boolean {
  if (shape.length !== 5) return false;
  const all = [...terms.values(), ...(constant ? [constant] : [])];
  const [, blocks = 0, , , block = 0] = shape;
  return (
    all.some(({ value }) => value !== undefined) &&
    all.every(
      ({ value }) =>
        !value ||
        sizeOf(value.shape) === 1 ||
        (value.shape.at(-1) === block &&
          value.shape.at(-4) === blocks &&
          sizeOf(value.shape) === blocks * block),
    )
  );
}

function byConvolution(
  at: Rewriting,
  like: Value,
  { terms, constant }: LinearForm,
  activation: 'Relu' | undefined,
): Value | undefined {
  const [n = 0, blocks = 0, h = 0, w = 0, block = 0] = like.shape;
  const channels = blocks * block;
  const image = [n, channels, h, w];
  const vector = (coefficient: Coefficient, shape: readonly number[]): Value => {
    const value = materialize(at, coefficient);
    return sizeOf(value.shape) === channels
      ? emitReshape(at, value, shape)
      : at.emit(
          {
            op: 'Expand',
            inputs: [
              emitReshape(
                at,
                value,
                shape.map(() => 1),
              ),
              at.ints(shape),
            ],
          },
          { shape, type: 'float32' },
        );
  };
  // A term without a coefficient is what the first convolution adds to.
  const list = [...terms].sort(([, a], [, b]) => Number(isOne(b)) - Number(isOne(a)));
  const [head] = list;
  if (!head) return undefined;
  const bare = isOne(head[1]) && list.length > 1;
  let total: Value | undefined = bare ? emitReshape(at, head[0], image) : undefined;
  const rest = bare ? list.slice(1) : list;
  rest.forEach(([value, coefficient], i) => {
    const last = i === rest.length - 1;
    total = at.emit(
      {
        op: ops.conv,
        inputs: [
          emitReshape(at, value, image),
          vector(coefficient, [channels, 1, 1, 1]),
          ...(i === 0 && constant ? [vector(constant, [channels])] : total ? [undefined] : []),
          ...(total ? [total] : []),
        ],
        attributes: {
          kernel_shape: [1, 1],
          strides: [1, 1],
          dilations: [1, 1],
          pads: [0, 0, 0, 0],
          group: channels,
          ...(last && activation ? { activation } : {}),
        },
      },
      { shape: image, type: 'float32' },
    );
  });
  return total && emitReshape(at, total, like.shape);
}
