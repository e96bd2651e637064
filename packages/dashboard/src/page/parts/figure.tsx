import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { FIGURES, type FigureKind } from '../data/figures.ts';

export type FigureProps = {
  readonly of: FigureKind;
  /** Which ledger entry, report or round exactly. */
  readonly at?: string | undefined;
  /** Reached by the keyboard too; in tables the column's heading is instead. */
  readonly focusable?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
};

/** A figure that tells on hover or focus where it comes from. */
export function Figure({ of, at, focusable = false, class: name, children }: FigureProps) {
  return (
    <span
      class={`figure ${name ?? ''}`}
      data-figure={of}
      data-at={at}
      {...(focusable ? { tabIndex: 0, 'aria-describedby': 'origin' } : {})}
    >
      {children}
    </span>
  );
}

type Shown = { readonly kind: FigureKind; readonly at: string | undefined; readonly box: DOMRect };
const shown = signal<Shown | null>(null);

/** The one tooltip of the page: says what the figure under the pointer, or with the focus, rests on. */
export function Origin() {
  const tip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const show = (event: Event): void => {
      const target =
        event.target instanceof Element ? event.target.closest<HTMLElement>('[data-figure]') : null;
      shown.value =
        target === null
          ? null
          : {
              kind: target.dataset.figure as FigureKind,
              at: target.dataset.at,
              box: target.getBoundingClientRect(),
            };
    };
    const hide = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') shown.value = null;
    };
    const clear = (): void => {
      shown.value = null;
    };
    document.addEventListener('pointerover', show);
    document.addEventListener('focusin', show);
    document.addEventListener('keydown', hide);
    addEventListener('scroll', clear, { passive: true });
    return () => {
      document.removeEventListener('pointerover', show);
      document.removeEventListener('focusin', show);
      document.removeEventListener('keydown', hide);
      removeEventListener('scroll', clear);
    };
  }, []);
  const { value } = shown;
  useEffect(() => {
    const element = tip.current;
    if (element === null || value === null) return;
    const { width, height } = element.getBoundingClientRect();
    const left = Math.min(Math.max(8, value.box.left), innerWidth - width - 8);
    const below = value.box.bottom + 6;
    const top = below + height > innerHeight ? Math.max(8, value.box.top - height - 6) : below;
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  }, [value]);
  const figure = value === null ? null : FIGURES[value.kind];
  return (
    <div id="origin" role="tooltip" class="origin" hidden={figure === undefined || figure === null} ref={tip}>
      {figure && (
        <>
          <strong>{figure.title}</strong>
          <p>{figure.how}</p>
          {value?.at !== undefined && <p class="at">{value.at}</p>}
          <code>{`/api/v1${figure.field}`}</code>
        </>
      )}
    </div>
  );
}
