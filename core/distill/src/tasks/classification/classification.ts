// The task `classification`: one class an example.
import { z } from 'zod';
import { task } from '../../plugin/define.js';
import { alignClasses } from './align.js';
import { checkParts, checkSample } from './checks.js';
import { compareAnswers } from './discordance.js';
import { calibrationSection } from './sections/calibration.js';
import { classesSection } from './sections/classes.js';
import { confusionSection } from './sections/confusion.js';
import { mistakesSection } from './sections/mistakes.js';

export const classification = task('classification', {
  help: 'one class an example, from `logits` [classes] and an int32 class number',
  options: z.strictObject({}),
  create: (_options, _services, { data }) => ({
    primary: data.target === undefined ? 'agreement' : 'errors',
    columns: ['errors', 'accuracy', 'agreement'],
    hardLoss: data.target === undefined ? undefined : 'cross-entropy',
    metrics: {
      always: data.target === undefined ? [] : ['accuracy', 'cross-entropy', 'calibration', 'confusion'],
      withTeacher: ['agreement', 'divergence'],
    },
    sections: [classesSection, mistakesSection, confusionSection, calibrationSection],
    align: alignClasses,
    checkParts,
    checkSample,
    compare: compareAnswers,
  }),
});
