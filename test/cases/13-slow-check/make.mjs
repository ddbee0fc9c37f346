// A recipe of 20,000 unknown keys, and one whose override has a path of 20,000 parts.
import { writeFileSync } from 'node:fs';

const recipe = (teacher) => `
name: large
plugins: ['@potstill/vision']
data:
  train: { use: vision/image-folder, folder: train }
  test: { use: vision/image-folder, folder: test }
${teacher}student: { use: mlp, hidden: [16] }
losses: [cross-entropy]
train: { epochs: 1, batch: 16, rate: 0.01 }
`;
const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: ${i}\n`).join('');
writeFileSync('many-keys.yaml', `${recipe('')}${keys}`);
writeFileSync('teacher.yaml', recipe(''));
const path = Array.from({ length: 20_000 }, () => 'a').join('.');
writeFileSync('deep.yaml', recipe(`teacher: { recipe: ./teacher.yaml, set: { "${path}": 1 } }\n`));
