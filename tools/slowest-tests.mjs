// A vitest reporter: after the tests, the seconds of the slowest files and of each project. CI prints it.
import { relative } from 'node:path';
import { root } from './setup.mjs';

/** Files that are listed. */
const shown = 15;

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`.padStart(8);

export default class SlowestTests {
  onTestRunEnd(modules) {
    const files = modules
      .map((module) => {
        const { collectDuration, duration, environmentSetupDuration, prepareDuration, setupDuration } =
          module.diagnostic();
        return {
          project: module.project.name,
          file: relative(root, module.moduleId),
          time: collectDuration + duration + environmentSetupDuration + prepareDuration + setupDuration,
        };
      })
      .sort((a, b) => b.time - a.time);
    const projects = new Map();
    for (const { project, time } of files) projects.set(project, (projects.get(project) ?? 0) + time);
    console.log(`\nSlowest test files (of ${files.length})`);
    for (const { project, file, time } of files.slice(0, shown))
      console.log(`${seconds(time)}  ${project.padEnd(4)}  ${file}`);
    for (const [project, time] of projects) console.log(`${seconds(time)}  ${project.padEnd(4)}  in all`);
  }
}
