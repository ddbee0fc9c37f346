// Weights of losses that balance themselves while training: by uncertainty, or by the norms of gradients (GradNorm).
import type { NamedVariable } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Student } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { BalancePlan } from '../recipe/plan.js';

/** A loss times the weight that the recipe gives it. */
export interface WeightedTerm {
  readonly name: string;
  readonly term: tf.Scalar;
}

export interface Balance {
  readonly variables: readonly NamedVariable[];
  /** The total, and the factor of each loss in it, by name. */
  total(terms: readonly WeightedTerm[]): {
    readonly loss: tf.Scalar;
    readonly factors: Readonly<Record<string, tf.Scalar>>;
  };
}

/** For the losses named; made anew for each training. */
export function makeBalance(plan: BalancePlan, names: readonly string[], student: Student): Balance {
  return plan.by === 'uncertainty' ? byUncertainty(names) : byGradients(plan, names, student);
}

const variable = (name: string, value: number, trainable: boolean): NamedVariable => ({
  name,
  variable: tf.tidy(() => tf.variable(tf.scalar(value))),
  trainable,
  decay: false,
});

const sum = (terms: readonly tf.Scalar[]): tf.Scalar => terms.reduce((a, b) => tf.add<tf.Scalar>(a, b));

/**
 * `sum of exp(-s) * L + s / 2`, where `s = log(sigma^2)` of each loss is learnt and begins with 0 (Kendall, Gal & Cipolla 2018, equation 10).
 */
function byUncertainty(names: readonly string[]): Balance {
  const variables = names.map((name) => variable(name, 0, true));
  return {
    variables,
    total(terms) {
      const factors: Record<string, tf.Scalar> = {};
      const parts = terms.map(({ name, term }, i) => {
        const s = variables[i]?.variable as unknown as tf.Scalar;
        const factor = tf.exp<tf.Scalar>(tf.neg(s));
        factors[name] = factor;
        return tf.add<tf.Scalar>(tf.mul(factor, term), tf.mul(s, 0.5));
      });
      return { loss: sum(parts), factors };
    },
  };
}

/**
 * GradNorm (Chen et al. 2018, algorithm 1): each factor `w` moves so that the norm `w * |dL/dW|` at one layer W comes to
 * `mean norm * (L / L(0) / mean)^alpha`, a constant for that step; the factors then sum to their number. The gradient of
 * `|norm - target|` in `w` is the sign of the difference times `|dL/dW|`. Factors take effect from the next step on.
 */
function byGradients(
  { alpha, rate, layer }: Extract<BalancePlan, { by: 'gradnorm' }>,
  names: readonly string[],
  student: Student,
): Balance {
  const shared = layerOf(student, layer);
  const factors = names.map((name) => variable(name, 1, false));
  const firsts = names.map((name) => variable(`first/${name}`, 0, false));
  return {
    variables: [...factors, ...firsts],
    total(terms) {
      const w = factors.map((each) => tf.clone(each.variable) as tf.Scalar);
      const loss = sum(terms.map(({ term }, i) => tf.mul<tf.Scalar>(w[i] as tf.Scalar, term)));
      const norms = terms.map(({ name, term }) => normAt(shared, name, term));
      const ratios = terms.map(({ term }, i) => {
        const first = (firsts[i] as NamedVariable).variable as tf.Variable<tf.Rank.R0>;
        // 0 until the first step.
        first.assign(tf.where(tf.equal(first, 0), term, first));
        return tf.div<tf.Scalar>(term, first);
      });
      const mean = (values: readonly tf.Scalar[]) => tf.div<tf.Scalar>(sum(values), values.length);
      const weighted = norms.map((norm, i) => tf.mul<tf.Scalar>(norm, w[i] as tf.Scalar));
      const [norm, ratio] = [mean(weighted), mean(ratios)];
      const moved = weighted.map((own, i) => {
        const target = tf.mul(norm, tf.pow(tf.div(ratios[i] as tf.Scalar, ratio), alpha));
        const slope = tf.mul(tf.sign(tf.sub(own, target)), norms[i] as tf.Scalar);
        return tf.sub<tf.Scalar>(w[i] as tf.Scalar, tf.mul(slope, rate));
      });
      const all = sum(moved);
      moved.forEach((value, i) => factors[i]?.variable.assign(tf.div(tf.mul(value, names.length), all)));
      return { loss, factors: Object.fromEntries(terms.map(({ name }, i) => [name, w[i] as tf.Scalar])) };
    },
  };
}

function normAt(shared: NamedVariable, name: string, term: tf.Scalar): tf.Scalar {
  const { grads } = tf.engine().gradients(() => term, [shared.variable], undefined, true);
  const gradient = (grads as (tf.Tensor | null | undefined)[])[0];
  if (gradient) return tf.norm(gradient) as tf.Scalar;
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `\`train.balance\` compares gradients at \`${shared.name}\`, which the loss \`${name}\` does not reach`,
    path: 'train.balance',
    hint: 'Name a layer of the student that all losses depend on: `balance: { by: gradnorm, layer: … }`.',
  });
}

/** The layer named, else the last weight matrix or filter. */
function layerOf({ variables }: Student, layer: string | undefined): NamedVariable {
  const found = variables.filter(
    ({ name, variable: { shape }, trainable }) =>
      trainable !== false && (layer === undefined ? shape.length >= 2 : name === layer),
  );
  const last = found.at(-1);
  if (last) return last;
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message:
      layer === undefined
        ? '`train.balance` compares gradients at a weight matrix of the student, which has none that is trained'
        : `\`train.balance\` names the layer \`${layer}\`, which is no trained variable of the student`,
    path: 'train.balance',
    allowed: variables.map(({ name }) => name),
  });
}
