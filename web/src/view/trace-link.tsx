import { formatRoute } from '../viewmodel/router';
import { useText } from './hooks';
import { Icon } from './icons';

/** From a call to its messages. */
export function TraceLink({ call }: { call: string }) {
  const text = useText();
  const label = text.say('trace.show', { call });
  return (
    <a class="trace-link" href={formatRoute({ page: 'trace', dn: '', of: call })} aria-label={label} title={label}>
      <Icon name="trace" size={15} />
    </a>
  );
}
