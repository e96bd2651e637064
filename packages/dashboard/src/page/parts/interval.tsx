import { withSign } from '../data/format.ts';

/** A fall of a loss with its interval, from nats to millinats; coloured where it is not zero by that interval. */
export function Interval({
  step,
}: {
  step: { readonly gain: number; readonly low: number; readonly high: number } | null;
}) {
  if (step === null) return <>–</>;
  const { gain, low, high } = step;
  return (
    <>
      <b class={low > 0 ? 'good' : high < 0 ? 'bad' : ''}>{withSign(gain * 1000, 1)}</b>{' '}
      <span class="quiet">
        ({withSign(low * 1000, 1)} to {withSign(high * 1000, 1)})
      </span>
    </>
  );
}
