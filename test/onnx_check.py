# Holds ONNX files against the standard: onnx.checker with full shape inference, and free first axes of all inputs and outputs.
# usage: python test/onnx_check.py FILE...   (a Python with onnx==1.19.1; no CI job runs it)
# Files of every network of the suite: POTSTILL_EXPORTS=FOLDER npx vitest run core/engine/test/export/members.test.ts
import sys

import onnx
from google.protobuf.message import DecodeError


def check(path):
    """What is wrong with a file, or None."""
    try:
        model = onnx.load(path, format="protobuf")
        onnx.checker.check_model(model, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, DecodeError, OSError) as error:
        return str(error)
    for value in [*inferred.graph.input, *inferred.graph.output]:
        shape = value.type.tensor_type.shape.dim
        if not shape or not shape[0].dim_param:
            return f"{value.name} has no free first axis"
    return None


if len(sys.argv) < 2:
    sys.exit("usage: onnx_check.py FILE...")
wrong = 0
for path in sys.argv[1:]:
    reason = check(path)
    wrong += reason is not None
    print(f"{path}: {reason or 'passes'}")
sys.exit(1 if wrong else 0)
