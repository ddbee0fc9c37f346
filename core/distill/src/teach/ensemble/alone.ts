// The members of an ensemble as teachers of their own: what each scores in the classes of the ensemble.
import type { HostTensors, TeacherMember } from '../../contracts/index.js';
import { memberScores, type Member } from './members.js';
import { pooled } from './pool.js';

/** Classes that a member lacks have the least probability. */
export function membersAlone(
  members: readonly Member[],
  classes: number,
): Readonly<Record<string, TeacherMember>> {
  return Object.fromEntries(
    members.map((member): [string, TeacherMember] => {
      const { outputs, parameters, bytes } = member.teacher;
      const axes = outputs.logits?.shape.slice(0, -1) ?? [];
      return [
        member.name,
        {
          outputs: { ...outputs, logits: { dtype: 'float32', shape: [...axes, classes] } },
          parameters,
          bytes,
          alone: (answers) => inClasses(member, answers, classes),
        },
      ];
    }),
  );
}

function inClasses(member: Member, answers: HostTensors, classes: number): HostTensors {
  if (!answers.logits) return answers;
  const rows = memberScores(member, answers);
  const data = new Float32Array(rows.length * classes);
  rows.forEach((scores, row) =>
    data.set(
      pooled('logits', [scores], () => 1),
      row * classes,
    ),
  );
  const axes = answers.logits.shape.slice(0, -1);
  return { ...answers, logits: { dtype: 'float32', shape: [...axes, classes], data } };
}
