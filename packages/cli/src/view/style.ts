/** Marks text for the eye; without colour, the same text. */
export type Style = {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  accent(text: string): string;
};

export const PLAIN_STYLE: Style = {
  bold: (text) => text,
  dim: (text) => text,
  good: (text) => text,
  bad: (text) => text,
  accent: (text) => text,
};

const code = (open: number, close: number) => (text: string) =>
  text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;

export const COLOUR_STYLE: Style = {
  bold: code(1, 22),
  dim: code(2, 22),
  good: code(32, 39),
  bad: code(31, 39),
  accent: code(36, 39),
};

/** Colour unless the user does not want it (`--no-color`, https://no-color.org) or the output is no terminal. */
export function styleFor(options: {
  readonly color: boolean;
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Style {
  const unwanted = options.env.NO_COLOR !== undefined && options.env.NO_COLOR !== '';
  const colour = options.color && options.isTTY && !unwanted && options.env.TERM !== 'dumb';
  return colour ? COLOUR_STYLE : PLAIN_STYLE;
}
