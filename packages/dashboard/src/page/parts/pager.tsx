/** Steps through rounds from the newest to older ones. `before` is the page shown, null for the newest; `older` the next. */
export function Pager({
  before,
  older,
  onTurn,
}: {
  before: number | null;
  older: number | null;
  onTurn: (before: number | null) => void;
}) {
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" disabled={before === null} onClick={() => onTurn(null)}>
        Newest
      </button>
      <button type="button" disabled={older === null} onClick={() => onTurn(older)}>
        Older
      </button>
    </nav>
  );
}
