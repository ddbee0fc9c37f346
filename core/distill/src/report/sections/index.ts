// The report's own parts of the page, in their order.
import { chainSection } from './chain.js';
import { checksSection } from './checks.js';
import { curvesSection } from './curves.js';
import { detailsSection } from './details.js';
import { ratesSection } from './rates.js';
import type { OwnSectionBuilder } from './section.js';
import { summarySection } from './summary.js';
import { tradeOffSection } from './trade-off.js';

/** Before the sections of task, metrics, losses and adjustments. */
export const resultSections: readonly OwnSectionBuilder[] = [summarySection, tradeOffSection];

/** After them: how the models came about, and what is needed to trust or repeat the run. */
export const runSections: readonly OwnSectionBuilder[] = [
  chainSection,
  curvesSection,
  ratesSection,
  checksSection,
  detailsSection,
];
