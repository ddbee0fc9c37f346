// All contracts: interfaces only, no code that runs.
export type * from './adjustment.js';
export type * from './dataset.js';
export type * from './exporter.js';
export type * from './figure.js';
export type * from './finding.js';
export type * from './graph-teacher.js';
export type * from './loss.js';
export type * from './method.js';
export type * from './metric.js';
export type * from './plugin.js';
export type * from './report.js';
export type * from './schedule.js';
export type * from './services.js';
export type * from './student.js';
export type * from './task.js';
export type * from './teacher.js';
export type * from './tensors.js';
