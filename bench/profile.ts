// Where the time of a member's step goes, by operator and by line: npm run bench:profile -- MEMBER [THREADS]
import { createEngine, randomStream, sgd } from '@potstill/engine';
import { members } from './members/index.js';
import { networkOf, variablesOf } from './peers/network.js';

const [name = '', threads = '1'] = process.argv.slice(2);
const names = members.map((member) => member.name);
if (!names.includes(name) || !/^[1-9]\d*$/.test(threads)) {
  console.error(`usage: npm run bench:profile -- MEMBER [THREADS]\nmembers: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  const network = networkOf(name);
  const { variables, weight } = variablesOf(network);
  const engine = await createEngine({ threads: Number(threads) });
  const session = await engine.training({
    variables,
    optimizer: sgd({ momentum: 0.9 }),
    random: randomStream(1),
    loss: (inputs, at) => network.loss(inputs, weight, at),
  });
  console.log(String(await session.explain(network.batch(0))));
  await engine.dispose();
}
