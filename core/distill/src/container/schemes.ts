// Published schemes that are recipes and not components: made of stages, teachers and losses. For `explain` and docs/methods.md.

export interface Scheme {
  readonly name: string;
  readonly paper: string;
  readonly url: string;
  /** Names that papers and libraries give it. */
  readonly names: readonly string[];
  /** How a recipe says it. */
  readonly recipe: string;
}

export const schemes: readonly Scheme[] = [
  {
    name: 'teacher assistants',
    paper: 'Mirzadeh et al. 2020: Improved Knowledge Distillation via Teacher Assistant',
    url: 'https://arxiv.org/abs/1902.03393',
    names: ['TAKD', 'TA'],
    recipe: 'teacher: { recipe: ./assistant.yaml }   # whose own teacher is the large model',
  },
  {
    name: 'born-again networks',
    paper: 'Furlanello et al. 2018: Born-Again Neural Networks',
    url: 'https://arxiv.org/abs/1805.04770',
    names: ['BAN', 'BANN', 'SelfTraining'],
    recipe: 'teacher: { recipe: ./generation-1.yaml }   # the same student, trained before',
  },
  {
    name: 'route-constrained optimisation',
    paper: 'Jin et al. 2019: Knowledge Distillation via Route Constrained Optimization',
    url: 'https://arxiv.org/abs/1904.09149',
    names: ['RCO'],
    recipe:
      'stages whose teachers are epochs of one training: teacher: { recipe: ./teacher.yaml, epoch: 10 }',
  },
  {
    name: 'progressive shrinking',
    paper:
      'Cai et al. 2020: Once-for-All: Train One Network and Specialize it for Efficient Deployment, section 3.3',
    url: 'https://arxiv.org/abs/1908.09791',
    names: ['PS', 'OFA'],
    recipe: 'stages: [{ name: deep }, { name: shallow, student: { … }, begin: { except: [ … ] } }]',
  },
];

/** What `explain` says of a scheme. */
export function schemePage({ name, paper, url, names, recipe }: Scheme): string {
  return [
    `${names[0]}: ${name}, a recipe made of stages, teachers and losses`,
    `${paper}\n${url}`,
    `  ${recipe}`,
    'docs/guide/stages.md shows it.',
  ].join('\n\n');
}

/** Those that go by that name, in any case. */
export function schemesCalled(topic: string): readonly Scheme[] {
  const wanted = topic.toLowerCase();
  return schemes.filter(({ name, names }) => [name, ...names].some((each) => each.toLowerCase() === wanted));
}
