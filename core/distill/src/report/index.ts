// The public door `potstill/report`: what sections of a run's report are made of.
export * from './charts/index.js';
export { compareMeans, holm, mcnemar, signFlip, significance } from './chance.js';
export { describe, numberOf, withName, type DescribedFigure } from './figures.js';
export {
  bytes,
  count,
  duration,
  milliseconds,
  number,
  percent,
  plural,
  setting,
  tenths,
  wholePercent,
} from './format.js';
export { html, prose } from './html.js';
export { named, scroll } from './parts.js';
export { pictureForm, pictureUri, type PictureForm } from './picture.js';
