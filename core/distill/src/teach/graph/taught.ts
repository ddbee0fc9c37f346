// The student that a teacher in the graph is made for.
import type { TaughtStudent, TeacherContext } from '../../contracts/index.js';
import { teacherInvalid } from '../invalid.js';

/** @throws PotstillError TEACHER_INVALID where no student is trained. */
export function taughtStudent(name: string, { student }: TeacherContext): TaughtStudent {
  if (student) return student;
  throw teacherInvalid(
    `the teacher \`${name}\` is computed while a student is trained: there is nothing to ask without one`,
    'evaluate the student of a finished run instead',
  );
}
