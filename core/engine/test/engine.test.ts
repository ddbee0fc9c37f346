// createEngine: backends and their absence.
import { describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import { createEngine, EngineError } from '@potstill/engine';
import { eagerBackend } from '../src/eager/backend.js';
import { runScript } from './helpers/script.js';

describe('createEngine', () => {
  it('takes onnx and all processors by default', async () => {
    const engine = await createEngine();
    expect(engine.backend).toBe('onnx');
    expect(engine.threads).toBeGreaterThanOrEqual(1);
    await engine.dispose();
  });

  it('refuses a number of threads that is none', async () => {
    await expect(createEngine({ threads: 0 })).rejects.toMatchObject({
      code: 'ENGINE_OPTION',
      message: 'threads is 0; expected a whole number of at least 1',
    });
  });

  it('says how to install a backend that is missing', async () => {
    const before = tf.getBackend();
    const error = await eagerBackend('tensorflow', () =>
      Promise.reject(new Error("Cannot find package '@tensorflow/tfjs-node' imported from here")),
    ).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({
      code: 'ENGINE_BACKEND_MISSING',
      message:
        "the `tensorflow` backend needs @tensorflow/tfjs-node, which could not be loaded: Cannot find package '@tensorflow/tfjs-node'",
    });
    expect((error as EngineError).hint).toContain('npm install @tensorflow/tfjs-node');
    expect((error as EngineError).hint).toContain('Node 23 and later are unsupported');
    expect(tf.getBackend()).toBe(before);
  });

  it('says how to mend a backend that is installed and does not work', async () => {
    const before = tf.getBackend();
    const error = await eagerBackend('tensorflow', () =>
      Promise.reject(
        new Error('The Node.js native addon module (tfjs_binding.node) can not be found at path: x \nPlease'),
      ),
    ).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: 'ENGINE_BACKEND_MISSING',
      message:
        'the `tensorflow` backend needs @tensorflow/tfjs-node, which could not be loaded: The Node.js native addon module (tfjs_binding.node) can not be found at path: x',
    });
    expect((error as EngineError).hint).toContain('npm rebuild @tensorflow/tfjs-node');
    expect(tf.getBackend()).toBe(before);
  });

  it('leaves the TF.js backend that was current', async () => {
    const engine = await createEngine({ backend: 'cpu' });
    expect(tf.getBackend()).toBe('cpu');
    const predictor = await engine.predictor({ variables: [], forward: ({ x }) => ({ y: x as tf.Tensor }) });
    const x = { dtype: 'int32' as const, shape: [2], data: Int32Array.of(3, 4) };
    expect(await predictor.run({ x })).toEqual({ y: x });
    await engine.dispose();
    await expect(predictor.run({ x })).rejects.toMatchObject({ code: 'ENGINE_STATE' });
  });
});

describe('importing the engine', () => {
  it('prints nothing at the first use of TF.js', () => {
    const index = new URL('../src/index.ts', import.meta.url).href;
    const code = `const { createEngine } = await import(${JSON.stringify(index)});
      const tf = await import('@tensorflow/tfjs'); tf.scalar(1).dispose(); await (await createEngine()).dispose();`;
    const { status, stderr, stdout } = runScript(code);
    expect([status, stderr, stdout]).toEqual([0, '', '']);
  });
});
