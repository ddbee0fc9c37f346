// Turns off ONNX Runtime's reports to its maker. Imported before onnxruntime-node, which reads the variable when it starts.

/**
 * By default onnxruntime-node 1.30 looks up a telemetry host and writes a device id and a database of events into the
 * user's cache. `ORT_DISABLE_TELEMETRY=0` in the environment turns that on. A worker thread has a copy of the environment
 * that native code does not see: there the main thread, or the shell, has to set it.
 */
const { ORT_DISABLE_TELEMETRY: chosen = '' } = process.env;
if (chosen === '') process.env.ORT_DISABLE_TELEMETRY = '1';
