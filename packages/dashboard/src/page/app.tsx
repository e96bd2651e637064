import { useEffect, useRef } from 'preact/hooks';
import type { RunAnswer } from '../api/schemas/run.ts';
import { clockTime, seconds } from './data/format.ts';
import { theme } from './data/preferences.ts';
import { useResource } from './data/resource.ts';
import { linkTo, route } from './data/route.ts';
import { badge, connected, health, lastEventAtMs, nowMs } from './data/stream.ts';
import { PAGES } from './pages.tsx';
import { Origin } from './parts/figure.tsx';

export function App() {
  const [id = '', ...rest] = route.value.parts;
  const page = PAGES.find((candidate) => candidate.id === id) ?? PAGES[0]!;
  const run = useResource<RunAnswer>('/run').value.data;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const address = route.value.parts.join('/');
  useEffect(() => {
    document.title = `${page.title} – Connito`;
    // Screen readers learn of a new page by the focus; the first one is announced by itself.
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [address]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header />
      <nav class="pages" aria-label="Pages">
        {PAGES.filter(({ needs }) => needs === undefined || run?.pages[needs] === true).map(
          ({ id: each, title }) => (
            <a key={each} href={linkTo(each)} aria-current={each === page.id ? 'page' : undefined}>
              {title}
            </a>
          ),
        )}
      </nav>
      <main id="main" tabIndex={-1} ref={main} aria-label={page.title}>
        <h1 class="sr-only">{page.title}</h1>
        <Faults />
        {page.view(rest)}
      </main>
      <Origin />
    </>
  );
}

function Header() {
  const run = useResource<RunAnswer>('/run').value.data;
  return (
    <header class="top">
      <a class="brand" href={linkTo('now')}>
        <img src="/icon.svg" alt="" width="22" height="22" />
        Connito
      </a>
      <span class="run" title={run === null ? '' : `run ${run.run}`}>
        {run?.name ?? ''}
      </span>
      <Badge />
      <ThemeButton />
    </header>
  );
}

const BADGES = { live: 'Live', stale: 'Stale', degraded: 'Degraded' } as const;

function Badge() {
  const state = badge.value;
  return (
    <span class={`badge ${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      {BADGES[state]}
      <span class="badge-note">{badgeNote()}</span>
    </span>
  );
}

function badgeNote(): string {
  if (!connected.value) {
    return lastEventAtMs.value === null
      ? 'connecting'
      : `no connection; as of ${clockTime(lastEventAtMs.value)}`;
  }
  const sealedAtMs = health.value?.headSealedAtMs ?? null;
  const block = health.value?.headBlock ?? null;
  if (badge.value === 'live' || sealedAtMs === null) return block === null ? '' : `block ${block}`;
  return `last block ${seconds((nowMs.value - sealedAtMs) / 1000)} ago`;
}

/** What cannot be read, and how far catching up is. */
function Faults() {
  const known = health.value;
  if (known === null) return null;
  const behind = known.finishedRounds - known.indexedRounds;
  return (
    <>
      {known.faults.map(({ part, message, sinceMs }) => (
        <p key={part} class="fault" role="alert">
          {message} <span class="quiet">since {clockTime(sinceMs)}</span>
        </p>
      ))}
      {behind > 1 && (
        <p class="quiet" role="status">
          Reading {behind} finished rounds…
        </p>
      )}
    </>
  );
}

const NEXT_THEME = { '': 'dark', dark: 'light', light: '' } as const;

function ThemeButton() {
  const current = (theme.value ?? '') as keyof typeof NEXT_THEME;
  const label = current === '' ? 'as the system' : current;
  return (
    <button
      type="button"
      class="theme"
      title={`Colours: ${label}`}
      aria-label={`Colours: ${label}. Change`}
      onClick={() => {
        theme.value = NEXT_THEME[current] ?? '';
      }}
    >
      {current === '' ? '◐' : current === 'dark' ? '☾' : '☀'}
    </button>
  );
}
