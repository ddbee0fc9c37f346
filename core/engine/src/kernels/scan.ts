// The engine's own kernel: a graph repeated along the first axis of sequences (ONNX Scan). See recurrent/scan.ts.
import type { Attribute, Graph, Value } from '../graph/graph.js';
import { filled } from './emit.js';
import { operandList, shaped } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable } from './rule.js';

export const scanKernel = 'PotstillScan';

/** Attributes of the kernel. Its operands: the state, the sequences, the constants. */
export interface ScanAttributes extends KernelAttributes {
  /**
   * One step: inputs for each operand (sequences without their first axis), outputs the next state, then what each step
   * gives.
   */
  readonly body: Graph;
  readonly states: number;
  readonly sequences: number;
  /** How many steps: the first axis of each sequence. */
  readonly length: number;
  /** From the last part of the sequences to the first; results stand where their parts stood. */
  readonly reverse: boolean;
}

const attributesOf = (attributes: KernelAttributes): ScanAttributes => attributes as ScanAttributes;

const scan: KernelRule = {
  shapes(_, attributes) {
    const { body, states, length } = attributesOf(attributes);
    return body.outputs.map(({ shape, type }, i) => {
      if (type === 'int64') throw new Error('internal: a scan gives int64');
      return shaped(i < states ? shape : [length, ...shape], type);
    });
  },
  lower({ graph, inputs, attributes, outputs }) {
    const { body, states, sequences, length, reverse } = attributesOf(attributes);
    const operands = operandList(inputs);
    if (length === 0)
      return outputs.map(({ shape, dtype }, i) =>
        i < states ? (operands[i] as Value) : filled(graph, shape, 0, dtype),
      );
    const captured = operands.length - states - sequences;
    const given = body.outputs.length - states;
    const directions = (name: string, count: number): Record<string, Attribute> =>
      reverse && count > 0 ? { [name]: Array.from({ length: count }, () => 1) } : {};
    // ONNX takes the number of steps from a sequence, so there is one even when the body reads none.
    const counter = sequences === 0 ? [filled(graph, [length], 0, 'bool')] : [];
    const parts = counter.map((): Value => ({ name: 'step', shape: [], type: 'bool' }));
    const at = states + sequences;
    return graph.ops(
      'Scan',
      [...operands.slice(0, at), ...counter, ...operands.slice(at)],
      outputs.map(({ shape, dtype }) => ({ shape, type: dtype })),
      {
        body: {
          body: { ...body, inputs: [...body.inputs.slice(0, at), ...parts, ...body.inputs.slice(at)] },
          captured,
        },
        num_scan_inputs: sequences + counter.length,
        ...directions('scan_input_directions', sequences + counter.length),
        ...directions('scan_output_directions', given),
      },
    );
  },
};

export const scanKernels: KernelTable = { [scanKernel]: scan };
