// All members of the suite, in the order of the table of speeds.
import type { Member } from './member.js';
import { mlp64, mlp800 } from './mlp.js';

export const members: readonly Member[] = [mlp800, mlp64];
