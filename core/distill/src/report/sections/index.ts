// The parts of the page in their order.
import { calibrationSection } from './calibration.js';
import { checksSection } from './checks.js';
import { classesSection } from './classes.js';
import { confusionSection } from './confusion.js';
import { curvesSection } from './curves.js';
import { detailsSection } from './details.js';
import { mistakesSection } from './mistakes.js';
import { ratesSection } from './rates.js';
import type { SectionBuilder } from './section.js';
import { summarySection } from './summary.js';
import { tradeOffSection } from './trade-off.js';

/** Before the sections that a domain contributes. */
export const resultSections: readonly SectionBuilder[] = [
  summarySection,
  tradeOffSection,
  classesSection,
  curvesSection,
  ratesSection,
  mistakesSection,
  confusionSection,
  calibrationSection,
];

/** After them: what is needed to trust or repeat the run. */
export const runSections: readonly SectionBuilder[] = [checksSection, detailsSection];
