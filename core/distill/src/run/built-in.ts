// Potstill's own components, as the plugin that every recipe has.
import { host } from '../container/host.js';
import type { AnyComponent, Plugin } from '../contracts/index.js';
import { mixComponent, tableComponents } from '../data/index.js';
import { metricComponents } from '../evaluate/components.js';
import { exporterComponents } from '../export/components.js';
import { schemeLosses } from '../losses/schemes/index.js';
import { lossComponents } from '../losses/index.js';
import { definePlugin } from '../plugin/define.js';
import { studentComponents } from '../students/index.js';
import { teacherComponents } from '../teach/index.js';
import { optimizerComponents } from '../train/optimizers.js';
import { taskComponents } from '../tasks/components.js';
import { scheduleComponents } from '../train/schedules.js';

const components: readonly AnyComponent[] = [
  ...tableComponents,
  mixComponent,
  ...teacherComponents,
  ...studentComponents,
  ...lossComponents,
  ...schemeLosses,
  ...metricComponents,
  ...taskComponents,
  ...optimizerComponents,
  ...scheduleComponents,
  ...exporterComponents,
];

export const builtInPlugin: Plugin = definePlugin({
  name: host.name,
  version: host.version,
  potstill: host.version,
  components,
});
