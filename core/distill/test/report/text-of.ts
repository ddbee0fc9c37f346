// The text of a page.

/** What a reader sees, tags taken out and spaces joined. */
export function textOf(html: string | undefined): string {
  return (html ?? '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
