// Losses that compare layers of the student with layers of a teacher, pair by pair: what all of them have in common.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type {
  AnyComponent,
  ComponentServices,
  Contexts,
  Loss,
  LossInputs,
  Method,
} from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { loss } from '../../plugin/define.js';
import { VariableSet } from '../../students/variables.js';
import { pick } from './check.js';
import { connectorOption, makeConnector, type ConnectorName } from './connector.js';
import { layerPairs, pairOptions, type LayerPair, type PairOptions } from './layer-pairs.js';
import { checkForm, layerShapes, shapeOf, type LayerForm, type LayerShape } from './layer-shape.js';
import { maskedMean } from './mask.js';
import { maskOption, positionsOf, type Positions } from './positions.js';
import { resizeMap, resizeOptions, resizePair, type Interpolation, type ResizeSide } from './resize.js';

/** A layer of each as a loss compares them: [batch, ..., channels], at one height and width, the student's after its connector. */
export interface Layers {
  readonly student: tf.Tensor;
  /** Nothing flows back to it. */
  readonly teacher: tf.Tensor;
  /** Which positions count, float32 [batch, ...] without the channels; undefined: all. Both layers are 0 where it is 0. */
  readonly mask: tf.Tensor | undefined;
  /** Mean of numbers [batch, ...] over the positions that count. */
  readonly mean: (each: tf.Tensor) => tf.Scalar;
  readonly inputs: LossInputs;
}

/** What is known of a pair when the loss is made. */
export interface PairContext {
  readonly student: LayerShape;
  readonly teacher: LayerShape;
  /** Names of the pair's variables begin with it: its number. */
  readonly name: string;
  readonly variables: VariableSet;
  readonly services: ComponentServices;
  /** Position in the list of pairs, and how many there are. */
  readonly index: number;
  readonly count: number;
}

interface Definition<S extends z.ZodRawShape> {
  readonly help: string;
  readonly method: Method;
  /** What its layers may be. */
  readonly forms: readonly LayerForm[];
  readonly defaults?: Partial<LayerPair>;
  /** Options of its own; those of the pairs are added, and `connector`, `resize` and `mask` where the next lines ask for them. */
  readonly options: S;
  /** Compares number by number: the default of `connector`. */
  readonly connector?: ConnectorName;
  /** Compares position by position: the defaults of `resize` and `interpolation`. */
  readonly resize?: readonly [ResizeSide, Interpolation];
  /** Leaves padded positions out. Else a layer whose length varies is refused. */
  readonly masks?: boolean;
  /** Called for each pair; its value is computed at each step, and the loss is the sum over the pairs. */
  create?(options: z.output<z.ZodObject<S>>, pair: PairContext): (layers: Layers) => tf.Scalar;
  /** In place of `create`: all pairs at once, for losses on what is between layers. */
  together?(
    options: z.output<z.ZodObject<S>>,
    pairs: readonly PairContext[],
  ): (layers: readonly Layers[]) => tf.Scalar;
}

type OwnOptions = PairOptions & {
  readonly connector?: ConnectorName;
  readonly resize?: ResizeSide;
  readonly interpolation?: Interpolation;
  readonly mask?: string;
};

/**
 * A loss component on pairs of layers. Of each pair the sizes are brought together first (`resize`), then the student's channels
 * (`connector`). Variables of pair k are named `<k>.…`, those of its connector `<k>.connector.…`.
 */
export function layerPairLoss<S extends z.ZodRawShape>(
  name: string,
  definition: Definition<S>,
): AnyComponent {
  const { help, method, forms, defaults = {}, connector, resize, masks = false } = definition;
  return loss(name, {
    help,
    method,
    needsTeacher: true,
    options: z.strictObject({
      ...definition.options,
      ...pairOptions(`layer: ${forms.join(' or ')}`, defaults),
      ...(connector ? { connector: connectorOption(connector) } : {}),
      ...(resize ? resizeOptions(...resize) : {}),
      ...(masks ? { mask: maskOption } : {}),
    }),
    create(given, services, context): Loss {
      // The type of spread shapes is beyond what can be inferred; zod has checked the values.
      const options = given as unknown as OwnOptions & z.output<z.ZodObject<S>>;
      const variables = new VariableSet(services.random.child(`loss ${name}`), 'the loss');
      const pairs = layerPairs(name, options, defaults);
      const contexts = pairs.map((pair, index): PairContext => {
        const shapes = layerShapes(name, pair, context);
        checkForm(name, 'student', shapes.student, forms);
        checkForm(name, 'teacher', shapes.teacher, forms);
        return { ...shapes, name: `${index}`, variables, services, index, count: pairs.length };
      });
      const rules = { masks, aligned: resize !== undefined };
      const meetings = contexts.map((pair) => meeting(name, options, pair, context, rules));
      const each = definition.create && contexts.map((pair) => definition.create?.(options, pair));
      const all = definition.together?.(options, contexts);
      return {
        needs: {
          student: unique(
            pairs.map(({ student }) => student),
            ...meetings.map(({ positions }) => positions.student),
          ),
          teacher: unique(pairs.map(({ teacher }) => teacher)),
          batch: unique(...meetings.map(({ positions }) => positions.batch)),
        },
        variables: variables.list,
        compute(at) {
          const layers = meetings.map((pair) => pair.layers(at));
          if (all) return all(layers);
          const terms = layers.map((own, k) => each?.[k]?.(own) as tf.Scalar);
          return terms.reduce((sum, term) => tf.add(sum, term));
        },
      };
    },
  });
}

