// Property tests draw the same examples in every run, so that a failure is seen again. POTSTILL_SEED draws others.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.POTSTILL_SEED ?? 20_261_128) });
