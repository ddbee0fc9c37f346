// A stranger's ten lines: an exported student on MNIST's test files, with nothing but onnxruntime-node. Prints the errors.
// onnxruntime-node does not give a model's metadata, but they stand in the file as they are (in Python: get_modelmeta()).
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';

const [model, images, labels] = process.argv.slice(2).map((file) => readFileSync(file));
const { name, shape, scale, mean, std } = JSON.parse(
  /potstill\.input[^{]*(\{.*?\})/.exec(model.toString('latin1'))[1],
);
const pixels = Float32Array.from(images.subarray(16), (pixel) => (pixel * scale - mean[0]) / std[0]);
const session = await ort.InferenceSession.create(model);
const { logits } = await session.run({
  [name]: new ort.Tensor('float32', pixels, [labels.length - 8, ...shape]),
});
const answer = (row) => row.indexOf(Math.max(...row));
const rows = Array.from(labels.subarray(8), (_, i) => logits.data.subarray(10 * i, 10 * i + 10));
console.log(rows.filter((row, i) => answer(row) !== labels[8 + i]).length);
