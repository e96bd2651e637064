import { shortKey } from '../data/format.ts';
import { pin, togglePin } from '../data/preferences.ts';
import { linkTo } from '../data/route.ts';

/** A hotkey by its local name, if it has one. Both are text of strangers, and only ever text here. */
export function Person({
  hotkey,
  name,
  link = true,
}: {
  hotkey: string;
  name: string | null;
  link?: boolean;
}) {
  const label = name ?? shortKey(hotkey);
  const text = (
    <span class={name === null ? 'mono' : 'person-name'} title={hotkey}>
      {label}
    </span>
  );
  return link ? <a href={linkTo('miners', hotkey)}>{text}</a> : text;
}

export function PinButton({ hotkey, name }: { hotkey: string; name: string | null }) {
  const pinned = pin.value === hotkey;
  return (
    <button
      type="button"
      class="pin"
      aria-pressed={pinned}
      aria-label={`${pinned ? 'Unpin' : 'Pin'} ${name ?? hotkey}`}
      title={pinned ? 'Unpin' : 'Pin as my own'}
      onClick={() => togglePin(hotkey)}
    >
      {pinned ? '★' : '☆'}
    </button>
  );
}
