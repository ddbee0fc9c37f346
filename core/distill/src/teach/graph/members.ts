// Members of an ensemble of which some are computed in the training step: the part that they have in the ensemble's graph.
import type { GraphTeacher, HostTensors, NamedTensors, Teacher } from '../../contracts/index.js';
import { fingerprint } from '../../data/index.js';
import { teacherInvalid } from '../invalid.js';

type Named = Readonly<Record<string, Teacher>>;

const under = <T>(prefix: string, tensors: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );

const prefixed = <T>(prefix: string, tensors: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));

/**
 * Undefined where every member is asked beforehand. Outputs are `MEMBER/OUTPUT`.
 * @throws PotstillError TEACHER_INVALID for two members that are peers.
 */
export function graphOfMembers(members: Named): GraphTeacher | undefined {
  const graphs = Object.entries(members).flatMap(([name, { graph }]) => (graph ? [{ name, graph }] : []));
  if (graphs.length === 0) return undefined;
  const peers = graphs.filter(({ graph }) => graph.peers);
  const [first, second] = peers;
  if (first && second)
    throw teacherInvalid(
      `the teachers \`${first.name}\` and \`${second.name}\` are both peers of the student`,
      'write one of them, with `count` peers',
    );
  const asked = askedMembers(members);
  const { peers: friends } = first?.graph ?? {};
  return {
    variables: graphs.flatMap(({ name, graph }) =>
      graph.variables.map((each) => ({ ...each, name: `${name}/${each.name}` })),
    ),
    ...(graphs.every(({ graph }) => graph.fixed) ? { fixed: true } : {}),
    ...(asked ? { asked } : {}),
    // In the step they are not combined.
    readable: Object.entries(members).flatMap(([name, { outputs }]) =>
      Object.keys(outputs).map((output) => `${name}/${output}`),
    ),
    ...(first && friends
      ? { peers: { prefix: `${first.name}/${friends.prefix}`, students: friends.students } }
      : {}),
    forward(at, outputs) {
      const answers: NamedTensors[] = graphs.map(({ name, graph }) => {
        const prefix = `${name}/`;
        const read = outputs.flatMap((output) =>
          output.startsWith(prefix) ? [output.slice(prefix.length)] : [],
        );
        if (read.length === 0) return {};
        return prefixed(prefix, graph.forward({ ...at, asked: under(prefix, at.asked) }, read));
      });
      return Object.assign({}, ...answers) as NamedTensors;
    },
    async refresh() {
      for (const { graph } of graphs) await graph.refresh?.();
    },
  };
}

/** Members that are asked beforehand, and teachers that members in the graph ask, as one teacher. */
function askedMembers(members: Named): GraphTeacher['asked'] {
  const hosts = Object.entries(members).flatMap(([name, { graph, ...member }]) => {
    const teacher = graph ? graph.asked?.teacher : (member as Teacher);
    const needs = graph?.asked?.needs ?? ((outputs: readonly string[]) => outputs);
    return teacher ? [{ name, teacher, needs }] : [];
  });
  if (hosts.length === 0) return undefined;
  const needsOf = (outputs: readonly string[]) =>
    hosts.flatMap(({ name, teacher, needs }) => {
      const prefix = `${name}/`;
      const read = outputs.flatMap((output) =>
        output.startsWith(prefix) ? [output.slice(prefix.length)] : [],
      );
      const needed = read.length === 0 ? [] : needs(read).filter((output) => output in teacher.outputs);
      return needed.length === 0 ? [] : [[name, needed] as const];
    });
  const joined = (answers: Readonly<Record<string, HostTensors>>): HostTensors =>
    Object.assign(
      {},
      ...Object.entries(answers).map(([name, own]) => prefixed(`${name}/`, own)),
    ) as HostTensors;
  return {
    needs: (outputs) => needsOf(outputs).flatMap(([name, needed]) => needed.map((each) => `${name}/${each}`)),
    teacher: {
      outputs: Object.assign(
        {},
        ...hosts.map(({ name, teacher }) => prefixed(`${name}/`, teacher.outputs)),
      ) as Teacher['outputs'],
      fingerprint: fingerprint(
        'asked',
        hosts.map(({ name, teacher }) => [name, teacher.fingerprint]),
      ),
      combination: {
        members: Object.fromEntries(hosts.map(({ name, teacher }) => [name, teacher])),
        needs: (outputs) => Object.fromEntries(needsOf(outputs)),
        combine: joined,
      },
      async label(batch) {
        const answers: Record<string, HostTensors> = {};
        for (const { name, teacher } of hosts) answers[name] = await teacher.label(batch);
        return joined(answers);
      },
      // Their ensemble disposes of them.
      dispose: () => Promise.resolve(),
    },
  };
}
