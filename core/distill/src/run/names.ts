// Names of files in a run folder that others read too.

/** The finished student's weights, after any adjustment. What a run that has it as teacher opens. */
export const finalWeights = 'student.safetensors';
/** The weights as the stage `adjust` leaves them. */
export const adjustedWeights = ['student', 'adjusted.safetensors'] as const;
export const resolvedRecipeFile = 'recipe.yaml';
export const reportFile = 'report.html';
/** What a series of runs found, in the folder of the series. */
export const seriesFile = 'series.json';
export const exportsFolder = 'exports';
/** The recipe of a teacher that is a recipe, resolved. */
export const teacherRecipeFile = 'teacher.yaml';
/** The recipe that the student begins from, resolved. */
export const beginRecipeFile = 'begin.yaml';
export const metricsFile = 'metrics.jsonl';
export const eventsFile = 'events.jsonl';
export const logFile = 'run.log';
/** Answers of teachers, below the runs folder. */
export const teacherStoreFolder = '.teacher-store';
