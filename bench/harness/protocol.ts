// What the benchmark and a peer's process say to each other: JSON, one message a line, over the peer's stdin and stdout.

/** Lines of a peer's stdout that do not begin so are chatter of its libraries. */
export const mark = 'bench:';

/** `first`: one step, whose loss is compared between peers. `run`: steps for about `seconds`, at most `most` of them. */
export type Request =
  { readonly ask: 'first' } | { readonly ask: 'run'; readonly seconds: number; readonly most: number };

/** After `ready` or `cannot`, one reply to each request; `cannot` may come at any time and is the last. */
export type Reply =
  | {
      readonly reply: 'ready';
      /** Of the libraries that this peer is, by name. */
      readonly versions: Readonly<Record<string, string>>;
      /** How it runs, where there is a choice: `channels_last`. */
      readonly remark?: string;
    }
  | { readonly reply: 'cannot'; readonly reason: string }
  /** Milliseconds of the first step, whatever it compiles included. */
  | { readonly reply: 'first'; readonly loss: number; readonly ms: number }
  /** Milliseconds of each step, those that only warm up left out. */
  | { readonly reply: 'times'; readonly ms: readonly number[] };

export type ReplyTo<A extends Request['ask']> = Extract<
  Reply,
  { reply: A extends 'first' ? 'first' : 'times' }
>;

/** Of a run's seconds, the share in which caches that other processes emptied fill again; not measured. At least one step. */
export const warmShare = 0.15;
