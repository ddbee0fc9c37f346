// The form of a tf.layers topology: what TF.js takes for granted, checked with the place in the file.
import { isObject, type Json } from './json.js';
import { refuse } from './shape.js';

const graphs = ['Model', 'Functional'];

/** A place within a place; the file itself is ''. */
export function inside(place: string, key: string): string {
  return place === '' ? key : `${place}.${key}`;
}

/** Stops with STUDENT_INVALID at a place of the file: `modelTopology.config.layers[2].name`. */
function refuseForm(path: string, place: string, problem: string, cause?: unknown): never {
  return refuse(
    `layers: ${path}: \`${place}\` ${problem}`,
    'Expected the JSON that model.save() or model.toJSON() of TF.js writes.',
    cause,
  );
}

/**
 * Checks a Sequential or functional topology, models within it included. TF.js itself would fail somewhere else, or wait
 * for ever for a layer that is not there.
 */
export function checkForm(path: string, topology: Json, place: string): void {
  const fail = (at: string, problem: string): never => refuseForm(path, at, problem);
  const { class_name: className, config } = topology;
  if (className !== 'Sequential' && !graphs.includes(String(className)))
    fail(inside(place, 'class_name'), `is ${shown(className)}, expected Sequential, Model or Functional`);
  const within = inside(place, isObject(config) ? 'config.layers' : 'config');
  const layers: unknown = isObject(config) ? config.layers : config;
  if (!Array.isArray(layers) || layers.length === 0)
    return fail(within, `is ${shown(layers)}, expected a list of layers`);
  const checked = layers.map((layer: unknown, i) => checkLayer(path, layer, `${within}[${i}]`));
  if (className === 'Sequential') return;
  if (!isObject(config)) return fail(inside(place, 'config'), 'is a list, expected an object');
  checkGraph(path, checked, config, inside(place, 'config'));
}

interface Layer {
  readonly className: string;
  readonly name: string;
  readonly whole: Json;
}

function checkLayer(path: string, layer: unknown, place: string): Layer {
  if (!isObject(layer)) return refuseForm(path, place, `is ${shown(layer)}, expected a layer`);
  const { class_name: className, config } = layer;
  if (typeof className !== 'string')
    return refuseForm(path, `${place}.class_name`, `is ${shown(className)}, expected the name of a class`);
  const isModel = className === 'Sequential' || graphs.includes(className);
  if (isModel) checkForm(path, layer, place);
  else if (!isObject(config))
    return refuseForm(path, `${place}.config`, `is ${shown(config)}, expected an object`);
  const name = isObject(config) ? config.name : className;
  if (typeof name !== 'string' || name === '')
    return refuseForm(path, `${place}.config.name`, `is ${shown(name)}, expected a name`);
  // Wrappers hold a layer.
  if (isObject(config) && isObject(config.layer)) checkLayer(path, config.layer, `${place}.config.layer`);
  return { className, name, whole: layer };
}

/** Names, calls of layers, inputs and outputs of a functional model. */
function checkGraph(path: string, layers: readonly Layer[], config: Json, place: string): void {
  const names = new Set<string>();
  layers.forEach(({ name, whole }, i) => {
    const at = `${place}.layers[${i}].name`;
    if (whole.name !== name)
      refuseForm(path, at, `is ${shown(whole.name)}, its configuration says \`${name}\``);
    if (names.has(name)) refuseForm(path, at, `is \`${name}\`, as that of another layer`);
    names.add(name);
  });
  const calls = layers.flatMap(({ name, className, whole }, i) => {
    const at = `${place}.layers[${i}].inbound_nodes`;
    const nodes =
      className === 'InputLayer'
        ? listOf(path, whole.inbound_nodes, at)
        : filledListOf(path, whole.inbound_nodes, at);
    return nodes.map((node, j) => ({
      name,
      at: `${at}[${j}]`,
      from: filledListOf(path, node, `${at}[${j}]`).map((source, k) =>
        sourceOf(path, source, `${at}[${j}][${k}]`, names),
      ),
    }));
  });
  checkOrder(path, layers, calls);
  for (const key of ['input_layers', 'output_layers']) {
    const list = filledListOf(path, config[key], `${place}.${key}`);
    // One may be written [name, 0, 0] or [[name, 0, 0]].
    const sources = Array.isArray(list[0]) ? list : [list];
    sources.forEach((source, i) => sourceOf(path, source, `${place}.${key}[${i}]`, names));
  }
}

interface Source {
  readonly layer: string;
  readonly node: number;
}

interface Call {
  readonly name: string;
  readonly at: string;
  readonly from: readonly Source[];
}

/** `[layer, node, tensor, ...]`: which output of which call of a layer. */
function sourceOf(path: string, source: unknown, place: string, names: ReadonlySet<string>): Source {
  const [layer, node, tensor] = listOf(path, source, place);
  if (typeof layer !== 'string' || !names.has(layer))
    return refuseForm(path, `${place}[0]`, `is ${shown(layer)}, expected the name of a layer`);
  const isIndex = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;
  if (!isIndex(node))
    return refuseForm(path, `${place}[1]`, `is ${shown(node)}, expected the number of a call`);
  if (!isIndex(tensor))
    return refuseForm(path, `${place}[2]`, `is ${shown(tensor)}, expected the number of an output`);
  return { layer, node };
}

/** Every call has what it needs from calls before it. */
function checkOrder(path: string, layers: readonly Layer[], calls: readonly Call[]): void {
  // Inputs and models count as called once from the start.
  const counts = new Map(
    layers.map(({ name, className }) => [
      name,
      className === 'InputLayer' || className === 'Sequential' || graphs.includes(className) ? 1 : 0,
    ]),
  );
  let waiting = calls;
  while (waiting.length > 0) {
    const left = waiting.filter(({ name, from }) => {
      if (!from.every(({ layer, node }) => (counts.get(layer) ?? 0) > node)) return true;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return false;
    });
    if (left.length === waiting.length)
      refuseForm(path, (left[0] as Call).at, 'calls its layer on an output that no call before it gives');
    waiting = left;
  }
}

function listOf(path: string, value: unknown, place: string): unknown[] {
  return Array.isArray(value) ? value : refuseForm(path, place, `is ${shown(value)}, expected a list`);
}

function filledListOf(path: string, value: unknown, place: string): unknown[] {
  const list = listOf(path, value, place);
  return list.length > 0 ? list : refuseForm(path, place, 'is empty');
}

/** A value as JSON, cut to a length for messages. */
function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
