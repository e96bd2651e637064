import type { ComponentChildren } from 'preact';
import type { Resource } from '../data/resource.ts';

export function Panel({
  title,
  note,
  children,
  class: name = '',
}: {
  title: string;
  note?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}) {
  return (
    <section class={`panel ${name}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note !== undefined && <div class="note">{note}</div>}
      </header>
      {children}
    </section>
  );
}

/** Shows what is known of an answer: the data, or why there are none. Old data stay when a newer answer fails. */
export function Loaded<T>({
  resource,
  children,
}: {
  resource: Resource<T>;
  children: (data: T) => ComponentChildren;
}) {
  const { data, error } = resource;
  return (
    <>
      {error !== null && (
        <p class="fault" role="alert">
          {error}
          {data === null ? '' : ' What is shown is the last known.'}
        </p>
      )}
      {data !== null ? children(data) : error === null && <p class="quiet">Reading…</p>}
    </>
  );
}
