// Pieces of HTML that several sections use.
import { html, type Html } from './html.js';

/** Names longer than this are cut; the whole name stands in the tooltip. */
const longest = 24;

/** A name from outside, such as that of a group: cut when it is long, isolated from text of another direction. */
export function named(name: string): Html {
  return name.length > longest
    ? html`<bdi class="clip" title="${name}">${name}</bdi>`
    : html`<bdi>${name}</bdi>`;
}

/** Wide content that scrolls sideways by itself. `label` names it for screen readers. */
export function scroll(label: string, content: Html): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${content}</div>`;
}
