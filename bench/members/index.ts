// All members of the suite, in the order of the table of speeds.
import { cnn } from './cnn.js';
import { gatMember } from './gat.js';
import { gcnMember } from './gcn.js';
import type { Member } from './member.js';
import { mlp64, mlp800 } from './mlp.js';
import { tdnnMember } from './tdnn.js';
import { transformerMember } from './transformer.js';
import { mobilenet } from './mobilenet.js';
import { resnet20 } from './resnet.js';
import { ssd } from './ssd.js';

export const members: readonly Member[] = [
  mlp800,
  mlp64,
  cnn,
  resnet20,
  mobilenet,
  tdnnMember,
  transformerMember,
  gcnMember,
  ssd,
];

/** The suite and what it does not time: for the tests of agreement. */
export const everyMember: readonly Member[] = [...members, gatMember];
