// Do examples that figures are measured on stand in the data that is trained on, too?
import type { IndexedDataset } from '../contracts/index.js';
import { countIn, hashInputs, isCheapToHash } from '../data/index.js';
import type { Finding } from '../contracts/index.js';
import type { RunData } from './data.js';

type Parts = Pick<RunData, 'train' | 'transfer' | 'validation' | 'test'>;

/** A part in memory or on disk; streams are not looked at. */
function indexed(data: Parts, name: keyof Parts): readonly [string, IndexedDataset][] {
  const dataset = data[name]?.dataset;
  return dataset?.size === undefined ? [] : [[name, dataset]];
}

/** Counts examples by the bytes of their inputs, before transforms. A warning for each pair of parts that share some. */
export async function duplicateFindings(data: Parts): Promise<Finding[]> {
  const held = [...indexed(data, 'validation'), ...indexed(data, 'test')];
  const seen = [...indexed(data, 'train'), ...indexed(data, 'transfer')];
  if (held.length === 0 || seen.length === 0) return [];
  if (!isCheapToHash([...held, ...seen].map(([, dataset]) => dataset)))
    return [
      {
        level: 'ok',
        code: 'duplicates',
        message: 'whether parts of the data share examples was not looked at: there are too many to read',
      },
    ];
  const hashes = new Map<string, string[]>();
  for (const [name, dataset] of [...held, ...seen]) hashes.set(name, await hashInputs(dataset));
  const findings: Finding[] = [];
  for (const [measured, { size }] of held)
    for (const [trained] of seen) {
      const known = new Set(hashes.get(trained));
      const count = countIn(hashes.get(measured) ?? [], known);
      if (count > 0) findings.push(shared(measured, trained, count, size));
    }
  if (findings.length > 0) return findings;
  const names = held.map(([name]) => name).join(' and ');
  return [{ level: 'ok', code: 'duplicates', message: `no example of the ${names} data is trained on` }];
}

function shared(measured: string, trained: string, count: number, size: number): Finding {
  const number = (value: number) => value.toLocaleString('en');
  const what = trained === 'train' ? 'training' : trained;
  return {
    level: 'warning',
    code: 'DATA_DUPLICATES',
    message: `${number(count)} of ${number(size)} ${measured} examples have the inputs of examples of the ${what} data`,
    hint: `Figures on the ${measured} data are too good by what the student remembers of them.`,
  };
}
