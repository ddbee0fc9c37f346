// docs/results/specialists.md out of the summaries of its runs.

interface Model {
  readonly figures: Readonly<Record<string, number>>;
}

export interface Summary {
  readonly teacher: Model | null;
  readonly student: Model;
  readonly seconds: number;
  readonly adjustments: readonly {
    readonly data: {
      readonly shifts: Readonly<Record<string, number>>;
      readonly validation: Readonly<Record<'before' | 'after', { readonly crossEntropy: number }>>;
    };
  }[];
}

export interface SeedResult {
  readonly seed: number;
  readonly clusters: readonly (readonly string[])[];
  readonly generalist: Summary;
  readonly specialists: readonly Summary[];
  /** The generalist distilled into one student. */
  readonly back: Summary;
  /** Generalist and specialists, the teacher, distilled into the same student. */
  readonly specialistsBack: Summary;
}

const models: readonly (readonly [title: string, of: (result: SeedResult) => Model | null])[] = [
  ['generalist', ({ generalist }) => generalist.student],
  ['generalist with specialists', ({ specialistsBack }) => specialistsBack.teacher],
  [
    'generalist with specialists, distilled back into one net',
    ({ specialistsBack }) => specialistsBack.student,
  ],
  ['generalist alone, distilled into the same net', ({ back }) => back.student],
];

/** Of the generalist with specialists, and of what it is compared with. */
const pairs: readonly (readonly [title: string, first: number, second: number])[] = [
  ['generalist with specialists, less the generalist', 1, 0],
  ['distilled back, less the generalist', 2, 0],
  ['distilled back, less the generalist alone distilled', 2, 3],
];

const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
const deviation = (list: readonly number[]) =>
  Math.sqrt(list.reduce((sum, x) => sum + (x - mean(list)) ** 2, 0) / Math.max(1, list.length - 1));
const signed = (value: number, digits: number) => `${value > 0 ? '+' : ''}${value.toFixed(digits)}`;

/** Percent: mean ± standard deviation, and each seed's in brackets. */
function spread(list: readonly number[], digits = 2, withSign = false): string {
  const text = (value: number) => (withSign ? signed(value, digits) : value.toFixed(digits));
  const sigma = list.length > 1 ? ` ± ${deviation(list).toFixed(digits)}` : '';
  return `${text(mean(list))}${sigma} (${list.map(text).join(', ')})`;
}

export function specialistsPage(
  results: readonly SeedResult[],
  classes: readonly string[],
  { machine, notes }: { readonly machine: string; readonly notes: string },
): string {
  const figure = (model: number, name: string) =>
    results.map((result) => models[model]?.[1](result)?.figures[name] ?? NaN);
  const percent = (model: number, name: string) => figure(model, name).map((value) => 100 * value);
  const differences = (first: number, second: number, name: string) => {
    const other = percent(second, name);
    return percent(first, name).map((value, at) => value - (other[at] as number));
  };
  const rows = models.map(
    ([title], at) =>
      `| ${title} | ${spread(percent(at, 'accuracy'))} | ${spread(figure(at, 'crossEntropy'), 3)} | ${spread(percent(at, 'calibrationError'), 1)} |`,
  );
  const paired = pairs.map(
    ([title, first, second]) => `| ${title} | ${spread(differences(first, second, 'accuracy'), 2, true)} |`,
  );
  const special = (name: string) =>
    results.filter(({ clusters }) => clusters.some((cluster) => cluster.includes(name))).length;
  const byClass = classes.map((name) => {
    const gained = differences(1, 0, `${name}.accuracy`);
    const kept = differences(2, 3, `${name}.accuracy`);
    return `| ${name} | ${special(name)} of ${results.length} | ${mean(percent(0, `${name}.accuracy`)).toFixed(1)} | ${spread(gained, 1, true)} | ${spread(kept, 1, true)} |`;
  });
  const gain = (name: string) => differences(1, 0, `${name}.accuracy`);
  const list = (names: readonly string[]) => (names.length > 0 ? names.join(', ') : 'none');
  const notHelped = classes.filter((name) => mean(gain(name)) <= 0);
  const always = classes.filter((name) => gain(name).every((value) => value > 0));
  const never = classes.filter((name) => gain(name).every((value) => value <= 0));
  const clusters = results.map(({ seed, clusters: found }) => {
    const without = classes.filter((name) => !found.flat().includes(name));
    return `| ${seed} | ${found.map((cluster) => cluster.join(', ')).join(' · ')} | ${without.join(', ')} |`;
  });
  const corrections = results.flatMap(({ specialists }) =>
    specialists.map(({ adjustments }) => adjustments[0]?.data.validation),
  );
  const better = corrections.filter(
    (each) => each && each.after.crossEntropy < each.before.crossEntropy,
  ).length;
  const minutes = (
    results
      .flatMap(({ generalist, specialists, back, specialistsBack }) =>
        [generalist, ...specialists, back, specialistsBack].map(({ seconds }) => seconds),
      )
      .reduce((sum, seconds) => sum + seconds, 0) / 60
  ).toFixed(0);
  return `# Specialists: Hinton, Vinyals & Dean 2015, section 5

Made by \`npm run results:specialists\` (recipes in \`recipes/vision/cifar-*.yaml\`, seeds ${results.map(({ seed }) => seed).join(', ')}), on ${machine}; the runs took ${minutes} minutes.
9,000 images of CIFAR-10 to train on (JPEG, 32x32 pixels, three colours), 1,000 for validation and for clusters, 2,000 to test on. All nets are ResNet-8.

## All classes

Accuracy and calibration error in percent, cross-entropy in nats: mean ± standard deviation over the seeds, and each seed's in brackets.

| model | accuracy | cross-entropy | calibration error |
|---|---|---|---|
${rows.join('\n')}

Paired by seed, percentage points of accuracy:

| difference | |
|---|---|
${paired.join('\n')}

One test image is 0.05 points. A sign-flip test over ${results.length} ${results.length === 1 ? 'seed' : 'seeds'} cannot give a p below ${(2 / 2 ** results.length).toFixed(2)}.

## By class

| class | special in seeds | generalist | with specialists, less the generalist | distilled back, less the generalist alone distilled |
|---|---|---|---|---|
${byClass.join('\n')}

Classes that no specialist helps, by the mean over the seeds: ${list(notHelped)}. Better in every seed: ${list(always)}; in no seed: ${list(never)}.
A class has 200 test images: one is half a point.

## Clusters

| seed | classes that the generalist confuses | without a specialist |
|---|---|---|
${clusters.join('\n')}

The correction of the dustbin's logit lowered the cross-entropy on validation data for ${better} of ${corrections.length} specialists.

${notes}`;
}
