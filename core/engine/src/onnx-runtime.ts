// The only door to ONNX Runtime: with its telemetry off unless the user turns it on.
import './telemetry.js';

export * from 'onnxruntime-node';
