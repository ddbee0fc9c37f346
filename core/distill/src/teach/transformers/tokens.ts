// Texts to token ids, by the tokenizer of a model's folder.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as library from '@huggingface/tokenizers';
import { z } from 'zod';
import { reasonOf, teacherInvalid } from '../invalid.js';

interface Encoder {
  encode(
    text: string,
    options: { text_pair?: string; add_special_tokens?: boolean; return_token_type_ids?: true },
  ): { readonly ids: readonly number[]; readonly token_type_ids?: readonly number[] };
}

/** The package's own types cannot be resolved by ES module rules: its imports lack extensions. */
const { Tokenizer } = library as unknown as {
  readonly Tokenizer: new (model: unknown, config: unknown) => Encoder;
};

export interface Tokens {
  readonly ids: readonly number[];
  /** 0 for the first text, 1 for the second. */
  readonly types: readonly number[];
}

export interface TextTokens {
  /** Hexadecimal, of the files that decide. */
  readonly sha256: string;
  /** Longest sequence that the tokenizer's settings allow; undefined where they do not say. */
  readonly longest: number | undefined;
  /** At most `limit` tokens, special ones included: the longer text is cut first, at its end. */
  encode(texts: readonly string[], limit: number | undefined): Tokens;
}

const settings = z.looseObject({ model_max_length: z.number().optional() });

/** @throws PotstillError TEACHER_INVALID where the folder has no tokenizer that can be used. */
export async function readTokenizer(folder: string): Promise<TextTokens> {
  const hash = createHash('sha256');
  const read = async (name: string): Promise<unknown> => {
    const file = join(folder, name);
    try {
      const bytes = await readFile(file);
      hash.update(bytes);
      return JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw teacherInvalid(
        `the tokenizer ${file} cannot be read: ${reasonOf(cause)}`,
        'a model folder holds tokenizer.json and tokenizer_config.json beside its ONNX files',
        cause,
      );
    }
  };
  const [model, config] = [await read('tokenizer.json'), await read('tokenizer_config.json')];
  let tokenizer: Encoder;
  try {
    tokenizer = new Tokenizer(model, config);
  } catch (cause) {
    throw teacherInvalid(`the tokenizer in ${folder} cannot be used: ${reasonOf(cause)}`, undefined, cause);
  }
  const length = settings.safeParse(config).data?.model_max_length;
  const plain = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    sha256: hash.digest('hex'),
    // Some say 1e30 where they mean that there is no limit.
    longest: length !== undefined && length < 1e6 ? length : undefined,
    encode([text = '', pair], limit) {
      const whole = tokenizer.encode(text, {
        ...(pair === undefined ? {} : { text_pair: pair }),
        return_token_type_ids: true,
      });
      const { ids, token_type_ids: types = ids.map(() => 0) } = whole;
      if (limit === undefined || ids.length <= limit) return { ids, types };
      const kept = keptPositions(ids, pair === undefined ? [plain(text)] : [plain(text), plain(pair)], limit);
      return {
        ids: kept.map((at) => ids[at] as number),
        types: kept.map((at) => types[at] as number),
      };
    },
  };
}

/** Positions of `whole` that are left where the texts' own tokens are cut so that `limit` are left with the special ones. */
export function keptPositions(
  whole: readonly number[],
  texts: readonly (readonly number[])[],
  limit: number,
): number[] {
  const lengths = texts.map(({ length }) => length);
  const special = whole.length - lengths.reduce((sum, length) => sum + length, 0);
  for (let over = whole.length - limit; over > 0; over--) {
    const longest = Math.max(...lengths);
    if (longest === 0) break;
    const at = lengths.indexOf(longest);
    lengths[at] = longest - 1;
  }
  if (special > limit)
    throw teacherInvalid(`${limit} tokens do not hold the ${special} special ones of the model`);
  const kept: number[] = [];
  let position = 0;
  for (const [i, tokens] of texts.entries()) {
    const start = indexOf(whole, tokens, position);
    // Some tokenizers split a text otherwise beside special tokens: it is cut at its end, these included.
    if (start < 0) return Array.from({ length: limit }, (_, at) => at);
    for (; position < start; position++) kept.push(position);
    for (let k = 0; k < (lengths[i] as number); k++) kept.push(start + k);
    position = start + tokens.length;
  }
  for (; position < whole.length; position++) kept.push(position);
  return kept;
}

/** Where a text's tokens stand among all. */
function indexOf(whole: readonly number[], part: readonly number[], from: number): number {
  for (let at = from; at + part.length <= whole.length; at++)
    if (part.every((token, k) => whole[at + k] === token)) return at;
  return -1;
}
