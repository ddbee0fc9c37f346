// Methods for which a property of methods.test.ts does not hold, and why.

/** Not 0 where student and teacher are the same. */
export const notZeroAtTeacher: Readonly<Record<string, string>> = {
  'binary-cross-entropy': 'a cross-entropy: what is left is the entropy of the teacher',
  'hard-distillation': 'what is left is how unsure the teacher is of its likeliest class',
  'knowledge-adjustment': 'a teacher that is wrong is put right',
  'balanced-knowledge-distillation': 'rare classes get more than the teacher gives them',
};

/** Finite where the teacher is infinite. */
export const infinityIsMeant: Readonly<Record<string, string>> = {
  'binary-cross-entropy': 'an infinite logit is the probability 1',
};

/** Need more than one class. */
export const singular: ReadonlySet<string> = new Set([
  // Their option `counts` has a number for each class.
  'balanced-knowledge-distillation',
  'class-balanced-cross-entropy',
]);

/** Not finite for a batch of a single example. */
export const aloneNotFinite: ReadonlySet<string> = new Set([]);
