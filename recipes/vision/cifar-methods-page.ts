// docs/results/cifar.md out of the series of its runs.

interface Loss {
  readonly use: string;
  readonly weight?: number;
}

interface Run {
  readonly seed: number;
  readonly folder: string | null;
  readonly teacher: Readonly<Record<string, number | null>> | null;
  readonly student: Readonly<Record<string, number | null>> | null;
}

interface Point {
  readonly values: Readonly<Record<string, unknown>>;
  readonly runs: readonly Run[];
  readonly validation: number | null;
}

/** What is read of a `series.json`. */
export interface Series {
  readonly points: readonly Point[];
  readonly best: { readonly point: number };
  readonly seconds: number;
}

/** One student: alone, and by each method. */
export interface Part {
  readonly alone: Series;
  readonly methods: Series;
  /** By which the learning rates were chosen. */
  readonly rates: { readonly alone: Series; readonly methods: Series };
}

export interface About {
  readonly seeds: readonly number[];
  readonly rateSeed: number;
  readonly peaks: readonly number[];
  readonly machine: string;
  readonly notes: string;
  /** Seconds of a run, by the folder of its series and its own relative to it. */
  readonly secondsOf: (series: string, folder: string) => number;
}

const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
const deviation = (list: readonly number[]) =>
  Math.sqrt(list.reduce((sum, x) => sum + (x - mean(list)) ** 2, 0) / Math.max(1, list.length - 1));

/** Accuracy in percent, one a seed. */
const accuracies = ({ runs }: Point, whose: 'student' | 'teacher' = 'student') =>
  runs.flatMap((run) => {
    const accuracy = run[whose]?.accuracy;
    return typeof accuracy === 'number' ? [100 * accuracy] : [];
  });

function spread(list: readonly number[]): string {
  return `${mean(list).toFixed(2)} ± ${deviation(list).toFixed(2)} (${list.map((x) => x.toFixed(2)).join(', ')})`;
}

/** `soft-targets + hint`: the losses without the labels'. */
export function methodName(losses: unknown): string {
  const entries = (Array.isArray(losses) ? losses : [losses]) as readonly (string | Loss)[];
  const names = entries.map((each) => (typeof each === 'string' ? each : each.use));
  return names.filter((name) => name !== 'cross-entropy').join(' + ') || 'cross-entropy';
}

function seconds(series: string, point: Point, about: About): string {
  const all = point.runs.flatMap(({ folder }) => (folder === null ? [] : [about.secondsOf(series, folder)]));
  return mean(all).toFixed(0);
}

function table(title: string, names: { alone: string; methods: string }, part: Part, about: About): string {
  const [alone] = part.alone.points;
  const [first] = part.methods.points;
  if (!alone || !first) throw new Error(`${title}: no runs`);
  const base = accuracies(alone);
  const teacher = mean(accuracies(first, 'teacher'));
  const gap = teacher - mean(base);
  const rows = part.methods.points.map((point) => {
    const own = accuracies(point);
    const gains = own.map((x, i) => x - (base[i] as number));
    const above = gains.filter((x) => x > 0).length;
    const closed = gap > 0 ? `${((100 * mean(gains)) / gap).toFixed(0)} %` : '-';
    return `| ${methodName(point.values.losses)} | ${spread(own)} | ${mean(gains) > 0 ? '+' : ''}${mean(gains).toFixed(2)} | ${above} of ${gains.length} | ${closed} | ${seconds(names.methods, point, about)} |`;
  });
  return [
    `## ${title}`,
    '',
    `Teacher: ${teacher.toFixed(2)} %.`,
    '',
    '| method | accuracy on test images, % | gain | seeds above alone | share of the gap closed | seconds a run |',
    '| --- | --- | --- | --- | --- | --- |',
    `| student alone | ${spread(base)} | | | | ${seconds(names.alone, alone, about)} |`,
    ...rows,
  ].join('\n');
}

function rateRow(name: string, { points, best }: Series): string {
  const cells = points.map(({ validation }, i) => {
    const text = validation === null ? '-' : validation.toFixed(4);
    return i === best.point ? `**${text}**` : text;
  });
  return `| ${[name, ...cells].join(' | ')} |`;
}

function rates(parts: Readonly<Record<string, Part>>, about: About): string {
  const rows = Object.entries(parts).flatMap(([name, part]) => [
    rateRow(`${name}, alone`, part.rates.alone),
    rateRow(`${name}, soft targets`, part.rates.methods),
  ]);
  return [
    '## How learning rates were chosen',
    '',
    `By the figure that decides, on validation images, with the seed ${about.rateSeed}, which no table uses: one for the student alone, one, by soft targets, for all methods.`,
    '',
    `| peak of the rate | ${about.peaks.join(' | ')} |`,
    `| --- |${about.peaks.map(() => ' --- |').join('')}`,
    ...rows,
  ].join('\n');
}

/** The page; `notes` is what a person has to say about the figures. */
export function cifarPage(
  parts: { readonly all: Part; readonly mobile: Part; readonly few: Part },
  about: About,
): string {
  const { all, mobile, few } = parts;
  const series = [all, mobile, few].flatMap((part) => [
    part.alone,
    part.methods,
    part.rates.alone,
    part.rates.methods,
  ]);
  const minutes = series.reduce((sum, each) => sum + each.seconds, 0) / 60;
  return `${[
    '# Methods on small images',
    `\`npm run results:cifar\` makes this page: ResNet-56 (ONNX) as the teacher, 10,000 CIFAR-10 images as JPEG, of which a tenth is validation, and 2,000 test images. The recipes are [cifar-methods](../../recipes/vision/cifar-methods.yaml) and those beside it. Seeds ${about.seeds.join(', ')}; mean ± standard deviation, each seed in brackets. ${minutes.toFixed(0)} minutes in all on ${about.machine}.`,
    about.notes.trim(),
    table('ResNet-8, all labels', { alone: 'resnet8-alone', methods: 'resnet8' }, all, about),
    table(
      'MobileNetV2-like, all labels, the best two by validation',
      { alone: 'mobilenet-alone', methods: 'mobilenet' },
      mobile,
      about,
    ),
    table(
      'ResNet-8, 1,000 labels, 9,000 images without',
      { alone: 'few-labels-alone', methods: 'few-labels' },
      few,
      about,
    ),
    rates({ 'ResNet-8': all, 'MobileNetV2-like': mobile, '1,000 labels': few }, about),
  ].join('\n\n')}\n`;
}
