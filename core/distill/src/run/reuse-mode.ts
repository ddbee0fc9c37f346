// How much of what earlier processes left a run takes over.

export interface ReuseMode {
  /** Continue in the folder of an unfinished run. `if-there`: where there is one, else start a new run. */
  readonly resume: boolean | 'if-there';
  /**
   * Whether a complete run on the same data is taken instead of a new one. `student`: one with the same student; `students`:
   * and the same baseline; `whole`: of the same recipe in all that decides its figures and files.
   */
  readonly reuse: false | 'student' | 'students' | 'whole';
}
