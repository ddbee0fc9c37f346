// Operators that work element by element, of one operand and of several.

export const unary: ReadonlySet<string> = new Set(
  'Abs Cast Ceil Clip Cos Elu Erf Exp Floor HardSigmoid LeakyRelu Log Neg Not Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Sqrt Tanh'.split(
    ' ',
  ),
);

export const binary: ReadonlySet<string> = new Set(
  'Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mul Or Pow Sub Where'.split(' '),
);

export const elementwise: ReadonlySet<string> = new Set([...unary, ...binary]);