const unique = (...names: readonly (readonly string[])[]) => [...new Set(names.flat())];

/** How the layers of a pair come to be compared. */
function meeting(
  name: string,
  options: OwnOptions,
  { student, teacher, name: prefix, variables, services }: PairContext,
  context: Contexts['loss'],
  rules: { readonly masks: boolean; readonly aligned: boolean },
): { readonly positions: Positions; layers(at: LossInputs): Layers } {
  const { resize = 'none', interpolation = 'average' } = options;
  const regressor =
    options.connector &&
    makeConnector(name, {
      kind: options.connector,
      student,
      teacher,
      name: `${prefix}.connector`,
      variables,
      services,
    });
  if (!rules.masks) refuseFree(name, student, teacher);
  const positions = positionsOf(name, {
    data: context.data,
    outputs: context.student.outputs,
    output: student.name,
    mask: options.mask,
  });
  return {
    positions,
    layers(at) {
      const mine = pick(name, 'student', at.student, student.name);
      const theirs = pick(name, 'teacher', at.teacher, teacher.name);
      const given = positions.mask(at, mine.shape.slice(0, -1));
      const maps = mine.shape.length === 4 && resize !== 'none';
      const sized = maps
        ? resizePair(within(mine, given), theirs, resize, interpolation)
        : { student: within(mine, given), teacher: theirs };
      if (rules.aligned || given) checkPositions(name, sized.student, sized.teacher, maps);
      const mask = given && maskOf(given, sized.student);
      const own = regressor ? regressor(sized.student, at.at) : sized.student;
      return {
        student: regressor ? within(own, mask) : own,
        teacher: within(sized.teacher, mask),
        mask,
        mean: (each) => maskedMean(each, mask),
        inputs: at,
      };
    },
  };
}

/** Zeros where the mask is 0, so that NaN in padding does no harm. */
function within(layer: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  if (mask === undefined) return layer;
  const counts = tf.reshape(tf.greater(tf.cast(mask, 'float32'), 0), [...mask.shape, 1]);
  return tf.where(counts, layer, tf.zerosLike(layer));
}

/** float32, at the size of the layer. */
function maskOf(mask: tf.Tensor, layer: tf.Tensor): tf.Tensor {
  const float = tf.cast(mask, 'float32');
  const [, height = 1, width = 1] = layer.shape;
  if (mask.shape.length !== 3) return float;
  return tf.squeeze(resizeMap(tf.expandDims(float, -1), [height, width], 'nearest'), [-1]);
}

function checkPositions(name: string, student: tf.Tensor, teacher: tf.Tensor, resized: boolean): void {
  const leading = ({ shape }: tf.Tensor) => shape.slice(0, -1).join();
  if (leading(student) === leading(teacher)) return;
  fail(
    `${name}: the student's layer has shape [${student.shape}], the teacher's [${teacher.shape}]`,
    resized || student.shape.length !== 4
      ? 'Both must have the same positions.'
      : 'Let `resize` be `larger`, `student` or `teacher`, or name layers of the same height and width.',
  );
}

function refuseFree(name: string, ...layers: readonly LayerShape[]): void {
  const free = layers.find(({ shape }) => shape.includes(null));
  if (free === undefined) return;
  fail(
    `${name}: \`${free.name}\` has shape ${shapeOf(free)}, and this loss does not know padding`,
    'Name a layer of a fixed shape.',
  );
}

function fail(message: string, hint: string): never {
  throw new PotstillError({ code: 'LOSS_INVALID', message, hint });
}
