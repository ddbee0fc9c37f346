// Is the teacher larger than the student?
import type { Finding } from '../contracts/index.js';

/** Where both numbers of weights are known and the teacher's is smaller: were they swapped? */
export function checkSizes(teacher: number | undefined, student: number): Finding[] {
  if (teacher === undefined) return [];
  const said = `teacher ${teacher.toLocaleString('en')} weights, student ${student.toLocaleString('en')}`;
  if (teacher >= student) return [{ level: 'ok', code: 'sizes', message: said }];
  return [
    {
      level: 'warning',
      code: 'PREFLIGHT_TEACHER_SMALLER',
      message: `${said}: the teacher is the smaller one`,
      hint: 'Were teacher and student swapped? If not, ignore this warning: a small teacher can still help.',
    },
  ];
}
