// Collects the variables of a student or a loss as its parts make them, each drawn from the stream of its own name.
import type { NamedVariable, RandomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Initializer } from './init.js';
import { WeightLimit } from './weight-limit.js';

export class VariableSet {
  private readonly made: NamedVariable[] = [];
  private readonly limit = new WeightLimit();

  /** A variable's numbers depend on `random` and its name alone, not on what was made before it. `owner` is for messages. */
  constructor(
    private readonly random: RandomStream,
    private readonly owner = 'the student',
  ) {}

  /** All variables, in the order in which they were made. */
  get list(): readonly NamedVariable[] {
    return this.made;
  }

  /**
   * A float32 variable. `trainable: false` is for statistics that the forward pass assigns. Throws STUDENT_INVALID where a
   * student's weights become too many.
   */
  add(
    name: string,
    shape: readonly number[],
    init: Initializer,
    flags: Pick<NamedVariable, 'trainable' | 'decay'> = {},
  ): tf.Variable {
    if (this.made.some((other) => other.name === name))
      throw new Error(`internal: two variables named ${name}`);
    this.limit.add(`${this.owner}'s weight \`${name}\``, shape);
    // TF.js demands names that are unique in the process, so it is left to make up its own.
    const variable = tf.tidy(() =>
      tf.variable(tf.tensor(init(shape, this.random.child(name)), [...shape]), flags.trainable ?? true),
    );
    this.made.push({ name, variable, ...flags });
    return variable;
  }
}
