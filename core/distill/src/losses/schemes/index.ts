// Losses that are whole schemes: of pairs of one class, and those that make their examples themselves, with a live teacher.
import type { AnyComponent } from '../../contracts/index.js';
import { classWiseLoss } from './class-wise.js';
import { daflLoss } from './dafl.js';
import { zsktLoss } from './zskt.js';

export const schemeLosses: readonly AnyComponent[] = [classWiseLoss, daflLoss, zsktLoss];
