import { effect, signal } from '@preact/signals';

/** What the reader chose, kept in this browser only. */
function stored(key: string): ReturnType<typeof signal<string>> {
  const name = `connito.${key}`;
  let initial = '';
  try {
    initial = localStorage.getItem(name) ?? '';
  } catch {
    // Storage may be switched off; choices then last as long as the page.
  }
  const value = signal(initial.slice(0, 64));
  effect(() => {
    try {
      localStorage.setItem(name, value.value ?? '');
    } catch {
      // As above.
    }
  });
  return value;
}

/** Own hotkey, or empty. */
export const pin = stored('pin');
/** `light`, `dark`, or empty for the system's. */
export const theme = stored('theme');

effect(() => {
  const root = document.documentElement;
  if (theme.value === 'light' || theme.value === 'dark') root.dataset.theme = theme.value;
  else delete root.dataset.theme;
});

export function togglePin(hotkey: string): void {
  pin.value = pin.value === hotkey ? '' : hotkey;
}
