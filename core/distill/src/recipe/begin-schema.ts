// The key `begin` of a recipe: whose finished weights the student begins with.
import { z } from 'zod';

export const beginSchema = z
  .strictObject({
    recipe: z
      .string()
      .min(1)
      .optional()
      .describe('A recipe with whose finished student the weights begin; trained first when needed.'),
    set: z.record(z.string(), z.unknown()).optional().describe('Overrides for that recipe, by dotted path.'),
    checkpoint: z
      .string()
      .min(1)
      .optional()
      .describe(
        'In place of `recipe`: the folder of a finished run, or a .safetensors file of weights. Relative to the recipe, or `data:…` below POTSTILL_DATA.',
      ),
    except: z
      .array(z.string().min(1).describe('Names of variables; `*` stands for any characters, `?` for one.'))
      .optional()
      .describe(
        'Variables that begin at random all the same, by their names, such as a head for other classes: `[logits.*]`.',
      ),
  })
  .describe('The student begins with the weights of another, matched by name and shape. Default: at random.');
