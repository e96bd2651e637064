import type { ReasonsAnswer } from '../../api/schemas/reasons.ts';
import { words } from '../data/format.ts';
import { useResource } from '../data/resource.ts';

/** A reason in words with what to do about it; just its sentence where there is little room. */
export function Reason({
  code,
  detail,
  brief = false,
}: {
  code: string | null;
  detail?: string | null;
  brief?: boolean;
}) {
  const reasons = useResource<ReasonsAnswer>('/reasons').value.data;
  if (code === null) return null;
  const text = reasons?.reasons.find(({ reason }) => reason === code);
  const sentence = text?.sentence ?? words(code);
  if (brief) {
    return (
      <span class="reason" title={text === undefined ? '' : `${sentence} ${text.nextAction}`}>
        {words(code)}
      </span>
    );
  }
  return (
    <div class="reason-full">
      <p>{sentence}</p>
      {detail !== undefined && detail !== null && detail !== sentence && <p class="stranger">{detail}</p>}
      {text !== undefined && (
        <p class="next">
          <b>Next:</b> {text.nextAction}
        </p>
      )}
    </div>
  );
}
