// Variables that a function assigns: what they held before, and the function run again from there, leaving no trace.
import * as tf from '@tensorflow/tfjs-core';
import { type DataId, setDataId } from '../tfjs.js';

type Assign = (this: tf.Variable, value: tf.Tensor) => void;

/** Runs `body` with another `assign`, which is given the one before. */
function withAssign<T>(make: (assign: Assign) => Assign, body: () => T): T {
  const holder: object = tf.Variable.prototype;
  const assign = Reflect.get(holder, 'assign') as Assign;
  Reflect.set(holder, 'assign', make(assign));
  try {
    return body();
  } finally {
    Reflect.set(holder, 'assign', assign);
  }
}

/** Runs `body`; `before` gets what each variable that it assigns held. */
export function collectAssigned<T>(before: Map<tf.Variable, tf.Tensor>, body: () => T): T {
  return withAssign(
    (assign) =>
      function (value) {
        // Out of the tidy that `body` runs in.
        if (!before.has(this)) before.set(this, tf.keep(tf.clone(this)));
        assign.call(this, value);
      },
    body,
  );
}

/** Runs `body` from where variables hold `values`; what it assigns is forgotten at its end. */
export function withValues<T>(values: ReadonlyMap<tf.Variable, tf.Tensor>, body: () => T): T {
  const now = new Map<tf.Variable, DataId>();
  // Only pointers move: the data that they leave and take is held by others for as long as `body` runs.
  const point = (variable: tf.Variable, { dataId }: tf.Tensor): void => {
    if (!now.has(variable)) now.set(variable, variable.dataId);
    setDataId(variable, dataId);
  };
  for (const [variable, value] of values) point(variable, value);
  try {
    return withAssign(
      () =>
        function (value) {
          point(this, value);
        },
      body,
    );
  } finally {
    for (const [variable, dataId] of now) setDataId(variable, dataId);
  }
}
