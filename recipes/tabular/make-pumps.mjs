// Writes pumps.csv: 2,000 invented pumps at 40 sites and their state. node recipes/tabular/make-pumps.mjs
import { writeFileSync } from 'node:fs';

let state = 20_250_101;
/** Uniform on [0, 1): a linear congruential generator, the same everywhere. */
function uniform() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

const makers = ['Alta', 'Borg', 'Cirrus, Inc.', 'Delta'];
const weakness = { Alta: 0, Borg: 0.5, 'Cirrus, Inc.': 1.2, Delta: -0.4 };

const rows = ['site,maker,age,vibration,temperature,pressure,state'];
for (let i = 0; i < 2000; i++) {
  const site = Math.floor(uniform() * 40);
  const maker = makers[Math.floor(uniform() ** 1.5 * makers.length)];
  const age = 15 * uniform();
  const wear = 0.14 * age + weakness[maker] + 0.7 * normal();
  // Vibration rises with wear, and temperature with wear where the pump runs hard: neither says much alone.
  const load = normal();
  const vibration = Math.exp(0.35 * wear + 0.25 * normal());
  const temperature = 55 + 6 * load + 5 * Math.max(0, wear) * Math.max(0, load) + 2 * normal();
  const pressure = 8 + 0.8 * load - 0.5 * wear ** 2 * 0.3 + 0.3 * normal();
  const name = wear + 0.3 * wear * load > 2.2 ? 'failing' : wear > 0.9 ? 'worn' : 'sound';
  const cells = [`S${String(site + 1).padStart(2, '0')}`, maker.includes(',') ? `"${maker}"` : maker];
  for (const value of [age, vibration, temperature, pressure])
    cells.push(uniform() < 0.03 ? '' : value.toFixed(2));
  rows.push([...cells, name].join(','));
}
writeFileSync(new URL('pumps.csv', import.meta.url), `${rows.join('\n')}\n`);
