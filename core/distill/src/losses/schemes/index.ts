// Losses that are whole schemes: those that make their examples themselves, with a live teacher.
import type { AnyComponent } from '../../contracts/index.js';
import { daflLoss } from './dafl.js';
import { zsktLoss } from './zskt.js';

export const schemeLosses: readonly AnyComponent[] = [daflLoss, zsktLoss];
