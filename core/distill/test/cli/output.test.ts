// What reaches the terminal: nothing that steers it, and JSON that stays JSON.
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { processOutput } from '../../src/cli/output.js';
import { program } from '../../src/cli/program.js';
import { runProgram } from '../../src/cli/run-program.js';

const title = '\u001b]0;owned\u0007';

function collecting() {
  const streams = [new PassThrough(), new PassThrough()] as const;
  const texts = ['', ''];
  streams.forEach((stream, index) =>
    stream.on('data', (piece: Buffer) => (texts[index] += piece.toString())),
  );
  const [out, err] = streams as unknown as [NodeJS.WriteStream, NodeJS.WriteStream];
  return { output: processOutput(out, err), texts };
}

describe('processOutput', () => {
  it('writes control characters out, on stdout and on stderr', () => {
    const { output, texts } = collecting();
    output.print(`run ${title}\nnext`);
    output.note(`\u009b2J\rdone`);
    expect(texts).toEqual(['run \\u001b]0;owned\\u0007\nnext\n', '\\u009b2J\\u000ddone\n']);
  });

  it('prints JSON that means what was given', () => {
    const { output, texts } = collecting();
    output.print(JSON.stringify({ name: `${title}\u007f\u009b` }));
    expect(texts[0]).toBe('{"name":"\\u001b]0;owned\\u0007\\u007f\\u009b"}\n');
    expect(JSON.parse(texts[0] ?? '')).toEqual({ name: `${title}\u007f\u009b` });
  });

  it('keeps what the command line names from steering the terminal in an error', async () => {
    const { output, texts } = collecting();
    expect(await runProgram(program, ['check', `${title}.yaml`], output)).toBe(2);
    expect(await runProgram(program, [title], output)).toBe(2);
    expect(texts[1]).toContain('cannot read the recipe \\u001b]0;owned\\u0007.yaml: it does not exist');
    expect(texts[1]).toContain("unknown command '\\u001b]0;owned\\u0007'");
    expect(texts[1]?.includes('\u001b')).toBe(false);
  });
});
