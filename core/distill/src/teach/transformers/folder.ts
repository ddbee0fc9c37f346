// Where a transformers model lies: a folder, or a snapshot in the cache of the Hugging Face hub. Nothing is downloaded.
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Paths } from '../../contracts/index.js';
import { resolveDataPath } from '../../data/index.js';
import { teacherInvalid } from '../invalid.js';

/** Suffixes of ONNX files, as transformers.js names them. */
export const suffixes = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const;
export type FileType = keyof typeof suffixes;

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** The hub's cache as huggingface_hub finds it. */
function hubCache({ HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME }: NodeJS.ProcessEnv): string {
  if (HF_HUB_CACHE) return HF_HUB_CACHE;
  return join(HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface'), 'hub');
}

/** @throws PotstillError TEACHER_INVALID where there is no such folder and no such model in the cache; it names both places. */
export async function modelFolder(
  model: string,
  paths: Pick<Paths, 'recipeFolder' | 'dataFolder'>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const local = resolveDataPath(model, paths);
  if (await isFolder(local)) return local;
  const isId = /^[\w.-]+\/[\w.-]+$/.test(model) && !model.startsWith('.');
  if (!isId) throw teacherInvalid(`there is no model folder ${local}`);
  const cached = join(hubCache(environment), `models--${model.replace('/', '--')}`);
  const snapshots = join(cached, 'snapshots');
  const main = await readFile(join(cached, 'refs', 'main'), 'utf8').catch(() => undefined);
  const names = await readdir(snapshots).catch((): string[] => []);
  const [only, ...others] = names;
  const name = main?.trim() ?? (others.length === 0 ? only : undefined);
  if (name !== undefined && names.includes(name)) return join(snapshots, name);
  throw teacherInvalid(
    `there is no model folder ${local}, and no model \`${model}\` in the hub's cache (${cached})`,
    `fetch it once: \`hf download ${model}\`; potstill itself downloads nothing`,
  );
}

/** The ONNX file of the type that is asked for; without one float32, or the only one there is. */
export async function onnxFile(folder: string, type: FileType | undefined): Promise<string> {
  const inside = join(folder, 'onnx');
  const place = (await isFolder(inside)) ? inside : folder;
  const files = await readdir(place);
  const there = (Object.keys(suffixes) as FileType[]).filter((each) =>
    files.includes(`model${suffixes[each]}.onnx`),
  );
  const [first, ...others] = there;
  const chosen = type ?? (there.includes('fp32') ? 'fp32' : others.length === 0 ? first : undefined);
  if (chosen !== undefined && there.includes(chosen)) return join(place, `model${suffixes[chosen]}.onnx`);
  throw teacherInvalid(
    there.length === 0
      ? `${place} has no ONNX file of a transformers model (model.onnx, model_fp16.onnx, model_quantized.onnx, …)`
      : type === undefined
        ? `${place} has several ONNX files: say which, \`dtype: ${there.join('` or `dtype: ')}\``
        : `${place} has no model${suffixes[type]}.onnx (\`dtype: ${type}\`); it has ${there.join(', ')}`,
    there.length === 0
      ? 'export the model to ONNX, for example with optimum: `optimum-cli export onnx`'
      : undefined,
  );
}
