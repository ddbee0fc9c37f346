// Which classes a model confuses: clusters for specialists, by what it answers on a recipe's data.
import type { OpenRecipe } from '../container/open-recipe.js';
import { PotstillError } from '../errors/potstill-error.js';
import { scoreRows } from '../evaluate/rows.js';
import { clusterClasses, PredictionCovariance, probabilities } from '../teach/index.js';
import { readPart } from './data.js';
import { openEvaluated, type EvaluatedOptions, type OpenEvaluated } from './open-evaluated.js';

/** `role`: default `validation` where the recipe has it, else `train`. */
export interface ClusterOptions extends EvaluatedOptions {
  /** Clusters that are looked for. */
  readonly count: number;
  /** Smaller clusters are given up. Default 2. */
  readonly smallest?: number;
  /** No cluster has more classes. Default: half as many again as an even share. */
  readonly largest?: number;
}

export interface ClassClusters {
  readonly model: string;
  readonly role: string;
  readonly examples: number;
  /** Names of the classes of each cluster. */
  readonly clusters: readonly (readonly string[])[];
  /** Classes of no cluster. */
  readonly without: readonly string[];
  /** In the order of the covariance. */
  readonly labels: readonly string[];
  /** Of the predictions, [classes][classes]. */
  readonly covariance: readonly (readonly number[])[];
}

/**
 * k-means on the columns of the covariance matrix of a model's predictions (Hinton, Vinyals & Dean 2015, section 5.3). The
 * same recipe, model and options give the same clusters. Errors: those of `openEvaluated`; RECIPE_BAD_VALUE where
 * the clusters cannot hold all classes.
 */
export async function clusterRecipe(recipe: OpenRecipe, options: ClusterOptions): Promise<ClassClusters> {
  const opened = await openEvaluated(recipe, options, (data) => (data.validation ? 'validation' : 'train'));
  try {
    const { labels } = opened.data.description;
    if (!labels)
      throw new PotstillError({
        code: 'DATA_UNSUPPORTED',
        message: 'classes are clustered by name, and the data name none',
        path: 'data.train',
      });
    const limits = limitsOf(options, labels.length);
    const covariance = await covarianceOf(opened, labels.length);
    const columns = covariance.columns();
    const random = opened.container.services.random.child('clusters');
    const clusters = clusterClasses(columns, limits, random).map((cluster) =>
      cluster.map((at) => labels[at] as string),
    );
    const held = new Set(clusters.flat());
    return {
      model: opened.name,
      role: opened.role,
      examples: covariance.count,
      clusters,
      without: labels.filter((label) => !held.has(label)),
      labels,
      covariance: columns.map((column) => Array.from(column)),
    };
  } finally {
    await opened.dispose();
  }
}

async function covarianceOf(
  { name, model, part, container }: OpenEvaluated,
  classes: number,
): Promise<PredictionCovariance> {
  const covariance = new PredictionCovariance(classes);
  for await (const batch of readPart(part, container.services.random)) {
    const rows = scoreRows(await model.label(batch), 'logits');
    if (rows.classes !== classes)
      throw new PotstillError({
        code: 'TEACHER_INVALID',
        message: `the model ${name} has ${rows.classes} scores, and the data ${classes} classes`,
        hint: 'Name the classes of its scores in `labels` of the teacher.',
      });
    for (let row = 0; row < rows.count; row++)
      covariance.add(probabilities(rows.data.subarray(row * classes, (row + 1) * classes)));
  }
  return covariance;
}

function limitsOf({ count, smallest = 2, largest }: ClusterOptions, classes: number) {
  const most = largest ?? Math.min(classes, Math.ceil((1.5 * classes) / count));
  const refuse = (message: string, hint: string) =>
    new PotstillError({ code: 'RECIPE_BAD_VALUE', message, hint });
  if (count * most < classes)
    throw refuse(
      `${count} clusters of at most ${most} do not hold ${classes} classes`,
      'Ask for more clusters, or for larger ones.',
    );
  if (smallest > most)
    throw refuse(
      `a cluster has at least ${smallest} and at most ${most} classes`,
      'Ask for a smaller least size, or for larger clusters.',
    );
  return { count, smallest, largest: most };
}
