// Losses that are whole schemes: of pairs of one class, and those that run a live teacher on examples that they make.
import type { AnyComponent } from '../../contracts/index.js';
import { classWiseLoss } from './class-wise.js';
import { daflLoss } from './dafl.js';
import { selfSupervisionLoss } from './self-supervision.js';
import { zsktLoss } from './zskt.js';

export const schemeLosses: readonly AnyComponent[] = [classWiseLoss, daflLoss, selfSupervisionLoss, zsktLoss];
