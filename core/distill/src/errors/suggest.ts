// 'Did you mean': the known words nearest to a wrong one.
import { distance } from 'fastest-levenshtein';

/** Case, `-` and `_` are habits of other tools, not mistakes worth an edit. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}

/** Two neighbouring letters the wrong way round: one slip of the fingers. */
function swapped(a: string, b: string): boolean {
  const at = [...a].findIndex((letter, index) => letter !== b[index]);
  return at >= 0 && b === a.slice(0, at) + (a[at + 1] ?? '') + (a[at] ?? '') + a.slice(at + 2);
}

function edits(word: string, known: string): number {
  const [a, b] = [plain(word), plain(known)];
  return swapped(a, b) ? 1 : distance(a, b);
}

/** Two edits for a word of five letters or more, else one; never so many that nothing of the word is left. */
function tolerance(known: string): number {
  const length = plain(known).length;
  return Math.min(length >= 5 ? 2 : 1, length - 1);
}

/** The known word that was most likely meant, or undefined when none is near. Ties go to the earlier word. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Infinity;
  for (const candidate of known) {
    const count = edits(word, candidate);
    if (count <= tolerance(candidate) && count < fewest) {
      best = candidate;
      fewest = count;
    }
  }
  return best;
}

/** The `count` known words nearest to a word, nearest first; words that share a beginning or an end count as nearer. */
export function nearest(word: string, known: readonly string[], count: number): string[] {
  const score = (candidate: string) => {
    const a = plain(word);
    const b = plain(candidate);
    const inside = a.length > 2 && (b.includes(a) || a.includes(b)) ? -a.length : 0;
    return distance(a, b) + inside;
  };
  return known
    .map((candidate) => ({ candidate, score: score(candidate) }))
    .sort((a, b) => a.score - b.score || a.candidate.localeCompare(b.candidate, 'en'))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

const shortList = 20;

/** What an error says is accepted: everything when the list is short, else the three nearest and how many there are. */
export function allowedWords(
  word: string,
  known: readonly string[],
): { readonly allowed?: readonly string[]; readonly allowedCount?: number } {
  if (known.length === 0) return {};
  if (known.length <= shortList) return { allowed: known };
  return { allowed: nearest(word, known, 3), allowedCount: known.length };
}
