/** A small bar for each value, oldest first; zero is a tick, unknown is nothing. */
export function Spark({ values, label }: { values: readonly (number | null)[]; label: string }) {
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const width = 3;
  const height = 18;
  return (
    <svg class="spark" width={values.length * (width + 1)} height={height} role="img" aria-label={label}>
      {values.map((value, i) => {
        if (value === null) return null;
        const bar = value === 0 ? 1.5 : Math.max(2, (height * value) / top);
        return (
          <rect
            key={i}
            class={value === 0 ? 'zero' : 'bar'}
            x={i * (width + 1)}
            y={height - bar}
            width={width}
            height={bar}
          />
        );
      })}
    </svg>
  );
}
