// Shapes for properties: sizes of 0 and 1 included.
import fc from 'fast-check';

/** Two shapes that broadcast. */
export const broadcastable = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom('both', 'a', 'b')), { maxLength: 4 })
  .chain((axes) =>
    fc.tuple(
      fc.constant(axes.map(([n, who]) => (who === 'b' ? 1 : n))),
      fc.constant(axes.map(([n, who]) => (who === 'a' ? 1 : n))),
      fc.nat({ max: axes.length }),
    ),
  )
  .map(([a, b, cut]) => {
    // Leading axes of b may be left out where they are 1.
    let start = 0;
    while (start < cut && b[start] === 1) start++;
    return { a, b: b.slice(start) };
  });

/** Up to four axes of 0 to 4 elements. */
export const anyShape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
