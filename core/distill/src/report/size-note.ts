// Size and speed of the student beside its teacher, in words.
import { bytes, count, milliseconds, number } from './format.js';
import type { ReportModel } from '../contracts/index.js';

function ratio(teacher: number | undefined, student: number | undefined): number | undefined {
  return teacher === undefined || student === undefined || student <= 0 ? undefined : teacher / student;
}

function times(value: number): string {
  return value >= 10 ? count(value) : number(Number(value.toPrecision(2)));
}

/** How much smaller and faster than the teacher; undefined when neither is known. */
export function sizeNote(teacher: ReportModel | undefined, student: ReportModel): string | undefined {
  if (teacher === undefined) return undefined;
  const parts: string[] = [];
  const size = ratio(teacher.bytes, student.bytes) ?? ratio(teacher.parameters, student.parameters);
  if (size !== undefined && size !== 1) {
    const shown =
      teacher.bytes !== undefined && student.bytes !== undefined
        ? `${bytes(student.bytes)} instead of ${bytes(teacher.bytes)}`
        : `${count(student.parameters)} parameters instead of ${count(teacher.parameters)}`;
    parts.push(
      size > 1 ? `${times(size)} times smaller (${shown})` : `${times(1 / size)} times larger (${shown})`,
    );
  }
  const speed = ratio(teacher.latencyMs, student.latencyMs);
  if (speed !== undefined && speed > 0) {
    const shown = `${milliseconds(student.latencyMs)} instead of ${milliseconds(teacher.latencyMs)} per example`;
    parts.push(
      speed >= 1 ? `${times(speed)} times faster (${shown})` : `${times(1 / speed)} times slower (${shown})`,
    );
  }
  return parts.length === 0 ? undefined : `Compared with the teacher it is ${parts.join(' and ')}.`;
}
