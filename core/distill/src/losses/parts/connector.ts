// Regressors that take a layer of the student to the teacher's number of channels, trained beside the student.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { ComponentServices, ProgressSink } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { batchNorm, type Layer } from '../../students/batch-norm.js';
import { initializers, zeros, type Initializer } from '../../students/init.js';
import type { VariableSet } from '../../students/variables.js';
import { channelsOf, shapeOf, type LayerShape } from './layer-shape.js';

const connectorNames = ['none', 'auto', 'linear', 'linear-norm', 'linear-norm-relu', 'two-layer'] as const;

export type ConnectorName = (typeof connectorNames)[number];

/** The option `connector` of a loss that compares layers number by number. */
export function connectorOption(fallback: ConnectorName = 'auto') {
  return z
    .enum(connectorNames)
    .default(fallback)
    .describe(
      'What takes the student’s layer to the teacher’s number of channels, trained with the student. `auto`: nothing where they agree, else `linear`. `linear`: a linear map of the channels (a 1x1 convolution of feature maps); `linear-norm`: without bias, then batch norm; `linear-norm-relu`: and ReLU; `two-layer`: linear, batch norm, ReLU, linear. Other than `auto` it is there even where the channels agree.',
    );
}

export interface LinearOptions {
  readonly bias?: boolean;
  readonly init?: Initializer;
}

/**
 * A linear map of the last axis, [batch, ..., from] to [batch, ..., to]: a 1x1 convolution of a feature map, a dense layer of
 * a vector or of each position. Variables: `<name>.kernel` [from, to] and `<name>.bias` [to]. Initial variance 1 / from.
 */
export function linear(
  variables: VariableSet,
  name: string,
  from: number,
  to: number,
  { bias = true, init = initializers['lecun-normal'] }: LinearOptions = {},
): Layer {
  const kernel = variables.add(`${name}.kernel`, [from, to], init);
  const offset = bias ? variables.add(`${name}.bias`, [to], zeros) : undefined;
  return (x) => {
    const flat = tf.reshape(x, [x.size / from, from]);
    const mapped = tf.matMul(flat, kernel);
    return tf.reshape(offset ? tf.add(mapped, offset) : mapped, [...x.shape.slice(0, -1), to]);
  };
}

/** Layers one after the other. */
export function sequence(...layers: readonly Layer[]): Layer {
  return (x, at) => layers.reduce((each, layer) => layer(each, at), x);
}

export const relu: Layer = (x) => tf.relu(x);

export interface ConnectorRequest {
  readonly kind: ConnectorName;
  readonly student: LayerShape;
  readonly teacher: LayerShape;
  /** Its variables begin with it. */
  readonly name: string;
  readonly variables: VariableSet;
  readonly services: Pick<ComponentServices, 'progress' | 'logger'>;
}

/**
 * The regressor that the options ask for, or that the channels (the last axis) need. What `auto` makes is said as a warning
 * LOSS_CONNECTOR, once.
 * @throws PotstillError LOSS_INVALID where the layers have different ranks, where channels differ and it is `none`, or where
 * their number is not known.
 */
export function makeConnector(loss: string, request: ConnectorRequest): Layer | undefined {
  const { kind, student, teacher, services } = request;
  const from = channelsOf(loss, 'student', student);
  const to = channelsOf(loss, 'teacher', teacher);
  if (student.shape.length !== teacher.shape.length)
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: `${loss}: the student's \`${student.name}\` has shape ${shapeOf(student)}, the teacher's \`${teacher.name}\` ${shapeOf(teacher)}`,
      hint: 'Compare a feature map with a feature map, a vector with a vector, hidden states with hidden states.',
    });
  if (kind === 'none' && from !== to)
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: `${loss}: the student's \`${student.name}\` has ${from} channels, the teacher's \`${teacher.name}\` ${to}, and \`connector\` is \`none\``,
      hint: 'Let `connector` be `auto`, `linear` or `two-layer`, or name layers of the same width.',
    });
  if (kind === 'none' || (kind === 'auto' && from === to)) return undefined;
  const wanted = kind === 'auto' ? 'linear' : kind;
  const made = builders[wanted](request.variables, request.name, from, to);
  const what = student.shape.length === 3 ? mapWords[wanted] : words[wanted];
  const sentence = `${loss}: ${what} takes the student's \`${student.name}\` ${shapeOf(student)} to the teacher's ${to} channels of \`${teacher.name}\``;
  if (kind === 'auto') say(services.progress, sentence);
  services.logger.info({ loss, student: student.name, teacher: teacher.name, from, to }, sentence);
  return made;
}

type Made = Exclude<ConnectorName, 'none' | 'auto'>;

const builders: Record<Made, (set: VariableSet, name: string, from: number, to: number) => Layer> = {
  linear: (set, name, from, to) => linear(set, name, from, to),
  'linear-norm': (set, name, from, to) =>
    sequence(linear(set, name, from, to, { bias: false }), batchNorm(set, `${name}.norm`, to)),
  'linear-norm-relu': (set, name, from, to) =>
    sequence(
      linear(set, name, from, to, { bias: false, init: initializers['he-normal'] }),
      batchNorm(set, `${name}.norm`, to),
      relu,
    ),
  'two-layer': (set, name, from, to) =>
    sequence(
      linear(set, `${name}.first`, from, to, { bias: false, init: initializers['he-normal'] }),
      batchNorm(set, `${name}.norm`, to),
      relu,
      linear(set, `${name}.second`, to, to),
    ),
};

const words: Record<Made, string> = {
  linear: 'a linear layer',
  'linear-norm': 'a linear layer with batch norm',
  'linear-norm-relu': 'a linear layer with batch norm and ReLU',
  'two-layer': 'two linear layers with batch norm and ReLU between them',
};

const mapWords: Record<Made, string> = {
  linear: 'a 1x1 convolution',
  'linear-norm': 'a 1x1 convolution with batch norm',
  'linear-norm-relu': 'a 1x1 convolution with batch norm and ReLU',
  'two-layer': 'two 1x1 convolutions with batch norm and ReLU between them',
};

/** A run makes its losses several times: to check them, and to train with them. */
const said = new WeakMap<ProgressSink, Set<string>>();

function say(progress: ProgressSink, message: string): void {
  const before = said.get(progress) ?? new Set();
  said.set(progress, before);
  if (before.has(message)) return;
  before.add(message);
  progress.emit({
    event: 'warning',
    code: 'LOSS_CONNECTOR',
    message,
    hint: 'It is trained with the student and not exported. `connector: linear` asks for it.',
  });
}
